"""Answers to what a customer wrote in several messages: the question counts, not what is said
while they wait."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from agent_tui.knowledge.entry import Hit

LIKELY = 25.0  # points from which a find is worth a look that nobody asked for
BESIDE = 0.1  # of the best one's evidence, for another to stand beside it
ENOUGH = 8.0  # Chinese characters from which a message counts full
WORD = 1.5  # Chinese characters that a word of Latin letters counts as
LATER = 0.95  # of what the message before it counts: people begin with what they want
NUDGE = 0.1  # what one of these counts
# What customers write to be seen, and no search can answer.
NUDGES = frozenset(
    {"", "在吗", "在么", "在不在", "有人吗", "人呢", "还在吗", "喂", "你好", "您好", "亲"}
    | {"hello", "hi", "hey", "anyone", "anyone there", "are you there", "still there"}
)
_MARKS = re.compile(r"[?？!！.。,，~～…]+")
_WORDS = re.compile(r"[a-z0-9'’]+", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")

Search = Callable[[str], Sequence[Hit]]


class Asked(NamedTuple):
    """What a customer wrote, oldest first: `now`, in the stretch since the last reply (the stretch
    before it, once that is answered), and how they `opened` the chat, if that was before."""

    now: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()

    @property
    def most(self) -> str:
        """The message of `now` that says most, the first of such; empty if there is none."""
        return max(self.now, key=told, default="")


def is_nudge(text: str) -> bool:
    """Whether it only asks to be seen."""
    return all(part.strip().lower() in NUDGES for part in _MARKS.split(text))


def told(text: str) -> float:
    """How much a message says, 0 to 1. Of few words, each finds something: 那好吧, "no rush"."""
    if is_nudge(text):
        return NUDGE
    return min(1.0, (len(_HAN.findall(text)) + WORD * len(_WORDS.findall(text))) / ENOUGH)


def answers(search: Search, asked: Asked) -> list[Hit]:
    """What likely answers `asked`, best first; nothing if nothing is close.

    `search` is called once for each message: of `now`, and of `opened` where that says little.
    """
    found = [(text, search(text)) for text in asked.now]
    if asked.opened and not any(
        hit.score * told(text) >= LIKELY for text, hits in found for hit in hits[:1]
    ):
        found = [*((text, search(text)) for text in asked.opened), *found]
    return _weighed(found)


def _weighed(found: Sequence[tuple[str, Sequence[Hit]]]) -> list[Hit]:
    """By evidence: points are squared and summed, so that what one message strongly asks for, and
    others repeat, stands before what many weakly resemble."""
    evidence: dict[tuple[str, str], float] = {}
    best: dict[tuple[str, str], Hit] = {}
    for at, (text, hits) in enumerate(found):
        weight = told(text) * LATER**at
        for hit in hits:
            key = hit.entry.key
            evidence[key] = evidence.get(key, 0.0) + (weight * hit.score) ** 2
            if key not in best or hit.score > best[key].score:
                best[key] = hit
    least = BESIDE * max(evidence.values(), default=0.0)
    ranked = sorted(best, key=lambda key: -evidence[key])
    return [
        best[key] if len(found) == 1 else _scored(best[key], evidence[key])
        for key in ranked
        if best[key].score >= LIKELY and evidence[key] >= least
    ]


def _scored(hit: Hit, evidence: float) -> Hit:
    """With the points that its place comes from: meaning is weighed against them."""
    return replace(hit, score=max(LIKELY, min(100.0, math.sqrt(evidence))))
