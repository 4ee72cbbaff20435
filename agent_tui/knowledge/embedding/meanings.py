"""The vectors of all entries: one row each, in a file that is mapped into memory."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from agent_tui.knowledge.embedding import EmbeddingError
from agent_tui.knowledge.entry import Entry, Kind
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.knowledge.embedding import Embedder, Vectors

log = logging.getLogger(__name__)

Key = tuple[Kind, str]
Progress = Callable[[int, int], bool]

BODY_CHARS = 300
NAMES = 8  # of an entry that are embedded
BATCH = 8  # entries between two calls of `progress`
MAGIC = b"agent-tui meanings 1\n"
_ALIGNED = 64


class _Header(msgspec.Struct, frozen=True):
    """Says what the rows below it are, in their order."""

    model: str
    dimensions: int
    keys: list[Key]
    digests: list[str]


class Meanings:
    """Finds the entries that are nearest in meaning to a query.

    An entry's row is half the average of its names' vectors (title and questions, embedded as
    queries: customers ask in such words) and half the vector of its title and the beginning of its
    body. Its product with a query's vector is thus the average of the two likenesses. Safe to use
    from several threads; `add` keeps others waiting only while it copies rows.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._lock = threading.Lock()
        self._keys: list[Key] = []
        self._digests: list[str] = []
        self._places: dict[Key, int] = {}
        self._rows: Vectors = np.empty((0, 0), np.float32)
        self._average: Vectors | None = None  # of all rows; None: not known since a change
        self._unsaved = False

    def __len__(self) -> int:
        return len(self._keys)

    def known(self) -> list[Key]:
        """Which entries have a row."""
        with self._lock:
            return list(self._keys)

    def lacks(self, entries: Iterable[Entry]) -> list[Key]:
        """Which of `entries` have no row, or one of another text."""
        with self._lock:
            known = dict(zip(self._keys, self._digests, strict=True))
        return [entry.key for entry in entries if known.get(entry.key) != _digest(entry)]

    def remove(self, keys: Iterable[Key]) -> None:
        """Forget these."""
        with self._lock:
            for key in keys:
                self._remove(key)

    def add(
        self,
        keys: Sequence[Key],
        find: Callable[[Key], Entry | None],
        progress: Progress = lambda done, total: True,
    ) -> bool:
        """Embed the entries with these keys, new or again; `find` gives them.

        `progress(done, total)` is called after every few entries; if it says False, the rest is
        left undone. Returns whether all was done. Raises EmbeddingError; what was embedded until
        then is kept.
        """
        for start in range(0, len(keys), BATCH):
            batch = [entry for key in keys[start : start + BATCH] if (entry := find(key))]
            if batch:
                rows = self._embed(batch)
                with self._lock:
                    self._put(batch, rows)
            done = min(start + BATCH, len(keys))
            if not progress(done, len(keys)) and done < len(keys):
                return False
        return True

    def nearest(
        self,
        vector: Vectors,
        limit: int,
        least: float = float("-inf"),
        allowed: Callable[[Key], bool] = lambda key: True,
        also: Iterable[Key] = (),
    ) -> list[tuple[Key, float]]:
        """The `limit` entries nearest to `vector` that have at least the strength `least` and are
        `allowed`, and all that `also` names.

        Best first, each with its strength: by how many standard deviations it is nearer than the
        average entry, after what it shares with every entry is taken off. (Some texts are near to
        any query.) Raises EmbeddingError if `vector` is of another model.
        """
        with self._lock:
            count = len(self._keys)
            if not count:
                return []
            if vector.shape != self._rows.shape[1:]:
                raise _other_model()
            if self._average is None:
                self._average = self._rows[:count].mean(axis=0)
            near = self._rows[:count] @ (vector - self._average)
            keys = list(self._keys)
            wanted = {self._places[key] for key in also if key in self._places}
        strength = (near - near.mean()) / max(float(near.std()), 1e-6)
        for place in np.argsort(-strength, kind="stable").tolist():
            if limit <= 0 or strength[place] < least:
                break
            if allowed(keys[place]):
                wanted.add(place)
                limit -= 1
        ranked = sorted(wanted, key=lambda place: (-strength[place], keys[place]))
        return [(keys[place], float(strength[place])) for place in ranked]

    def save(self, path: Path) -> None:
        """Write everything to `path`, whole or not at all, if it changed since it was read."""
        with self._lock:
            if not self._unsaved:
                return
            count = len(self._keys)
            header = msgspec.json.encode(
                _Header(self._embedder.name, self._rows.shape[1], self._keys, self._digests)
            )
            start = len(MAGIC) + 8 + len(header)
            head = MAGIC + len(header).to_bytes(8, "big") + header + bytes(-start % _ALIGNED)
            rows = np.ascontiguousarray(self._rows[:count])
            sum_ = zlib.crc32(rows.data, zlib.crc32(head))
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(".new")
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(head)
                file.write(rows.data)
                file.write(sum_.to_bytes(4, "big"))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
            self._rows = _mapped(path, len(head), count, self._rows.shape[1])
            self._unsaved = False

    def load(self, path: Path) -> bool:
        """Take what `save` wrote instead of what is here.

        Returns False, and changes nothing, if there is no such file, it is broken, or it holds the
        vectors of another model.
        """
        try:
            header, start = _read(path)
            count = len(header.keys)
            rows = _mapped(path, start, count, header.dimensions)
            digests = header.digests
            if header.model != self._embedder.name or len(digests) != count:
                raise ValueError("of another model")
        except FileNotFoundError:
            return False
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.info("meanings are embedded again, %s is of no use: %s", path, error)
            return False
        with self._lock:
            self._keys, self._digests, self._rows = list(header.keys), digests, rows
            self._places = {key: place for place, key in enumerate(self._keys)}
            self._average, self._unsaved = None, False
        return True

    def _embed(self, entries: Sequence[Entry]) -> Vectors:
        names = [_names(entry) for entry in entries]
        asked = self._embedder.embed([name for each in names for name in each], "query")
        told = self._embedder.embed([_passage(entry) for entry in entries], "passage")
        ends = np.cumsum([len(each) for each in names])
        starts = ends - [len(each) for each in names]
        average = np.add.reduceat(asked, starts, axis=0) / (ends - starts)[:, None]
        rows: Vectors = (average + told) / 2
        return rows

    def _put(self, entries: Sequence[Entry], rows: Vectors) -> None:
        if not self._keys:
            self._rows = np.empty((0, rows.shape[1]), np.float32)
        if rows.shape[1:] != self._rows.shape[1:]:
            raise _other_model()
        new = sum(entry.key not in self._places for entry in entries)
        self._own(len(self._keys) + new)
        for entry, row in zip(entries, rows, strict=True):
            place = self._places.setdefault(entry.key, len(self._keys))
            if place == len(self._keys):
                self._keys.append(entry.key)
                self._digests.append("")
            self._digests[place] = _digest(entry)
            self._rows[place] = row
        self._average, self._unsaved = None, True

    def _remove(self, key: Key) -> None:
        """The last row takes the place of the one that goes."""
        place = self._places.pop(key, None)
        if place is None:
            return
        last = len(self._keys) - 1
        self._own(len(self._keys))
        self._rows[place] = self._rows[last]
        moved, digest = self._keys.pop(), self._digests.pop()
        if place != last:
            self._keys[place], self._digests[place], self._places[moved] = moved, digest, place
        self._average, self._unsaved = None, True

    def _own(self, count: int) -> None:
        """Make the rows ours to write, with room for `count`; those of a file are read only."""
        if self._rows.flags.writeable and len(self._rows) >= count:
            return
        rows = np.empty((max(count + count // 4, 256), self._rows.shape[1]), np.float32)
        rows[: len(self._keys)] = self._rows[: len(self._keys)]
        self._rows = rows


def _names(entry: Entry) -> list[str]:
    return list(dict.fromkeys((entry.title, *entry.questions)))[:NAMES]


def _passage(entry: Entry) -> str:
    return f"{entry.title}\n{entry.body[:BODY_CHARS]}"


def _digest(entry: Entry) -> str:
    text = "\0".join((*_names(entry), _passage(entry)))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _read(path: Path) -> tuple[_Header, int]:
    """The header, and where the rows begin. ValueError if a byte is not as it was written."""
    data = path.read_bytes()
    if not data.startswith(MAGIC) or zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise ValueError("broken")
    start = len(MAGIC) + 8
    size = int.from_bytes(data[len(MAGIC) : start], "big")
    header = msgspec.json.decode(data[start : start + size], type=_Header)
    return header, start + size + -(start + size) % _ALIGNED


def _mapped(path: Path, start: int, count: int, dimensions: int) -> Vectors:
    if not count:
        return np.empty((0, dimensions), np.float32)
    return np.memmap(path, np.float32, "r", start, (count, dimensions))


def _other_model() -> EmbeddingError:
    return EmbeddingError(
        Both(
            "向量的维数变了：服务换了模型", "vectors of another length: the server's model changed"
        ),
        Both("改 [semantic] 的 model，向量会重做", "change model in [semantic]: all is made again"),
    )
