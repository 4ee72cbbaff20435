"""Characters as numbers: what each is, its simplified form and its reading in pinyin.

Everything is a numpy table indexed by code point, so that a hundred thousand titles are folded by
a few array operations. Code points past the tables' end are other letters.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint16]

SIZE = 0x10000  # every code below; the few above it are folded into the private use area
GAP, LATIN, HAN, OTHER = 0, 1, 2, 3  # what a character is: a gap between words, a-z0-9, and so on
SPACE = 32
_PRIVATE = 0xE000  # where phrases put characters that are read otherwise than alone
_ASTRAL = 0xF000  # code points above the tables, 2048 classes of them


class Tables(NamedTuple):
    """See the module's docstring. `syllables[reading[code]]` is how a character is read."""

    kind: npt.NDArray[np.uint8]  # GAP, LATIN, HAN, OTHER
    folded: Codes  # simplified, without accents
    reading: Codes  # syllable number; 0 is none
    letters: npt.NDArray[np.uint8]  # (syllables, 6): the letters of each, 0 where there are less
    lengths: npt.NDArray[np.uint8]
    phrases: tuple[tuple[str, str], ...]  # a word, and the same with a private character in it


@cache
def tables() -> Tables:
    """Read once; takes some 30 ms."""
    text = resources.files("agent_tui.knowledge").joinpath("data/han.txt").read_text("utf-8")
    kind = np.zeros(SIZE, np.uint8)
    folded = np.arange(SIZE, dtype=np.uint16)
    reading = np.zeros(SIZE, np.uint16)
    syllables = [""]
    phrases: list[tuple[str, str]] = []
    for code in range(0x80, SIZE):
        if chr(code).isalnum():
            kind[code] = OTHER
    for ranges, value in (((0x30, 0x3A), LATIN), ((0x61, 0x7B), LATIN), ((_ASTRAL, 0xF900), OTHER)):
        kind[slice(*ranges)] = value
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        base = unicodedata.normalize("NFD", chr(code))[0].lower()
        if base.isascii() and base.isalpha():
            kind[code], folded[code] = LATIN, ord(base)
    numbers: dict[str, int] = {}
    for line in text.splitlines():
        first, _, rest = line.partition(" ")
        if first == "#":
            continue
        if first == "=":
            traditional, simplified = (_codes(each) for each in rest.split(" "))
            folded[traditional] = simplified
        elif first == "+":
            word, place, syllable = rest.split(" ")
            at, private = int(place), _PRIVATE + len(phrases)
            reading[private], kind[private] = numbers[syllable], HAN
            phrases.append((word, word[:at] + chr(private) + word[at + 1 :]))
        else:
            numbers[first] = len(syllables)
            syllables.append(first)
            reading[_codes(rest)] = numbers[first]
            kind[_codes(rest)] = HAN
    letters = np.zeros((len(syllables), 6), np.uint8)
    for number, syllable in enumerate(syllables):
        letters[number, : len(syllable)] = list(syllable.encode())
    lengths = np.array([len(syllable) for syllable in syllables], np.uint8)
    return Tables(kind, folded, reading, letters, lengths, tuple(phrases))


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("utf-16-le"), np.uint16)


def codes(text: str) -> Codes:
    """`text` as code points that fit the tables."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    high = points >= SIZE
    if high.any():
        points = np.where(high, _ASTRAL + (points & 0x7FF), points)
    return points.astype(np.uint16)


def spelled(text: str) -> str:
    """Full-width and other compatibility forms replaced, in lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def fold(text: str) -> str:
    """`text` as the search compares it: simplified, lower case, gaps as one space each."""
    found = codes(spelled(text))
    table = tables()
    kinds = table.kind[found]
    plain = np.where(kinds == GAP, SPACE, table.folded[found]).astype(np.uint16)
    return " ".join(plain.tobytes().decode("utf-16-le", "surrogatepass").split())
