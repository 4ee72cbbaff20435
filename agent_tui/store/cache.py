"""cache.db: what this agent may see, as the server last told it. May be deleted at any moment."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.evolve import FOLD
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Message, MessageKind
from agent_tui.domain.words import Folding
from agent_tui.orders.model import OrdersAnswer
from agent_tui.store import meta, orders, sqlite, usage, words
from agent_tui.store.cache_file import CacheFile
from agent_tui.store.fold import MESSAGES, ODD, STATE, STATES, Fold
from agent_tui.store.things import THINGS

_THINGS = "SELECT kind, id, body, sum FROM thing"
_REFUSAL = msgspec.json.Decoder(e.CommandRefused)
SOME = 500  # in one query


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


class Cache(CacheFile):
    """What lies in the file: conversations, transcripts and shared things, and the place in the
    feed that all of it is of."""

    # --- reading ---------------------------------------------------------------------------------

    def cursor(self) -> str | None:
        """Where in the feed this cache stands; None before the first snapshot."""
        return self.meta("cursor")

    def done(self) -> int:
        """The last of this client's commands whose effects are in here."""
        return int(self.meta("done") or 0)

    def live(self) -> list[Conversation]:
        """Every conversation that is not resolved."""
        rows = self.sound_rows(f"{STATES} WHERE live = 1")
        return self.decoded(STATE, (raw for _, _, raw, _ in rows))

    def conversation(self, key: ConversationId) -> Conversation | None:
        """One conversation."""
        rows = self.sound_rows("SELECT id, live, state, sum FROM conversation WHERE id = ?", (key,))
        return next(iter(self.decoded(STATE, (raw for _, _, raw, _ in rows))), None)

    def matching(self, prefix: str, limit: int = 2) -> list[ConversationId]:
        """Ids that begin with `prefix`, for people who type them."""
        escaped = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self.rows(
            "SELECT id FROM conversation WHERE id LIKE ? ESCAPE '\\' ORDER BY id LIMIT ?",
            (escaped + "%", limit),
        )
        return [ConversationId(str(key)) for (key,) in rows]

    def messages(self, key: ConversationId, after: int = 0) -> list[Message]:
        """A transcript, in order, from the message after number `after` on."""
        sources: dict[int, list[str]] = {}
        used = f"{usage.USED} WHERE conversation = ? AND no > ? ORDER BY no, place"
        for _, no, _, source, *_ in self.sound_rows(used, (key, after)):
            sources.setdefault(no, []).append(source)
        query = f"{MESSAGES} WHERE conversation = ? AND no > ? ORDER BY no"
        rows = self.sound_rows(query, (key, after))
        return [_message(row, sources.get(row[1], ())) for row in rows]

    def counted(self, key: ConversationId, upto: int) -> tuple[int, int, int]:
        """How many messages a transcript has up to number `upto`, how many of them were taken back,
        and where in the log one of them was last edited."""
        query = (
            "SELECT count(*), total(removed), max(edited_seq) FROM message"
            " WHERE conversation = ? AND no <= ?"
        )
        count, removed, edited = next(iter(self.rows(query, (key, upto))), (0, 0, 0))
        return int(count), int(removed), int(edited or 0)

    def uses(self, since: int) -> list[usage.Use]:
        """How often each author's cached replies came from each entry since then (ms)."""
        return [usage.Use(*row) for row in self.rows(usage.USES, (since,))]

    def orders(self, key: ConversationId) -> OrdersAnswer | None:
        """What the server last said of the orders of a conversation's customer."""
        rows = self.sound_rows(orders.ONE, (key,))
        return next(iter(self.decoded(orders.DECODER, (body for _, _, body, _ in rows))), None)

    def past(self, state: Conversation, limit: int) -> tuple[list[Conversation], int]:
        """(the last other conversations of the same customer, newest first; how many there are)."""
        mine = (state.customer.id, state.id)
        keys = [key for (key,) in self.rows(orders.PAST, (*mine, limit))]
        found = [self.conversation(key) for key in keys]
        count = self.rows(orders.COUNT, mine)
        return [each for each in found if each is not None], count[0][0] if count else 0

    def recent(self, key: ConversationId, limit: int) -> list[Message]:
        """The last lines of a transcript, the newest first, without what replies came from."""
        query = f"{MESSAGES} WHERE conversation = ? ORDER BY no DESC LIMIT ?"
        return [_message(row) for row in self.sound_rows(query, (key, limit))]

    def notes(self, keys: Sequence[ConversationId], limit: int) -> list[Message]:
        """The newest internal notes of these conversations."""
        marks = ",".join("?" * len(keys))
        query = (
            f"{MESSAGES} WHERE conversation IN ({marks}) AND kind = 'note' AND removed = 0"
            " ORDER BY at DESC, seq DESC LIMIT ?"
        )
        return [_message(row) for row in self.sound_rows(query, (*keys, limit))]

    def taken(self, key: ConversationId) -> list[tuple[int, str]]:
        """(number, source) of what the replies in a conversation came from, in their order."""
        return [(no, source) for no, source in self.rows(usage.TAKEN, (key,))]

    def suggested(self) -> list[Conversation]:
        """Every conversation in which a suggestion waits, resolved ones too."""
        waiting = "id IN (SELECT conversation FROM suggested)"
        rows = self.sound_rows(f"{STATES} WHERE {waiting}")
        return self.decoded(STATE, (raw for _, _, raw, _ in rows))

    def things(self, kind: str) -> list[msgspec.Struct]:
        """Every agent, team, inbox, article, macro or policy."""
        rows = self.sound_rows(f"{_THINGS} WHERE kind = ? ORDER BY id", (kind,))
        return self.decoded(msgspec.json.Decoder(THINGS[kind]), (raw for _, _, raw, _ in rows))

    def some(self, kind: str, ids: Sequence[str]) -> list[msgspec.Struct]:
        """Those of `things` that have these ids."""
        found: list[msgspec.Struct] = []
        decoder = msgspec.json.Decoder(THINGS[kind])
        for start in range(0, len(ids), SOME):
            asked = ids[start : start + SOME]
            marks = ",".join("?" * len(asked))
            query = f"{_THINGS} WHERE kind = ? AND id IN ({marks})"
            rows = self.sound_rows(query, (kind, *asked))
            found += self.decoded(decoder, (raw for _, _, raw, _ in rows))
        return found

    def thing(self, kind: str, key: str) -> msgspec.Struct | None:
        """One of them."""
        return next(iter(self.some(kind, (key,))), None)

    def refusals(self) -> list[e.CommandRefused]:
        """Refusals that came home and may not be settled in the outbox yet."""
        rows = self.sound_rows("SELECT number, body, sum FROM refusal ORDER BY number")
        return self.decoded(_REFUSAL, (raw for _, raw, _ in rows))

    def not_understood(self) -> frozenset[ConversationId]:
        """Conversations of which this program was too old to read something, until a newer one
        takes a snapshot; the empty id stands for what belongs to none."""
        rows = self.rows("SELECT key FROM meta WHERE key >= ? AND key < ?", (ODD, ODD[:-1] + ";"))
        return frozenset(ConversationId(key.removeprefix(ODD)) for (key,) in rows)

    def outgrown(self) -> bool:
        """Whether a program with other shapes folded what is here, and may have missed things."""
        return self.cursor() is not None and self.meta("shapes") != shapes()

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
            fold = Fold(db)
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
            meta.write(db, "cursor", cursor)
            meta.write(db, "done", str(done))
            if replace or before is None:
                meta.write(db, "shapes", shapes())
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
            if not self.rows(words.WORK, (folding.version,)):
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
    _, no, key, at, kind, author, text, seq, removed, edited, edited_seq, _ = row
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
        edited=edited,
        edited_seq=edited_seq,
    )
