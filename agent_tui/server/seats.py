"""The agents' seats: what each has in hand, and when they last got a chat or had one less."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, func, select, update

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.domain.plan import UNENDING
from agent_tui.domain.routing import Seat
from agent_tui.server import bulk, schema
from agent_tui.server.directory import Directory
from agent_tui.server.unit import Draft, Unit

_seat, _conversation, _event = schema.seat.c, schema.conversation.c, schema.event.c
_LOOKED = (e.MarkedRead, e.ReplySent, e.NoteAdded)


def read(
    connection: Connection, directory: Directory, agents: Collection[AgentId]
) -> dict[AgentId, Seat]:
    """The seats of `agents` as they are stored."""
    keys = sorted(agents)
    found = {key: Seat(directory.agents[key]) for key in keys}
    rows = connection.execute(
        select(_seat.agent, _seat.assigned_at, _seat.freed_at).where(_seat.agent.in_(keys))
    )
    for key, assigned_at, freed_at in rows:
        found[key].assigned_at, found[key].freed_at = assigned_at, freed_at
    # Counted and weighed here, by the settings as they are now.
    chats = connection.execute(
        select(_conversation.assignee, _conversation.inbox, func.count())
        .where(_conversation.assignee.in_(keys), _conversation.status.not_in(sorted(UNENDING)))
        .group_by(_conversation.assignee, _conversation.inbox)
    )
    for key, inbox, count in chats:
        channel = directory.inboxes[inbox].channel
        found[key].load += count * directory.plan.weigh(channel)
    return found


def load(unit: Unit, agents: Collection[AgentId]) -> dict[AgentId, Seat]:
    """The seats as they are in this transaction.

    The unit holds the log's counter, so nobody else can commit before it: the loads are exact.
    """
    found = read(unit.connection, unit.directory, agents)
    for draft in unit.drafts:  # of the same batch, not written yet
        for state, sign in ((draft.before, -1), (draft.after, 1)):
            if state is not None and state.assignee in found:
                found[state.assignee].load += sign * unit.directory.plan.load(state)
    return found


def ignored(unit: Unit, agent: AgentId) -> int:
    """How many chats in a row the agent has not looked at, with what this batch took back."""
    known = unit.connection.execute(select(_seat.ignored).where(_seat.agent == agent)).scalar()
    return (known or 0) + sum(_ignored_by(unit, draft) == agent for draft in unit.drafts)


def _ignored_by(unit: Unit, draft: Draft) -> AgentId | None:
    taken_back = isinstance(draft.event, e.Released) and draft.event.why and draft.event.declined
    if not taken_back or draft.before is None or draft.before.assignee is None:
        return None
    agent = draft.before.assignee
    return None if _was_at_work(unit, agent, draft.before.id) else agent


def _was_at_work(unit: Unit, agent: AgentId, conversation: ConversationId) -> bool:
    """Whether the agent has looked at another chat, or answered there, since they got this one.

    Who is given five at once and takes a minute for the first is not away.
    """
    if any(draft.by == agent and isinstance(draft.event, _LOOKED) for draft in unit.drafts):
        return True
    given = select(func.max(_event.seq)).where(
        _event.conversation == conversation, _event.kind == _kind(e.Assigned)
    )
    since = unit.connection.execute(given).scalar() or 0
    looked = select(_event.seq).where(
        _event.seq > since, _event.by == agent, _event.kind.in_([_kind(each) for each in _LOOKED])
    )
    return unit.connection.execute(looked.limit(1)).first() is not None


def _kind(event: type[e.LoggedEvent]) -> str:
    return str(event.__struct_config__.tag)


def save(unit: Unit) -> None:
    """Bring the seats up to what the batch recorded."""
    assigned: set[AgentId] = set()
    freed: set[AgentId] = set()
    looked: set[AgentId] = set()
    taken: dict[AgentId, int] = {}
    for draft in unit.drafts:
        before, after = draft.before, draft.after
        if after is None:
            continue
        if isinstance(draft.event, _LOOKED):
            looked.add(AgentId(draft.by))
        if (agent := _ignored_by(unit, draft)) is not None:
            taken[agent] = taken.get(agent, 0) + 1
        if isinstance(draft.event, e.Assigned | e.Claimed) and after.assignee is not None:
            assigned.add(after.assignee)
        if before is not None and before.assignee is not None and _less(unit, before, after):
            freed.add(before.assignee)
    seat = schema.seat
    moments = (("assigned_at", assigned), ("freed_at", freed))
    for name, agents in moments:
        rows: list[dict[str, Any]] = [{"agent": key, name: unit.at} for key in sorted(agents)]
        bulk.upsert(unit.connection, seat, ("agent",), rows)
    rows = [{"agent": key, "ignored": count} for key, count in sorted(taken.items())]
    bulk.upsert(unit.connection, seat, ("agent",), rows, add=True)
    if looked:
        some = update(seat).where(_seat.agent.in_(sorted(looked)), _seat.ignored > 0)
        unit.connection.execute(some.values(ignored=0))


def _less(unit: Unit, before: Conversation, after: Conversation) -> bool:
    plan = unit.directory.plan
    return plan.load(before) > 0 and (after.assignee != before.assignee or not plan.load(after))
