"""outbox.db: numbered, durable, and never lost; several processes may write to it at once."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ClientId, ConversationId, MessageId
from agent_tui.errors import StoreError
from agent_tui.store.checksum import checksum
from agent_tui.store.outbox import KEEP_SETTLED_MS, Outbox, OutboxFull
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
    (item,) = outbox.tray.items()
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
    assert outbox.tray.items() == []


def test_a_refusal_whose_effect_is_not_here_yet_waits(outbox: Outbox) -> None:
    say(outbox, "m1")
    say(outbox, "m2")
    outbox.settle(1, [f.refused(outbox.client, number=2)], f.NOW)
    assert outbox.tray.items() == []
    outbox.settle(2, [f.refused(outbox.client, number=2)], f.NOW)
    assert len(outbox.tray.items()) == 1


def test_dealing_with_the_tray(outbox: Outbox) -> None:
    say(outbox, "m1")
    say(outbox, "m2")
    outbox.settle(2, [f.refused(outbox.client, number=n) for n in (1, 2)], f.NOW)
    first, second = outbox.tray.items()
    outbox.tray.discard(first)
    outbox.tray.discard(first)
    assert outbox.tray.items() == [second]
    outbox.settle(2, [f.refused(outbox.client, number=1)], f.NOW)
    assert outbox.tray.items() == [second]


def test_what_was_discarded_too_soon_comes_back_as_it_was(outbox: Outbox) -> None:
    say(outbox, "m1")
    say(outbox, "m2")
    outbox.settle(2, [f.refused(outbox.client, number=n) for n in (1, 2)], f.NOW)
    before = outbox.tray.items()
    outbox.tray.discard(before[0])
    outbox.tray.put_back(before[0])
    outbox.tray.put_back(before[0])
    assert outbox.tray.items() == before


def test_the_next_item_neither_hides_nor_replaces_one_that_left(path: Path) -> None:
    """It may get the id that is free, also while another process still shows the old one."""
    outbox, other = Outbox(path), Outbox(path)
    for n in (1, 2):
        say(outbox, f"m{n}", f"第 {n} 句")
    outbox.settle(1, [f.refused(outbox.client)], f.NOW)
    (first,) = other.tray.items()
    outbox.tray.discard(first)
    outbox.settle(2, [f.refused(outbox.client, 2)], f.NOW)
    other.tray.discard(first)
    assert [item.text for item in outbox.tray.items()] == ["第 2 句"]
    outbox.tray.put_back(first)
    assert {item.text for item in outbox.tray.items()} == {"第 1 句", "第 2 句"}
    outbox.close()
    other.close()


def test_an_item_leaves_with_what_takes_its_place(outbox: Outbox) -> None:
    for n in (1, 2):
        say(outbox, f"m{n}")
    outbox.settle(2, [f.refused(outbox.client, number=n) for n in (1, 2)], f.NOW)
    first, second = outbox.tray.items()
    outbox.enqueue(f.reply("m3"), C1, f.NOW, instead_of=first)
    assert (outbox.tray.items(), len(outbox.pending())) == ([second], 1)
    outbox.tray.to_draft(second, "改过的", f.NOW)
    assert (outbox.tray.items(), outbox.drafts.all()[C1].text) == ([], "改过的")


def test_a_batch_lies_in_the_tray_as_one_with_all_its_texts(outbox: Outbox) -> None:
    note = c.AddNote(MessageId("n1"), "备注")
    put(outbox, c.Batch((c.Tag("退货"), f.reply("m1", "回复"), note)))
    outbox.settle(1, [f.refused(outbox.client)], f.NOW)
    (item,) = outbox.tray.items()
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
    items = outbox.tray.items()
    assert {(item.reason, item.held, item.client) for item in items} == {("feed_reset", True, old)}
    assert [item.text for item in items] == ["备份里没有", "", "没来得及发", ""]
    assert [items[n].order.command for n in (1, 3)] == [c.Tag("confirmed"), c.Tag("unconfirmed")]
    assert say(outbox, "m9") == 1


def test_what_the_server_still_knows_by_its_number_is_not_lost(outbox: Outbox) -> None:
    """Also where its message is out of this agent's sight by now."""
    for n in range(1, 4):
        say(outbox, f"m{n}", f"第 {n} 句")
    outbox.settle(3, [], f.NOW)
    outbox.restart(f.NOW, frozenset(), {outbox.client: 2})
    assert [item.text for item in outbox.tray.items()] == ["第 3 句"]


