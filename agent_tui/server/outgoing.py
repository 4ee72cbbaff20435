"""The channel outbox: replies that are to be pushed, each written in the transaction of its event.

A row goes queued -> sending -> sent, failed or uncertain. `sending` is durable before a byte leaves
and names the attempt that holds it (the lease), so replicas never send the same one side by side,
and an attempt whose process died is found. Within a conversation one is on its way at a time, in
the order of the log. A row is only changed while its conversation's row is locked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import ConversationId, InboxId, MessageId
from agent_tui.domain.model import TROUBLE, Conversation, DeliveryState
from agent_tui.server import letters, metrics, schema
from agent_tui.server.database import Database
from agent_tui.server.letters import Thread
from agent_tui.server.unit import SYSTEM, Needs, Unit

SENDING = "sending"
AT_ONCE = 64
# A clock that was set back must not hold anything up: what lies further ahead is due now.
FARTHEST_MS = 2 * 3600 * 1000
KEEP_SENT_MS = 7 * 24 * 3600 * 1000
_row = schema.outgoing.c


def save(unit: Unit) -> None:
    """Write the rows of the replies in `unit`, and what agents decided about earlier ones."""
    new = [
        {
            "seq": unit.seq(index),
            "conversation": draft.conversation,
            "message": draft.event.message,
            "inbox": draft.after.inbox,
            "state": DeliveryState.QUEUED,
            "attempts": 0,
            "at": unit.at,
            "next_at": 0,
            "error": "",
        }
        for index, draft in enumerate(unit.drafts)
        if isinstance(draft.event, e.ReplySent) and draft.event.pushed and draft.after is not None
    ]
    if new:
        unit.connection.execute(insert(schema.outgoing), new)
    for draft in unit.drafts:
        # The server's own changes come with their rows, from `Report`.
        if isinstance(draft.event, e.DeliveryChanged) and draft.by != SYSTEM:
            values: dict[str, Any] = {"state": draft.event.state}
            if draft.event.state is DeliveryState.QUEUED:
                values |= {"attempts": 0, "at": unit.at, "next_at": 0}
            unit.connection.execute(
                update(schema.outgoing)
                .where(
                    _row.conversation == draft.conversation,
                    _row.message == draft.event.message,
                    _row.state.in_((*TROUBLE, DeliveryState.SETTLED)),
                )
                .values(**values)
            )


class Held(msgspec.Struct, frozen=True):
    """A row as an attempt, or the one who looks after the rows, found it."""

    seq: int
    conversation: ConversationId
    message: MessageId
    inbox: InboxId
    state: str
    attempts: int
    at: int
    lease: str | None


class Claimed(msgspec.Struct, frozen=True):
    """A row that this attempt holds, with what there is to send. `settings` and `customer` are None
    where the inbox, or the customer, cannot be reached this way. `thread`: of the mail that it
    answers."""

    held: Held
    text: str
    author: str
    said_at: int
    customer: str | None
    settings: bytes | None
    thread: Thread = Thread()


class Verdict(msgspec.Struct, frozen=True):
    """What a row becomes. `queued`: to be tried again from `next_at` on, after `attempts`."""

    state: DeliveryState
    code: str = ""
    detail: str = ""
    next_at: int = 0
    attempts: int = 0


_HELD = [_row[name] for name in Held.__struct_fields__]


def _due(now: int) -> ColumnElement[bool]:
    """Queued, its time has come, and nothing of the conversation is on its way or comes before."""
    other = schema.outgoing.alias()
    ahead = select(other.c.seq).where(
        other.c.conversation == _row.conversation,
        or_(
            other.c.state == SENDING,
            and_(other.c.state == DeliveryState.QUEUED, other.c.seq < _row.seq),
        ),
    )
    return and_(
        _row.state == DeliveryState.QUEUED,
        or_(_row.next_at <= now, _row.next_at > now + FARTHEST_MS),
        ~ahead.exists(),
    )


def due(database: Database, now: int, without: Collection[str]) -> list[Held]:
    """Rows that may be sent now, but those of the inboxes `without`."""
    query = select(*_HELD).where(_due(now), _row.inbox.not_in(sorted(without)))
    with database.read() as connection:
        rows = connection.execute(query.order_by(_row.next_at, _row.seq).limit(AT_ONCE))
        return [Held(*row) for row in rows]


def claim(
    database: Database, wanted: Collection[Held], lease: str, now: int, until: int
) -> list[Claimed]:
    """Those of `wanted` that are still due, now held under `lease` until `until` (ms)."""
    conversations = sorted({row.conversation for row in wanted})
    table = schema.conversation.c
    with database.write() as connection:
        lock = select(table.id).where(table.id.in_(conversations)).order_by(table.id)
        connection.execute(lock.with_for_update()).all()
        taken = [
            row.seq
            for row in sorted(wanted, key=lambda row: row.seq)
            if connection.execute(
                update(schema.outgoing)
                .where(_row.seq == row.seq, _due(now))
                .values(state=SENDING, lease=lease, lease_until=until, attempts=_row.attempts + 1)
            ).rowcount
        ]
        return _contents(connection, taken)


def _contents(connection: Connection, seqs: Collection[int]) -> list[Claimed]:
    message, conversation = schema.message, schema.conversation
    identity, channel = schema.identity, schema.channel
    query = (
        select(
            *_HELD,
            message.c.text,
            message.c.author,
            message.c.at,
            identity.c.external,
            channel.c.settings,
        )
        .join(conversation, conversation.c.id == _row.conversation)
        .join(
            message,
            and_(message.c.conversation == _row.conversation, message.c.seq == _row.seq),
        )
        .outerjoin(
            identity,
            and_(identity.c.customer == conversation.c.visitor, identity.c.inbox == _row.inbox),
        )
        .outerjoin(channel, channel.c.inbox == _row.inbox)
        .where(_row.seq.in_(sorted(seqs)))
        .order_by(_row.seq)
    )
    width = len(_HELD)
    rows = connection.execute(query).all() if seqs else []
    found = [Claimed(Held(*row[:width]), *row[width:]) for row in rows]
    replies = {each.held.seq: each.held.conversation for each in found}
    threads = letters.threads(connection, replies)
    return [
        msgspec.structs.replace(each, thread=threads.get(each.held.seq, Thread())) for each in found
    ]


def lost(database: Database, now: int) -> list[Held]:
    """Rows whose attempt never said what became of it: its process is gone, or stuck."""
    over = or_(_row.lease_until < now, _row.lease_until > now + FARTHEST_MS)
    return _where(database, and_(_row.state == SENDING, over))


def expired(database: Database, before: int) -> list[Held]:
    """Rows that were queued before `before` (ms) and still are."""
    return _where(database, and_(_row.state == DeliveryState.QUEUED, _row.at < before))


def _where(database: Database, condition: ColumnElement[bool]) -> list[Held]:
    with database.read() as connection:
        rows = connection.execute(select(*_HELD).where(condition).order_by(_row.seq).limit(AT_ONCE))
        return [Held(*row) for row in rows]


def unfinished(database: Database) -> list[tuple[Held, str]]:
    """Every row that did not arrive and is not settled, in the order of the log, and why."""
    done = (DeliveryState.SENT, DeliveryState.SETTLED)
    query = select(*_HELD, _row.error).where(_row.state.not_in(done)).order_by(_row.seq)
    with database.read() as connection:
        return [(Held(*row[:-1]), row[-1]) for row in connection.execute(query)]


def doubt(connection: Connection) -> None:
    """The database is a restored backup: what waited then may have left since. Each counts as an
    attempt that was lost."""
    connection.execute(
        update(schema.outgoing)
        .where(_row.state == DeliveryState.QUEUED)
        .values(state=SENDING, lease="restored", lease_until=0, attempts=_row.attempts + 1)
    )


def strays(connection: Connection) -> Iterator[tuple[str, str]]:
    """(conversation, message) wherever rows and conversations do not say the same."""
    rows = {
        (conversation, message): DeliveryState.QUEUED if state == SENDING else state
        for conversation, message, state in connection.execute(
            select(_row.conversation, _row.message, _row.state)
        )
        if state != DeliveryState.SENT
    }
    told: dict[tuple[str, str], str] = {}
    for raw in connection.execute(select(schema.conversation.c.state)).scalars():
        if b'"deliveries"' in raw:
            state = msgspec.json.decode(raw, type=Conversation)
            told |= {(state.id, each.message): each.state for each in state.deliveries}
    # Beyond a bound, a conversation forgets what was settled; the rows do not.
    yield from sorted(
        key
        for key in rows.keys() | told.keys()
        if rows.get(key) != told.get(key) and (key in told or rows[key] != DeliveryState.SETTLED)
    )


def prune(database: Database, now: int) -> None:
    """Forget what arrived a week ago; the log remembers it."""
    with database.write() as connection:
        old = and_(_row.state == DeliveryState.SENT, _row.at < now - KEEP_SENT_MS)
        connection.execute(delete(schema.outgoing).where(old))


class Report:
    """What became of a row: an event for the agents, and the row itself, in one transaction.

    Only while the row is as it was `held`: somebody else may have found the attempt lost. That it
    arrived is good news at any time.
    """

    def __init__(self, held: Held, verdict: Verdict) -> None:
        self._held = held
        self._verdict = verdict

    def needs(self) -> Needs:
        """The conversation."""
        return Needs(conversations=(self._held.conversation,))

    def run(self, unit: Unit) -> None:
        """Compare, decide, write."""
        held, verdict = self._held, self._verdict
        now = unit.connection.execute(
            select(_row.state, _row.lease).where(_row.seq == held.seq)
        ).first()
        unchanged = now is not None and tuple(now) == (held.state, held.lease)
        if not unchanged and verdict.state is not DeliveryState.SENT:
            return
        command = c.ReportDelivery(
            message=held.message, state=verdict.state, code=verdict.code, detail=verdict.detail
        )
        context = unit.system()
        state = unit.states.get(held.conversation)
        outcome = decide(state, command, context, conversation=held.conversation)
        if isinstance(outcome, tuple):
            for event in outcome:
                unit.record(event, by=SYSTEM, conversation=held.conversation)
        values: dict[str, Any] = {
            "state": verdict.state,
            "error": f"{verdict.code} {verdict.detail}".strip(),
            "lease": None,
            "lease_until": None,
        }
        if verdict.state is DeliveryState.QUEUED:
            values |= {"next_at": verdict.next_at, "attempts": verdict.attempts}
        unit.writes.append(
            (update(schema.outgoing).where(_row.seq == held.seq).values(**values), {})
        )

    def answer(self, unit: Unit) -> None:
        """Count it."""
        metrics.PUSHED.labels(self._verdict.state).inc()
