"""Shared content as it lies in the cache, read beside the desk, from any one thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.store import sqlite
from agent_tui.store.cache import THINGS
from agent_tui.store.checksum import checksum

_STEP = 500


class Things:
    """A read-only connection of its own, opened when it is used. What is damaged is left out: the
    desk finds out and has the cache built again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def close(self) -> None:
        """Close the connection; it opens again when it is used."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def marks(self, kind: str) -> list[tuple[int, int]]:
        """(place, sum) of everything of one kind, in order of places: what was replaced has
        another place, what was changed another sum. Raises StoreError."""
        return self._rows("SELECT rowid, sum FROM thing WHERE kind = ? ORDER BY rowid", (kind,))

    def at(self, kind: str, places: Iterable[int]) -> Iterator[tuple[int, msgspec.Struct]]:
        """What stands at `places`, with its place. Raises StoreError."""
        decoder = msgspec.json.Decoder(THINGS[kind])
        wanted = list(places)
        for begin in range(0, len(wanted), _STEP):
            part = wanted[begin : begin + _STEP]
            marks = ",".join("?" * len(part))
            rows = self._rows(
                f"SELECT rowid, id, body, sum FROM thing WHERE kind = ? AND rowid IN ({marks})",  # noqa: S608 -- question marks
                (kind, *part),
            )
            for place, key, body, total in sorted(rows):
                if checksum(kind, key, body) == total:
                    try:
                        yield place, decoder.decode(body)
                    except msgspec.MsgspecError:
                        continue

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            db = self._connection()
            return db.execute(statement, values).fetchall() if db else []
        except sqlite.ERRORS as error:
            raise sqlite.explain(error, self.path) from error

    def _connection(self) -> sqlite3.Connection | None:
        """To the file that stands at the path now; None if there is none."""
        inode = sqlite.inode(self.path)
        if inode != self._inode:
            self.close()
        if self._db is None and inode:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(
                address, uri=True, isolation_level=None, check_same_thread=False
            )
            self._inode = inode
        return self._db
