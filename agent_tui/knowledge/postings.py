"""Posting lists: for every piece, the rows that hold it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge.grams import ROW_BITS, Keys, Pieces


class Postings(NamedTuple):
    """`rows[at[i]:at[i + 1]]` hold the piece `keys[i]`, each once and in order; `counts`, where it
    is kept, says how often (1 to 255)."""

    keys: Keys
    at: npt.NDArray[np.uint32]
    rows: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint8] | None = None

    def find(self, keys: Keys) -> list[tuple[int, int]]:
        """Begin and end in `rows` for each key; empty ranges for what nothing holds."""
        if not len(self.keys):
            return [(0, 0)] * len(keys)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[places] == keys
        begins = np.where(known, self.at[places], 0).tolist()
        ends = np.where(known, self.at[places + 1], 0).tolist()
        return list(zip(begins, ends, strict=True))


def build(parts: Iterable[Pieces], *, counted: bool = False) -> Postings:
    """Posting lists of all `parts`, whose keys must not overlap, in ascending order of keys."""
    built = [_build(part, counted=counted) for part in parts]
    base, ats = 0, [np.zeros(1, np.uint32)]
    for each in built:
        ats.append(each.at[1:] + np.uint32(base))
        base += len(each.rows)
    counts = [each.counts for each in built if each.counts is not None]
    return Postings(
        _joined([each.keys for each in built], np.uint64),
        np.concatenate(ats),
        _joined([each.rows for each in built], np.uint32),
        _joined(counts, np.uint8) if counted else None,
    )


def _joined(arrays: Sequence[npt.NDArray[np.generic]], kind: type[np.generic]) -> npt.NDArray:  # type: ignore[type-arg]
    return np.concatenate(arrays) if arrays else np.zeros(0, kind)


def _build(part: Pieces, *, counted: bool) -> Postings:
    packed = (part.keys << np.uint64(ROW_BITS)) | part.rows
    packed.sort()
    if not len(packed):
        empty = np.zeros(0, np.uint32)
        return Postings(packed, np.zeros(1, np.uint32), empty, np.zeros(0, np.uint8))
    fresh = np.empty(len(packed), bool)
    fresh[0] = True
    np.not_equal(packed[1:], packed[:-1], out=fresh[1:])
    counts = None
    if counted:
        begins = np.append(np.flatnonzero(fresh), len(packed))
        counts = np.minimum(np.diff(begins), 255).astype(np.uint8)
    packed = packed[fresh]
    rows = (packed & np.uint64((1 << ROW_BITS) - 1)).astype(np.uint32)
    packed >>= np.uint64(ROW_BITS)
    turn = np.flatnonzero(packed[1:] != packed[:-1]) + 1
    at = np.concatenate(([0], turn, [len(packed)])).astype(np.uint32)
    return Postings(packed[at[:-1]], at, rows, counts)
