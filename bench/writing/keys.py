"""Keys that a text takes by hand.

Chinese is written with a pinyin input method that takes whole clauses: the letters of all syllables
and one key that commits them, every choice being right at once. That is the best that such a method
can do; what is committed in pieces, to look at an offer between them, costs one key a piece. Every
other character is one key: a letter (capitals, too), a digit, a punctuation mark, a new line, and,
in favour of writing by hand, an emoji.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from agent_tui.text import clusters

_HAN = re.compile(r"[\u3400-\u9fff]+")


@lru_cache(maxsize=50_000)
def _letters(char: str) -> int:
    return len(lazy_pinyin(char, style=Style.NORMAL)[0])


def units(text: str) -> list[str]:
    """`text` as it is written: runs of Chinese, other clusters one by one."""
    found: list[str] = []
    at = 0
    for run in _HAN.finditer(text):
        found += [*clusters(text[at : run.start()]), run.group()]
        at = run.end()
    return found + list(clusters(text[at:]))


def keys(unit: str) -> int:
    """Keys for one of `units`, or for a part of one."""
    return sum(map(_letters, unit)) + 1 if _HAN.match(unit) else 1


def by_hand(text: str) -> int:
    """Keys for all of `text`."""
    return sum(map(keys, units(text)))
