"""The folding and the pinyin of `domain.lexicon`, from the shipped table and without numpy.

The search reads the same table into arrays. What sorts conversations needs a few hundred words of
it, and no server should load more for that.
"""

from __future__ import annotations

from functools import cache, cached_property
from importlib import resources
from typing import NamedTuple

from agent_tui.knowledge.simplified import folding

_VOWELS = frozenset("aeiouv")


class Table(NamedTuple):
    """How characters are read, and phrases (word, place in it, syllable) where one is not so."""

    reading: dict[str, str]
    phrases: tuple[tuple[str, int, str], ...]


class Spelling:
    """See `domain.lexicon.Spell`. The table is read when it is first needed; takes some ms."""

    @cached_property
    def _table(self) -> Table:
        text = resources.files("agent_tui.knowledge").joinpath("data/han.txt").read_text("utf-8")
        reading: dict[str, str] = {}
        phrases: list[tuple[str, int, str]] = []
        for line in text.splitlines():
            first, _, rest = line.partition(" ")
            if first == "+":
                word, place, syllable = rest.split(" ")
                phrases.append((word, int(place), syllable))
            elif first not in "#=":
                reading.update(dict.fromkeys(rest, first))
        return Table(reading, tuple(phrases))

    @cached_property
    def syllables(self) -> frozenset[str]:
        """Every syllable; not m, n and hm, sounds that nobody writes inside a sentence."""
        return frozenset(
            each for each in self._table.reading.values() if not _VOWELS.isdisjoint(each)
        )

    def fold(self, text: str) -> str:
        """NFKC, case, traditional to simplified."""
        return folding().fold(text)

    def pinyin(self, word: str) -> tuple[str, ...]:
        """How a folded word is read; empty if a character of it has no reading."""
        found = [self._table.reading.get(each, "") for each in word]
        for phrase, place, syllable in self._table.phrases:
            at = word.find(phrase)
            while at >= 0:
                found[at + place] = syllable
                at = word.find(phrase, at + 1)
        return tuple(found) if all(found) else ()


@cache
def spelling() -> Spelling:
    """The one of this process."""
    return Spelling()
