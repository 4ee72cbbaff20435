"""Files as an earlier version of the program would have left them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from agent_tui.store import migrations, sqlite
from agent_tui.store.migrations import Step


def steps_of(path: Path) -> tuple[Step, ...]:
    """The migrations of cache.db or of outbox.db."""
    return migrations.CACHE if path.name == "cache.db" else migrations.OUTBOX


def make_older(path: Path, version: int) -> None:
    """Give the database at `path` the schema of `version`, with the rows it has now."""
    fresh = path.with_name("older-" + path.name)
    sqlite.remove(fresh)
    connection = sqlite.connect(fresh, synchronous="FULL")
    migrations.migrate(connection, steps_of(path)[:version], 0)
    connection.execute("ATTACH ? AS now", (str(path),))
    for (table,) in connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND name NOT LIKE 'message_words_%'"  # the full-text index's own
    ).fetchall():
        names = _columns(connection, "main", table)
        # A message's row number is its place in the log, and its words have the same.
        names = ["rowid", *names] if table.startswith("message") else names
        columns = ", ".join(f'"{name}"' for name in names)
        connection.execute(
            f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM now.{table}"  # noqa: S608
        )
    connection.close()
    sqlite.remove(path)
    for suffix in ("", "-wal", "-shm"):
        side = fresh.with_name(fresh.name + suffix)
        if side.exists():
            side.replace(path.with_name(path.name + suffix))


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> list[str]:
    rows = connection.execute(f"PRAGMA {schema}.table_info({table})").fetchall()
    return [str(row[1]) for row in rows]


def statements(steps: tuple[Step, ...], at: int) -> int:
    """How many statements the migrations after version `at` run: where one can be cut short."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrations.migrate(connection, steps[:at], 0)
    count = 0

    def counted(statement: str) -> None:
        nonlocal count
        # Nested ones, of triggers and renames, are reported as comments.
        count += not statement.startswith("--")

    connection.set_trace_callback(counted)
    migrations.migrate(connection, steps, at)
    connection.close()
    return count
