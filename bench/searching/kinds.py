"""Every kind of damage, by language and name, and queries that were made so."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from searching.damage import (
    LEAST,
    Damaged,
    Query,
    Source,
    doubled,
    exact,
    omission,
    order,
    part_of,
    source,
    swap,
)
from searching.damage_en import abbreviation, typo
from searching.damage_zh import (
    full_pinyin,
    full_width,
    homophone,
    initials,
    mixed,
    pinyin_typo,
    traditional,
    wrong,
)
from searching.texts import Title

Maker = Callable[[Title, random.Random], Damaged | None]


def _typed(damage: Callable[[Source, random.Random], Damaged | None]) -> Maker:
    return lambda title, chance: damage(source(title, chance), chance)


KINDS: dict[str, dict[str, Maker]] = {
    "zh": {
        "wrong character": _typed(wrong),
        "homophone": _typed(homophone),
        "neighbours swapped": _typed(swap),
        "character left out": _typed(omission),
        "character doubled": _typed(doubled),
        "pinyin": _typed(full_pinyin),
        "pinyin, one typo": _typed(pinyin_typo),
        "initials": _typed(initials),
        "mixed": _typed(mixed),
        "traditional": _typed(traditional),
        "full-width": _typed(full_width),
        "part": part_of,
        "other order": order,
        "code or number": exact,
    },
    "en": {
        "wrong key": _typed(typo),
        "letters swapped": _typed(swap),
        "letter left out": _typed(omission),
        "letter doubled": _typed(doubled),
        "abbreviation": _typed(abbreviation),
        "part": part_of,
        "other order": order,
        "code or number": exact,
    },
}


def queries(
    given: Sequence[Title],
    generated: Sequence[Title],
    count: int,
    seed: int,
    kinds: Sequence[str] = ("",),
    *,
    whole: bool = False,
) -> list[Query]:
    """`count` queries, each kind in turn, half of them from `given` where that can give any.

    Only kinds whose name contains one of `kinds`. With `whole` only queries that take all of a
    title, and so only titles short enough for that.
    """
    chance = random.Random(seed)
    makers = [
        (language, kind)
        for language, made in KINDS.items()
        for kind, maker in made.items()
        if any(part in f"{language} {kind}" for part in kinds)
        and not (whole and maker in (part_of, order, exact))
    ]
    if whole:
        given = [title for title in given if source(title, chance).whole]
        generated = [title for title in generated if source(title, chance).whole]
    pools = {
        language: [[t for t in pool if t.language == language] for pool in (given, generated)]
        for language in KINDS
    }
    asked: list[Query] = []
    while len(asked) < count:
        language, kind = makers[len(asked) % len(makers)]
        first, second = chance.sample(pools[language], 2)
        # What one pool cannot give (a code, say) is taken from the other.
        query = _draw(language, kind, first, chance) or _draw(language, kind, second, chance)
        if query is None:
            raise SystemExit(f"no title can be damaged so: {kind}")
        asked.append(query)
    return asked


def _draw(language: str, kind: str, pool: list[Title], chance: random.Random) -> Query | None:
    for title in chance.choices(pool, k=500) if pool else ():
        damaged = KINDS[language][kind](title, chance)
        if damaged is None:
            continue
        text, fits = damaged
        if len(text) >= LEAST[language] and text != title.text and fits(title.text):
            return Query(f"{language} {kind}", text, title.text, fits)
    return None
