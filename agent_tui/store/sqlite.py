"""SQLite connections with explicit transactions, private files, and honest errors."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from agent_tui.errors import StoreError
from agent_tui.lang import Both

PATIENCE = 30.0  # seconds for which others may hold the file
# Python's module reads SQLite's messages as UTF-8, and fails on those that quote damaged bytes.
ERRORS = (sqlite3.Error, UnicodeDecodeError)


class Damaged(StoreError):
    """The file is no longer a sound database."""


class DiskFull(StoreError):
    """There is no room to write."""


def connect(path: Path, *, synchronous: Literal["NORMAL", "FULL"]) -> sqlite3.Connection:
    """A connection in autocommit mode, WAL, on a file that only its owner can read.

    Raises Damaged if the file is not a database, StoreError if it cannot be opened.
    """
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)
        try:
            _use_wal(connection)
            connection.execute(f"PRAGMA synchronous={synchronous}")
            connection.execute("PRAGMA cell_size_check=ON")
        except BaseException:
            connection.close()
            raise
    except (*ERRORS, OSError) as error:
        raise explain(error, path) from error
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Changing the journal does not wait for others who open or close the file just then."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """BEGIN IMMEDIATE ... COMMIT; ROLLBACK on any error. Raises StoreError for SQLite's own."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except ERRORS as error:
        raise explain(error, path) from error
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException as error:
        # A full disk may have rolled back already.
        if connection.in_transaction:
            with suppress(*ERRORS):  # the first error tells more
                connection.execute("ROLLBACK")
        if isinstance(error, ERRORS):
            raise explain(error, path) from error
        raise


# What SQLite, or Python's module for it, says of bytes that nobody wrote.
_DAMAGE = (
    "malformed",
    "not a database",
    "disk image",
    "not decode to UTF-8",
    "unsupported file format",
    "unknown error",
    "no such column",
    "no such table",
)


def explain(error: Exception, path: Path) -> StoreError:
    """`error` in words, with the way out."""
    text = str(error)
    undecodable = not isinstance(error, sqlite3.Error | OSError)
    if undecodable or any(sign in text for sign in _DAMAGE):
        return damaged(path)
    if "full" in text or "No space" in text:
        return DiskFull(
            Both(f"磁盘已满，写不了 {path}", f"the disk is full: cannot write {path}"),
            Both("清理磁盘；会自动继续", "make room; it goes on by itself"),
        )
    if "disk I/O" in text:
        return StoreError(
            Both(f"磁盘出错，写不了 {path}", f"the disk fails: cannot write {path}"),
            Both("检查磁盘；没存好的内容还在原处", "check the disk; what was not stored stays put"),
        )
    return StoreError(
        Both(f"不能用 {path}：{text}", f"cannot use {path}: {text}"),
        Both("检查路径和权限；agent-tui doctor", "check path and permissions; agent-tui doctor"),
    )


def damaged(path: Path) -> Damaged:
    """What is said of a file that is no sound database."""
    return Damaged(
        Both(f"{path} 已损坏", f"{path} is damaged"),
        Both("缓存会自动重建", "the cache is rebuilt by itself"),
    )


def inode(path: Path) -> int:
    """Which file stands at `path`; 0 if none does."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def remove(path: Path) -> None:
    """Delete a database with its side files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def version(connection: sqlite3.Connection) -> int:
    """The schema version that the file says it has."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found
