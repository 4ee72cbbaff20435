"""Pieces of rows by which candidates are found: characters, letters, initials."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import han
from agent_tui.knowledge.rows import INITIAL, Rows

Keys = npt.NDArray[np.uint64]
TAG = 33  # bits below the tag
ROW_BITS = 24


class Gram(IntEnum):
    """What a key's piece is."""

    CHAR = 0  # one Chinese character (or of another script that is not Latin)
    PAIR = 1  # two characters next to each other
    TRIPLE = 2  # three letters next to each other, also across units
    BEGIN = 3  # the first two letters of a unit
    INITIALS = 4  # the first letters of three units
    INITIALS_2 = 5  # of two
    FIRST = 6  # the first letter of the row


class Pieces(NamedTuple):
    """Keys, and the row that each comes from."""

    keys: Keys
    rows: npt.NDArray[np.uint32]


def pieces(of: Rows, gram: Gram) -> Pieces:
    """Every piece of one kind, in row order, with repetitions."""
    if gram in (Gram.CHAR, Gram.PAIR):
        return _of_chars(of, gram)
    where = of.letters.astype(np.uint64)
    owner = _owners(of.letter_at)
    if gram is Gram.TRIPLE:
        same = owner[2:] == owner[:-2]
        keys = (where[:-2] << np.uint64(16)) | (where[1:-1] << np.uint64(8)) | where[2:]
        return _tagged(gram, keys[same], owner[2:][same])
    initial = of.classes == INITIAL
    if gram is Gram.BEGIN:
        same = (owner[1:] == owner[:-1]) & initial[:-1]
        keys = (where[:-1] << np.uint64(8)) | where[1:]
        return _tagged(gram, keys[same], owner[1:][same])
    if gram is Gram.FIRST:
        begins = of.letter_at[:-1][of.letter_at[:-1] < of.letter_at[1:]]
        return _tagged(gram, where[begins], owner[begins])
    where, owner = where[initial], owner[initial]
    width = 3 if gram is Gram.INITIALS else 2
    if len(where) < width:
        return _tagged(gram, where[:0], owner[:0])
    same = owner[width - 1 :] == owner[: len(owner) - width + 1]
    keys = np.zeros(len(same), np.uint64)
    for step in range(width):
        keys = (keys << np.uint64(8)) | where[step : len(where) - width + 1 + step]
    return _tagged(gram, keys[same], owner[width - 1 :][same])


def _of_chars(of: Rows, gram: Gram) -> Pieces:
    kinds = han.tables().kind[of.chars]
    owner = _owners(of.char_at)
    whole = kinds >= han.HAN
    if gram is Gram.CHAR:
        return _tagged(gram, of.chars[whole].astype(np.uint64), owner[whole])
    solid = kinds != han.GAP
    wanted = solid[1:] & solid[:-1] & (whole[1:] | whole[:-1]) & (owner[1:] == owner[:-1])
    codes = of.chars.astype(np.uint64)
    keys = (codes[:-1] << np.uint64(16)) | codes[1:]
    return _tagged(gram, keys[wanted], owner[1:][wanted])


def _owners(at: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return np.repeat(np.arange(len(at) - 1, dtype=np.uint32), np.diff(at))


def _tagged(gram: Gram, keys: Keys, owner: npt.NDArray[np.uint32]) -> Pieces:
    return Pieces(keys | np.uint64(gram << TAG), owner)
