"""Giving chats out: a reaction that runs on every replica, and takes effect once.

What is to be given out is read beforehand; who gets it is decided inside the transaction that holds
the log's counter, where the loads are exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import anyio.to_thread
import msgspec
from sqlalchemy import Connection, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.routing import Blocked, Floor, Placed, availability, dispatch
from agent_tui.domain.staffing import Availability
from agent_tui.domain.why import Because, Why
from agent_tui.server import schema, seats
from agent_tui.server.clock import now_ms
from agent_tui.server.directory import Directory
from agent_tui.server.service import Service
from agent_tui.server.unit import SYSTEM, Needs, Unit
from agent_tui.server.waits import Waits

AT_ONCE = 200
WAITING = 2_000  # chats that nobody has that are looked at; if there are more, of each team
REST_SECONDS = 0.2
LOOK_SECONDS = 1.0
_row = schema.conversation.c


async def run(service: Service) -> None:
    """Give out what waits, whenever something happened, and once a second."""
    with service.hub.listen("assigning") as listener:
        while not service.hub.closing.is_set():
            found = await anyio.to_thread.run_sync(_look, service)
            for start in range(0, len(found), AT_ONCE):
                await service.writer.submit(GiveOut(found[start : start + AT_ONCE]))
            await asyncio.sleep(REST_SECONDS)
            await service.hub.wait(listener, LOOK_SECONDS)
    await asyncio.Event().wait()


def _look(service: Service) -> list[ConversationId]:
    directory = service.hub.directory
    with service.database.read() as connection:
        return candidates(connection, directory, now_ms())


def floor_of(directory: Directory, now: int) -> Floor:
    """Who works at `now`."""
    surges = tuple(directory.surges.values())
    return Floor(directory.plan, directory.duties, surges, now)


def candidates(connection: Connection, directory: Directory, now: int) -> list[ConversationId]:
    """Chats that something may happen to, in the order in which they are given out: those that
    could be placed, or whose reason has changed, and those whose owner is gone."""
    floor = floor_of(directory, now)
    found: list[Conversation] = []
    pushing = sorted(
        key for key, rules in directory.plan.routing.teams.items() if rules.assign != "pull"
    )
    if pushing:
        found += _nobodys(connection, pushing)
    if len(found) == WAITING:  # one swamped team must not keep the others' chats from view
        found = [each for team in pushing for each in _nobodys(connection, [team])]
    gone = sorted(key for key in directory.duties if _is_gone(key, directory, floor))
    if gone:
        query = select(_row.state).where(_row.status == Status.OPEN, _row.assignee.in_(gone))
        owned = _decoded(connection.execute(query).scalars().all())
        found += [state for state in owned if state.waiting_since is not None]
    if not found:
        return []
    seated = seats.read(connection, directory, _working(directory, floor))
    placed = dispatch((each for each in found if each.assignee is None), seated, floor, {})
    held = {each.id: each.held for each in found}
    wanted = {
        each.conversation
        for each in placed
        if isinstance(each, Placed) or each.why.encode() != held[each.conversation]
    }
    wanted |= {each.id for each in found if each.assignee is not None}
    order = [each.conversation for each in placed if each.conversation in wanted]
    return [each.id for each in found if each.assignee is not None] + order


def _nobodys(connection: Connection, teams: Sequence[str]) -> list[Conversation]:
    """Open chats of these teams that nobody has, at most WAITING, who wrote longest ago first."""
    query = (
        select(_row.state)
        .where(_row.status == Status.OPEN, _row.assignee.is_(None), _row.team.in_(teams))
        .order_by(_row.last_at)
        .limit(WAITING)
    )
    return _decoded(connection.execute(query).scalars().all())


def _decoded(raws: Sequence[bytes]) -> list[Conversation]:
    return [msgspec.json.decode(raw, type=Conversation) for raw in raws]


def _working(directory: Directory, floor: Floor) -> list[AgentId]:
    return [key for key, agent in directory.agents.items() if floor.takes(agent)]


def _is_gone(agent: AgentId, directory: Directory, floor: Floor) -> bool:
    """Gone for so long that it is no restart of their program."""
    duty = directory.duties[agent]
    grace = directory.plan.routing.answer_within * 1000
    away = availability(directory.duties, agent) is Availability.OFFLINE
    if away and floor.now - duty.since < grace:
        return False
    return floor.gone(directory.agents.get(agent))


class GiveOut:
    """Give these chats to whom they belong, or say why nobody gets them."""

    def __init__(self, conversations: Sequence[ConversationId]) -> None:
        self._conversations = tuple(conversations)
        self.size = max(1, len(conversations))

    def needs(self) -> Needs:
        """The conversations."""
        return Needs(conversations=self._conversations)

    def run(self, unit: Unit) -> None:
        """Take back what belongs to nobody any more, then give out."""
        floor = floor_of(unit.directory, unit.now)
        for key in self._conversations:
            state = unit.states.get(key)
            if state is not None and self._is_left(unit, state, floor):
                self._take_back(unit, state, floor)
        waiting = [
            state
            for key in self._conversations
            if (state := unit.states.get(key)) is not None
            and state.assignee is None
            and state.status is Status.OPEN
        ]
        if not waiting:
            return
        seated = seats.load(unit, _working(unit.directory, floor))
        told = Waits(unit, seated, floor)
        for found in dispatch(waiting, seated, floor, _last_agents(unit, waiting)):
            self._record(unit, found, told)

    def answer(self, unit: Unit) -> None:
        """Nothing to say."""

    def _is_left(self, unit: Unit, state: Conversation, floor: Floor) -> bool:
        owner = state.assignee
        if owner is None or owner not in unit.directory.duties:
            return False
        waits = state.status is Status.OPEN and state.waiting_since is not None
        return waits and _is_gone(owner, unit.directory, floor)

    def _take_back(self, unit: Unit, state: Conversation, floor: Floor) -> None:
        owner = state.assignee or ""
        agent = unit.directory.agents.get(AgentId(owner))
        at_home = agent is not None and not floor.plan.shift(agent).is_open(floor.now)
        code = Because.SHIFT_CLOSED if at_home else Because.LEASE_ENDED
        event = e.Released(state.epoch + 1, Why(code, (owner,)).encode())
        unit.record(event, by=SYSTEM, conversation=state.id)

    def _record(self, unit: Unit, found: Placed | Blocked, told: Waits) -> None:
        state = unit.states[found.conversation]
        why = found.why.encode()
        if isinstance(found, Blocked):
            if why != state.held:
                unit.record(e.HeldInQueue(why), by=SYSTEM, conversation=state.id)
            # Who writes while nobody works is told when somebody does.
            wait = told.told(state) if found.why.code == Because.AT_LIMIT else None
            if wait is not None:
                unit.record(wait, by=SYSTEM, conversation=state.id)
            return
        told.ended(state)
        within = unit.directory.plan.routing.answer_within * 1000
        event = e.Assigned(found.agent, found.team, state.epoch + 1, why, unit.at + within)
        unit.record(event, by=SYSTEM, conversation=state.id)


def _last_agents(unit: Unit, waiting: Sequence[Conversation]) -> dict[ConversationId, AgentId]:
    """Who answered each customer last, within the time that the settings say."""
    since = unit.at - unit.directory.plan.routing.last_agent * 1000
    of = {state.customer.id: state.id for state in waiting}
    query = (
        select(_row.state)
        .where(_row.customer.in_(sorted(of)), _row.last_at >= since)
        .order_by(_row.last_at)
    )
    found: dict[ConversationId, AgentId] = {}
    for state in _decoded(unit.connection.execute(query).scalars().all()):
        if state.last_reply_by is not None and state.customer.id in of:
            found[of[state.customer.id]] = state.last_reply_by
    return found
