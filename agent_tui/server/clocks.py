"""Clocks that ring: when each conversation's next one is due, and what it then brings."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, delete, select

from agent_tui.domain import clocks
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.domain.staffing import Availability
from agent_tui.domain.why import Because, Why
from agent_tui.server import bulk, schema, seats, workspace
from agent_tui.server.unit import SYSTEM, Needs, Unit

AT_ONCE = 200
_timer = schema.timer.c


def due(connection: Connection, now: int, limit: int = AT_ONCE) -> list[ConversationId]:
    """Conversations whose clocks ring by `now` (ms)."""
    query = (
        select(_timer.conversation)
        .where(_timer.kind == workspace.CLOCK, _timer.due <= now)
        .order_by(_timer.due)
        .limit(limit)
    )
    return [ConversationId(key) for key in connection.execute(query).scalars()]


def save(unit: Unit) -> None:
    """Set the timers of what the batch changed, one statement for all."""
    known = unit.directory
    first: dict[ConversationId, Conversation | None] = {}
    for draft in unit.drafts:
        if draft.after is not None and draft.conversation is not None:
            first.setdefault(draft.conversation, draft.before)
    moved: dict[ConversationId, int | None] = {}
    for key, before in first.items():
        after = unit.states[key]
        at = clocks.next_ring(after, known.policy, known.plan)
        if before is None or at != clocks.next_ring(before, known.policy, known.plan):
            moved[key] = at
    for key in unit.ringing & unit.states.keys():
        moved[key] = clocks.next_ring(unit.states[key], known.policy, known.plan)
    old = sorted(key for key in moved if key in unit.stored)
    if old:
        where = (_timer.kind == workspace.CLOCK, _timer.conversation.in_(old))
        unit.connection.execute(delete(schema.timer).where(*where))
    rows = [
        {"conversation": key, "kind": workspace.CLOCK, "generation": 0, "due": at}
        for key, at in sorted(moved.items())
        if at is not None
    ]
    bulk.insert(unit.connection, schema.timer, rows)


class Ring:
    """Let the clocks of these conversations ring, each mark once: it is decided on the state as
    it is in this transaction, whoever else found it due."""

    def __init__(self, conversations: Sequence[ConversationId]) -> None:
        self._conversations = tuple(conversations)
        self.size = max(1, len(conversations))

    def needs(self) -> Needs:
        """The conversations."""
        return Needs(conversations=self._conversations)

    def run(self, unit: Unit) -> None:
        """Record what rings; the timers are set anew, also of what did not ring after all."""
        known = unit.directory
        for key in self._conversations:
            unit.ringing.add(key)
            state = unit.states.get(key)
            if state is None:
                continue
            for event in clocks.ring(state, policy=known.policy, plan=known.plan, now=unit.now):
                unit.record(event, by=SYSTEM, conversation=key)
                if isinstance(event, e.Released) and state.assignee is not None:
                    self._ignored(unit, state.assignee)

    def answer(self, unit: Unit) -> None:
        """Nothing to say."""

    def _ignored(self, unit: Unit, agent: AgentId) -> None:
        """Who looks at none of what they are given is not there."""
        in_a_row = seats.ignored(unit, agent)
        duty = unit.directory.duties.get(agent)
        if in_a_row < unit.directory.plan.routing.ignored or duty is None:
            return
        if duty.availability is Availability.ONLINE:
            why = Why(Because.DECLINED, (agent, str(in_a_row))).encode()
            away = msgspec.structs.replace(
                duty, availability=Availability.AWAY, reason=why, since=unit.at
            )
            workspace.record(unit, e.AvailabilitySet(away), SYSTEM)
