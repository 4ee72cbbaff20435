"""The file cache.db: opened, followed when it is put in anew, and read by its sums."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from agent_tui.store import meta, sqlite
from agent_tui.store.checksum import checksum

T = TypeVar("T")
SCHEMA = 6  # the version of the file that this program reads


class CacheFile:
    """One connection to cache.db; every thread opens its own.

    Whoever finds the file damaged puts an empty one in its place, and the others follow: reading
    then finds nothing, and the next sync takes a snapshot.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inode = 0
        try:
            self._db = self._open()
        except sqlite.Damaged:
            sqlite.remove(path)
            self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        # Which file it is, is asked before it is opened: whoever finds another one at the path
        # later opens that.
        inode = sqlite.inode(self.path)
        # A lost transaction here is read again from the server: no need to wait for the disk.
        connection = sqlite.connect(self.path, synchronous="NORMAL")
        try:
            at = sqlite.version(connection)
            if at > SCHEMA:
                # A newer program wrote it; the cache is cheap to build again.
                connection.close()
                sqlite.remove(self.path)
                return self._open()
            if at < SCHEMA:
                from agent_tui.store import migrations

                migrations.migrate(connection, migrations.CACHE, at)
            # What these two hide from a reader would be lost in the outbox, too; they are small.
            for table in ("meta", "refusal"):
                if connection.execute(f"PRAGMA integrity_check({table})").fetchall() != [("ok",)]:
                    raise sqlite3.DatabaseError("malformed")
        except sqlite.ERRORS as error:
            connection.close()
            raise sqlite.explain(error, self.path) from error
        self._inode = inode or sqlite.inode(self.path)
        return connection

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def rebuild(self) -> None:
        """Throw the file away and start empty; the next sync takes a snapshot."""
        self._db.close()
        if sqlite.inode(self.path) == self._inode:
            sqlite.remove(self.path)
        self._db = self._open()

    def _connection(self) -> sqlite3.Connection:
        """The connection to the file that stands at the path now: it may have been put in anew."""
        if sqlite.inode(self.path) != self._inode:
            self._db.close()
            self._db = self._open()
        return self._db

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """What the file says; nothing of a damaged one. Raises StoreError."""
        try:
            return self._connection().execute(query, values).fetchall()
        except sqlite.ERRORS as error:
            trouble = sqlite.explain(error, self.path)
            if not isinstance(trouble, sqlite.Damaged):
                raise trouble from error
        self.rebuild()
        return []

    def sound_rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows whose last column is the sum of the others; if one is not, none: the file goes."""
        rows = self.rows(query, values)
        if all(checksum(*row[:-1]) == row[-1] for row in rows):
            return rows
        self.rebuild()
        return []

    def decoded(self, decoder: msgspec.json.Decoder[T], raws: Iterable[bytes]) -> list[T]:
        """`raws` as values; none if one cannot be read: the file goes."""
        try:
            return [decoder.decode(raw) for raw in raws]
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.rebuild()
            return []

    def meta(self, key: str) -> str | None:
        """A stored setting."""
        rows = self.sound_rows(meta.ONE, (key,))
        return str(rows[0][1]) if rows else None

    def data_version(self) -> tuple[int, int]:
        """Changes when another connection wrote, or put an empty file in place."""
        found = self.rows("PRAGMA data_version")
        return found[0][0] if found else 0, self._inode

    def examine(self) -> bool:
        """Look through the whole file, which takes a while; an empty one takes its place if it is
        damaged. True if it is sound."""
        if self.rows("PRAGMA integrity_check(1)") == [("ok",)]:
            return True
        self.rebuild()
        return False
