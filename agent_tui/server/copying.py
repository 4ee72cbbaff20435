"""A whole workspace from one database into another: backup, restore, and the way to PostgreSQL.

Rows are copied as they are, event bodies and chain included, so cursors stay valid.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, text, update

from agent_tui.errors import ServerError
from agent_tui.lang import Both
from agent_tui.server import outgoing, schema, words
from agent_tui.server.database import Database

CHUNK = 1_000
Progress = Callable[[str, int, int], None]


def copy(
    source: Database,
    target: Database,
    progress: Progress,
    *,
    replace: bool = False,
    feed: str | None = None,
) -> int:
    """Everything that one moment of `source` holds. Returns how many rows.

    `progress` gets the table, and how many of how many of its rows are done. All or nothing. With
    `feed` the copy is a feed of that name: no cursor of the source is valid in it. Raises
    ServerError if `target` holds a workspace already and `replace` is false.
    """
    target.migrate()
    rows = 0
    with source.read() as reading, target.write() as writing:
        if not replace and not _is_empty(writing):
            raise ServerError(
                Both(f"{target.shown} 里已有数据", f"{target.shown} holds a workspace already"),
                Both("换一个空库，或加 --replace", "name an empty database, or add --replace"),
            )
        for table in reversed(schema.metadata.sorted_tables):
            writing.execute(delete(table))
        for table in schema.metadata.sorted_tables:
            rows += _copy_table(reading, writing, table, progress)
        words.start_over(writing)
        if feed is not None:
            writing.execute(update(schema.workspace).values(feed=feed))
            outgoing.doubt(writing)
    return rows


def _is_empty(connection: Connection) -> bool:
    head = connection.execute(select(schema.workspace.c.head)).scalar()
    return not head


def _copy_table(reading: Connection, writing: Connection, table: Table, progress: Progress) -> int:
    total = reading.execute(select(func.count()).select_from(table)).scalar_one()
    names = [column.name for column in table.columns]
    order = list(table.primary_key.columns)
    done = 0
    progress(table.name, 0, total)
    chunk_size = table.info.get("chunk", CHUNK)
    found = reading.execution_options(yield_per=chunk_size).execute(select(table).order_by(*order))
    for chunk in found.partitions():
        values: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in chunk]
        writing.execute(insert(table), values)
        done += len(values)
        progress(table.name, done, total)
    return done


def backup(source: Database, path: Path, progress: Progress) -> int:
    """The workspace as one SQLite file, whatever engine it lives on; servers go on meanwhile.

    The file appears under its name when it is whole. Raises ServerError if it exists.
    """
    if path.exists():
        raise ServerError(
            Both(f"{path} 已存在", f"{path} exists already"),
            Both("换一个文件名", "choose another name"),
        )
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    target = Database(f"sqlite:///{part.resolve()}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600))
        rows = copy(source, target, progress)
        with target.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            connection.execute(text("PRAGMA journal_mode=DELETE"))
    except OSError as error:
        raise ServerError(
            Both(f"写不了 {path}：{error.strerror}", f"cannot write {path}: {error.strerror}"),
            Both("检查路径和磁盘空间", "check the path and the disk"),
        ) from error
    finally:
        target.close()
    part.rename(path)
    return rows


def restore(path: Path, target: Database, progress: Progress, *, replace: bool) -> int:
    """The workspace of a backup. It gets a new feed name, so that every client notices, syncs
    again, and shows what it had sent since. Raises ServerError."""
    if not path.is_file():
        raise ServerError(
            Both(f"没有文件 {path}", f"there is no file {path}"),
            Both("检查路径", "check the path"),
        )
    source = Database(f"sqlite:///{path.resolve()}")
    try:
        source.migrate()  # an older backup: brought up in its own file
        return copy(source, target, progress, replace=replace, feed=secrets.token_hex(8))
    finally:
        source.close()
