"""cache.db: what this agent may see, as the server last told it. May be deleted at any moment."""

from __future__ import annotations

import functools
import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.evolve import FOLD, evolve, message_of
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import (
    Agent,
    Article,
    Conversation,
    Inbox,
    MacroSource,
    Message,
    MessageKind,
    Status,
    Team,
)
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Duty, Routing, Surge
from agent_tui.domain.words import Folding
from agent_tui.orders.model import OrdersAnswer
from agent_tui.store import orders, sqlite, usage, words
from agent_tui.store.checksum import checksum
from agent_tui.store.hygiene import harmless
from agent_tui.text import clean

T = TypeVar("T")
_MESSAGES = "SELECT conversation, no, id, at, kind, author, text, seq, removed, sum FROM message"
_INSERT = (
    "INSERT INTO message (rowid, conversation, no, id, at, kind, author, text, seq, removed, sum)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_THINGS = "SELECT kind, id, body, sum FROM thing"
_STATES = "SELECT id, live, state, sum FROM conversation"
_STATE = msgspec.json.Decoder(Conversation)
_REFUSAL = msgspec.json.Decoder(e.CommandRefused)
_ODD = "not_understood:"  # in meta, before a conversation's id
SCHEMA = 5  # the version of the file that this program reads
SOME = 500  # in one query
ENTRIES = frozenset({"article", "macro"})
THINGS: dict[str, type[msgspec.Struct]] = {
    "agent": Agent,
    "team": Team,
    "inbox": Inbox,
    "article": Article,
    "macro": MacroSource,
    "policy": Policy,
    "routing": Routing,
    "duty": Duty,
    "surge": Surge,
}


@functools.cache
def shapes() -> str:
    """Names the kinds of events that this program knows, what is in them, and how it folds them."""
    described = msgspec.json.encode(msgspec.json.schema_components([e.Recorded]), order="sorted")
    return f"{FOLD}:{hashlib.sha256(described).hexdigest()[:16]}"


class Changes(msgspec.Struct, frozen=True):
    """What a screen must read again. `all` stands for everything.

    `entries` are the articles and macros, by kind and id: those of `things` that may be many.
    """

    conversations: frozenset[ConversationId] = frozenset()
    things: frozenset[str] = frozenset()
    entries: frozenset[tuple[str, str]] = frozenset()
    outbox: bool = False
    all: bool = False

    def __or__(self, other: Changes) -> Changes:
        return Changes(
            self.conversations | other.conversations,
            self.things | other.things,
            self.entries | other.entries,
            self.outbox or other.outbox,
            self.all or other.all,
        )


class Cache:
    """One connection to cache.db; every thread opens its own.

    Whoever finds the file damaged puts an empty one in its place, and the others follow: reading
    then finds nothing, and the next sync takes a snapshot.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = 0
        try:
            self._db = self._open()
        except sqlite.Damaged:
            sqlite.remove(path)
            self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        # A lost transaction here is read again from the server: no need to wait for the disk.
        connection = sqlite.connect(self.path, synchronous="NORMAL")
        try:
            at = sqlite.version(connection)
            if at > SCHEMA:
                # A newer program wrote it; the cache is cheap to build again.
                connection.close()
                sqlite.remove(self.path)
                return self._open()
            if at < SCHEMA:
                from agent_tui.store import migrations

                migrations.migrate(connection, migrations.CACHE, at)
            # What these two hide from a reader would be lost in the outbox, too; they are small.
            for table in ("meta", "refusal"):
                if connection.execute(f"PRAGMA integrity_check({table})").fetchall() != [("ok",)]:
                    raise sqlite3.DatabaseError("malformed")
        except sqlite.ERRORS as error:
            connection.close()
            raise sqlite.explain(error, self.path) from error
        self._inode = sqlite.inode(self.path)
        return connection

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def rebuild(self) -> None:
        """Throw the file away and start empty; the next sync takes a snapshot."""
        self._db.close()
        if sqlite.inode(self.path) == self._inode:
            sqlite.remove(self.path)
        self._db = self._open()

    def _connection(self) -> sqlite3.Connection:
        """The connection to the file that stands at the path now: it may have been put in anew."""
        if sqlite.inode(self.path) != self._inode:
            self._db.close()
            self._db = self._open()
        return self._db

    # --- reading ---------------------------------------------------------------------------------

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection().execute(query, values).fetchall()
        except sqlite.ERRORS as error:
            trouble = sqlite.explain(error, self.path)
            if not isinstance(trouble, sqlite.Damaged):
                raise trouble from error
        self.rebuild()
        return []

    def _sound_rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows whose last column is the sum of the others; if one is not, none: the file goes."""
        rows = self._rows(query, values)
        if all(checksum(*row[:-1]) == row[-1] for row in rows):
            return rows
        self.rebuild()
        return []

    def _decoded(self, decoder: msgspec.json.Decoder[T], raws: Iterable[bytes]) -> list[T]:
        try:
            return [decoder.decode(raw) for raw in raws]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.rebuild()
            return []

    def meta(self, key: str) -> str | None:
        """A stored setting."""
        rows = self._sound_rows("SELECT key, value, sum FROM meta WHERE key = ?", (key,))
        return str(rows[0][1]) if rows else None

    def cursor(self) -> str | None:
        """Where in the feed this cache stands; None before the first snapshot."""
        return self.meta("cursor")

    def done(self) -> int:
        """The last of this client's commands whose effects are in here."""
        return int(self.meta("done") or 0)

    def live(self) -> list[Conversation]:
        """Every conversation that is not resolved."""
        rows = self._sound_rows(f"{_STATES} WHERE live = 1")
        return self._decoded(_STATE, (raw for _, _, raw, _ in rows))

    def conversation(self, key: ConversationId) -> Conversation | None:
        """One conversation."""
        rows = self._sound_rows(
            "SELECT id, live, state, sum FROM conversation WHERE id = ?", (key,)
        )
        return next(iter(self._decoded(_STATE, (raw for _, _, raw, _ in rows))), None)

    def matching(self, prefix: str, limit: int = 2) -> list[ConversationId]:
        """Ids that begin with `prefix`, for people who type them."""
        escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._rows(
            "SELECT id FROM conversation WHERE id LIKE ? ESCAPE '\\' ORDER BY id LIMIT ?",
            (escaped + "%", limit),
        )
        return [ConversationId(str(key)) for (key,) in rows]

    def messages(self, key: ConversationId, after: int = 0) -> list[Message]:
        """A transcript, in order, from the message after number `after` on."""
        sources: dict[int, list[str]] = {}
        used = f"{usage.USED} WHERE conversation = ? AND no > ? ORDER BY no, place"
        for _, no, _, source, *_ in self._sound_rows(used, (key, after)):
            sources.setdefault(no, []).append(source)
        query = f"{_MESSAGES} WHERE conversation = ? AND no > ? ORDER BY no"
        rows = self._sound_rows(query, (key, after))
        return [_message(row, sources.get(row[1], ())) for row in rows]

    def version(self) -> int:
        """Another number whenever somebody else has written to the cache."""
        [(version,)] = self._rows("PRAGMA data_version", ())
        return int(version)

    def counted(self, key: ConversationId, upto: int) -> tuple[int, int]:
        """How many messages a transcript has up to number `upto`, and how many of them were taken
        back."""
        query = "SELECT count(*), total(removed) FROM message WHERE conversation = ? AND no <= ?"
        [(count, removed)] = self._rows(query, (key, upto))
        return int(count), int(removed)

    def uses(self, since: int) -> list[usage.Use]:
        """How often each author's cached replies came from each entry since then (ms)."""
        return [usage.Use(*row) for row in self._rows(usage.USES, (since,))]

    def orders(self, key: ConversationId) -> OrdersAnswer | None:
        """What the server last said of the orders of a conversation's customer."""
        rows = self._sound_rows(orders.ONE, (key,))
        return next(iter(self._decoded(orders.DECODER, (body for _, _, body, _ in rows))), None)

    def past(self, state: Conversation, limit: int) -> tuple[list[Conversation], int]:
        """(the last other conversations of the same customer, newest first; how many there are)."""
        mine = (state.customer.id, state.id)
        keys = [key for (key,) in self._rows(orders.PAST, (*mine, limit))]
        found = [self.conversation(key) for key in keys]
        count = self._rows(orders.COUNT, mine)
        return [each for each in found if each is not None], count[0][0] if count else 0

    def recent(self, key: ConversationId, limit: int) -> list[Message]:
        """The last lines of a transcript, the newest first, without what replies came from."""
        query = f"{_MESSAGES} WHERE conversation = ? ORDER BY no DESC LIMIT ?"
        return [_message(row) for row in self._sound_rows(query, (key, limit))]

    def notes(self, keys: Sequence[ConversationId], limit: int) -> list[Message]:
        """The newest internal notes of these conversations."""
        marks = ",".join("?" * len(keys))
        query = (
            f"{_MESSAGES} WHERE conversation IN ({marks}) AND kind = 'note' AND removed = 0"
            " ORDER BY at DESC, seq DESC LIMIT ?"
        )
        return [_message(row) for row in self._sound_rows(query, (*keys, limit))]

    def taken(self, key: ConversationId) -> list[tuple[int, str]]:
        """(number, source) of what the replies in a conversation came from, in their order."""
        return [(no, source) for no, source in self._rows(usage.TAKEN, (key,))]

    def suggested(self) -> list[Conversation]:
        """Every conversation in which a suggestion waits, resolved ones too."""
        waiting = "id IN (SELECT conversation FROM suggested)"
        rows = self._sound_rows(f"{_STATES} WHERE {waiting}")
        return self._decoded(_STATE, (raw for _, _, raw, _ in rows))

    def things(self, kind: str) -> list[msgspec.Struct]:
        """Every agent, team, inbox, article, macro or policy."""
        rows = self._sound_rows(f"{_THINGS} WHERE kind = ? ORDER BY id", (kind,))
        return self._decoded(msgspec.json.Decoder(THINGS[kind]), (raw for _, _, raw, _ in rows))

    def things_after(self, kind: str, key: str, limit: int) -> list[msgspec.Struct]:
        """At most `limit` of `things` with ids above `key`, for who must not hold all at once."""
        query = f"{_THINGS} WHERE kind = ? AND id > ? ORDER BY id LIMIT ?"
        rows = self._sound_rows(query, (kind, key, limit))
        return self._decoded(msgspec.json.Decoder(THINGS[kind]), (raw for _, _, raw, _ in rows))

    def some(self, kind: str, ids: Sequence[str]) -> list[msgspec.Struct]:
        """Those of `things` that have these ids."""
        found: list[msgspec.Struct] = []
        decoder = msgspec.json.Decoder(THINGS[kind])
        for start in range(0, len(ids), SOME):
            asked = ids[start : start + SOME]
            marks = ",".join("?" * len(asked))
            query = f"{_THINGS} WHERE kind = ? AND id IN ({marks})"
            rows = self._sound_rows(query, (kind, *asked))
            found += self._decoded(decoder, (raw for _, _, raw, _ in rows))
        return found

    def thing(self, kind: str, key: str) -> msgspec.Struct | None:
        """One of them."""
        return next(iter(self.some(kind, (key,))), None)

    def refusals(self) -> list[e.CommandRefused]:
        """Refusals that came home and may not be settled in the outbox yet."""
        rows = self._sound_rows("SELECT number, body, sum FROM refusal ORDER BY number")
        return self._decoded(_REFUSAL, (raw for _, raw, _ in rows))

    def not_understood(self) -> frozenset[ConversationId]:
        """Conversations of which this program was too old to read something, until a newer one
        takes a snapshot; the empty id stands for what belongs to none."""
        rows = self._rows(
            "SELECT key FROM meta WHERE key >= ? AND key < ?", (_ODD, _ODD[:-1] + ";")
        )
        return frozenset(ConversationId(key.removeprefix(_ODD)) for (key,) in rows)

    def outgrown(self) -> bool:
        """Whether a program with other shapes folded what is here, and may have missed things."""
        return self.cursor() is not None and self.meta("shapes") != shapes()

    def data_version(self) -> tuple[int, int]:
        """Changes when another connection wrote, or put an empty file in place."""
        return sqlite.data_version(self._connection()), self._inode

    def examine(self) -> bool:
        """Look through the whole file, which takes a while; an empty one takes its place if it is
        damaged. True if it is sound."""
        if self._rows("PRAGMA integrity_check(1)") == [("ok",)]:
            return True
        self.rebuild()
        return False

    # --- writing ---------------------------------------------------------------------------------

    def apply(
        self, events: Iterable[e.Recorded], cursor: str, done: int, *, replace: bool = False
    ) -> Changes:
        """Fold `events`, and move cursor and `done`, in one transaction.

        With `replace`, what was there before goes first: a snapshot. Raises StoreError; after
        Damaged the cache is empty.
        """
        try:
            return self._apply(events, cursor, done, replace=replace)
        except (sqlite.Damaged, msgspec.MsgspecError) as error:
            self.rebuild()
            if isinstance(error, sqlite.Damaged):
                raise
            raise sqlite.damaged(self.path) from error

    def _apply(
        self, events: Iterable[e.Recorded], cursor: str, done: int, *, replace: bool
    ) -> Changes:
        before = self.cursor()
        with sqlite.transaction(self._connection(), self.path) as db:
            fold = _Fold(db)
            if replace:
                for table in ("conversation", "message", "thing", "refusal", "meta"):
                    db.execute(f"DELETE FROM {table}")  # noqa: S608 -- names of our own
                words.clear(db)
                usage.clear(db)
                orders.clear(db)
            for recorded in events:
                fold.take(recorded)
            fold.write()
            if replace:
                orders.settle(db)
            db.executemany(
                "INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?, ?, ?)",
                [_summed("cursor", cursor), _summed("done", str(done))],
            )
            if replace or before is None:
                _set(db, "shapes", shapes())
        return Changes(
            frozenset(fold.touched),
            frozenset(fold.things),
            frozenset() if replace else frozenset(fold.entries),
            outbox=fold.refused,
            all=replace,
        )

    def index(self, folding: Folding, limit: int = words.STEP) -> int:
        """Put some of the messages that came in into the full-text index; how many are left.

        Their coming in waits for none of it: until then a search looks through them one by one.
        """
        try:
            if not self._rows(words.WORK, (folding.version,)):
                return 0
            with sqlite.transaction(self._connection(), self.path) as db:
                return words.index(db, folding, limit)
        except sqlite.Damaged:
            self.rebuild()
            return 0

    def save_orders(self, key: ConversationId, answer: OrdersAnswer) -> bool:
        """Keep what the server said; False if the conversation went, or became another's."""
        with sqlite.transaction(self._connection(), self.path) as db:
            return orders.save(db, key, answer)

    def forget_refusals(self, upto: int) -> None:
        """The outbox holds them now."""
        with sqlite.transaction(self._connection(), self.path) as db:
            db.execute("DELETE FROM refusal WHERE number <= ?", (upto,))

    def forget_place(self) -> None:
        """Cursor and `done` hold no longer; what can be read stays until a snapshot replaces it."""
        with sqlite.transaction(self._connection(), self.path) as db:
            db.execute("DELETE FROM meta WHERE key IN ('cursor', 'done')")


def _message(row: Sequence[Any], sources: Sequence[str] = ()) -> Message:
    _, no, key, at, kind, author, text, seq, removed, _ = row
    return Message(
        id=key,
        no=no,
        at=at,
        kind=MessageKind(kind),
        author=author,
        text=text,
        seq=seq,
        removed=bool(removed),
        sources=tuple(sources),
    )


def _sound(row: Sequence[Any]) -> Sequence[Any]:
    """`row`, whose last value is the sum of the others. Raises DatabaseError if it is not."""
    if checksum(*row[:-1]) != row[-1]:
        raise sqlite3.DatabaseError("malformed: a row's sum is wrong")
    return row


def _summed(*values: object) -> tuple[object, ...]:
    return (*values, checksum(*values))


def _set(db: sqlite3.Connection, key: str, value: str) -> None:
    db.execute(
        "INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?, ?, ?)", _summed(key, value)
    )


class _Fold:
    """Feed events folded into rows. Conversations stay in memory until `write`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._states: dict[ConversationId, Conversation] = {}
        self._fresh: list[int] = []
        self.touched: set[ConversationId] = set()
        self.things: set[str] = set()
        self.entries: set[tuple[str, str]] = set()
        self.refused = False

    def take(self, recorded: e.Recorded) -> None:
        event = recorded.body
        match event:
            case e.NotUnderstood(name):
                key = recorded.conversation or ConversationId("")
                _set(self._db, f"{_ODD}{key}", name)
                self.touched.add(key)
            case e.ConversationEntered(state, messages):
                self._forget(state.id)
                self._states[state.id] = state
                self.touched.add(state.id)
                self._insert(state.id, messages)
            case e.ConversationLeft(conversation):
                self._forget(conversation)
                orders.forget(self._db, conversation)
                self.touched.add(conversation)
            case e.CommandRefused():
                self.refused = True
                self._db.execute(
                    "INSERT OR REPLACE INTO refusal (number, body, sum) VALUES (?, ?, ?)",
                    _summed(event.number, harmless(msgspec.json.encode(event))),
                )
            case e.CommandSettled() | e.SearchesReported():
                self.refused = True
            case _ if isinstance(event, e.ConversationEvent):
                self._fold(recorded, event)
            case _:
                self._thing(event)

    def _fold(self, recorded: e.Recorded, event: e.ConversationEvent) -> None:
        key = recorded.conversation
        before = (self._states.get(key) or self._read(key)) if key is not None else None
        if key is None or (before is None and not isinstance(event, e.ConversationOpened)):
            return  # of a conversation that went out of scope in this very page
        state = evolve(before, event, conversation=key, at=recorded.at)
        self._states[key] = state
        self.touched.add(key)
        message = message_of(event, state, recorded.at, recorded.seq)
        if message is not None:
            self._insert(key, (message,))
        elif isinstance(event, e.NoteRemoved):
            self._remove(key, event.message)

    def _remove(self, key: ConversationId, message: str) -> None:
        # By its id: the number is another one's here if an event before it was not understood.
        place = "WHERE conversation = ? AND id = ? AND kind = 'note'"
        for row in self._db.execute(f"{_MESSAGES} {place}", (key, message)).fetchall():
            *values, _, _ = _sound(row)
            words.forget(self._db, "WHERE conversation = ? AND no = ?", (key, values[1]))
            self._db.execute(
                "UPDATE message SET removed = 1, sum = ? WHERE conversation = ? AND no = ?",
                (checksum(*values, 1), key, values[1]),
            )

    def _read(self, key: ConversationId) -> Conversation | None:
        row = self._db.execute(f"{_STATES} WHERE id = ?", (key,)).fetchone()
        return _STATE.decode(_sound(row)[2]) if row else None

    def _insert(self, key: ConversationId, messages: Sequence[Message]) -> None:
        """Each under its place in the log, so that the newest are found first."""
        rows: list[tuple[Any, ...]] = [
            (
                m.seq,
                *_summed(
                    *(key, m.no, m.id, m.at, str(m.kind), m.author, clean(m.text), m.seq),
                    int(m.removed),
                ),
            )
            for m in messages
        ]
        try:
            self._db.executemany(_INSERT, rows)
        except sqlite3.IntegrityError:
            rows = [self._replace(row) for row in rows]
        self._fresh += [int(row[0]) for row in rows if not row[-2]]
        usage.note(self._db, key, messages)

    def _replace(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Insert a row where there is one already, or whose place in the log another one has."""
        place = "WHERE conversation = ? AND no = ?"
        words.forget(self._db, place, row[1:3])
        usage.forget_message(self._db, row[1:3])
        self._db.execute(f"DELETE FROM message {place}", row[1:3])  # noqa: S608 -- our own
        if self._db.execute("SELECT 1 FROM message WHERE rowid = ?", row[:1]).fetchone():
            (least,) = self._db.execute("SELECT min(rowid) FROM message").fetchone()
            row = (min(least, 0) - 1, *row[1:])
        self._db.execute(_INSERT, row)
        return row

    def _forget(self, key: ConversationId) -> None:
        self._states.pop(key, None)
        self._db.execute("DELETE FROM meta WHERE key = ?", (f"{_ODD}{key}",))
        self._db.execute("DELETE FROM conversation WHERE id = ?", (key,))
        words.forget(self._db, "WHERE conversation = ?", (key,))
        usage.forget(self._db, key)
        self._db.execute("DELETE FROM message WHERE conversation = ?", (key,))

    def _thing(self, event: e.FeedEvent) -> None:
        kind, key, body = _as_thing(event)
        self.things.add(kind)
        if kind in ENTRIES:
            self.entries.add((kind, key))
        if body is None:
            self._db.execute("DELETE FROM thing WHERE kind = ? AND id = ?", (kind, key))
        else:
            self._db.execute(
                "INSERT OR REPLACE INTO thing (kind, id, body, sum) VALUES (?, ?, ?, ?)",
                _summed(kind, key, harmless(msgspec.json.encode(body))),
            )

    def write(self) -> None:
        words.expect(self._db, self._fresh)
        orders.enter(self._db, self._states.values())
        usage.mark(
            self._db, {key: bool(each.open_suggestions) for key, each in self._states.items()}
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO conversation (id, live, state, sum) VALUES (?, ?, ?, ?)",
            [
                _summed(
                    key,
                    int(state.status is not Status.RESOLVED),
                    harmless(msgspec.json.encode(state)),
                )
                for key, state in self._states.items()
            ],
        )


def _as_thing(event: e.FeedEvent) -> tuple[str, str, msgspec.Struct | None]:
    match event:
        case e.AgentSaved(agent):
            return "agent", agent.id, agent
        case e.TeamSaved(team):
            return "team", team.id, team
        case e.InboxSaved(inbox):
            return "inbox", inbox.id, inbox
        case e.ArticleSaved(article):
            return "article", article.id, article
        case e.ArticleRemoved(key):
            return "article", key, None
        case e.MacroSaved(macro):
            return "macro", macro.id, macro
        case e.MacroRemoved(key):
            return "macro", key, None
        case e.PolicySaved(policy):
            return "policy", "policy", policy
        case e.RoutingSaved(routing):
            return "routing", "routing", routing
        case e.AvailabilitySet(duty):
            return "duty", duty.agent, duty
        case e.SurgeSet(surge):
            return "surge", surge.team, surge
        case _:
            raise TypeError(f"no table for {type(event).__name__}")
