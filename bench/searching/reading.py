"""How text may be read: plainly, as pinyin, as initials; and how far two texts are apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pypinyin import lazy_pinyin
from rapidfuzz.distance import OSA

_HAN = re.compile(r"[㐀-鿿]")
_VOWELS = "aeiou"


def plain(text: str) -> str:
    """Lower case, half-width, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def is_han(text: str) -> bool:
    """Whether every character is a Chinese one."""
    return all(map(_HAN.match, text))


def _apart(text: str) -> str:
    # pypinyin takes a list for one item each, though it says str.
    return list(text)  # type: ignore[return-value]


@lru_cache(200_000)
def syllables(text: str) -> tuple[str, ...]:
    """One a character: pinyin without tones, or the character itself if it is not Chinese."""
    return tuple(lazy_pinyin(text, errors=_apart))


def runs(text: str, whole: bool) -> Iterator[tuple[str, ...]]:
    """The syllables of all of `text`, or each run of them."""
    said = syllables(text)
    if whole:
        yield said
        return
    for start in range(len(said)):
        for end in range(start + 1, len(said) + 1):
            yield said[start:end]


def distance(query: str, text: str, whole: bool) -> int:
    """Edits (a swap of neighbours is one) from `query` to `text`, or to the nearest part of it."""
    if whole:
        return int(OSA.distance(query, text))
    lengths = range(max(1, len(query) - 2), len(query) + 3)
    parts = (text[at : at + length] for length in lengths for at in range(len(text)))
    return min((int(OSA.distance(query, part)) for part in parts), default=len(query))


def without_vowels(word: str) -> str:
    """`word` with its vowels dropped, the first letter kept."""
    return word[:1] + "".join(letter for letter in word[1:] if letter.lower() not in _VOWELS)


def abbreviates(short: str, word: str) -> bool:
    """Whether `short` is `word`, the beginning of it, or `word` without vowels."""
    return word.startswith(short) or without_vowels(word) == short
