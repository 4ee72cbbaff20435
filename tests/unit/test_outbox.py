"""outbox.db: numbered, durable, and never lost; several processes may write to it at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ClientId, ConversationId, MessageId
from agent_tui.errors import StoreError
from agent_tui.store.outbox import KEEP_SETTLED_MS, Outbox
from agent_tui.store.sqlite import DiskFull
from tests import factories as f

C1 = f.CONVERSATION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    found = Outbox(path)
    yield found
    found.close()


def put(outbox: Outbox, command: c.AgentCommand, now: int = f.NOW) -> int:
    return outbox.enqueue(command, C1, now).number


def say(outbox: Outbox, id: str, text: str = "好的") -> int:
    return put(outbox, f.reply(id, text))


# --- numbering -----------------------------------------------------------------------------------


def test_numbers_are_dense_and_outlive_the_process(path: Path) -> None:
    first = Outbox(path)
    assert [say(first, "m1"), say(first, "m2")] == [1, 2]
    client = first.client
    first.close()
    again = Outbox(path)
    assert say(again, "m3") == 3
    assert again.client == client
    assert [order.number for order in again.pending()] == [1, 2, 3]
    again.close()


def test_pending_after_and_limit(outbox: Outbox) -> None:
    for n in range(5):
        say(outbox, f"m{n}")
    assert [order.number for order in outbox.pending(after=2)] == [3, 4, 5]
    assert [order.number for order in outbox.pending(after=2, limit=2)] == [3, 4]


def test_numbers_go_on_after_everything_settled_was_cleared(outbox: Outbox) -> None:
    say(outbox, "m1")
    outbox.settle(1, [], f.NOW)
    say(outbox, "m2")
    outbox.settle(2, [], f.NOW + KEEP_SETTLED_MS + 1)  # the first is older than 14 days: gone
    outbox.settle(2, [], f.NOW)
    assert say(outbox, "m3") == 3


WRITER = """
import sys
from pathlib import Path
from agent_tui.store.outbox import Outbox
from tests import factories as f
outbox = Outbox(Path(sys.argv[1]))
sys.stdin.readline()
for n in range(60):
    outbox.enqueue(f.reply(f"{sys.argv[2]}-{n}"), f.CONVERSATION, f.NOW)
