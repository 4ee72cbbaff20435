"""One write transaction: rows read in bulk, events folded in memory, everything written at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from agent_tui.domain import events as e
from agent_tui.domain.context import NotePlace
from agent_tui.domain.evolve import evolve, message_of
from agent_tui.domain.ids import ClientId, ConversationId, CustomerId, InboxId, MessageId
from agent_tui.domain.model import Conversation, Customer, MessageKind, Status
from agent_tui.server import directory as directories
from agent_tui.server import schema
from agent_tui.server.database import link
from agent_tui.server.directory import Directory
from agent_tui.server.log import LogRow


class Needs(msgspec.Struct, frozen=True):
    """What a job wants loaded before it runs."""

    clients: tuple[ClientId, ...] = ()
    conversations: tuple[ConversationId, ...] = ()
    customers: tuple[CustomerId, ...] = ()
    visitors: tuple[CustomerId, ...] = ()  # customer records with the visitor's conversations
    inbound: tuple[tuple[InboxId, str], ...] = ()
    notes: tuple[MessageId, ...] = ()


class ClientRow(msgspec.Struct, frozen=True):
    """A client's place in its own numbering."""

    agent: str
    last: int
    fresh: bool = False


class InboundRow(msgspec.Struct, frozen=True):
    """What a channel handed in before. While `draft`, `seq` is an index for `Unit.seq`."""

    conversation: ConversationId
    message: MessageId
    seq: int
    at: int
    draft: bool = False


class Draft(msgspec.Struct):
    """An event whose seq is not known yet."""

    event: e.LoggedEvent
    by: str
    conversation: ConversationId | None
    client: ClientId | None
    number: int | None
    before: Conversation | None
    after: Conversation | None


