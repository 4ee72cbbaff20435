"""Who is woken by a commit, and how often."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy.exc import OperationalError

from agent_tui.domain import events as e
from agent_tui.server import directory
from agent_tui.server import hub as hubs
from agent_tui.server.audience import Topics
from agent_tui.server.database import Database
from agent_tui.server.hub import Hub, Listener
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Writer
from tests import factories as f
from tests.unit.test_audience import row

OURS: Topics = frozenset((("team", "one"),))
THEIRS: Topics = frozenset((("team", "two"),))


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub at the beginning of a feed."""
    database = Database(f"sqlite:///{tmp_path / 'server.db'}")
    database.migrate()
    hub = Hub(database)
    await hub.start()
    yield hub
    hub.close()
    database.close()


def commit(hub: Hub, team: str = "one") -> None:
    """The writer published an event of a team's conversation."""
    published = row(e.Tagged(tag="vip"), team_before=team, team_after=team)
    hub._take([msgspec.structs.replace(published, seq=hub.head + 1)])


def looked(listener: Listener) -> bool:
    """Whether it was woken since the last time it was asked."""
    woken = listener.wake.is_set()
    listener.wake.clear()
    return woken


async def test_a_commit_wakes_those_whom_it_concerns(hub: Hub) -> None:
    with hub.listen("agent", OURS) as ours, hub.listen("agent", THEIRS) as theirs:
        ours.news = theirs.news = False
        commit(hub)
        assert (ours.news, looked(ours)) == (True, True)
        assert (theirs.news, looked(theirs)) == (False, False)


async def test_a_crowd_is_served_before_it_is_woken_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "ROUSING_SECONDS", 0.01)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(hub.listen("agent", OURS)) for _ in range(hubs.CROWD)]
        commit(hub)
        assert all(looked(each) for each in crowd)
        for each in crowd:
            each.news = False
        commit(hub)
        assert not any(looked(each) for each in crowd)
        assert all(each.news for each in crowd)  # one that looks by itself misses nothing
        assert all([await hub.wait(each, 10) for each in crowd])


def of_another_process(hub: Hub, teams: int) -> None:
    """One transaction that saves `teams` teams, of which this process has not heard."""
    saved = [e.TeamSaved(f.team(f"t{number}")) for number in range(teams)]
    Writer(hub._database, lambda *_: None, lambda: f.NOW).run_now(ChangeWorkspace(saved))


async def test_a_gap_concerns_everybody(hub: Hub) -> None:
    """What was compacted while this process slept may have concerned anyone, and any account."""
    of_another_process(hub, 5)
    with hub.listen("agent", THEIRS) as theirs:
        theirs.news = False
        published = row(e.Tagged(tag="vip"), team_before="one", team_after="one")
        hub._append([msgspec.structs.replace(published, seq=hub.head + 6)])
        assert theirs.news
        assert await hub.wait(theirs, 10)
        assert "t4" in hub.directory.teams


async def test_who_was_far_behind_is_at_the_end_at_once(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in the middle of a transaction passes for the end of the log."""
    monkeypatch.setattr(hubs, "RECENT", 4)
    behind = hub.head
    of_another_process(hub, 10)
    await hub.catch_up()
    assert hub.head == behind + 10
    assert [each.seq for each in hub._recent] == [hub.head - back for back in (3, 2, 1, 0)]
    assert hub.after(behind, 100) is None  # the log has it


async def test_a_directory_that_could_not_be_read_is_read_with_the_next_look(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: object) -> object:
        raise OperationalError("select", None, Exception("away"))

    monkeypatch.setattr(hubs, "POLL_SECONDS", 0.0)
    of_another_process(hub, 1)
    with monkeypatch.context() as patch:
        patch.setattr(directory, "load", away)
        await hub.catch_up()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
    with hub.listen("agent", OURS) as ours:
        polling = asyncio.create_task(hub.poll())
        assert await hub.wait(ours, 10)
        polling.cancel()
    assert "t0" in hub.directory.teams
