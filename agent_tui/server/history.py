"""Full-text search over every message an account may see.

What the index (`server/words.py`) has not come to yet is looked through directly, so that an answer
is whole all the same.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, String, bindparam, text
from sqlalchemy.exc import OperationalError

from agent_tui.domain import finding
from agent_tui.domain.finding import Candidate, SearchAnswer
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.query import Query
from agent_tui.domain.words import Folding
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.server import auth
from agent_tui.server.database import Database
from agent_tui.server.schema import EDITED

TAIL = 5_000  # messages beyond the index that are looked through
INDEXED_TERMS = 16  # of a query; the others are looked for in what these find
NAMED = 1_000  # conversations of customers of a name that are looked at, the latest
BUDGET_SECONDS = 2.0
_STEPS = 20_000  # of SQLite's machine between two looks at the clock

# The index goes first: SQLite's gives its rows in the log's order and stops at the limit.
_FOUND = {
    "sqlite": "message_words w CROSS JOIN message m ON m.seq = w.rowid"
    " CROSS JOIN conversation c ON c.id = m.conversation WHERE message_words MATCH :match",
    "postgresql": "message_words w JOIN message m ON m.seq = w.seq"
    " JOIN conversation c ON c.id = m.conversation WHERE w.words @@ CAST(:match AS tsquery)",
}
_ALL = "message m JOIN conversation c ON c.id = m.conversation WHERE true"
_COLUMNS = "m.conversation, m.no, m.at, m.kind, m.author, m.text, c.state"


class TooBroad(UsageError):
    """The search took too long."""

    def __init__(self) -> None:
        super().__init__(
            Both("搜索范围太大", "the search takes too long"),
            Both("多写一个词，或加 after:日期", "add a word, or after: and a date"),
        )


def search(
    database: Database, agent: Agent, query: Query, limit: int, folding: Folding, now: int
) -> SearchAnswer:
    """The best of the messages that fit and that `agent` may see. Raises TooBroad."""
    with database.read() as connection, _bounded(connection):
        agent = auth.agent_in(connection, agent.id) or agent
        if query.empty or agent.disabled or agent.role is Role.TRAINEE:
            return SearchAnswer(())
        look = _Look(connection, agent, query, folding)
        rows, partial = look.candidates()
    return SearchAnswer(tuple(finding.rank(query, rows, folding, now, limit)), partial)


class _Look:
    """One look at one moment of the database."""

    def __init__(
        self, connection: Connection, agent: Agent, query: Query, folding: Folding
    ) -> None:
        self._connection = connection
        self._query = query
        self._folding = folding
        self._conditions = ["NOT m.removed"]
        self._values: dict[str, Any] = {}
        self._scope = ""
        if agent.role is not Role.ADMIN:
            self._scope = " AND (c.team IN :teams OR c.assignee = :me)"
            self._values |= {"teams": list(agent.teams), "me": agent.id}

    def candidates(self) -> tuple[list[Candidate], bool]:
        """What may fit, and whether there was more than could be looked at."""
        partial = self._restrict()
        terms = self._query.terms[:INDEXED_TERMS]
        if not terms:
            return self._select(_ALL, finding.CANDIDATES), partial
        seq, version = self._connection.execute(text("SELECT seq, version FROM indexed")).one()
        rows: list[Candidate] = []
        engine = self._connection.dialect.name
        if version == self._folding.version:
            shape = [each.fts5 if engine == "sqlite" else each.tsquery for each in terms]
            match = (" AND " if engine == "sqlite" else " & ").join(shape)
            current = f"{_FOUND[engine]} AND m.edited_seq <= :seq"
            rows = self._select(current, finding.CANDIDATES, match=match, seq=seq)
        else:
            seq = 0
        edited = f"{_ALL} AND m.{EDITED} AND m.edited_seq > :seq AND m.seq <= :seq"
        tail = self._select(f"{_ALL} AND m.seq > :seq", TAIL + 1, seq=seq)
        tail += self._select(edited, TAIL + 1, seq=seq)
        return rows + tail[:TAIL], partial or len(tail) > TAIL

    def _restrict(self) -> bool:
        """Take the query's filters over; whether a name is more people's than are looked at."""
        where = self._query.where
        if where.kinds:
            self._conditions.append("m.kind IN :kinds")
            self._values["kinds"] = [str(each) for each in where.kinds]
        if where.after is not None:
            self._conditions.append("m.at >= :after")
            self._values["after"] = where.after
        if where.before is not None:
            self._conditions.append("m.at < :before")
            self._values["before"] = where.before
        if not where.names:
            return False
        ids = self._named(where.names)
        self._conditions.append("m.conversation IN :ids")
        self._values["ids"] = ids[:NAMED]
        return len(ids) > NAMED

    def _named(self, names: Sequence[str]) -> list[str]:
        """Conversations of customers who are called so, the latest first."""
        query = f"SELECT c.id, c.state FROM conversation c WHERE true{self._scope}"  # noqa: S608
        found: list[str] = []
        for key, state in self._execute(f"{query} ORDER BY c.last_at DESC"):
            if finding.fits(finding.name_of(state), names, self._folding):
                found.append(key)
                if len(found) > NAMED:
                    break
        return found

    def _select(self, source: str, limit: int, **values: Any) -> list[Candidate]:
        conditions = " AND ".join(self._conditions)
        columns, order = _COLUMNS, "m.seq"
        # Whose index holds the words themselves, in its own order.
        if source.startswith(_FOUND["sqlite"]):
            columns, order = f"{_COLUMNS}, w.words", "w.rowid"
        query = (
            f"SELECT {columns} FROM {source} AND {conditions}{self._scope}"  # noqa: S608 -- ours
            f" ORDER BY {order} DESC LIMIT :limit"
        )
        return [Candidate(*row) for row in self._execute(query, limit=limit, **values)]

    def _execute(self, query: str, **values: Any) -> Any:
        values |= self._values
        given = {name: each for name, each in values.items() if f":{name}" in query}
        lists = [name for name, each in given.items() if isinstance(each, list)]
        # Of a type, or PostgreSQL takes an empty list for one of numbers.
        typed = [bindparam(name, expanding=True, type_=String()) for name in lists]
        return self._connection.execute(text(query).bindparams(*typed), given)


@contextmanager
def _bounded(connection: Connection) -> Iterator[None]:
    """Give up after `BUDGET_SECONDS`: raises TooBroad."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        end = time.monotonic() + BUDGET_SECONDS
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    else:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(BUDGET_SECONDS * 1000)}")
    try:
        yield
    except OperationalError as error:
        if _gave_up(error):
            raise TooBroad from None
        raise
    finally:
        if connection.dialect.name == "sqlite":
            driver.set_progress_handler(None, 0)


def _gave_up(error: OperationalError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    code = getattr(error.orig, "sqlite_errorcode", None)
    return state == "57014" or code == sqlite3.SQLITE_INTERRUPT
