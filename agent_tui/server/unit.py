"""One write transaction: rows read and locked in bulk, events folded in memory.

`saving.save` writes it all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, Table, select

from agent_tui.domain import events as e
from agent_tui.domain.context import Context, MessagePlace
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId, InboxId, MessageId
from agent_tui.domain.model import Article, Conversation, Customer, MessageKind
from agent_tui.server import bulk, schema
from agent_tui.server import directory as directories
from agent_tui.server.directory import Directory

CUSTOMER, SYSTEM = "customer", "system"  # who did it, where no agent did
Q = TypeVar("Q", bound=Select[Any])


class Needs(msgspec.Struct, frozen=True):
    """What a job wants loaded before it runs."""

    clients: tuple[ClientId, ...] = ()
    conversations: tuple[ConversationId, ...] = ()
    customers: tuple[CustomerId, ...] = ()
    visitors: tuple[CustomerId, ...] = ()  # customer records with the visitor's conversations
    inbound: tuple[tuple[InboxId, str], ...] = ()
    identities: tuple[tuple[InboxId, str], ...] = ()  # who customers are to a channel, with records
    messages: tuple[MessageId, ...] = ()
    articles: tuple[str, ...] = ()


class ClientRow(msgspec.Struct, frozen=True):
    """A client's place in its own numbering."""

    agent: str
    last: int
    fresh: bool = False
    address: str = ""  # that its last command came from, where it is known


class InboundRow(msgspec.Struct, frozen=True):
    """What a channel handed in before. While `draft`, `seq` is an index for `Unit.seq`."""

    conversation: ConversationId
    message: MessageId
    seq: int
    at: int
    draft: bool = False


