"""A scenario and who plays it this time: its lines with their facts, and how long each takes.

Chance comes from the part's seed: the same part types and hesitates the same way every time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from agent_tui.practice.scenario import OPEN, Line, Scenario, Silence, Step, fill, line_of

OTHERWISE, SILENCE = "otherwise", "silence"  # beats without a step: `otherwise-0`, `silence-1`
READ_MS = 1_000
READ_MOST_MS = 5_000
TYPE_LEAST_MS = 700
TYPE_MOST_MS = 9_000
READS_PER_SECOND = {"zh": 25.0, "en": 60.0}
TYPES_PER_SECOND = {"zh": 6.0, "en": 11.0}
HURRY = {
    "calm": 1.0,
    "cheerful": 0.9,
    "worried": 0.9,
    "hurried": 0.7,
    "confused": 1.3,
    "angry": 0.7,
}


class Part(msgspec.Struct, frozen=True):
    """Who plays a scenario this time: name, facts and luck."""

    scenario: str
    name: str
    facts: dict[str, str]
    seed: str
    tier: str = ""
    tags: tuple[str, ...] = ()


class Script(msgspec.Struct, frozen=True):
    """A scenario with its player. `pace` stretches every time; below 1 is faster."""

    scenario: Scenario
    part: Part
    pace: float = 1.0

    def ms(self, seconds: float) -> int:
        """Seconds of the file as milliseconds of this performance."""
        return round(seconds * 1000 * self.pace)

    def lines(self, beat: str) -> tuple[Line, ...]:
        """What is said in a beat, with its places filled; nothing for an unknown one."""
        found: tuple[str | Line, ...] = ()
        kind, _, number = beat.partition("-")
        if beat == OPEN:
            found = self.scenario.opening
        elif kind == OTHERWISE:
            found = self.scenario.otherwise[int(number) : int(number) + 1]
        elif kind == SILENCE:
            found = self.scenario.silence[int(number)].say
        else:
            found = next((step.say for step in self.scenario.steps if step.id == beat), ())
        facts = self.part.facts | {"name": self.part.name}
        return tuple(replace(line_of(line), text=fill(line_of(line).text, facts)) for line in found)

    def ends(self, beat: str) -> bool:
        """Whether the customer leaves after a beat."""
        parts: Iterable[tuple[str, Step | Silence]] = (
            *((step.id, step) for step in self.scenario.steps),
            *((f"{SILENCE}-{i}", each) for i, each in enumerate(self.scenario.silence)),
        )
        return any(part.ends for key, part in parts if key == beat)

    def patience(self, beat: str) -> int:
        """How long (ms) a beat's answer is awaited before the impatience even begins."""
        steps = self.scenario.steps
        return self.ms(next((each.patience for each in steps if each.id == beat), 0.0))

    def typing(self, beat: str, index: int, line: Line) -> tuple[int, int]:
        """How long line `index` of a beat takes to type, and the thinking before it, in ms."""
        chance = random.Random(f"{self.part.seed}/{beat}/{index}")
        scenario = self.scenario
        needed = len(line.text) / TYPES_PER_SECOND[scenario.language] * 1000 * HURRY[scenario.mood]
        typing = min(max(needed * chance.uniform(0.8, 1.25), TYPE_LEAST_MS), TYPE_MOST_MS)
        thinking = chance.uniform(100, 600)
        if line.pause is not None:
            total = line.pause * 1000
            typing, thinking = min(typing, total), max(0.0, total - typing)
        return self.ms(typing / 1000), self.ms(thinking / 1000)

    def reading(self, text: str) -> int:
        """How long it takes to read `text` before answering, in ms."""
        needed = READ_MS + len(text) / READS_PER_SECOND[self.scenario.language] * 1000
        return self.ms(min(needed, READ_MOST_MS) / 1000)
