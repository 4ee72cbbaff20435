"""The file outbox.db: opened, looked through, followed when it is put aside, and read by its sums.

Every write is on the disk before it returns. No resync, crash or failed migration may touch it.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain.ids import ClientId
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store import meta, sqlite
from agent_tui.store.checksum import checksum

SCHEMA = 3  # the version of the file that this program reads


class OutboxDamaged(StoreError):
    """The file holds what nobody wrote, or hides what somebody did."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            Both(
                f"{path} 已损坏，其中可能有未发送的内容",
                f"{path} is damaged and may hold unsent work",
            ),
            Both(
                "重新启动：原文件会留存，读得出的内容会取回；"
                f"不行就另存它，再用 sqlite3 {path.name} .recover",
                "start again: it is kept, and what can be read is taken out of it; if that fails,"
                f" copy it away and try sqlite3 {path.name} .recover",
            ),
        )


class OutboxFile:
    """One connection to outbox.db; every thread and process opens its own."""

    def __init__(self, path: Path) -> None:
        """Whoever knows its tables opens it."""
        self.path = path

    def _open(self) -> None:
        """Raises StoreError; of a damaged file only once: then a sound one stands in its place."""
        # Which file it is, is asked before it is opened: whoever finds another one at the path
        # later opens that, and nobody writes to one that was put aside meanwhile.
        inode = sqlite.inode(self.path)
        try:
            self._connection = self._connect()
            self._inode = inode or sqlite.inode(self.path)
            try:
                self._look_through()
            except BaseException:
                self._connection.close()
                raise
        except msgspec.MsgspecError as error:  # whole, as its sum says, and not understood
            raise _newer(self.path) from error
        except (sqlite.Damaged, OutboxDamaged, *sqlite.ERRORS) as error:
            trouble = sqlite.explain(error, self.path)
            if not isinstance(trouble, sqlite.Damaged):
                raise trouble from error
            from agent_tui.store import rescue

            raise rescue.put_aside(self.path, inode) from error

    def _look_through(self) -> None:
        # It finds pages that hide rows.
        self.require([self.rows("PRAGMA integrity_check(1)") == [("ok",)]])
        with sqlite.transaction(self._connection, self.path) as db:
            if self.meta("client") is None:
                self._new_client(db)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite.connect(self.path, synchronous="FULL")
        try:
            at = sqlite.version(connection)
            if at < SCHEMA:
                from agent_tui.store import migrations

                migrations.migrate(connection, migrations.OUTBOX, at)
        except BaseException:
            connection.close()
            raise
        if at > SCHEMA:
            connection.close()
            raise _newer(self.path)
        return connection

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection to the file that stands at the path: a damaged one may have been put aside
        by another process, and what is written there would be lost."""
        if sqlite.inode(self.path) != self._inode:
            self._connection.close()
            self._open()
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def client(self) -> ClientId:
        """The id under which commands are numbered; another process may have had to change it."""
        client = self.meta("client")
        if client is None:
            raise OutboxDamaged(self.path)
        return ClientId(client)

    def _new_client(self, db: sqlite3.Connection) -> ClientId:
        client = ClientId("k" + secrets.token_hex(12))
        meta.write(db, "client", client)
        return client

    def meta(self, key: str) -> str | None:
        """A stored setting."""
        rows = self.sound_rows(meta.ONE, (key,))
        return str(rows[0][1]) if rows else None

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """BEGIN IMMEDIATE ... COMMIT on this file."""
        return sqlite.transaction(self._db, self.path)

    def data_version(self) -> tuple[int, int]:
        """Changes when another connection wrote, or put the file aside."""
        [(found,)] = self.rows("PRAGMA data_version")
        return int(found), self._inode

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What the file says. Raises StoreError."""
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite.ERRORS as error:
            trouble = sqlite.explain(error, self.path)
            if isinstance(trouble, sqlite.Damaged):
                trouble = OutboxDamaged(self.path)
            raise trouble from error

    def sound_rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows whose last column is the sum of the others. Raises StoreError if one is not: what
        nobody wrote is neither shown nor sent."""
        rows = self.rows(query, values)
        self.require(checksum(*row[:-1]) == row[-1] for row in rows)
        return rows

    def require(self, sound: Iterable[bool]) -> None:
        """Raises OutboxDamaged unless all are true."""
        if not all(sound):
            raise OutboxDamaged(self.path)


def _newer(path: Path) -> StoreError:
    return StoreError(
        Both(f"{path} 来自更新的版本", f"{path} was written by a newer version"),
        Both("请升级 agent-tui", "upgrade agent-tui"),
    )
