"""Whether servers run on a database: replacing it beneath them would serve two pasts at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from agent_tui.errors import ServerError
from agent_tui.lang import Both
from agent_tui.server.database import Database

# The key of PostgreSQL's advisory lock; servers share it, whoever replaces the data wants it alone.
SERVING = 0x6167_656E_745F_7365


@contextmanager
def serving(database: Database) -> Iterator[None]:
    """Held by a server on SQLite while it runs. On PostgreSQL its listening connection does it."""
    if not database.sqlite:
        yield
        return
    lock = _open(database)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield
    finally:
        os.close(lock)


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Held while the data is replaced. Raises ServerError if a server runs."""
    if database.sqlite:
        lock = _open(database)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise _busy() from error
            yield
        finally:
            os.close(lock)
        return
    with database.engine.connect() as connection:
        if not connection.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": SERVING}
        ).scalar():
            raise _busy()
        connection.commit()  # the lock belongs to the session; no transaction stays open for it
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SERVING})
            connection.commit()


def _open(database: Database) -> int:
    path = Path(str(database.engine.url.database) + ".lock")
    return os.open(path, os.O_CREAT | os.O_RDWR, 0o600)


def _busy() -> ServerError:
    return ServerError(
        Both("有服务端正在使用这个数据库", "a server is running on this database"),
        Both("先停掉所有 agent-tui serve", "stop every agent-tui serve first"),
    )
