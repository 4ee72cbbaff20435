"""Queries as they are typed: what stands in the search box after each key."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from searching.damage import Source, doubled, exact, omission, source, swap
from searching.damage_en import abbreviation, typo
from searching.damage_zh import full_pinyin, homophone, initials, mixed, pinyin_typo, wrong
from searching.texts import Title

# Which queries are typed, per language, with their shares; a name stands for what is done to a
# piece of a title (None: it is typed as it is).
_MIX: dict[str, tuple[tuple[int, Callable[[Source, random.Random], object] | None], ...]] = {
    "zh": (
        (6, None),
        (1, wrong),
        (1, homophone),
        (1, omission),
        (4, full_pinyin),
        (2, pinyin_typo),
        (3, initials),
        (2, mixed),
    ),
    "en": ((6, None), (2, typo), (1, swap), (1, omission), (1, doubled), (1, abbreviation)),
}


def typed_out(titles: Sequence[Title], count: int, keys: int, seed: int) -> list[list[str]]:
    """At least `count` queries of at least `keys` keys in all: for each the texts key by key.

    An input method commits one or two Chinese characters a key; everything else comes by letters.
    """
    chance = random.Random(seed)
    made: list[list[str]] = []
    while len(made) < count or sum(map(len, made)) < keys:
        title = chance.choice(titles)
        if text := _query(title, chance):
            made.append(_steps(text, chance))
    return made


def _query(title: Title, chance: random.Random) -> str | None:
    if chance.random() < 0.3 and (found := exact(title, chance)):
        return found[0]
    given = source(title, chance)
    shares = _MIX[title.language]
    damage = chance.choices([each for _, each in shares], [share for share, _ in shares])[0]
    if damage is None:
        return given.text
    damaged = damage(given, chance)
    return str(damaged[0]) if isinstance(damaged, tuple) else None


def _steps(text: str, chance: random.Random) -> list[str]:
    steps, at = [], 0
    while at < len(text):
        both = not text[at : at + 2].isascii() and not text[at + 1 : at + 2].isascii()
        at += chance.choice((1, 2)) if both else 1
        steps.append(text[:at])
    return steps
