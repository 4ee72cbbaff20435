"""Check, compaction, backup, restore and copy, on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Status
from agent_tui.errors import ServerError
from agent_tui.server import audit, compaction, copying, occupancy, schema
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from tests import factories as f
from tests.databases import ENGINES, of_engine
from tests.driver import DAY_MS, AgentClient, Serving, conversation_of, make_folder, new_id


def quiet(what: str, done: int, of: int) -> None:
    """No progress wanted."""


class House:
    """A server with something of every kind in its log."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.anna: AgentClient = serving.agent("anna", "k-anna")
        self.visitors = [serving.visitor() for _ in range(4)]
        for visitor in self.visitors:
            visitor.say("你好")
            visitor.say("在吗？")
        self.keys = [conversation_of(serving, visitor) for visitor in self.visitors]
        first, second, third, fourth = self.keys
        self.start = self.anna.now()
        self.anna.applied(
            first, c.Claim(), f.reply(said := new_id(), "您好", epoch=1, seen=2), c.Tag("vip")
        )
        self.anna.applied(first, c.EditMessage(said, 3, "您好，请讲"))
        note = new_id()
        self.anna.applied(second, c.AddNote(note, "看一下"), c.RemoveNote(note, 3))
        self.anna.applied(third, c.SetStatus(Status.SNOOZED, now_ms() + DAY_MS))
        (self.refused,) = self.anna.do(first, f.reply(new_id(), " "))
        assert self.refused.outcome == "refused"
        serving.agent("bo").applied(fourth, c.Assign(None, f.LOGISTICS))
        self.middle = self.anna.now()
        self.visitors[0].say("谢谢")
        serving.agent("bo").applied(fourth, c.Assign(None, f.AFTER_SALES))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[House]:
    """A house whose database must not be changed."""
    with of_engine(engine) as url:
        serving = Serving(make_folder(tmp_path_factory.mktemp("data"), database=url)).start()
        try:
            yield House(serving)
        finally:
            serving.close()


@pytest.fixture
def twin(house: House, engine: str, tmp_path: Path) -> Iterator[Serving]:
    """A copy of it to play with, not running."""
    with of_engine(engine) as url:
        folder = make_folder(tmp_path / "data", database=url)
        found = Serving(folder)
        copying.copy(house.serving.database, found.database, quiet, replace=True)
        yield found
        found.close()


def rows(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    found = {}
    with database.read() as connection:
        for table in schema.metadata.sorted_tables:
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in connection.execute(query)]
    return found


def test_what_a_server_wrote_is_sound(house: House) -> None:
    seen: list[tuple[int, int]] = []
    report = audit.check(house.serving.database, lambda done, of: seen.append((done, of)))
    assert report.findings == ()
    assert report.conversations == 4
    assert report.events == report.head == len(house.serving.log())
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize(
    ("damage", "place"),
    [
        ("DELETE FROM event WHERE seq = 15", "event"),
        ("UPDATE event SET body = :body WHERE seq = 20", "event 20"),
        ("UPDATE event SET at = 1 WHERE seq = 20", "event 20"),
        ("UPDATE workspace SET head = head + 1", "workspace.head"),
        ("UPDATE workspace SET chain = :body", "workspace.chain"),
        ("DELETE FROM message WHERE no = 2", "conversation"),
        ("UPDATE message SET text = 'anders' WHERE no = 1", "conversation"),
        ("UPDATE message SET edited_seq = 1 WHERE edited_seq > 0", "conversation"),
        ("UPDATE message SET edited = 1 WHERE no = 1", "conversation"),
        ("DELETE FROM conversation WHERE assignee = 'anna'", "conversation"),
        ("DELETE FROM agent WHERE id = 'bo'", "agent bo"),
        ("DELETE FROM content WHERE kind = 'macro'", "macro"),
        ("DELETE FROM result WHERE number = 2", "client k-anna"),
        ("UPDATE client SET last = last + 1", "client"),
        ("DELETE FROM timer WHERE kind = 'snooze'", "conversation"),
        ("DELETE FROM timer WHERE kind = 'clock'", "conversation"),
        ("UPDATE timer SET due = due + 1 WHERE kind = 'clock'", "conversation"),
    ],
)
def test_damage_is_found_and_placed(twin: Serving, damage: str, place: str) -> None:
    with twin.database.write() as connection:
        bound = {"body": b'{"kind":"tagged","tag":"x"}'} if ":body" in damage else {}
        connection.execute(text(damage), bound)
    report = audit.check(twin.database)
    assert report.findings
    assert any(finding.place.startswith(place) for finding in report.findings), report.findings


