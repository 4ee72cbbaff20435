"""Logging in and out: every way in, every refusal, and nothing unsent lost."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_tui import bootstrap, paths
from agent_tui.cli import account, outboxes
from agent_tui.errors import UsageError
from agent_tui.paths import Profile
from agent_tui.server import accounts, setup
from tests.cli.conftest import PASSWORD, Cli, Server


def profile() -> Profile:
    return paths.default_profile()


def test_login_by_password_then_logout(cli: Cli, server: Server) -> None:
    done = cli("login", server.url, "--name", "anna", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (done.code, done.out) == (0, "logged in as Anna\n")
    login = bootstrap.read_login(profile())
    assert login is not None and login.agent.id == "anna"
    assert profile().login.stat().st_mode & 0o077 == 0

    assert cli("logout").code == 0
    assert bootstrap.read_login(profile()) is None
    answer = server.http.get("/v1/session", headers={"Authorization": f"Bearer {login.token}"})
    assert answer.status_code == 401  # the server knows too


def test_invite_sets_a_password_once(cli: Cli, server: Server) -> None:
    made = cli("user", "add", "li", "--team", "after-sales", "--data", str(server.data), "--json")
    code = made.json()["invite"]
    accept = ("login", server.url, "--invite", code, "--password-stdin", "--show-as", "小李")
    assert cli(*accept, stdin="short").code == 1  # the invite still holds
    assert cli(*accept, stdin="long-enough").out == "logged in as 小李\n"

    again = cli(*accept, stdin="another-one")
    assert again.code == 77
    assert "used or expired" in again.err and "agent-tui invite" in again.err


def test_expired_invite(cli: Cli, server: Server) -> None:
    from agent_tui.domain.ids import AgentId

    folder = setup.open_existing(server.data)
    with setup.administration(folder) as (_, writer):
        code, job = accounts.invite(AgentId("anna"), hours=0)
        writer.run_now(job)
    done = cli("login", server.url, "--invite", code, "--password-stdin", stdin="long-enough")
    assert done.code == 77
    assert "expired" in done.err


@pytest.mark.parametrize("name", ["boss", "nobody"])
def test_wrong_password_and_unknown_account_look_alike(cli: Cli, server: Server, name: str) -> None:
    done = cli("login", server.url, "--name", name, "--password-stdin", stdin="wrong-password")
    assert done.code == 77
    assert "wrong name or password" in done.err
    assert bootstrap.read_login(profile()) is None


def test_server_away(cli: Cli) -> None:
    done = cli("login", "127.0.0.1:1", "--name", "boss", "--password-stdin", stdin=PASSWORD)
    assert done.code == 69
    assert "http://127.0.0.1:1" in done.err


@pytest.mark.parametrize("missing", [("--password-stdin",), ("--name", "boss")])
def test_what_cannot_be_asked_for_must_be_given(
    cli: Cli, server: Server, missing: tuple[str, ...]
) -> None:
    assert cli("login", server.url, *missing).code == 2


def test_addresses() -> None:
    assert account.address("desk.example.com/") == "https://desk.example.com"
    assert account.address("localhost:8642") == "http://localhost:8642"
    assert account.address("[::1]:1") == "http://[::1]:1"
    for wrong in ("", "ftp://x", "https://", "http://x:99999", "http://["):
        with pytest.raises(UsageError):
            account.address(wrong)


def test_unencrypted_address_is_remarked(capsys: pytest.CaptureFixture[str]) -> None:
    account.address("http://desk.example.com")
    assert "加密" in capsys.readouterr().err


def test_bad_token(cli: Cli, boss: Server) -> None:
    login = bootstrap.require_login(profile())
    bootstrap.write_login(profile(), bootstrap.Login(login.url, "made-up", login.agent))
    done = cli("queue")
    assert done.code == 77
    assert f"agent-tui login {boss.url}" in done.err


def test_logout_keeps_what_was_not_sent(cli: Cli, boss: Server) -> None:
    boss.says("logout", "are you there?")
    (mine,) = [each for each in cli("queue", "--json").json() if each["name"] == "logout"]
    assert cli("send", mine["id"], "later", "--offline").code == 69

    refused = cli("logout")
    assert refused.code == 1
    assert "1 things are not sent" in refused.err
    assert bootstrap.read_login(profile()) is not None

    assert cli("logout", "--yes").code == 0
    assert profile().outbox.exists() and not profile().cache.exists()


def test_an_outbox_never_changes_hands(cli: Cli, boss: Server) -> None:
    boss.says("handover", "hello?")
    (mine,) = [each for each in cli("queue", "--json").json() if each["name"] == "handover"]
    cli("send", mine["id"], "by boss", "--offline")
    cli("logout", "--yes")

    enter = ("login", boss.url, "--password-stdin", "--name")
    done = cli(*enter, "anna", stdin=PASSWORD)
    assert "kept aside" in done.err
    texts = [line["text"] for line in cli("show", mine["id"], "--json").json()["messages"]]
    assert texts == ["hello?"]

    cli(*enter, "boss", stdin=PASSWORD)
    lines = cli("show", mine["id"], "--json").json()["messages"]
    assert [line["text"] for line in lines] == ["hello?", "by boss"]


@pytest.mark.parametrize("killed", [1, 2, 3])
@pytest.mark.parametrize("then", [("anna", "boss"), ("boss", "anna")])
def test_a_change_of_hands_that_is_cut_off_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: int, then: tuple[str, str]
) -> None:
    place = Profile(tmp_path / "profile")
    for agent in ("anna", "boss"):
        outboxes.hand_over(place, agent)
        place.outbox.write_text(agent)
    steps = itertools.count(1)

    def cut(do: Callable[..., object]) -> Callable[..., object]:
        def step(*given: object) -> object:
            if next(steps) == killed:
                raise KeyboardInterrupt
            return do(*given)

        return step

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", cut(Path.replace))
        patch.setattr(Path, "write_text", cut(Path.write_text))
        outboxes.hand_over(place, "anna")
    for agent in then:
        outboxes.hand_over(place, agent)
        assert place.outbox.read_text() == agent


def test_a_server_cannot_choose_a_path(tmp_path: Path) -> None:
    place = Profile(tmp_path / "profile")
    outboxes.hand_over(place, "../../evil")
    place.outbox.write_bytes(b"")
    outboxes.hand_over(place, "anna")
    assert {path.name for path in tmp_path.iterdir()} == {"profile"}
