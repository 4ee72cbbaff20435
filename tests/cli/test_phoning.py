"""`agent-tui phone`: a call is noted from a script, with and without a server."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Cli, Server
from tests.cli.test_work import leave, tray, until

LINE = ("--team", "after-sales", "--title", "热线", "--title-en", "Hotline", "--channel", "phone")


@pytest.fixture
def line(cli: Cli, boss: Server) -> str:
    """A phone inbox of the running server, shared by this process's tests, that this machine
    knows."""
    cli("inbox", "add", "phone", *LINE, "--data", str(boss.data))

    def known() -> bool:
        found = cli("phone", "1", "--text", "x", "--json")  # no number: never taken
        return bool(found.json()["reason"] == "malformed")

    until(known)
    return "phone"


def test_a_call_and_the_next(cli: Cli, line: str) -> None:
    first = cli("phone", "138 0013 8111", "--name", "钱阿姨", "--text", "想退货", "--json")
    assert first.code == 0
    done = first.json()
    assert done["outcome"] == "applied"
    card = cli("show", done["conversation"], "--json").json()
    assert (card["channel"], card["customer"]["name"]) == ("phone", "钱阿姨")
    again = cli("phone", "13800138111", "--text", "还没收到", "--json").json()
    assert again["conversation"] == done["conversation"]
    said = cli("show", done["conversation"], "--json").json()["messages"]
    assert [each["text"] for each in said] == ["想退货", "还没收到"]


def test_a_telephone_system_notes_a_call_once(cli: Cli, line: str) -> None:
    calls = [
        cli("phone", "400123499", "--text", "在吗", "--key", "pbx:17", "--json").json()
        for _ in range(2)
    ]
    assert [each["outcome"] for each in calls] == ["applied", "applied"]
    assert calls[0]["conversation"] == calls[1]["conversation"]
    shown = cli("show", calls[0]["conversation"], "--json").json()
    assert len(shown["messages"]) == 1


def test_it_waits_for_the_server(cli: Cli, line: str, boss: Server) -> None:
    leave("http://127.0.0.1:9")
    queued = cli("phone", "400123498", "--text", "回电", "--json")
    assert queued.code == 69 and queued.json()["outcome"] == "queued"
    leave(boss.url)
    assert tray(cli) == []
    until(lambda: cli("show", queued.json()["conversation"]).code == 0)


def test_what_is_refused_says_why(cli: Cli, line: str) -> None:
    for more, reason in (
        (("12", "--text", "x"), "malformed"),
        (("400123456", "--text", " "), "empty"),
        (("400123456", "--text", "x", "--inbox", "web"), "unknown_inbox"),
        (("400123456", "--text", "x", "--team", "nobody"), "unknown_team"),
    ):
        refused = cli("phone", *more, "--json")
        assert refused.code == 1 and refused.json()["reason"] == reason
    told = cli("phone", "400123456", "--text", "x", "--inbox", "nowhere")
    assert "nowhere is no phone inbox" in told.err
