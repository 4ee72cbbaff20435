"""Telling customers their place and their wait, and learning from how long it then took."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import delete, insert, select

from agent_tui.domain import waits
from agent_tui.domain.events import WaitTold
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.routing import Floor, Seat, order_key
from agent_tui.domain.waits import Pace
from agent_tui.server import schema
from agent_tui.server.unit import Unit

MOST = 2_000  # of a queue that are counted
_row = schema.conversation.c


class Waits:
    """The waits of the chats of one unit of work."""

    def __init__(self, unit: Unit, seats: Mapping[AgentId, Seat], floor: Floor) -> None:
        self._unit = unit
        self._seats = seats
        self._floor = floor
        self._paces: dict[TeamId, Pace] = {}
        self._queues: dict[TeamId, dict[ConversationId, Conversation]] = {}

    def told(self, s: Conversation) -> WaitTold | None:
        """What the customer is told when nobody could be given their chat; once a wait."""
        if s.wait is not None:
            return None
        queue = self._queue(s.team)
        key = order_key(s)
        ahead = sum(order_key(each) < key for each in queue.values() if each.id != s.id)
        return waits.tell(ahead, self._room(s), self._pace(s.team))

    def ended(self, s: Conversation) -> None:
        """The chat, waiting until now, was given to somebody."""
        if s.wait is None:
            return
        pace = waits.learn(self._pace(s.team), s.wait, self._unit.at)
        self._paces[s.team] = pace
        table = schema.pace
        row = {"team": s.team, "state": msgspec.json.encode(pace)}
        self._unit.writes.append((delete(table).where(table.c.team == s.team), {}))
        self._unit.writes.append((insert(table), row))

    def _room(self, s: Conversation) -> float:
        """How many such chats all who take this team's can have at a time."""
        floor = self._floor
        found = [
            floor.capacity(seat.agent, s.team)
            for seat in self._seats.values()
            if floor.takes(seat.agent) and floor.works_for(seat.agent, s.team)
        ]
        return sum(found) / (floor.plan.load(s) or 1.0)

    def _pace(self, team: TeamId) -> Pace:
        if team not in self._paces:
            table = schema.pace.c
            query = select(table.state).where(table.team == team)
            raw = self._unit.connection.execute(query).scalar()
            self._paces[team] = msgspec.json.decode(raw, type=Pace) if raw else Pace()
        return self._paces[team]

    def _queue(self, team: TeamId) -> dict[ConversationId, Conversation]:
        """The team's chats that nobody has, as they are in this transaction."""
        if team not in self._queues:
            query = (
                select(_row.state)
                .where(_row.status == Status.OPEN, _row.assignee.is_(None), _row.team == team)
                .order_by(_row.last_at)
                .limit(MOST)
            )
            raws = self._unit.connection.execute(query).scalars().all()
            stored = [msgspec.json.decode(raw, type=Conversation) for raw in raws]
            self._queues[team] = {each.id: each for each in stored}
        found = self._queues[team]
        for key, state in self._unit.states.items():
            if state.team == team and state.assignee is None and state.status is Status.OPEN:
                found[key] = state
            else:
                found.pop(key, None)
        return found