"""


def test_several_processes_number_together(path: Path) -> None:
    """Also making the file and its tables at the same moment."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), f"p{n}"], stdin=subprocess.PIPE, text=True
        )
        for n in range(4)
    ]
    for writer in writers:
        writer.communicate("go\n", timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    outbox = Outbox(path)
    orders = outbox.pending()
    assert [order.number for order in orders] == list(range(1, 241))
    said = [order.command.message for order in orders]  # type: ignore[union-attr]
    for n in range(4):  # each process's own in their order
        assert [id for id in said if id.startswith(f"p{n}-")] == [f"p{n}-{i}" for i in range(60)]
    outbox.close()


# --- settling ------------------------------------------------------------------------------------


def test_settling_is_idempotent_and_sends_refusals_home(outbox: Outbox) -> None:
    for n in range(4):
        say(outbox, f"m{n}", f"第 {n} 句")
    refusal = f.refused(outbox.client, number=2, code="customer_wrote", held=True)
    for _ in range(3):
        outbox.settle(3, [refusal], f.NOW)
    assert [order.number for order in outbox.pending()] == [4]
    (item,) = outbox.tray()
    assert (item.text, item.reason, item.held, item.detail) == (
        "第 1 句",
        "customer_wrote",
        True,
        "bo",
    )
    assert item.order.number == 2
    assert outbox.settle(3, [refusal], f.NOW) is False
    assert outbox.settle(4, [], f.NOW) is True


def test_a_refusal_of_another_client_is_not_ones_own(outbox: Outbox) -> None:
    say(outbox, "m1")
    outbox.settle(1, [f.refused("k-other", number=1)], f.NOW)
    assert outbox.tray() == []


def test_a_refusal_whose_effect_is_not_here_yet_waits(outbox: Outbox) -> None:
    say(outbox, "m1")
    say(outbox, "m2")
    outbox.settle(1, [f.refused(outbox.client, number=2)], f.NOW)
    assert outbox.tray() == []
    outbox.settle(2, [f.refused(outbox.client, number=2)], f.NOW)
    assert len(outbox.tray()) == 1


def test_dealing_with_the_tray(outbox: Outbox) -> None:
    say(outbox, "m1")
    say(outbox, "m2")
    outbox.settle(2, [f.refused(outbox.client, number=n) for n in (1, 2)], f.NOW)
    first, second = outbox.tray()
    outbox.discard(first.id)
    outbox.discard(first.id)
    assert outbox.tray() == [second]
    outbox.settle(2, [f.refused(outbox.client, number=1)], f.NOW)
    assert outbox.tray() == [second]


def test_a_batch_lies_in_the_tray_as_one_with_all_its_texts(outbox: Outbox) -> None:
    note = c.AddNote(MessageId("n1"), "备注")
    put(outbox, c.Batch((c.Tag("退货"), f.reply("m1", "回复"), note)))
    outbox.settle(1, [f.refused(outbox.client)], f.NOW)
    (item,) = outbox.tray()
    assert item.text == "回复\n备注"


# --- a new beginning -----------------------------------------------------------------------------


def test_after_a_feed_reset_what_may_be_lost_is_in_the_tray(outbox: Outbox) -> None:
    say(outbox, "kept", "服务端还有")
    say(outbox, "lost", "备份里没有")
    put(outbox, c.Tag("confirmed"))
    outbox.settle(3, [], f.NOW)
    say(outbox, "never", "没来得及发")
    put(outbox, c.Tag("unconfirmed"))
    put(outbox, c.MarkRead(3))
    old = outbox.client
    new = outbox.restart(f.NOW, frozenset({"kept"}))
    assert new == outbox.client != old
    assert outbox.pending() == []
    assert [(item.text, item.reason, item.held) for item in outbox.tray()] == [
        ("备份里没有", "feed_reset", True),
        ("没来得及发", "feed_reset", True),
        ("", "feed_reset", True),
    ]
    assert outbox.tray()[2].order.command == c.Tag("unconfirmed")
    assert say(outbox, "m9") == 1


def test_another_process_learns_the_new_client_id(path: Path, outbox: Outbox) -> None:
    other = Outbox(path)
    outbox.restart(f.NOW, frozenset())
    assert other.client == outbox.client
    assert say(other, "m1") == 1
    other.settle(1, [f.refused(outbox.client)], f.NOW)
    assert len(other.tray()) == 1
    other.close()


# --- drafts --------------------------------------------------------------------------------------


def test_drafts_are_kept_and_leave_with_what_was_sent(outbox: Outbox) -> None:
    outbox.save_draft(C1, "还没写完", f.NOW)
    outbox.save_draft(ConversationId("c2"), "另一个", f.NOW)
    outbox.save_draft(C1, "还没写完，再加", f.NOW + 1)
    assert {key: draft.text for key, draft in outbox.drafts().items()} == {
        "c1": "还没写完，再加",
        "c2": "另一个",
    }
    outbox.enqueue(f.reply(), C1, f.NOW, clear_draft=True)
    outbox.save_draft(ConversationId("c2"), " \n", f.NOW)
    assert outbox.drafts() == {}


def test_practice_results_are_kept(outbox: Outbox) -> None:
    outbox.record_practice(b"{}", f.NOW)
    assert outbox._rows("SELECT at, body FROM practice") == [(f.NOW, b"{}")]


# --- trouble -------------------------------------------------------------------------------------


def test_a_damaged_outbox_is_never_thrown_away(path: Path) -> None:
    first = Outbox(path)
    say(first, "m1")
    first.close()
    path.write_bytes(b"no database at all" * 500)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="已损坏，其中可能有未发送的内容"):
        Outbox(path)
    assert path.read_bytes() == before


def test_a_newer_programs_outbox_is_left_alone(path: Path) -> None:
    Outbox(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="更新的版本"):
        Outbox(path)


def test_a_full_disk_says_so_and_loses_nothing(outbox: Outbox) -> None:
    say(outbox, "m1")
    (pages,) = outbox._db.execute("PRAGMA page_count").fetchone()
    outbox._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        say(outbox, "m2", "满" * 50_000)
    assert [order.number for order in outbox.pending()] == [1]
    outbox._db.execute("PRAGMA max_page_count = 10000")
    assert say(outbox, "m2") == 2


def test_every_write_is_on_the_disk(outbox: Outbox) -> None:
    assert outbox._db.execute("PRAGMA synchronous").fetchone() == (2,)
    assert outbox._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_only_its_owner_can_read_it(outbox: Outbox, path: Path) -> None:
    say(outbox, "m1")
    for file in path.parent.glob("outbox.db*"):
        assert file.stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Outbox(tmp_path / "none" / "outbox.db")


def test_clients_are_told_apart(tmp_path: Path) -> None:
    one, two = Outbox(tmp_path / "a.db"), Outbox(tmp_path / "b.db")
    assert isinstance(one.client, str) and one.client != two.client
    assert ClientId(one.client) == one.client
    one.close()
    two.close()
