"""Many entries in one piece of memory, decoded when looked at; and arrays on disk.

A hundred thousand Python objects take ten times the room of their bytes, and as long to load as
the index takes to search a hundred times.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, overload

import msgspec
import numpy as np
import numpy.typing as npt

from agent_tui.knowledge.entry import Entry, Kind

Array = npt.NDArray[np.generic]
Key = tuple[Kind, str]

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Entry)
_RECENT = 1024


class _File:
    """The bytes of a file, read where one looks. Mapping it would keep what was once looked at,
    and 64 KiB around it: after some hundred keys, all of it."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, descriptor)
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def __getitem__(self, part: slice) -> bytes:
        begin, end, _ = part.indices(self.size)
        return os.pread(self._descriptor, end - begin, begin)


class Entries(Sequence[Entry]):
    """Entries by number, and their numbers by key."""

    def __init__(self, blob: bytes | _File, arrays: Mapping[str, Array]) -> None:
        self._blob = blob
        self._arrays = arrays
        self._at = arrays["at"]
        self._hashes = arrays["hashes"]
        self._numbers = arrays["numbers"]
        self._decoded = lru_cache(maxsize=_RECENT)(self._decode)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Entries:
        """Store `entries`; no two have the same key."""
        parts: list[bytes] = []
        hashes: list[int] = []
        for entry in entries:
            parts.append(_encoded(entry))
            hashes.append(_hash(entry.key))
        at = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=at[1:])
        found = np.array(hashes, np.uint64)
        order = np.argsort(found, kind="stable").astype(np.uint32)
        return cls(b"".join(parts), {"at": at, "hashes": found[order], "numbers": order})

    def __len__(self) -> int:
        return len(self._at) - 1

    @overload
    def __getitem__(self, number: int) -> Entry: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Entry]: ...
    def __getitem__(self, number: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(number, slice):
            return [self._decode(each) for each in range(*number.indices(len(self)))]
        return self._decoded(number)

    def __iter__(self) -> Iterator[Entry]:
        return (self._decode(number) for number in range(len(self)))

    def _decode(self, number: int) -> Entry:
        return _DECODER.decode(self._blob[int(self._at[number]) : int(self._at[number + 1])])

    def number(self, key: Key) -> int | None:
        """The entry with this key."""
        wanted = np.uint64(_hash(key))
        first = int(np.searchsorted(self._hashes, wanted))
        for place in range(first, len(self._hashes)):
            if self._hashes[place] != wanted:
                break
            number = int(self._numbers[place])
            if self[number].key == key:
                return number
        return None

    def save(self, folder: Path) -> None:
        """Write blob and arrays into `folder`."""
        (folder / "entries.bin").write_bytes(self._blob[:])
        save(folder, "entries", self._arrays)

    @classmethod
    def load(cls, folder: Path) -> Entries:
        """What `save` wrote, read when looked at. Raises OSError, ValueError."""
        found = load(folder, "entries", ("at", "hashes", "numbers"))
        blob = _File(folder / "entries.bin")
        if blob.size != int(found["at"][-1]):
            raise ValueError("entries.bin: wrong size")
        return cls(blob, found)


def _encoded(entry: Entry) -> bytes:
    try:
        return _ENCODER.encode(entry)
    except UnicodeEncodeError:  # half a character, which no text from outside has once it is clean
        return _ENCODER.encode(msgspec.convert(_whole(msgspec.to_builtins(entry)), Entry))


def _whole(value: Any) -> Any:
    """The same with every half character replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def _hash(key: Key) -> int:
    text = f"{key[0]}\0{key[1]}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")


def save(folder: Path, name: str, arrays: Mapping[str, Array]) -> None:
    """Write `arrays` as NAME.FIELD.npy."""
    for field, array in arrays.items():
        np.save(folder / f"{name}.{field}.npy", array, allow_pickle=False)


def load(folder: Path, name: str, fields: Iterable[str]) -> dict[str, Array]:
    """Map arrays that `save` wrote into memory: only what is read takes room. Raises OSError,
    ValueError."""
    return {
        field: np.asarray(
            np.load(folder / f"{name}.{field}.npy", mmap_mode="r", allow_pickle=False)
        )
        for field in fields
    }