def test_what_survived_one_loss_may_fall_to_the_next(outbox: Outbox) -> None:
    """Also what has no text, by the number that the server then knows of the id given up."""
    for command in (c.Claim(), c.Tag("急"), c.MarkRead(3), c.Release()):
        put(outbox, command)
    outbox.settle(4, [], f.NOW)
    old = outbox.client
    outbox.restart(f.NOW, frozenset(), {old: 4})
    assert outbox.tray.items() == []
    assert outbox.given_up() == {old: 4}
    outbox.restart(f.NOW, frozenset(), {old: 1})
    assert [item.order.command for item in outbox.tray.items()] == [c.Tag("急"), c.Release()]
    assert outbox.given_up() == {old: 1}


def test_what_was_refused_before_is_not_lost_a_second_time(outbox: Outbox) -> None:
    say(outbox, "m1")
    outbox.settle(1, [f.refused(outbox.client)], f.NOW)
    outbox.tray.discard(outbox.tray.items()[0])
    outbox.restart(f.NOW, frozenset())
    assert outbox.tray.items() == []


def test_what_was_applied_and_by_another_backup_refused_is_in_the_tray(outbox: Outbox) -> None:
    for n in (1, 2):
        say(outbox, f"m{n}", f"第 {n} 句")
    outbox.settle(2, [], f.NOW)
    refusals = [f.refused(outbox.client)]
    outbox.settle(2, refusals, f.NOW)
    assert [(item.text, item.reason) for item in outbox.tray.items()] == [
        ("第 1 句", refusals[0].code)
    ]
    outbox.tray.discard(outbox.tray.items()[0])
    outbox.settle(2, refusals, f.NOW)
    assert outbox.tray.items() == []
    assert (say(outbox, "m3"), outbox.acked()) == (3, 2)


def test_acknowledgements_are_remembered_for_the_client_they_were_given_to(path: Path) -> None:
    outbox = Outbox(path)
    say(outbox, "m1")
    client = outbox.client
    assert outbox.acked() == 0
    outbox.acknowledge(client, 5)
    outbox.acknowledge(client, 3)
    outbox.close()
    again = Outbox(path)
    assert again.acked() == 5
    again.settle(9, [], f.NOW)
    assert again.acked() == 9  # what came home was taken, whoever heard the answer
    again.restart(f.NOW, frozenset())
    again.acknowledge(client, 12)
    assert again.acked() == 0
    again.close()


# --- bounds --------------------------------------------------------------------------------------


