"""What may be typed for a name: itself, its pinyin, the initials of that."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Spoken(NamedTuple):
    """A name's letters as they are typed, all in lower case. `syllables`: the rest of the letters
    from each syllable or word on, the first of them the whole."""

    syllables: tuple[str, ...]
    initials: str


@lru_cache(maxsize=2_000)
def spoken(name: str) -> Spoken:
    """Pinyin and initials of `name`; Latin words stand as they are."""
    from agent_tui.knowledge.spelled import Spelled

    spelled = Spelled(name)
    letters = bytes(spelled.letters).decode("ascii", "replace")
    initials = "".join(letters[start] for start in spelled.starts)
    return Spoken(tuple(letters[start:] for start in spelled.starts), initials)
