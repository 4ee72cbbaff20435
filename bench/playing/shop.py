"""The shop of a model: its settings as the product takes them, its rules and its people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from agent_tui.config import load
from agent_tui.domain.calendars import Calendar
from agent_tui.domain.ids import AgentId, InboxId, TeamId
from agent_tui.domain.model import Agent, Channel, Inbox, Team
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.rules import Asked, Rule, Rules
from agent_tui.domain.staffing import Routing, TeamRules, TypeRules
from agent_tui.knowledge import spelling
from playing.draws import GREETINGS
from playing.model import Model
from playing.staff import Person, people

CONFIG = Path(__file__).parents[2] / "config.toml"
INBOXES = {"web": Channel.WEB, "app": Channel.WEB}


@dataclass(frozen=True)
class Shop:
    """What the server's directory holds."""

    model: Model
    people: tuple[Person, ...]
    agents: Mapping[AgentId, Agent]
    teams: Mapping[TeamId, Team]
    inboxes: Mapping[InboxId, Inbox]
    policy: Policy
    routing: Routing
    plan: Plan
    rules: Rules

    @property
    def staffed(self) -> int:
        """For how long agents are there, all together (ms)."""
        return sum(person.staffed for person in self.people)


@cache
def shipped_rules() -> tuple[Rule, ...]:
    """The rules of the project's own config.toml."""
    return load(CONFIG).rules


def shop(model: Model, seed: int, *, assign: str = "", overflow: bool = True) -> Shop:
    """The shop; `assign` instead of the model's own. Raises ValueError if the rules make
    something else of a type's texts."""
    found = tuple(people(model, seed))
    teams = {TeamId(key): Team(TeamId(key), key, key) for key in model.teams}
    default = next(iter(teams))
    inboxes = {
        InboxId(key): Inbox(InboxId(key), channel, default, key, key)
        for key, channel in INBOXES.items()
    }
    routing = _routing(model, assign or model.shop.assign, overflow)
    rules = Rules(routing.rules, spelling.spelling())
    _check_texts(model, rules)
    return Shop(
        model,
        found,
        {person.agent.id: person.agent for person in found},
        teams,
        inboxes,
        Policy(),
        routing,
        Plan(routing),
        rules,
    )


def _routing(model: Model, assign: str, overflow: bool) -> Routing:
    def clock(hour: float) -> str:
        minutes = round(hour * 60) % 1440
        return f"{minutes // 60:02d}:{minutes % 60:02d}" if minutes else "24:00"

    def hours(spans: list[tuple[float, float]]) -> Calendar:
        text = ", ".join(f"{clock(a)}-{clock(b)}" for a, b in spans)
        return Calendar(zone=model.zone, hours={"mon-sun": text})

    calendars = {"service": hours([(model.opens, model.quiet)])}
    for shift in model.shifts:
        spans = list(shift.hours)
        if shift.stays:
            spans[-1] = (spans[-1][0], model.quiet)
        calendars[shift.name] = hours(spans)
    return Routing(
        capacity=model.shop.capacity,
        answer_within=model.shop.answer_within,
        calendars=calendars,
        teams={
            key: TeamRules(
                assign=assign,  # type: ignore[arg-type]
                calendar="service",
                overflow=group.overflow if overflow else "",
                overflow_after=model.shop.overflow_after,
            )
            for key, group in model.teams.items()
        },
        types={
            each.name: TypeRules(difficulty=each.difficulty, skill=each.skill)
            for each in model.types
        },
        rules=shipped_rules(),
    )


def _check_texts(model: Model, rules: Rules) -> None:
    for each in model.types:
        for text in (*each.zh, *each.en):
            got = rules.classify(Asked((text,)))
            if got is None or (got.type, got.team) != (each.name, each.team):
                raise ValueError(f"{text!r} is meant as {each.name} of {each.team}: {got}")
    for text in GREETINGS.values():
        if rules.classify(Asked((text,))) is not None:
            raise ValueError(f"{text!r} says something")