class Unit:
    """The state of the batch. Jobs read from it and `record` events; `flush` writes.

    Nothing touches the database between `load` and `flush`, so undoing one job of a batch is a
    matter of memory (`mark`, `rewind`).
    """

    def __init__(self, connection: Connection, now: int, known: Directory) -> None:
        self.connection = connection
        row = connection.execute(select(schema.workspace)).one()
        self.base: int = row.head
        self._chain: bytes = row.chain
        self.at = max(now, row.at)  # event times never decrease
        stale = row.directory != known.seq
        self.directory = directories.load(connection, row.directory) if stale else known
        self.drafts: list[Draft] = []
        self.states: dict[ConversationId, Conversation] = {}
        self.clients: dict[ClientId, ClientRow] = {}
        self.customers: dict[CustomerId, Customer] = {}
        self.merged: dict[CustomerId, CustomerId] = {}
        self.inbound: dict[tuple[InboxId, str], InboundRow] = {}
        self.notes: dict[MessageId, NotePlace | None] = {}
        self.results: list[dict[str, Any]] = []
        self.writes: list[tuple[Any, dict[str, Any]]] = []
        self._stored: set[ConversationId] = set()
        self._inbound_new: list[tuple[InboxId, str, InboundRow, int]] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # --- reading ---------------------------------------------------------------------------------

    def load(self, needs: Sequence[Needs]) -> None:
        """Read what the jobs of the batch need, one statement a table, keys in order."""
        self._load_clients({key for need in needs for key in need.clients})
        self._load_inbound({key for need in needs for key in need.inbound})
        visitors = {key for need in needs for key in need.visitors}
        self._load_customers({key for need in needs for key in need.customers} | visitors)
        self._load_where(schema.conversation.c.visitor.in_(sorted(visitors)), bool(visitors))
        wanted = {key for need in needs for key in need.conversations}
        self.load_conversations(wanted)
        self._load_notes({key for need in needs for key in need.notes})

    def load_conversations(self, ids: Collection[ConversationId]) -> None:
        """Make the conversations with these ids readable in `states`."""
        missing = sorted(set(ids) - self.states.keys())
        self._load_where(schema.conversation.c.id.in_(missing), bool(missing))

    def of_visitor(self, visitor: CustomerId) -> list[Conversation]:
        """The conversations of a visitor that a job of the batch needed, latest activity last."""
        found = [state for state in self.states.values() if state.visitor == visitor]
        return sorted(found, key=lambda state: (state.last_at, state.id))

    def of_customer(self, customer: CustomerId) -> list[Conversation]:
        """Every conversation of a customer."""
        self._load_where(schema.conversation.c.customer == customer, True)
        found = [state for state in self.states.values() if state.customer.id == customer]
        return sorted(found, key=lambda state: (state.last_at, state.id))

    def _load_where(self, condition: ColumnElement[bool], wanted: bool) -> None:
        if not wanted:
            return
        table = schema.conversation.c
        query = select(table.id, table.state).where(condition).order_by(table.id)
        for key, raw in self.connection.execute(query):
            self._have(key, raw)

    def _load_clients(self, ids: set[ClientId]) -> None:
        table = schema.client.c
        query = select(table.id, table.agent, table.last).where(table.id.in_(sorted(ids)))
        for key, agent, last in self.connection.execute(query) if ids else ():
            self.clients[key] = ClientRow(agent, last)

    def _load_inbound(self, keys: set[tuple[InboxId, str]]) -> None:
        if not keys:
            return
        table = schema.inbound.c
        externals = sorted({external for _, external in keys})
        for row in self.connection.execute(
            select(schema.inbound).where(table.external.in_(externals))
        ):
            self.inbound[(row.inbox, row.external)] = InboundRow(
                row.conversation, row.message, row.seq, row.at
            )

    def _load_customers(self, ids: set[CustomerId]) -> None:
        table = schema.customer.c
        wanted = ids - self.customers.keys()
        while wanted:
            query = select(table.id, table.merged_into, table.state).where(
                table.id.in_(sorted(wanted))
            )
            wanted = set()
            for key, merged, raw in self.connection.execute(query):
                self.customers[key] = msgspec.json.decode(raw, type=Customer)
                if merged is not None:
                    self.merged[key] = merged
                    if merged not in self.customers:
                        wanted.add(merged)

    def _load_notes(self, ids: set[MessageId]) -> None:
        if not ids:
            return
        table = schema.message.c
        query = select(table.id, table.conversation, table.no, table.author).where(
            table.id.in_(sorted(ids)), table.kind == MessageKind.NOTE, table.removed.is_(False)
        )
        for key, conversation, no, author in self.connection.execute(query):
            self.notes[key] = NotePlace(conversation, no, author)

    def _have(self, key: ConversationId, raw: bytes) -> None:
        if key not in self.states:
            self.states[key] = msgspec.json.decode(raw, type=Conversation)
            self._stored.add(key)

    def customer_id(self, customer: CustomerId) -> CustomerId:
        """The record that stands for `customer` after merges."""
        seen = {customer}
        while (into := self.merged.get(customer)) is not None and into not in seen:
            customer = into
            seen.add(customer)
        return customer

    # --- recording -------------------------------------------------------------------------------

    def record(
        self,
        event: e.LoggedEvent,
        *,
        by: str,
        conversation: ConversationId | None = None,
        client: ClientId | None = None,
        number: int | None = None,
    ) -> int:
        """Append `event`; the answer is its index for `seq()`. A conversation's state follows."""
        before = after = None
        if conversation is not None and isinstance(event, e.ConversationEvent):
            before = self.states.get(conversation)
            after = evolve(before, event, conversation=conversation, at=self.at)
            self.put(self.states, conversation, after)
            if isinstance(event, e.NoteAdded):
                place = NotePlace(conversation, after.messages, event.author)
                self.put(self.notes, event.message, place)
            elif isinstance(event, e.NoteRemoved):
                self.put(self.notes, event.message, None)
        self.drafts.append(Draft(event, by, conversation, client, number, before, after))
        return len(self.drafts) - 1

    def put(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Set `table[key]`, remembering what `rewind` must restore."""
        self._undo.append((table, key, table.get(key)))
        table[key] = value

    def remember_inbound(
        self, inbox: InboxId, external: str, message: MessageId, index: int
    ) -> None:
        """Tie a channel's own identity to the message that draft `index` adds."""
        conversation = self.drafts[index].conversation
        assert conversation is not None
        row = InboundRow(conversation, message, index, self.at, draft=True)
        self.put(self.inbound, (inbox, external), row)
        self._inbound_new.append((inbox, external, row, index))

    def seq(self, index: int) -> int:
        """The seq of draft `index`; final once flushed."""
        return self.base + index + 1

    def mark(self) -> tuple[int, int, int, int]:
        """A point to `rewind` to."""
        self._undo.clear()
        return len(self.drafts), len(self.results), len(self.writes), len(self._inbound_new)

    def rewind(self, mark: tuple[int, int, int, int]) -> None:
        """Forget everything recorded since `mark`, the last one taken."""
        for table, key, value in reversed(self._undo):
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
        self._undo.clear()
        recorded: tuple[list[Any], ...] = (
            self.drafts,
            self.results,
            self.writes,
            self._inbound_new,
        )
        for rows, length in zip(recorded, mark, strict=True):
            del rows[length:]

    # --- writing ---------------------------------------------------------------------------------

    def flush(self) -> list[LogRow]:
        """Write everything; the counter row comes last. Returns the new stretch of the log."""
        rows = self._log_rows()
        run = self.connection.execute
        if rows:
            run(insert(schema.event), [row.values() for row in rows])
        self._flush_conversations()
        self._flush_messages()
        self._flush_clients()
        if self._inbound_new:
            run(
                insert(schema.inbound),
                [
                    {
                        "inbox": inbox,
                        "external": external,
                        "conversation": row.conversation,
                        "message": row.message,
                        "seq": self.seq(index),
                        "at": self.at,
                    }
                    for inbox, external, row, index in self._inbound_new
                ],
            )
        for statement, values in self.writes:
            run(statement, values)
        if rows:
            changed = any(draft.conversation is None for draft in self.drafts if _shared(draft))
            run(
                update(schema.workspace).values(
                    head=self.base + len(rows),
                    at=self.at,
                    chain=rows[-1].chain,
                    **({"directory": self.base + len(rows)} if changed else {}),
                )
            )
        return rows

    def _log_rows(self) -> list[LogRow]:
        rows: list[LogRow] = []
        chain = self._chain
        for index, draft in enumerate(self.drafts):
            body = msgspec.json.encode(draft.event)
            chain = link(chain, body)
            before, after = draft.before, draft.after
            rows.append(
                LogRow(
                    seq=self.seq(index),
                    at=self.at,
                    by=draft.by,
                    kind=str(draft.event.__struct_config__.tag),
                    body=body,
                    chain=chain,
                    conversation=draft.conversation,
                    client=draft.client,
                    number=draft.number,
                    team_before=before.team if before else None,
                    owner_before=before.assignee if before else None,
                    team_after=after.team if after else None,
                    owner_after=after.assignee if after else None,
                    visitor=after.visitor if after else None,
                )
            )
        return rows

    def _flush_conversations(self) -> None:
        touched = {d.conversation for d in self.drafts if d.after is not None}
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for key in sorted(key for key in touched if key is not None):
            state = self.states[key]
            values = {
                "customer": state.customer.id,
                "visitor": state.visitor,
                "inbox": state.inbox,
                "team": state.team,
                "assignee": state.assignee,
                "status": state.status,
                "last_at": state.last_at,
                "state": msgspec.json.encode(state),
            }
            if key in self._stored:
                old.append({"key": key, **values})
            else:
                new.append({"id": key, **values})
        if new:
            self.connection.execute(insert(schema.conversation), new)
        if old:
            self.connection.execute(_UPDATE_CONVERSATION, old)
        self._flush_timers()

    def _flush_timers(self) -> None:
        for draft in self.drafts:
            state = draft.after
            if state is None or not isinstance(draft.event, e.StatusSet):
                continue
            if state.status is Status.SNOOZED:
                key = {"conversation": state.id, "kind": "snooze"}
                self.connection.execute(
                    delete(schema.timer).where(
                        schema.timer.c.conversation == state.id, schema.timer.c.kind == "snooze"
                    )
                )
                self.connection.execute(
                    insert(schema.timer), key | {"generation": state.snoozes, "due": state.until}
                )

    def _flush_messages(self) -> None:
        rows: list[dict[str, Any]] = []
        for index, draft in enumerate(self.drafts):
            if draft.after is None or not isinstance(draft.event, e.ConversationEvent):
                continue
            message = message_of(draft.event, draft.after, self.at, self.seq(index))
            if message is not None:
                row = {name: getattr(message, name) for name in message.__struct_fields__}
                rows.append(row | {"conversation": draft.conversation})
        if rows:
            self.connection.execute(insert(schema.message), rows)
        for draft in self.drafts:
            if isinstance(draft.event, e.NoteRemoved):
                self.connection.execute(
                    update(schema.message)
                    .where(
                        schema.message.c.conversation == draft.conversation,
                        schema.message.c.no == draft.event.no,
                    )
                    .values(removed=True)
                )

    def _flush_clients(self) -> None:
        if not self.results:
            return
        for row in self.results:
            row["seq"] = self.seq(row["seq"])
        self.connection.execute(insert(schema.result), self.results)
        for key in sorted({row["client"] for row in self.results}):
            client = self.clients[key]
            values = {"agent": client.agent, "last": client.last, "at": self.at}
            if client.fresh:
                self.connection.execute(insert(schema.client), {"id": key, **values})
            else:
                self.connection.execute(
                    update(schema.client).where(schema.client.c.id == key).values(**values)
                )


def _shared(draft: Draft) -> bool:
    return not isinstance(draft.event, e.CommandRefused | e.CommandSettled)


_UPDATE_CONVERSATION = (
    update(schema.conversation)
    .where(schema.conversation.c.id == bindparam("key"))
    .values(
        customer=bindparam("customer"),
        visitor=bindparam("visitor"),
        inbox=bindparam("inbox"),
        team=bindparam("team"),
        assignee=bindparam("assignee"),
        status=bindparam("status"),
        last_at=bindparam("last_at"),
        state=bindparam("state"),
    )
)
