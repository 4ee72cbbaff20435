"""Damages of Chinese queries; see `searching.damage`."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from searching.damage import Damaged, Fits, Source, mistyped, near, same
from searching.reading import distance, is_han, runs, syllables


def wrong(given: Source, chance: random.Random) -> Damaged | None:
    """Another character."""
    if not _han(given):
        return None
    at = chance.randrange(len(given.text))
    other = chance.choice(_common().replace(given.text[at], ""))
    query = given.text[:at] + other + given.text[at + 1 :]
    return query, near(query, given)


def homophone(given: Source, chance: random.Random) -> Damaged | None:
    """Another character of the same pinyin, tones aside."""
    if not _han(given):
        return None
    at = chance.randrange(len(given.text))
    alike = _alike().get(syllables(given.text)[at], "").replace(given.text[at], "")
    if not alike:
        return None
    query = given.text[:at] + chance.choice(alike) + given.text[at + 1 :]
    spelt, said = near(query, given), _said("".join(syllables(query)), given)
    return query, lambda name: spelt(name) or said(name)


def full_pinyin(given: Source, chance: random.Random) -> Damaged | None:
    """All of it as pinyin, without spaces or tones."""
    if not _han(given):
        return None
    query = "".join(syllables(given.text))
    return query, _said(query, given)


def pinyin_typo(given: Source, chance: random.Random) -> Damaged | None:
    """Pinyin with one letter wrong, out of place, left out or doubled."""
    if not _han(given):
        return None
    said = "".join(syllables(given.text))
    query = mistyped(said, chance.randrange(len(said)), chance)
    return (query, _said(query, given, 1)) if query != said else None


def initials(given: Source, chance: random.Random) -> Damaged | None:
    """The first letter of each character."""
    if not _han(given):
        return None
    query = "".join(each[0] for each in syllables(given.text))

    def fits(name: str) -> bool:
        first = "".join(each[:1].lower() for each in syllables(name))
        return first == query if given.whole else query in first

    return query, fits


def mixed(given: Source, chance: random.Random) -> Damaged | None:
    """Some characters as pinyin, the others as they are."""
    if not _han(given):
        return None
    count = len(given.text)
    start = chance.randrange(count)
    end = chance.randrange(start + 1, min(count, start + 4) + 1)
    if end - start == count:
        return None
    said = syllables(given.text)
    query = given.text[:start] + "".join(said[start:end]) + given.text[end:]
    asked = [*given.text[:start], *said[start:end], *given.text[end:]]

    def fits(name: str) -> bool:
        if given.whole and len(name) != count:
            return False
        return any(
            all(map(_is, asked, name[at : at + count], syllables(name)[at : at + count]))
            for at in range(len(name) - count + 1)
        )

    return query, fits


def _is(asked: str, char: str, said: str) -> bool:
    return asked in (char, said)


def traditional(given: Source, chance: random.Random) -> Damaged | None:
    """In traditional characters."""
    query = str(_converter().convert(given.text))
    if query == given.text or not _han(given):
        return None
    return query, same(given)


def full_width(given: Source, chance: random.Random) -> Damaged | None:
    """Letters, digits and signs as an input method writes them in its full-width mode."""
    if is_han(given.text) or given.text.isascii():
        return None
    query = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in given.text)
    return query, same(given)


def _said(query: str, given: Source, far: int = 0) -> Fits:
    def fits(name: str) -> bool:
        return any(
            distance(query, "".join(run).lower(), True) <= far for run in runs(name, given.whole)
        )

    return fits


def _han(given: Source, least: int = 4) -> bool:
    return is_han(given.text) and len(given.text) >= least


@lru_cache(1)
def _common() -> str:
    """The 3,755 commonest characters: the first level of GB 2312."""
    rows = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", "ignore") for pair in rows)


@lru_cache(1)
def _alike() -> dict[str, str]:
    """Common characters by how they are said."""
    alike: dict[str, str] = {}
    for char in _common():
        alike.setdefault(syllables(char)[0], "")
        alike[syllables(char)[0]] += char
    return alike


@lru_cache(1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2t")
