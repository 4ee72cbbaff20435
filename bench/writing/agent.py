"""An agent that writes a given reply with as few keys as the workstation's real offers allow.

At every place that can be reached the engine is asked as the product asks it, with what stands
before the cursor, and the ways on are: type on, take all of the grey text, take its first word or
clause, take it and erase its end, or go to one of the other texts on offer first. The shortest way
through all of that is what the reply costs. The agent sees only what is offered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from agent_tui.knowledge.pieces import clause, word
from agent_tui.text import clusters
from agent_tui.tui.widgets.composer import SENTENCE_ENDS
from writing.keys import by_hand, keys, units

Offers = Callable[[str], Sequence[str]]
Jumps = Callable[[str, str], Sequence[tuple[str, int, str]]]


class Step(NamedTuple):
    """From where, for how many keys, and how."""

    start: int
    keys: int
    how: str


@dataclass
class Written:
    """What a reply cost. `ways`: keys by how they were spent; `saved`: characters that came so."""

    by_hand: int
    keys: int
    ways: Counter[str] = field(default_factory=Counter)
    came: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    shown: int = 0
    right: int = 0  # offers whose first word was what came


def write(text: str, offers: Offers, jumps: Jumps = lambda before, after: ()) -> Written:
    """The cheapest way to `text`. `jumps(before, after)`: texts that a search puts at the cursor,
    as (text, keys, how); what of one does not fit is erased from its end."""
    best: list[Step | None] = [None] * (len(text) + 1)
    cost = [10**9] * (len(text) + 1)
    cost[0] = 0
    typed = _typed(text)
    found = Written(by_hand(text), 0)

    def reach(start: int, end: int, spent: int, how: str) -> None:
        if cost[start] + spent < cost[end]:
            cost[end], best[end] = cost[start] + spent, Step(start, spent, how)

    for at in range(len(text)):
        if cost[at] >= 10**9:
            continue
        for end, spent in typed.get(at, ()):
            reach(at, end, spent, "typed")
        rest = text[at:]
        shown = () if _is_complete(text[:at], best[at]) else offers(text[:at])
        found.asked += 1
        found.shown += bool(shown)
        found.right += bool(shown) and rest.startswith(word(shown[0]))
        for number, ghost in enumerate(shown):
            same = _same(ghost, rest)
            if not same:
                continue
            how = "other" if number else "all"
            reach(at, at + same, number + 1 + _erase(ghost[same:]), how)
            for part, name in ((word(ghost), "word"), (clause(ghost), "clause")):
                if rest.startswith(part):
                    reach(at, at + len(part), number + 1, "other" if number else name)
        for whole, spent, how in jumps(text[:at], rest):
            same = _same(whole, rest)
            if same:
                reach(at, at + same, spent + _erase(whole[same:]), how)
    found.keys = cost[-1]
    at = len(text)
    while at:
        step = best[at]
        assert step is not None
        found.ways[step.how] += step.keys
        found.came[step.how] += at - step.start
        at = step.start
    return found


def _is_complete(before: str, came: Step | None) -> bool:
    """Whether a sentence ends here that did not come as grey text: nothing is offered then."""
    ended = before.rstrip().endswith(SENTENCE_ENDS)
    return ended and (came is None or came.how in ("typed", "search"))


def _same(one: str, other: str) -> int:
    """Characters that both begin with; no cluster is cut."""
    length = 0
    for left, right in zip(clusters(one), clusters(other), strict=False):
        if left != right:
            break
        length += len(left)
    return length


def _erase(text: str) -> int:
    return sum(1 for _ in clusters(text))


def _typed(text: str) -> dict[int, list[tuple[int, int]]]:
    """Where typing leads: to the end of a run of Chinese, or of a part of it that is committed by
    itself; one character on where it is not Chinese."""
    found: dict[int, list[tuple[int, int]]] = {}
    start = 0
    for each in units(text):
        end = start + len(each)
        if keys(each) == 1:
            found[start] = [(end, keys(each))]
        else:
            for one in range(start, end):
                found[one] = [(two, keys(text[one:two])) for two in range(one + 1, end + 1)]
        start = end
    return found
