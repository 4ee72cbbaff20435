"""Which characters of a name a query matched, for highlighting."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from agent_tui.knowledge import han
from agent_tui.knowledge.spelled import character

Spans = tuple[tuple[int, int], ...]


class _Spelled(NamedTuple):
    """A name's letters, and the place in the name that each belongs to; the same for folded
    characters."""

    letters: str
    letter_places: tuple[int, ...]
    chars: str
    char_places: tuple[int, ...]


def spans(query: str, name: str) -> Spans:
    """Half-open ranges of `name` that a folded `query` matched, in order."""
    known = _spell(name)
    found: set[int] = set()
    for word in query.split(" "):
        asked = _spell(word)
        found |= _matched(asked.chars, known.chars, known.char_places)
        if not found or len(asked.letters) == len(asked.chars):
            found |= _matched(asked.letters, known.letters, known.letter_places)
    return _ranges(sorted(found))


def _matched(word: str, name: str, places: tuple[int, ...]) -> set[int]:
    if not word or not name:
        return set()
    whole = name.find(word)
    if whole >= 0:
        return set(places[whole : whole + len(word)])
    window = fuzz.partial_ratio_alignment(word, name)
    begin, part = 0, name
    if window is not None and window.score > 70 and len(word) <= len(name):
        begin, part = window.dest_start, name[window.dest_start : window.dest_end]
    blocks = Levenshtein.editops(word, part).as_matching_blocks()
    return {
        places[begin + block.b + step]
        for block in blocks
        for step in range(block.size)
        if name[begin + block.b + step] != " "
    }


def _ranges(places: list[int]) -> Spans:
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return tuple(found)


@lru_cache(maxsize=8192)
def _spell(name: str) -> _Spelled:
    letters: list[str] = []
    letter_places: list[int] = []
    chars: list[str] = []
    char_places: list[int] = []
    for place, one in enumerate(name):
        for part in han.spelled(one):
            found = character(part)
            chars.append(found.folded)
            char_places.append(place)
            letters.extend(found.letters.decode("latin-1"))
            letter_places.extend([place] * len(found.letters))
    return _Spelled("".join(letters), tuple(letter_places), "".join(chars), tuple(char_places))
