"""The workstation goes on without the server, and nothing is lost or doubled when it comes back."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import shutil
from collections.abc import Callable

import pytest

from agent_tui import bootstrap
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Status
from agent_tui.domain.outcome import Held, Reason, Rejected
from agent_tui.lang import Both
from agent_tui.store import sqlite
from agent_tui.store.outbox import Outbox
from agent_tui.sync import runner
from agent_tui.sync.engine import Link
from agent_tui.sync.http import HttpWire
from agent_tui.sync.profile_store import ProfileStore
from tests import factories as f
from tests.driver import Serving, chat, until
from tests.flow.workstation import Workstation

Make = Callable[..., Workstation]


def test_a_message_reaches_the_desk_and_the_answer_the_customer(
    serving: Serving, desk_of: Make
) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: [row.id for row in desk.queue.rows()] == [key])
    anna.sends(key, "您好，请稍等")
    assert anna.shows(key)[-1] in [("您好，请稍等", "waiting"), ("您好，请稍等", "sent")]
    until(lambda: visitor.texts() == ["你好", "您好，请稍等"])
    anna.until(lambda desk: desk.transcript(key)[-1].state == "sent")
    assert anna.desk.pending.unsent == 0
    page = visitor.sees()
    visitor.ok("POST", f"{visitor.path}/receipt", {"delivered": page["cursor"], "read": 0})
    anna.until(lambda desk: desk.transcript(key)[-1].state == "delivered")
    visitor.ok("POST", f"{visitor.path}/receipt", {"delivered": 0, "read": page["cursor"]})
    anna.until(lambda desk: desk.transcript(key)[-1].state == "read")


def test_what_is_sent_while_the_server_is_down_arrives_once(
    serving: Serving, desk_of: Make
) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    serving.stop()
    anna.until(lambda desk: anna.links[-1] == Link.OFFLINE)
    for n in range(5):
        anna.sends(key, f"回答 {n}")
    assert anna.desk.pending.unsent == 5
    assert [state for _, state in anna.shows(key)] == [""] + ["waiting"] * 5
    state = anna.desk.conversation(key)
    assert state is not None and state.assignee == "anna"
    serving.start()
    anna.until(lambda desk: desk.pending.unsent == 0)
    assert visitor.texts() == ["你好", *(f"回答 {n}" for n in range(5))]
    assert [state for _, state in anna.shows(key)] == [""] + ["sent"] * 5
    assert anna.links[-1] == Link.ONLINE


def test_what_was_taken_back_while_the_server_is_down_never_arrives(
    serving: Serving, desk_of: Make
) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    serving.stop()
    anna.until(lambda desk: anna.links[-1] == Link.OFFLINE)
    anna.sends(key, "第一句")
    anna.desk.grace.ms = 1
    anna.sends(key, "说错了")
    anna.desk.doing.release(flush=True)
    anna.pump()
    step = anna.desk.undo()
    assert isinstance(step, Undo) and step.taken is not None
    draft = anna.desk.drafts.get(key)
    assert draft is not None and draft.text == "说错了"
    anna.desk.grace.ms = 0
    anna.sends(key, "第二句")
    serving.start()
    anna.until(lambda desk: desk.pending.unsent == 0 and not desk._outbox.pending())
    assert visitor.texts() == ["你好", "第一句", "第二句"] and anna.desk.tray.items == []


def test_everything_is_there_after_a_restart_while_offline(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving, "一", "二")
    anna.until(lambda desk: len(desk.transcript(key)) == 2)
    anna.until(lambda desk: desk.directory.articles() and desk.macros.library().all)
    serving.stop()
    anna.sends(key, "离线回答")
    anna.desk.writing.note(key, "离线备注")
    anna.desk.do(key, c.Tag("退货"), title=Both("标签", "tag"))
    anna.desk.drafts.save(key, "写了一半")
    before = (anna.shows(key), anna.desk.pending.unsent, anna.desk.conversation(key))
    again = anna.again().connect()
    assert (again.shows(key), again.desk.pending.unsent, again.desk.conversation(key)) == before
    assert again.desk.drafts.kept[key].text == "写了一半"
    assert [bool(row.draft) for row in again.desk.queue.rows()] == [True]
    assert again.desk.finding.search("发货")
    assert again.desk.macros.library().all
    serving.start()
    again.until(lambda desk: desk.pending.unsent == 0)
    assert visitor.texts() == ["一", "二", "离线回答"]
    assert serving.state(key).tags == ("退货",)
    again.close()


def test_a_refusal_comes_home_with_its_text(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    anna.sends(key, "我来")
    anna.until(lambda desk: desk.pending.unsent == 0)
    serving.stop()
    anna.sends(key, "还没发出去的话")
    anna.disconnect()
    serving.start()
    serving.agent("lee").applied(key, c.Assign(AgentId("lo"), TeamId("logistics")))
    anna.connect()
    (item,) = anna.until(lambda desk: desk.tray.items)
    assert (item.text, item.reason, item.held) == ("还没发出去的话", "out_of_scope", False)
    anna.until(lambda desk: desk.pending.unsent == 0)
    assert anna.desk.conversation(key) is None
    assert visitor.texts() == ["你好", "我来"]
    anna.desk.tray.discard(item)
    assert anna.desk.tray.items == []


def test_a_held_reply_can_be_sent_after_a_look(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    anna.disconnect()
    anna.desk.clock = lambda: bootstrap.now_ms() - 11 * f.MINUTE  # so long it lay there
    anna.sends(key, "太晚的回答")
    anna.connect()
    (item,) = anna.until(lambda desk: desk.tray.items)
    assert (item.reason, item.held, item.text) == ("expired", True, "太晚的回答")
    assert visitor.texts() == ["你好"]
    assert anna.desk.writing.send(key, item.text, force=True) is None
    anna.desk.tray.discard(item)
    anna.until(lambda desk: desk.pending.unsent == 0)
    assert visitor.texts() == ["你好", "太晚的回答"]


def test_what_is_anothers_is_refused_on_the_spot(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    _, key = chat(serving)
    serving.agent("bo").applied(key, c.Claim())
    anna.until(lambda desk: desk.queue.rows() and desk.queue.rows()[0].assignee == "bo")
    assert anna.desk.writing.send(key, "我也来") == Rejected(Reason.NOT_YOURS, "bo")
    assert anna.desk.pending.unsent == 0


def test_two_late_replies_are_held_together(serving: Serving, desk_of: Make) -> None:
    """The second was written under the first, and neither after the customer's new message."""
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    anna.disconnect()
    visitor.say("等一下，不要退了")
    anna.desk.clock = lambda: bootstrap.now_ms() - 5 * f.MINUTE
    anna.sends(key, "好的，已为您退款")
    anna.sends(key, "三天内到账")
    anna.connect()
    first, second = anna.until(lambda desk: len(desk.tray.items) == 2 and desk.tray.items)
    assert [(item.reason, item.held) for item in (first, second)] == [("customer_wrote", True)] * 2
    assert visitor.texts() == ["你好", "等一下，不要退了"]


