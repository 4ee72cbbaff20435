"""The desk without a screen, against a real server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent_tui import bootstrap, paths
from agent_tui.cli import session
from agent_tui.domain.ids import ConversationId
from agent_tui.store.outbox import Outbox
from tests import factories as f
from tests.cli.conftest import Cli, Server


def find(cli: Cli, name: str, *options: str) -> dict[str, Any]:
    """The conversation of the customer called `name`."""
    rows = cli("queue", "--view", "all", "--json", *options).json()
    (row,) = [row for row in rows if row["name"] == name]
    assert isinstance(row, dict)
    return row


def leave(url: str) -> None:
    """Point the login at an address where nobody listens, as if the server were away."""
    profile = paths.default_profile()
    login = bootstrap.require_login(profile)
    bootstrap.write_login(profile, bootstrap.Login(url, login.token, login.agent))


def tray(cli: Cli) -> list[str]:
    """The texts in the unsent tray, after one more round with the server."""
    cli("queue")
    outbox = Outbox(paths.default_profile().outbox)
    try:
        return [item.text for item in outbox.tray.items()]
    finally:
        outbox.close()


def until(holds: Callable[[], bool]) -> None:
    """What depends on the sync thread comes soon, not at once."""
    for _ in range(40):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it did not come")


@pytest.mark.parametrize(
    "command", [("queue",), ("show", "c1"), ("send", "c1", "x"), ("assign", "c1", "--nobody")]
)
def test_not_logged_in(cli: Cli, command: tuple[str, ...]) -> None:
    done = cli(*command)
    assert done.code == 77
    assert "agent-tui login" in done.err and "agent-tui demo" in done.err


def test_beside_the_demo_its_profile_is_named(cli: Cli) -> None:
    demo = paths.Profile(paths.data_home() / "demo" / "profile").create()
    demo.login.write_text("{}")
    assert f"AGENT_TUI_PROFILE={demo.root}" in cli("queue").err


def test_a_word_that_is_no_term_is_told(cli: Cli, boss: Server) -> None:
    found = cli("queue", "--where", "未分配")
    assert (found.code, found.out) == (0, "")
    assert "'未分配' is looked for as text" in found.err
    assert "looked for" not in cli("queue", "--where", "-open").err


def test_the_tray(cli: Cli, boss: Server) -> None:
    boss.says("周先生", "在吗")
    key = find(cli, "周先生")["id"]
    assert cli("tray", "--json").json() == []
    assert cli("tray").err == "the tray is empty\n"
    profile = paths.default_profile()
    outbox = Outbox(profile.outbox)
    order = outbox.enqueue(f.reply("t1", "太晚了\n抱歉", seen=0), key, f.NOW)
    late = f.refused(outbox.client, order.number, "expired", held=True, detail="")
    outbox.settle(order.number, [late], f.NOW)
    outbox.drafts.save(ConversationId("c-gone"), "写了一半", f.NOW)
    outbox.close()
    first, second = cli("tray", "--json", "--offline").json()
    assert (first["conversation"], first["name"], first["reason"]) == (key, "周先生", "expired")
    assert (first["text"], first["held"], first["at"]) == ("太晚了\n抱歉", True, f.NOW)
    assert [line["text"] for line in first["since"]] == ["在吗"]
    assert first["ways"] == ["send", "edit", "note", "copy", "discard"]
    assert (second["conversation"], second["reason"]) == ("c-gone", "draft_left")
    said = cli("tray", "--offline").out
    for words in (
        "  太晚了\n  抱歉\n",
        "waited too long",
        "在吗",
        "send it only if it still fits",
        "写了一半",
    ):
        assert words in said


def test_read_reply_note_and_assign(cli: Cli, boss: Server) -> None:
    boss.says("王女士", "杯子碎了", "怎么退？")
    row = find(cli, "王女士")
    assert (row["section"], row["unread"], row["preview"]) == ("team", 2, "怎么退？")
    assert row["due"]["deadline"] == "first_reply"
    key = row["id"]
    assert key in cli("queue").out

    assert cli("send", key[:9], "您好，马上为您处理").out == "done\n"
    note = cli("send", key, "碎了两只", "--note", "--json").json()
    assert note == {
        "conversation": key, "outcome": "applied", "reason": "", "detail": "", "text": "",
        "findings": [],
    }  # fmt: skip
    card = cli("show", key, "--json").json()
    assert [(line["kind"], line["text"]) for line in card["messages"]] == [
        ("customer", "杯子碎了"),
        ("customer", "怎么退？"),
        ("reply", "您好，马上为您处理"),
        ("note", "碎了两只"),
    ]
    assert card["assignee"] == "boss"
    shown = cli("show", key).out
    assert "Boss: 您好，马上为您处理 ✓" in shown and "Boss (note): 碎了两只" in shown

    assert cli("assign", key, "--to", "anna").code == 0
    assert find(cli, "王女士")["assignee"] == "anna"
    assert cli("assign", key, "--team", "refunds").code == 0
    moved = find(cli, "王女士")
    assert (moved["team"], moved["assignee"]) == ("refunds", None)


def test_names_that_do_not_exist(cli: Cli, boss: Server) -> None:
    boss.says("first", "hello")
    boss.says("second", "hello")
    key = find(cli, "first")["id"]
    unknown = cli("show", "nothing")
    assert unknown.code == 3 and "agent-tui queue" in unknown.err
    assert cli("show", "").code == 3
    ambiguous = cli("send", "c", "to whom?")
    assert ambiguous.code == 2 and "more than one" in ambiguous.err
    agent = cli("assign", key, "--to", "ana")
    assert agent.code == 3 and "did you mean anna?" in agent.err
    assert cli("assign", key, "--team", "nowhere").code == 3
    assert cli("assign", key).code == 2
    assert cli("assign", key, "--to", "me", "--nobody").code == 2


def test_refusals_tell_why(cli: Cli, boss: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    boss.says("refused", "hello")
    key = find(cli, "refused")["id"]
    empty = cli("send", key, " \u200b ")
    assert empty.code == 1 and "there is no text" in empty.err

    cli("assign", key, "--to", "anna")
    monkeypatch.setenv("AGENT_TUI_PROFILE", "second")
    cli("login", boss.url, "--name", "anna", "--password-stdin", stdin="correct-horse")
    cli("queue")
    monkeypatch.delenv("AGENT_TUI_PROFILE")
    assert cli("assign", key, "--to", "me").code == 0
    # Anna's machine has not heard of that yet: the server refuses, and her words are not lost.
    monkeypatch.setenv("AGENT_TUI_PROFILE", "second")
    assert cli("send", key, "my answer", "--offline").code == 69
    again = cli("send", key, "one more", "--json")
    assert again.code == 1
    assert again.json()["outcome"] == "refused"
    until(lambda: tray(cli) == ["my answer"])


def test_held_until_forced(cli: Cli, boss: Server) -> None:
    boss.says("closed", "thanks, bye")
    key = find(cli, "closed")["id"]
    profile = paths.default_profile()
    with session.Session(profile, bootstrap.require_login(profile)) as opened:
        from agent_tui.domain.commands import SetStatus
        from agent_tui.domain.ids import ConversationId
        from agent_tui.domain.model import Status

        opened.do(ConversationId(key), SetStatus(Status.RESOLVED))
    held = cli("send", key, "one more thing")
    assert held.code == 1
    assert "resolved" in held.err and "--force" in held.err
    assert cli("send", key, "one more thing", "--force").code == 0


def test_nothing_wrong_is_sent_unasked(cli: Cli, boss: Server) -> None:
    for name in ("guarded", "小鹿儿"):
        boss.says(name, "在吗")
        assert cli("assign", find(cli, name)["id"], "--to", "me").code == 0
    key, text = find(cli, "guarded")["id"], "小鹿儿您好，这是全网最低价"
    done = cli("send", key, text)
    assert (done.code, done.out) == (1, "")
    assert (
        "'小鹿儿' is another chat's customer\n" in done.err
        and "the law forbids: 全网最低" in done.err
    )
    assert "--force" in done.err
    held = cli("send", key, text, "--json", "--offline").json()
    assert (held["outcome"], held["reason"]) == ("held", "guarded")
    assert [(each["kind"], each["text"]) for each in held["findings"]] == [
        ("crossed", "小鹿儿"),
        ("absolute", "全网最低"),
    ]
    assert cli("send", key, "小鹿儿的", "--note").code == 1
    half = ("send", key, "单号〔快递单号〕", "--force")
    assert cli(*half, "--json").json()["outcome"] == "refused"
    done = cli(*half)
    assert done.code == 1 and "〔快递单号〕" in done.err and "--force" not in done.err
    assert cli("send", key, text, "--force").code == 0
    assert cli("send", key, "小鹿儿的", "--note", "--force").code == 0
    said = [line["text"] for line in cli("show", key, "--json").json()["messages"]]
    assert said == ["在吗", text, "小鹿儿的"]


def test_the_shop_says_what_is_looked_for(cli: Cli, boss: Server, own_place: Path) -> None:
    boss.says("allowed", "多少钱")
    key = find(cli, "allowed")["id"]
    (own_place / "config").mkdir(exist_ok=True)
    (own_place / "config" / "config.toml").write_text('[guards]\nabsolute = false\nwords = ["亲"]')
    assert "the shop forbids: 亲" in cli("send", key, "亲，在的").err
    assert cli("send", key, "这是全网最低价").code == 0


def test_offline_reads_and_queues(cli: Cli, boss: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "SECOND_CHANCE", 0.3)
    boss.says("offline", "anybody there?")
    key = find(cli, "offline")["id"]
    leave("http://127.0.0.1:1")

    read = cli("queue", "--view", "all", "--json")
    assert read.code == 0 and "stored here" in read.err
    assert key in [row["id"] for row in read.json()]
    queued = cli("send", key, "soon", "--json")
    assert queued.code == 69 and queued.json()["outcome"] == "queued"
    assert find(cli, "offline", "--offline")["unsent"] == 1
    waiting = cli("show", key, "--offline", "--json").json()["messages"][-1]
    assert (waiting["text"], waiting["state"], waiting["no"]) == ("soon", "waiting", 0)

    leave(boss.url)
    assert cli("queue").code == 0  # any command that syncs takes it along
    assert cli("send", key, "there you are").code == 0
    texts = [line["text"] for line in cli("show", key, "--json").json()["messages"]]
    assert texts == ["anybody there?", "soon", "there you are"]


def test_beside_a_process_that_syncs(cli: Cli, boss: Server) -> None:
    boss.says("shared", "hello")
    key = find(cli, "shared")["id"]
    profile = paths.default_profile()
    with session.Session(profile, bootstrap.require_login(profile)):
        # That one holds the lock and pushes; this one only writes to the outbox and reads.
        assert cli("send", key, "from the side").code == 0


def test_damaged_cache_is_built_again(cli: Cli, boss: Server) -> None:
    boss.says("damage", "still here?")
    key = find(cli, "damage")["id"]
    cli("send", key, "unsent", "--offline")
    cache = paths.default_profile().cache
    for path in cache.parent.glob("cache.db*"):
        path.unlink()
    cache.write_bytes(b"not a database at all" * 500)
    texts = [line["text"] for line in cli("show", key, "--json").json()["messages"]]
    assert texts == ["still here?", "unsent"]
