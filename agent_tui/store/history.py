"""Full-text search over the messages in the agent's cache."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain import finding
from agent_tui.domain.finding import Candidate, Found, SearchAnswer
from agent_tui.domain.query import EVERYTHING, Filters, Query, parse
from agent_tui.domain.words import Folding
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store import sqlite
from agent_tui.store.cache_file import SCHEMA
from agent_tui.store.checksum import checksum

TAIL = 5_000  # messages not indexed yet that are looked through one by one
INDEXED_TERMS = 16  # of a query; the others are looked for in what these find
_ROW = (
    "m.conversation, m.no, m.id, m.at, m.kind, m.author, m.text, m.seq, m.removed, m.edited,"
    " m.edited_seq, m.sum, c.state"
)


class Cancelled(StoreError):
    """The search was called off: a later one counts."""

    def __init__(self) -> None:
        super().__init__(Both("搜索已取消", "the search was called off"))


class History:
    """A connection of its own that reads only; for one search at a time, from any thread."""

    def __init__(
        self,
        path: Path,
        folding: Folding,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.path = path
        self.folding = folding
        self._clock = clock
        self._turn = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._wanted = 0  # number of the last search that was not called off

    def search(
        self, query: str | Query, limit: int = finding.LIMIT, where: Filters = EVERYTHING
    ) -> list[Found]:
        """The messages that fit, best first. Raises QueryError, Cancelled, StoreError."""
        return list(self.answer(query, limit, where).found)

    def answer(
        self, query: str | Query, limit: int = finding.LIMIT, where: Filters = EVERYTHING
    ) -> SearchAnswer:
        """The same, and whether all there is was looked at."""
        number = self._wanted
        if isinstance(query, str):
            query = parse(query, self.folding)
        query &= where
        if query.empty:
            return SearchAnswer(())
        try:
            rows, partial = self._candidates(query, number)
            found = finding.rank(query, rows, self.folding, self._clock(), limit)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:  # a conversation's state
            raise sqlite.damaged(self.path) from error
        return SearchAnswer(tuple(found), partial)

    def _candidates(self, query: Query, number: int) -> tuple[list[Candidate], bool]:
        with self._turn:
            if number != self._wanted:
                raise Cancelled
            try:
                db = self._connection()
                return _Look(db, query, self.folding).candidates() if db is not None else ([], True)
            except sqlite.ERRORS as error:
                if number != self._wanted:
                    raise Cancelled from None
                raise sqlite.explain(error, self.path) from error

    def cancel(self) -> None:
        """Call off every search that has begun: each raises Cancelled soon."""
        self._wanted += 1
        with contextlib.suppress(AttributeError, sqlite3.ProgrammingError):  # none open
            self._db.interrupt()  # type: ignore[union-attr]

    def close(self) -> None:
        """Call off what runs, then close the connection."""
        self.cancel()
        with self._turn:
            if self._db is not None:
                self._db.close()
            self._db = None

    def _connection(self) -> sqlite3.Connection | None:
        """To the file that stands at the path now; None if it is not there or of another form."""
        inode = sqlite.inode(self.path)
        if self._db is not None and inode != self._inode:
            self._db.close()
            self._db = None
        if self._db is None and inode:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(
                address, uri=True, isolation_level=None, check_same_thread=False
            )
            self._inode = inode
        if self._db is None or sqlite.version(self._db) != SCHEMA:
            return None
        return self._db


class _Look:
    """One look at one moment of the cache."""

    def __init__(self, db: sqlite3.Connection, query: Query, folding: Folding) -> None:
        self._db = db
        self._query = query
        self._folding = folding
        self._conditions = ["m.removed = 0"]
        self._values: list[Any] = []

    def candidates(self) -> tuple[list[Candidate], bool]:
        """What the index finds and all that is not in it yet, and whether that was too much."""
        self._db.execute("BEGIN")
        try:
            self._restrict()
            terms = self._query.terms[:INDEXED_TERMS]
            if not terms:
                return self._rows("message m", "m.rowid", finding.CANDIDATES), False
            # The index goes first: it gives its rows in the log's order and stops at the limit.
            rows = self._rows(
                "message_words w CROSS JOIN message m ON m.rowid = w.rowid",
                "w.rowid",
                finding.CANDIDATES,
                " AND ".join(term.fts5 for term in terms),
            )
            rows += self._rows("unindexed w CROSS JOIN message m ON m.rowid = w.id", "w.id", TAIL)
            more = "SELECT 1 FROM unindexed LIMIT 1 OFFSET ?"
            return rows, self._db.execute(more, (TAIL,)).fetchone() is not None
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _rows(self, source: str, order: str, limit: int, match: str = "") -> list[Candidate]:
        conditions, values, words = self._conditions, self._values, "''"
        if match:
            conditions, values = ["message_words MATCH ?", *conditions], [match, *values]
            words = "w.words"
        query = (
            f"SELECT {_ROW}, {words} FROM {source}"  # noqa: S608 -- our own names
            " CROSS JOIN conversation c ON c.id = m.conversation"
            f" WHERE {' AND '.join(conditions)} ORDER BY {order} DESC LIMIT ?"
        )
        found: list[Candidate] = []
        for *line, stored, state, made in self._db.execute(query, (*values, limit)):
            key, no, _, at, kind, author, text, *_ = line
            if not made and not finding.may_fit(self._query, text, self._folding):
                continue
            if checksum(*line) != stored:
                raise sqlite3.DatabaseError("malformed: a row's sum is wrong")
            found.append(Candidate(key, no, at, kind, author, text, state, made))
        return found

    def _restrict(self) -> None:
        """Take the query's filters over."""
        where = self._query.where
        if where.kinds:
            self._conditions.append("m.kind IN (SELECT value FROM json_each(?))")
            self._values.append(_array(sorted(where.kinds)))
        if where.after is not None:
            self._conditions.append("m.at >= ?")
            self._values.append(where.after)
        if where.before is not None:
            self._conditions.append("m.at < ?")
            self._values.append(where.before)
        if where.names:
            ids = [
                key
                for key, state in self._db.execute("SELECT id, state FROM conversation")
                if finding.fits(finding.name_of(state), where.names, self._folding)
            ]
            self._conditions.append("m.conversation IN (SELECT value FROM json_each(?))")
            self._values.append(_array(ids))


def _array(values: Sequence[str]) -> str:
    """`values` as one that json_each takes apart."""
    return msgspec.json.encode(values).decode()
