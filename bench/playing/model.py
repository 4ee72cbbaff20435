"""The model of a day, as its file writes it. Lengths are seconds, shares parts of 1."""

from __future__ import annotations

import math
import random
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

Share = Annotated[float, Meta(ge=0, le=1)]
Length = Annotated[float, Meta(ge=0, le=86_400)]
Hour = Annotated[float, Meta(ge=0, le=30)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the tables."""


class Lasts(Part, frozen=True):
    """A lognormal length."""

    median: Annotated[float, Meta(gt=0)]
    sigma: Annotated[float, Meta(ge=0, le=3)]

    def draw(self, chance: random.Random) -> int:
        """One of them, in ms."""
        return max(1, round(1000 * chance.lognormvariate(math.log(self.median), self.sigma)))

    @property
    def mean(self) -> float:
        """In seconds."""
        return self.median * math.exp(self.sigma**2 / 2)


class Settings(Part, frozen=True):
    """What the shop's own settings say; the rest are the product's defaults."""

    capacity: float = 5
    answer_within: int = 60
    assign: Literal["least_loaded", "longest_idle", "round_robin"] = "least_loaded"
    overflow_after: int = 60


class Customers(Part, frozen=True):
    """Who writes, and how."""

    vip: Share
    english: Share
    more_messages: Share
    message_gap: Length
    think: Lasts
    patience: Lasts
    nudges: int
    returning: Share
    returns_after: Lasts
    other_inbox: Share
    silent: Share
    still: Length


class Agents(Part, frozen=True):
    """Who answers."""

    number: Annotated[int, Meta(ge=1)]
    leads: int
    english: Share
    floating: Share
    outside: Annotated[float, Meta(ge=1)]
    lunch: Length
    breaks: int
    rest: Length
    winding_down: Length


class Shift(Part, frozen=True):
    """Hours of the day; `stays`: until the model's `quiet`, as long as work is left."""

    name: str
    share: Share
    hours: tuple[tuple[Hour, Hour], ...]
    lunch: tuple[Hour, Hour] | None = None
    stays: bool = False


class Group(Part, frozen=True):
    """A team, its share of the agents, and who helps it."""

    share: Share
    overflow: str


class Question(Part, frozen=True):
    """A question type: `name` and `team` are what the rules make of the texts."""

    name: str
    team: str
    share: Share
    difficulty: Literal["common", "ordinary", "complex"]
    turns: Annotated[float, Meta(ge=1)]
    handle: Lasts
    zh: tuple[str, ...]
    en: tuple[str, ...]
    skill: str = ""

    @property
    def work(self) -> float:
        """Mean work of a conversation, in seconds."""
        return self.turns * self.handle.mean


class Model(Part, frozen=True):
    """A day."""

    name: str
    date: str
    zone: str
    conversations: Annotated[int, Meta(ge=1)]
    opens: int
    arrivals: tuple[Annotated[float, Meta(ge=0)], ...]
    quiet: Hour
    shop: Settings
    customers: Customers
    agents: Agents
    shifts: tuple[Shift, ...]
    teams: dict[str, Group]
    types: tuple[Question, ...]

    @property
    def midnight(self) -> int:
        """The day's beginning (ms UTC)."""
        return round(
            1000 * datetime.fromisoformat(self.date).replace(tzinfo=ZoneInfo(self.zone)).timestamp()
        )

    def at(self, hour: float) -> int:
        """A time of the day (ms UTC). The zone's clocks do not change on that day."""
        return self.midnight + round(hour * 3_600_000)

    @property
    def work(self) -> float:
        """Mean work of a conversation, in seconds."""
        return sum(each.share * each.work for each in self.types)


def read(path: Path) -> Model:
    """The model in a file. Raises ValueError if its parts do not fit together."""
    found = msgspec.toml.decode(path.read_bytes(), type=Model)
    for what, shares in (
        ("types", [each.share for each in found.types]),
        ("teams", [each.share for each in found.teams.values()]),
        ("shifts", [each.share for each in found.shifts]),
    ):
        if not math.isclose(sum(shares), 1, abs_tol=0.01):
            raise ValueError(f"{path}: the shares of {what} make {sum(shares):g}, not 1")
    for each in found.types:
        if each.team not in found.teams:
            raise ValueError(f"{path}: no team {each.team}, of type {each.name}")
    return found