def test_a_copy_is_the_same_and_cursors_hold_in_it(house: House, twin: Serving) -> None:
    assert rows(twin.database) == rows(house.serving.database)
    twin.start()
    mine = AgentClient(twin.base, house.anna.token, "k-anna")
    there = [event.body for event in mine.events(house.start)]
    assert there == [event.body for event in house.anna.events(house.start)]
    mine.number = house.anna.number
    mine.applied(house.keys[1], c.Tag("umgezogen"))
    twin.stop()
    assert audit.check(twin.database).findings == ()


def test_nothing_is_copied_over_a_workspace(house: House, twin: Serving) -> None:
    with pytest.raises(ServerError, match="已有数据"):
        copying.copy(house.serving.database, twin.database, quiet)


@pytest.mark.parametrize("other", ENGINES)
def test_a_backup_becomes_a_feed_of_its_own(house: House, tmp_path: Path, other: str) -> None:
    path = tmp_path / "yesterday.db"
    count = copying.backup(house.serving.database, path, quiet)
    assert not list(tmp_path.glob("*.part*"))
    with pytest.raises(ServerError, match="已存在"):
        copying.backup(house.serving.database, path, quiet)
    with of_engine(other) as url:
        restored = Serving(make_folder(tmp_path / "data", database=url))
        assert copying.restore(path, restored.database, quiet, replace=True) == count
        before, after = rows(house.serving.database), rows(restored.database)
        assert after.pop("workspace") != before.pop("workspace")
        assert after == before
        restored.start()
        mine = AgentClient(restored.base, house.anna.token, "k-anna")
        answer = mine.call("GET", "/v1/changes", since=house.start, client="k-anna")
        assert (answer.status, answer.code) == (410, "feed_reset")
        restored.close()


def test_no_restore_beneath_a_running_server(house: House, twin: Serving) -> None:
    with pytest.raises(ServerError, match="正在使用"), occupancy.alone(house.serving.database):
        pytest.fail("it runs")
    with occupancy.alone(twin.database):
        pass
    with occupancy.alone(twin.database):
        pass


def test_compaction_changes_nothing_that_is_seen(house: House, twin: Serving) -> None:
    before = rows(twin.database)
    floor = int(house.middle.split(":")[1])
    with twin.database.write() as connection:
        assert compaction.compact(connection, floor) == floor
        assert compaction.compact(connection, floor) == 0
    report = audit.check(twin.database)
    assert report.findings == ()
    assert (report.floor, report.events) == (floor, report.head - floor)
    after = rows(twin.database)
    for name in ("conversation", "message", "agent", "content", "client", "result"):
        assert after[name] == before[name]
    twin.start()
    mine = AgentClient(twin.base, house.anna.token, "k-anna")
    answer = mine.call("GET", "/v1/changes", since=house.start, client="k-anna")
    assert (answer.status, answer.code) == (410, "below_floor")
    # The chat that came back into scope after the floor is told whole, from the base.
    assert list(mine.events(house.middle)) == list(house.anna.events(house.middle))
    assert any(isinstance(each.body, e.ConversationEntered) for each in mine.events(house.middle))
    _, snapshot = mine.snapshot()
    refusals = [each.body for each in snapshot if isinstance(each.body, e.CommandRefused)]
    assert [refusal.number for refusal in refusals] == [house.refused.number]
    assert refusals[0].conversation == house.keys[0]
    mine.number = house.anna.number
    mine.applied(house.keys[2], c.SetStatus(Status.OPEN), c.Assign(AgentId("bo")))
    twin.stop()
    assert audit.check(twin.database).findings == ()


def test_compaction_in_steps_stops_at_its_day(
    twin: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "STEP", 7)
    assert compaction.step(twin.database, 0) == 0
    later = now_ms() + 1000
    count = compaction.pending(twin.database, later)
    gone = 0
    while some := compaction.step(twin.database, later):
        gone += some
        assert audit.check(twin.database).findings == ()
    assert gone == count == len(rows(twin.database)["event"]) + gone