def test_an_outbox_that_is_full_refuses_and_keeps_what_it_has(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_tui.store.outbox.MOST_COMMANDS", 3)
    for n in range(3):
        say(outbox, f"m{n}")
    outbox.drafts.save(C1, "还没发", f.NOW)
    with pytest.raises(OutboxFull):
        outbox.enqueue(f.reply("m9"), C1, f.NOW, clear_draft=True)
    assert [order.number for order in outbox.pending()] == [1, 2, 3]
    assert outbox.drafts.all()[C1].text == "还没发"
    outbox.settle(1, [], f.NOW)
    assert say(outbox, "m9") == 4


def test_bytes_are_bounded_too(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_tui.store.outbox.MOST_BYTES", 10_000)
    say(outbox, "m1", "满" * 5_000)
    with pytest.raises(OutboxFull):
        say(outbox, "m2")


def test_the_tray_is_never_cut(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent_tui.store.outbox.MOST_COMMANDS", 2)
    for n in range(1, 8):
        say(outbox, f"m{n}")
        outbox.settle(n, [f.refused(outbox.client, n)], f.NOW)
    assert len(outbox.tray.items()) == 7


def test_another_process_learns_the_new_client_id(path: Path, outbox: Outbox) -> None:
    other = Outbox(path)
    outbox.restart(f.NOW, frozenset())
    assert other.client == outbox.client
    assert say(other, "m1") == 1
    other.settle(1, [f.refused(outbox.client)], f.NOW)
    assert len(other.tray.items()) == 1
    other.close()


def test_what_was_settled_long_ago_costs_nothing(outbox: Outbox) -> None:
    def steps() -> int:
        """How much SQLite does for a command's whole way."""
        count = 0

        def step() -> None:
            nonlocal count
            count += 1

        outbox._db.set_progress_handler(step, 10)
        number = say(outbox, f"m{next(ids)}")
        assert (outbox.unsettled(), len(outbox.pending())) == ([number], 1)
        outbox.settle(number, [], f.NOW)
        outbox._db.set_progress_handler(None, 0)
        return count

    ids = itertools.count()
    few = steps()
    with outbox.transaction() as db:
        orders = outbox.number(db, [(C1, f.reply(f"s{n}"), f.NOW) for n in range(3_000)])
    outbox.settle(orders[-1].number, [], f.NOW)
    assert steps() < few + 1_000  # of what may go for ever it looks at the oldest few hundred


# --- drafts --------------------------------------------------------------------------------------


def test_drafts_are_kept_and_leave_with_what_was_sent(outbox: Outbox) -> None:
    outbox.drafts.save(C1, "还没写完", f.NOW)
    outbox.drafts.save(ConversationId("c2"), "另一个", f.NOW)
    outbox.drafts.save(C1, "还没写完，再加", f.NOW + 1)
    assert {key: draft.text for key, draft in outbox.drafts.all().items()} == {
        "c1": "还没写完，再加",
        "c2": "另一个",
    }
    outbox.enqueue(f.reply(), C1, f.NOW, clear_draft=True)
    outbox.drafts.save(ConversationId("c2"), " \n", f.NOW)
    assert outbox.drafts.all() == {}


def test_practice_results_are_kept(outbox: Outbox) -> None:
    outbox.record_practice(b"{}", f.NOW)
    assert outbox.rows("SELECT at, body FROM practice") == [(f.NOW, b"{}")]


# --- trouble -------------------------------------------------------------------------------------


def test_a_damaged_outbox_is_never_thrown_away(path: Path) -> None:
    first = Outbox(path)
    say(first, "m1")
    first.close()
    path.write_bytes(b"no database at all" * 500)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="已损坏，其中可能有未发送的内容"):
        Outbox(path)
    assert path.with_name("outbox-damaged-1.db").read_bytes() == before
    again = Outbox(path)
    assert (again.pending(), again.tray.items(), again.drafts.all()) == ([], [], {})
    again.close()


def test_a_newer_programs_outbox_is_left_alone(path: Path) -> None:
    Outbox(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="更新的版本"):
        Outbox(path)


def test_a_command_of_a_newer_program_is_no_damage(path: Path) -> None:
    outbox = Outbox(path)
    say(outbox, "m1")
    (row,) = outbox.rows("SELECT client, number, conversation, queued_at FROM command")
    body = b'{"number":1,"conversation":"c1","queued_at":1,"command":{"do":"dance"}}'
    outbox._db.execute("UPDATE command SET body = ?, sum = ?", (body, checksum(*row, body, None)))
    outbox.close()
    with pytest.raises(StoreError, match="更新的版本"):
        Outbox(path)
    assert [file.name for file in path.parent.iterdir() if "damaged" in file.name] == []


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
