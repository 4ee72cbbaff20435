"""Where the simulated server keeps its workspace: a SQLite file, or a PostgreSQL database."""

from __future__ import annotations

import functools
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import make_url

from agent_tui.server import copying
from agent_tui.server.database import Database
from agent_tui.store import sqlite as stores
from tests.databases import administration, cluster

CLUSTER = "AGENT_TUI_SIMULATION_CLUSTER"  # the address that `shared_cluster` tells its children


class Storage(Protocol):
    """What the simulation does to it from outside, with every replica still or dead."""

    def __hash__(self) -> int:
        """Each is itself."""

    @property
    def url(self) -> str:
        """What a replica opens."""

    def fill(self, source: Path) -> None:
        """Hold what the SQLite file `source` holds, and nothing else."""

    def save(self, path: Path) -> None:
        """A copy, as a SQLite file."""

    def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """What is committed; `?` stands for a value."""

    def close(self) -> None:
        """Let go."""


class SqliteStorage:
    """A file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"
        self._watched: sqlite3.Connection | None = None

    def fill(self, source: Path) -> None:
        """Put the file in its place."""
        self.close()
        stores.remove(self._path)
        shutil.copyfile(source, self._path)

    def save(self, path: Path) -> None:
        """SQLite's own backup."""
        source, copy = sqlite3.connect(self._path), sqlite3.connect(path)
        source.backup(copy)
        source.close()
        copy.close()

    def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Over a connection of the observer's own."""
        if self._watched is None:
            self._watched = sqlite3.connect(self._path, isolation_level=None)
        return self._watched.execute(query, values).fetchall()

    def close(self) -> None:
        """The observer's connection."""
        if self._watched is not None:
            self._watched.close()
            self._watched = None


class PostgresStorage:
    """A database of this process's own, in which one run follows the other."""

    def __init__(self, url: str, empty: Path) -> None:
        import psycopg

        self.url = url
        self._empty = empty
        self._database = Database(url)
        self._database.migrate()
        self._watching = psycopg.connect(url, autocommit=True)

    def fill(self, source: Path) -> None:
        """As `agent-tui server` moves a workspace to PostgreSQL."""
        file = Database(f"sqlite:///{source}")
        copying.copy(file, self._database, _quiet, replace=True)
        file.close()

    def save(self, path: Path) -> None:
        """As it makes a backup, but in a file that is migrated already."""
        shutil.copyfile(self._empty, path)
        file = Database(f"sqlite:///{path}")
        copying.copy(self._database, file, _quiet, replace=True)
        file.close()

    def rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Over a connection of the observer's own."""
        found: Any = self._watching.execute(query.replace("?", "%s").encode(), values)
        return list(found.fetchall())

    def cut(self, pid: int | None = None) -> None:
        """End the session of one connection, or of all but the observer's."""
        these = "datname = current_database() AND pid <> pg_backend_pid()"
        if pid is not None:
            these += f" AND pid = {pid}"
        sessions = f"FROM pg_stat_activity WHERE {these}"
        self.rows(f"SELECT pg_terminate_backend(pid) {sessions}")
        while self.rows(f"SELECT pid {sessions}"):
            time.sleep(0.001)  # PostgreSQL's own waiting looks ten times a second

    def close(self) -> None:
        """The next run goes on with it."""


@functools.cache
def postgres(empty: Path) -> PostgresStorage:
    """This process's database; `empty` is a migrated SQLite file."""
    server = os.environ.get(CLUSTER) or cluster().get_uri()
    name = f"simulation_{os.getpid()}"
    with administration(server) as run:
        run(f"CREATE DATABASE {name}")
        # The disk is not what is tested here.
        run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    url = make_url(server).set(database=name)
    return PostgresStorage(url.render_as_string(hide_password=False), empty)


@contextmanager
def shared_cluster() -> Iterator[None]:
    """One PostgreSQL server for the processes that this one starts; it ends with this one."""
    os.environ[CLUSTER] = cluster().get_uri()
    try:
        yield
    finally:
        os.environ.pop(CLUSTER, None)


def _quiet(what: str, done: int, of: int) -> None:
    pass
