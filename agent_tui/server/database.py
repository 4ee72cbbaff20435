"""Connections, transactions and migrations, on SQLite and PostgreSQL.

On SQLite a write transaction begins with BEGIN IMMEDIATE, a read transaction with BEGIN, emitted
here: the driver's own implicit transactions lose savepoints and mix two snapshots in one read. On
PostgreSQL a write is READ COMMITTED with row locks taken by `Unit`, a read is REPEATABLE READ.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry

from agent_tui.errors import ServerError
from agent_tui.lang import Both
from agent_tui.server import schema

MIGRATIONS = Path(__file__).parent / "migrations"
GENESIS = bytes(32)
# What a replica that stalls may hold up the others for. A transaction here takes milliseconds.
_POSTGRES_SESSION = (
    "-c idle_in_transaction_session_timeout=4000 -c lock_timeout=10000 -c statement_timeout=60000"
)
_KEEPALIVE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_MIGRATION_LOCK = 0x6167_656E_745F_7475


class Database:
    """One workspace's database. `write` and `read` are transactions."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self.sqlite = parsed.get_backend_name() == "sqlite"
            options: dict[str, Any] = {"pool_size": 8, "max_overflow": 32}
            if not self.sqlite:
                if parsed.drivername in ("postgresql", "postgres"):
                    parsed = parsed.set(drivername="postgresql+psycopg")
                options["pool_pre_ping"] = True
                options["connect_args"] = {"options": _POSTGRES_SESSION, **_KEEPALIVE}
            self.engine: Engine = create_engine(parsed, **options)
        except (ArgumentError, NoSuchModuleError) as error:
            raise ServerError(
                Both("看不懂数据库地址", "cannot understand the database address"),
                "sqlite:///FILE | postgresql://USER@HOST/NAME",
            ) from error
        except ModuleNotFoundError as error:
            raise ServerError(
                Both("没有安装 PostgreSQL 驱动", "the PostgreSQL driver is not installed"),
                "pip install 'agent-tui[server,postgres]'",
            ) from error
        self._generation = 0
        event.listen(self.engine, "connect", self._born)
        event.listen(self.engine, "checkin", self._returned)
        if self.sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)

    @property
    def shown(self) -> str:
        """The address without its password, as an administrator writes it."""
        name = self.engine.url.get_backend_name()
        return self.engine.url.set(drivername=name).render_as_string(hide_password=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: committed at the end, rolled back on any error."""
        with self._transaction("BEGIN IMMEDIATE" if self.sqlite else None) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read transaction that sees one moment of the database."""
        options = None if self.sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._transaction("BEGIN" if self.sqlite else None, options) as connection:
            yield connection

    @contextmanager
    def _transaction(
        self, begin: str | None, options: dict[str, Any] | None = None
    ) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if options:
                connection = connection.execution_options(**options)
            with connection.begin():
                if begin:
                    connection.exec_driver_sql(begin)
                yield connection

    def version(self) -> str | None:
        """The revision of the schema that is there; None for an empty database."""
        from alembic.runtime.migration import MigrationContext

        with self._explained(), self.read() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def migrate(self) -> None:
        """Bring the schema up to date; make the workspace row if need be. Raises ServerError."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._explained(), self.write() as connection:
            if not self.sqlite:
                # Replicas that start together: one migrates, the others find it done.
                lock = text("SELECT pg_advisory_xact_lock(:key)")
                connection.execute(lock, {"key": _MIGRATION_LOCK})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if connection.execute(select(schema.workspace.c.id)).first() is None:
                connection.execute(insert(schema.workspace), _first_row())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        from alembic.util.exc import CommandError

        try:
            yield
        except CommandError as error:
            raise ServerError(
                Both(
                    f"{self.shown} 由更新的版本写成：{error}",
                    f"{self.shown} was written by a newer version: {error}",
                ),
                Both("请升级 agent-tui", "upgrade agent-tui"),
            ) from error
        except DatabaseError as error:
            raise ServerError(
                Both(
                    f"数据库不能用：{self.shown}：{error.orig}",
                    f"cannot use the database {self.shown}: {error.orig}",
                ),
                Both("检查路径、磁盘空间和权限", "check its path, disk space and permissions")
                if self.sqlite
                else Both(
                    "检查数据库是否在运行，以及地址和权限",
                    "check that it runs, its address, and what this user may do",
                ),
            ) from error

    def close(self) -> None:
        """Close every connection: a pooled one now, one in use as soon as it comes back."""
        self._generation += 1
        self.engine.dispose()

    def _born(self, connection: object, record: ConnectionPoolEntry) -> None:
        record.info["generation"] = self._generation

    def _returned(self, connection: object, record: ConnectionPoolEntry) -> None:
        # SQLAlchemy would put it into the pool that nobody asks any more, and leave it open there.
        if record.info.get("generation") != self._generation:
            record.invalidate()


def _configure_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=30000",
        "foreign_keys=ON",
        "cache_size=-8000",  # KiB, for each connection of the pool
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _first_row() -> dict[str, Any]:
    return {
        "id": 1,
        "feed": secrets.token_hex(8),
        "head": 0,
        "floor": 0,
        "at": 0,
        "chain": GENESIS,
        "directory": 0,
    }


def link(chain: bytes, body: bytes) -> bytes:
    """The chain's next value. It runs over digests: a body can be erased and the chain verifies."""
    return hashlib.sha256(chain + hashlib.sha256(body).digest()).digest()
