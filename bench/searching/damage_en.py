"""Damages of English queries; see `searching.damage`."""

from __future__ import annotations

import random

from searching.damage import LEAST, Damaged, Source, letters, near, neighbour
from searching.reading import abbreviates, is_han, plain, without_vowels


def typo(given: Source, chance: random.Random) -> Damaged | None:
    """A neighbouring key."""
    if is_han(given.text) or not (places := letters(given)):
        return None
    at = chance.choice(places)
    query = given.text[:at] + neighbour(given.text[at], chance) + given.text[at + 1 :]
    return query, near(query, given)


def abbreviation(given: Source, chance: random.Random) -> Damaged | None:
    """One word without its vowels, or long words cut short."""
    words = given.text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if len(given.text) < LEAST["en"] or not long or not given.text.isascii():
        return None
    if chance.random() < 0.5:
        at = chance.choice(long)
        words[at] = without_vowels(words[at])
    else:
        for at in long[:2]:
            words[at] = words[at][: chance.choice((4, 5))]
    asked = [word.lower() for word in words]

    def fits(name: str) -> bool:
        named = plain(name).split()
        if given.whole and len(named) != len(asked):
            return False
        return any(
            all(map(abbreviates, asked, named[at : at + len(asked)]))
            for at in range(len(named) - len(asked) + 1)
        )

    return " ".join(words), fits