class Content(msgspec.Struct, frozen=True):
    """What is published under a name from now on; without a `body`, nothing."""

    kind: str
    id: str
    body: bytes | None
    version: str = ""
    file: str = ""


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
    """The state of the batch. Jobs read from it and `record` events; `saving.save` writes.

    Nothing is written between `load` and the saving, so undoing one job of a batch is a matter of
    memory (`mark`, `rewind`). Rows are locked in one order everywhere (clients, customers,
    conversations, each by id; then the counter), so that replicas neither decide on stale rows nor
    wait for each other in a circle. The counter comes last: it is what all of them want.
    """

    def __init__(self, connection: Connection, now: int, known: Directory) -> None:
        self.connection = connection
        self.base = 0  # the log's head: the first draft will be base + 1
        self.chain = b""  # and its hash chain there
        self.now = now  # rules go by the clock as it is: it may have been ahead for a while
        self.at = now  # what the events are stamped with: never below the last one
        self.directory = known
        self.drafts: list[Draft] = []
        self.states: dict[ConversationId, Conversation] = {}
        self.clients: dict[ClientId, ClientRow] = {}
        self.customers: dict[CustomerId, Customer] = {}
        self.merged: dict[CustomerId, CustomerId] = {}
        self.inbound: dict[tuple[InboxId, str], InboundRow] = {}
        self.identities: dict[tuple[InboxId, str], CustomerId] = {}
        self.messages: dict[MessageId, MessagePlace | None] = {}
        self.articles: dict[str, Article] = {}
        self.results: list[dict[str, Any]] = []
        self.writes: list[tuple[Any, dict[str, Any]]] = []
        self.content: list[Content] = []
        self.stored: set[ConversationId] = set()
        self.ringing: set[ConversationId] = set()  # whose timer is to be set anew
        self.leases: dict[ClientId, tuple[AgentId, int]] = {}  # renewed here, until (ms); 0: ended
        self.inbound_new: list[tuple[InboxId, str, InboundRow, int]] = []
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []

    # --- reading ---------------------------------------------------------------------------------

    def load(self, needs: Sequence[Needs]) -> None:
        """Read what the jobs of the batch need, one statement a table, keys in order."""
        self._load_clients({key for need in needs for key in need.clients})
        self._load_inbound({key for need in needs for key in need.inbound})
        visitors = {key for need in needs for key in need.visitors}
        self._load_identities({key for need in needs for key in need.identities})
        named = {key for need in needs for key in need.customers}
        self._load_customers(named | visitors | set(self.identities.values()))
        self._load_conversations(visitors, {key for need in needs for key in need.conversations})
        self._load_messages({key for need in needs for key in need.messages})
        self._take_counter()
        # After the counter: what is published is decided by one batch at a time.
        self._load_articles({key for need in needs for key in need.articles})

    def _take_counter(self) -> None:
        row = self.connection.execute(_COUNTER).one()
        self.base = row.head
        self.chain = row.chain
        self.at = max(self.at, row.at)  # event times never decrease
        if row.directory != self.directory.seq:
            self.directory = directories.load(self.connection, row.directory)

    def _load_conversations(
        self, visitors: Collection[CustomerId], ids: Collection[ConversationId]
    ) -> None:
        wanted = {"visitor": visitors, "id": ids}
        for key, raw in self._select(schema.conversation, ("id", "state"), wanted):
            self._have(key, raw)

    def of_visitor(self, visitor: CustomerId) -> list[Conversation]:
        """The conversations of a visitor that a job of the batch needed, latest activity last."""
        found = [state for state in self.states.values() if state.visitor == visitor]
        return sorted(found, key=lambda state: (state.last_at, state.id))

    def of_customer(self, customer: CustomerId) -> list[Conversation]:
        """Every conversation of a customer."""
        self._load_where(schema.conversation.c.customer == customer)
        found = [state for state in self.states.values() if state.customer.id == customer]
        return sorted(found, key=lambda state: (state.last_at, state.id))

    def _load_where(self, condition: ColumnElement[bool]) -> None:
        table = schema.conversation.c
        query = select(table.id, table.state).where(condition).order_by(table.id)
        for key, raw in self.connection.execute(_locked(query)):
            self._have(key, raw)

    def _load_clients(self, ids: set[ClientId]) -> None:
        names = ("id", "agent", "last", "address")
        for key, agent, last, address in self._select(schema.client, names, {"id": ids}):
            self.clients[key] = ClientRow(agent, last, address=address)

    def _load_inbound(self, keys: set[tuple[InboxId, str]]) -> None:
        names = ("inbox", "external", "conversation", "message", "seq", "at")
        wanted = {"external": {external for _, external in keys}}
        for inbox, external, *rest in bulk.select(self.connection, schema.inbound, names, wanted):
            self.inbound[(inbox, external)] = InboundRow(*rest)

    def _load_identities(self, keys: set[tuple[InboxId, str]]) -> None:
        if not keys:
            return
        wanted = {"external": {external for _, external in keys}}
        names = ("inbox", "external", "customer")
        for inbox, external, customer in bulk.select(
            self.connection, schema.identity, names, wanted
        ):
            self.identities[(inbox, external)] = customer

    def _load_customers(self, ids: set[CustomerId]) -> None:
        names = ("id", "merged_into", "state")
        wanted = ids - self.customers.keys()
        while wanted:
            rows = self._select(schema.customer, names, {"id": wanted})
            wanted = set()
            for key, merged, raw in rows:
                self.customers[key] = msgspec.json.decode(raw, type=Customer)
                if merged is not None:
                    self.merged[key] = merged
                    if merged not in self.customers:
                        wanted.add(merged)

    def _load_messages(self, ids: set[MessageId]) -> None:
        if not ids:
            return
        table = schema.message.c
        columns = table.id, table.conversation, table.no, table.author, table.kind, table.text
        query = select(*columns).where(table.id.in_(sorted(ids)), table.removed.is_(False))
        for key, conversation, no, author, kind, text in self.connection.execute(query):
            self.messages[key] = MessagePlace(conversation, no, author, MessageKind(kind), text)

    def _load_articles(self, ids: set[str]) -> None:
        if not ids:
            return
        table = schema.content.c
        query = select(table.id, table.body).where(
            table.kind == "article", table.id.in_(sorted(ids))
        )
        for key, raw in self.connection.execute(query):
            self.articles[key] = msgspec.json.decode(raw, type=Article)

    def _select(self, table: Table, names: tuple[str, ...], wanted: bulk.Wanted) -> Sequence[Any]:
        return bulk.select(self.connection, table, names, wanted, lock="id")

    def _have(self, key: ConversationId, raw: bytes) -> None:
        if key not in self.states:
            self.states[key] = msgspec.json.decode(raw, type=Conversation)
            self.stored.add(key)

    def system(self) -> Context:
        """What `decide` may know when a channel or the server itself acts, by the log's clock."""
        known = self.directory
        return Context(
            actor=None,
            now=self.at,
            policy=known.policy,
            plan=known.plan,
            classifier=known.rules,
            roster=known.agents,
            teams=known.teams,
        )

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
            self._place(conversation, event, after)
        self.drafts.append(Draft(event, by, conversation, client, number, before, after))
        return len(self.drafts) - 1

    def _place(
        self, conversation: ConversationId, event: e.ConversationEvent, after: Conversation
    ) -> None:
        """What the commands behind this one find of the message that it adds or changes."""
        match event:
            case e.ReplySent() | e.NoteAdded():
                kind = MessageKind.NOTE if isinstance(event, e.NoteAdded) else MessageKind.REPLY
                found = MessagePlace(conversation, after.messages, event.author, kind, event.text)
                self.put(self.messages, event.message, found)
            case e.MessageEdited():
                known = self.messages.get(event.message)
                if known is not None:
                    changed = msgspec.structs.replace(known, text=event.text)
                    self.put(self.messages, event.message, changed)
            case e.NoteRemoved():
                self.put(self.messages, event.message, None)

    def learn(self, event: e.WorkspaceEvent) -> None:
        """What the jobs behind this one decide by: who left a moment ago is given nothing."""
        self.put(vars(self), "directory", self.directory.after(event))

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
        self.inbound_new.append((inbox, external, row, index))

    def seq(self, index: int) -> int:
        """The seq of draft `index`."""
        return self.base + index + 1

    def mark(self) -> tuple[int, ...]:
        """A point to `rewind` to."""
        self._undo.clear()
        return tuple(len(rows) for rows in self._recorded())

    def rewind(self, mark: tuple[int, ...]) -> None:
        """Forget everything recorded since `mark`, the last one taken."""
        for table, key, value in reversed(self._undo):
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
        self._undo.clear()
        for rows, length in zip(self._recorded(), mark, strict=True):
            del rows[length:]

    def _recorded(self) -> tuple[list[Any], ...]:
        return self.drafts, self.results, self.writes, self.inbound_new, self.content


def _locked(query: Q) -> Q:
    """Row locks on PostgreSQL. SQLite's write transaction is alone anyway."""
    return query.with_for_update()


_COUNTER = _locked(select(schema.workspace))
