"""What chance decides about a day. Each chat draws by its own number, whatever else happens: under
every policy, and at every load, chat 17 is the same chat."""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from playing.model import Model, Question

GREETINGS = {"zh": "在吗", "en": "hello?"}
FOLLOW = {"zh": "好的，然后呢", "en": "and then?"}
NUDGES = {"zh": "还在吗", "en": "are you there?"}
MOST_TURNS = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """The customer writes `1 + len(gaps)` messages, `think` ms after the last reply, which are
    `work` ms of an agent's time. They write again after `patience` ms without a reply."""

    think: int
    work: int
    gaps: tuple[int, ...]
    patience: int


@dataclass(frozen=True, slots=True)
class Visit:
    """A customer comes at `at` (ms) with a question."""

    number: int
    at: int
    customer: str
    inbox: str
    language: str
    vip: bool
    question: Question
    text: str
    turns: tuple[Turn, ...]
    silent: bool

    @property
    def work(self) -> int:
        """All of it (ms)."""
        return sum(turn.work for turn in self.turns)


def chance(*key: object) -> random.Random:
    """A stream of its own for each key."""
    return random.Random("/".join(map(str, key)))


def visits(model: Model, seed: int, number: int = 0, *, work: float = math.inf) -> list[Visit]:
    """As many visits as `number` says, or as make `work` ms of work; by their times. Who comes
    back counts again."""
    sums = list(accumulate(model.arrivals))
    found: list[Visit] = []
    total, n = 0, 0
    while (len(found) < number) if number else (total < work):
        first = _visit(model, chance(seed, "chat", n), 2 * n, sums)
        again = _again(model, chance(seed, "again", n), first, 2 * n + 1)
        for each in (first, again):
            if each is not None:
                found.append(each)
                total += each.work
        n += 1
    return sorted(found, key=lambda each: (each.at, each.number))


def _visit(model: Model, draw: random.Random, n: int, sums: list[float]) -> Visit:
    where = draw.random() * sums[-1]
    hour = bisect_right(sums, where)
    before = sums[hour - 1] if hour else 0.0
    at = model.at(model.opens + hour + (where - before) / model.arrivals[hour])
    people = model.customers
    vip, english = draw.random() < people.vip, draw.random() < people.english
    inbox = "web" if draw.random() < 0.6 else "app"
    return _asks(model, draw, n, at, f"u{n:06d}", inbox, "en" if english else "zh", vip)


def _again(model: Model, draw: random.Random, first: Visit, number: int) -> Visit | None:
    people = model.customers
    if draw.random() >= people.returning:
        return None
    at = first.at + people.returns_after.draw(draw)
    if at >= model.at(model.opens + len(model.arrivals)):
        return None
    other = "app" if first.inbox == "web" else "web"
    inbox = other if draw.random() < people.other_inbox else first.inbox
    return _asks(model, draw, number, at, first.customer, inbox, first.language, first.vip)


def _asks(
    model: Model,
    draw: random.Random,
    number: int,
    at: int,
    customer: str,
    inbox: str,
    language: str,
    vip: bool,
) -> Visit:
    (question,) = draw.choices(model.types, [each.share for each in model.types])
    text = draw.choice(question.en if language == "en" else question.zh)
    people = model.customers
    turns: list[Turn] = []
    while not turns or (len(turns) < MOST_TURNS and draw.random() > 1 / question.turns):
        gaps: list[int] = []
        while draw.random() < people.more_messages and len(gaps) < 3:
            gaps.append(round(1000 * draw.expovariate(1 / people.message_gap)) + 500)
        turns.append(
            Turn(
                people.think.draw(draw),
                question.handle.draw(draw),
                tuple(gaps),
                people.patience.draw(draw),
            )
        )
    silent = draw.random() < people.silent
    return Visit(number, at, customer, inbox, language, vip, question, text, tuple(turns), silent)
