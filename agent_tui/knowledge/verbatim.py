"""Whether a name holds what was typed in letters, or only something near it.

An edit distance finds a name for nearly everything: `fanxian` is one slip away from 发现. An agent
wants to know which of the two a list of finds is.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from agent_tui.knowledge.spelled import Spelled

MOST = 0.5  # of the letters typed; a long question is never held whole
_EXACT = frozenset({"text", "meaning"})  # parts of a score that no misspelling gives


def verbatim(query: str, name: str, parts: Iterable[str] = ()) -> bool:
    """Whether a folded `query` found `name` by what was typed, not only by what resembles it.

    `parts` are those of the score. Only letters can tell: characters are chosen, not spelled, so a
    query that holds any is verbatim.
    """
    if not query.isascii() or _EXACT.intersection(parts):
        return True
    words = query.split(" ")
    units = _units(name)
    held = sum(len(word) for word in words if _held(word.encode(), units))
    return held >= MOST * sum(map(len, words))


def _held(word: bytes, units: tuple[bytes, ...]) -> bool:
    """Whether `word` is made of beginnings of units that follow each other."""
    reached: set[int] = set()  # letters of the word that units up to here account for
    for unit in units:
        ends: set[int] = set()
        for begin in reached | {0}:
            for count in range(1, len(unit) + 1):
                if word[begin : begin + count] != unit[:count]:
                    break
                ends.add(begin + count)
        if len(word) in ends:
            return True
        reached = ends
    return False


@lru_cache(maxsize=1024)
def _units(name: str) -> tuple[bytes, ...]:
    """The letters of each syllable or Latin word."""
    found = Spelled(name)
    letters, starts = bytes(found.letters), found.starts
    return tuple(letters[a:b] for a, b in zip(starts, [*starts[1:], len(letters)], strict=True))
