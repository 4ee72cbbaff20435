"""Words for the same thing: what a query also looks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

from agent_tui.knowledge import han

Others = Mapping[str, tuple[str, ...]]

WEIGHT = 0.5  # of another word, beside one that was typed


@cache
def shipped() -> Others:
    """The groups that come with the program, folded. See the file for its form."""
    text = resources.files("agent_tui.knowledge").joinpath("data/synonyms.txt").read_text("utf-8")
    return parse(text.splitlines())


def parse(lines: Iterable[str]) -> Others:
    """Word -> the others of its groups."""
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.startswith("#") or not line.strip():
            continue
        left, arrow, right = line.partition(">")
        given = [han.fold(word) for word in left.split()]
        meant = [han.fold(word) for word in right.split()] if arrow else given
        for word in given:
            found.setdefault(word, {}).update((other, None) for other in meant if other != word)
    return {word: tuple(others) for word, others in found.items()}


@cache
def _pattern() -> re.Pattern[str]:
    """Any word that has others; the longest first. Latin words only whole."""
    words = sorted(shipped(), key=len, reverse=True)
    latin = [re.escape(word) for word in words if word.isascii()]
    other = [re.escape(word) for word in words if not word.isascii()]
    return re.compile(rf"\b(?:{'|'.join(latin)})s?\b|{'|'.join(other)}")


def of(folded: str) -> tuple[str, ...]:
    """What a folded query also looks for, without what it holds itself."""
    known = shipped()
    found: dict[str, None] = {}
    for match in _pattern().finditer(folded):
        word = match.group()
        others = known.get(word) or known.get(word.removesuffix("s"), ())
        found.update((other, None) for other in others if other not in folded)
    return tuple(found)