def test_undo_travels_like_everything_else(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    serving.stop()
    anna.desk.do(key, c.SetStatus(Status.RESOLVED), title=Both("解决", "resolve"))
    assert anna.desk.queue.rows() == []
    assert anna.desk.writing.note(key, "写错了") is None
    assert anna.desk.undo() is not None
    assert anna.desk.undo() is not None
    assert anna.desk.undo() is None
    assert len(anna.desk.queue.rows()) == 1
    assert anna.shows(key) == [("你好", "")]
    serving.start()
    visitor.say("还在吗")
    anna.until(lambda desk: desk.pending.unsent == 0 and len(desk.transcript(key)) == 2)
    assert anna.desk.tray.items == []
    assert serving.state(key).status is Status.OPEN
    assert [m.text for m in serving.messages(key) if not m.removed] == ["你好", "还在吗"]
    assert [text for text, _ in anna.shows(key)] == ["你好", "还在吗"]


def test_logout_wipes_the_cache_and_keeps_the_outbox(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    _, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    serving.stop()
    anna.sends(key, "没发出去")
    anna.close()
    bootstrap.forget_login(anna.profile)
    assert not anna.profile.cache.exists()
    assert bootstrap.read_login(anna.profile) is None
    outbox = Outbox(anna.profile.outbox)
    assert len(outbox.pending()) == 1
    outbox.close()
    serving.start()
    # Logged in again: what was waiting goes out.
    back = desk_of().connect()
    back.until(lambda desk: desk.pending.unsent == 0 and desk.queue.rows())
    assert [m.text for m in serving.messages(key)] == ["你好", "没发出去"]


def test_a_cache_that_is_deleted_or_damaged_while_open(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    sqlite.remove(anna.profile.cache)
    visitor.say("第二句")
    anna.until(lambda desk: len(desk.transcript(key)) == 2)
    anna.disconnect()
    anna.sends(key, "一定要到")
    anna.profile.cache.write_bytes(b"rubbish" * 5000)
    again = anna.again().connect()
    again.until(lambda desk: desk.pending.unsent == 0 and len(desk.transcript(key)) == 3)
    assert visitor.texts() == ["你好", "第二句", "一定要到"]
    again.close()


def test_a_server_restored_from_an_old_backup(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    visitor, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    anna.sends(key, "在备份里")
    anna.until(lambda desk: desk.pending.unsent == 0)
    root = serving.folder.root
    serving.stop()
    serving.database.close()
    shutil.copy(root / "server.db", root / "backup.db")
    serving.start()
    anna.sends(key, "备份之后")
    anna.until(lambda desk: desk.pending.unsent == 0)
    visitor.say("备份之后的问题")
    anna.until(lambda desk: len(desk.transcript(key)) == 4)
    client = anna.desk._outbox.client
    serving.stop()
    anna.sends(key, "断线时写的")
    serving.database.close()
    for name in ("server.db", "server.db-wal", "server.db-shm"):
        (root / name).unlink(missing_ok=True)
    shutil.copy(root / "backup.db", root / "server.db")
    serving.start()
    items = anna.until(lambda desk: desk.tray.items)
    assert [(item.text, item.reason) for item in items] == [
        ("备份之后", "feed_reset"),
        ("断线时写的", "feed_reset"),
    ]
    assert anna.desk._outbox.client != client
    anna.until(lambda desk: [text for text, _ in anna.shows(key)] == ["你好", "在备份里"])
    # Nothing was sent again by itself; the desk works on under its new name.
    assert [m.text for m in serving.messages(key)] == ["你好", "在备份里"]
    anna.sends(key, items[0].text)
    anna.until(lambda desk: desk.pending.unsent == 0)
    assert [m.text for m in serving.messages(key)] == ["你好", "在备份里", "备份之后"]
    assert len(anna.desk.tray.items) == 2


def test_a_revoked_login_says_so_and_keeps_the_work(serving: Serving, desk_of: Make) -> None:
    anna = desk_of().connect()
    _, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    from agent_tui.server import accounts

    was = next(iter(anna.desk.directory.agents().values()))
    assert was.id == "anna"
    anna.disconnect()
    serving.run(accounts.disable(was))
    anna.sends(key, "写给谁呢")
    anna.connect()
    anna.until(lambda desk: Link.LOGGED_OUT in anna.links)
    assert anna.desk.pending.unsent == 1
    assert anna.shows(key)[-1] == ("写给谁呢", "waiting")


def test_sync_that_failed_starts_again(
    serving: Serving, desk_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in the program itself: told, logged, and tried again."""
    monkeypatch.setattr(runner, "RESTART_SECONDS", 0.2)
    anna = desk_of()
    faults = [ZeroDivisionError("kaputt"), ZeroDivisionError("kaputt")]
    real = ProfileStore.settle

    def settle(self: ProfileStore) -> bool:
        if faults:
            raise faults.pop()
        return real(self)

    monkeypatch.setattr(ProfileStore, "settle", settle)
    anna.connect()
    _, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    assert anna.links.count(Link.STORE_TROUBLE) == 2
    anna.sends(key, "geht wieder")
    anna.until(lambda desk: desk.pending.unsent == 0)


def test_closing_what_never_started(serving: Serving, desk_of: Make) -> None:
    anna = desk_of()
    link = bootstrap.Link(
        anna.profile, anna.login, on_change=lambda changes: None, on_link=lambda *_: None
    )
    link.close()


def test_closing_leaves_no_connection_behind(serving: Serving, desk_of: Make) -> None:
    """Also when a hint that the agent types is just being sent: it has to connect first."""
    anna = desk_of()
    _, key = chat(serving)
    for _ in range(5):
        anna.links.clear()
        anna.connect()
        anna.until(lambda desk: Link.ONLINE in anna.links)
        anna.types(key)
        anna.disconnect()
        gc.collect()  # a socket that is found open here is a warning, and so a failure


@pytest.mark.parametrize("turns", range(8))
async def test_closing_after_a_request_was_cancelled(turns: int) -> None:
    """The server hung up; the next request drops the dead connections and is itself cancelled."""
    lines: list[asyncio.StreamWriter] = []
    everybody = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"{")
            if len(lines) == 3:
                everybody.set()  # each has a connection of its own
            await everybody.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await reader.read()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    wire = HttpWire(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    key = ConversationId("c")
    await asyncio.gather(*(wire.typing(key, True) for _ in range(3)))
    for line in lines:
        line.close()
        await line.wait_closed()
    request = asyncio.create_task(wire.typing(key, True))
    for _ in range(turns):
        await asyncio.sleep(0)
    request.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await request
    await wire.close()
    server.close()
    for line in lines:
        line.close()
    await asyncio.sleep(0)
    gc.collect()  # a socket that is found open here is a warning, and so a failure


def test_who_turns_to_another_customer_is_seen_typing_there(
    serving: Serving, desk_of: Make
) -> None:
    anna = desk_of().connect()
    (first, one), (second, other) = chat(serving), chat(serving)
    anna.until(lambda desk: len(list(desk.queue.rows())) == 2)
    with first.stream() as there, second.stream() as here:
        until(lambda: there.comments and here.comments)
        anna.types(one)
        anna.types(other)
        until(lambda: there.data("typing") and here.data("typing"))


@pytest.mark.parametrize("text", ["", " \n ", "x" * 100_001])
def test_what_can_be_refused_here_never_leaves(serving: Serving, desk_of: Make, text: str) -> None:
    anna = desk_of().connect()
    _, key = chat(serving)
    anna.until(lambda desk: desk.queue.rows())
    refused = anna.desk.writing.send(key, text)
    assert isinstance(refused, Rejected | Held)
    assert anna.desk.pending.unsent == 0
