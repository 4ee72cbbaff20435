"""The people of a day: teams, skills, languages, shifts, and when each is away."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.staffing import Availability
from playing.draws import chance
from playing.model import Model, Shift

ONLINE, BUSY, AWAY, OFFLINE = (
    Availability.ONLINE,
    Availability.BUSY,
    Availability.AWAY,
    Availability.OFFLINE,
)


@dataclass(frozen=True, slots=True)
class Move:
    """An agent's availability changes at `at` (ms)."""

    at: int
    availability: Availability
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """An agent, their day, and for how long they are rostered without being away (ms)."""

    agent: Agent
    moves: tuple[Move, ...]
    staffed: int


def people(model: Model, seed: int) -> list[Person]:
    """Everybody. Each team has its share of every shift, and of those who speak English."""
    wanted = {key: group.share * model.agents.number for key, group in model.teams.items()}
    teams = _allotted(wanted, model.agents.number)
    shifts: Counter[str] = Counter()
    cells: Counter[tuple[str, str]] = Counter()
    found: list[Person] = []
    for n, team in enumerate(teams):
        shift = max(model.shifts, key=lambda each: each.share * (n + 1) - shifts[each.name])
        shifts[shift.name] += 1
        place = cells[team, shift.name]
        cells[team, shift.name] += 1
        speaks = math.floor((place + 1) * model.agents.english + 0.999) > math.floor(
            place * model.agents.english + 0.999
        )
        found.append(_person(model, seed, n, team, shift, english=speaks))
    leads = [n for n, team in enumerate(teams) if team == "complaints"][: model.agents.leads]
    return [_lead(each) if n in leads else each for n, each in enumerate(found)]


def _allotted(wanted: Mapping[str, float], number: int) -> list[str]:
    """Each key as often as it is wanted, `number` in all; the largest remainders round up."""
    counts = {key: int(value) for key, value in wanted.items()}
    for key in sorted(wanted, key=lambda each: counts[each] - wanted[each]):
        if sum(counts.values()) < number:
            counts[key] += 1
    return [key for key, count in counts.items() for _ in range(count)]


def _person(model: Model, seed: int, n: int, team: str, shift: Shift, *, english: bool) -> Person:
    draw = chance(seed, "agent", n)
    teams = [team]
    if draw.random() < model.agents.floating:
        teams.append(draw.choice([key for key in model.teams if key != team]))
    skills = {each.skill for each in model.types if each.skill and each.team in teams}
    agent = Agent(
        id=AgentId(f"a{n:02d}"),
        name=f"a{n:02d}",
        role=Role.AGENT,
        teams=tuple(TeamId(key) for key in teams),
        skills=tuple(sorted(skills)),
        languages=("zh", "en") if english else ("zh",),
        shift=shift.name,
    )
    moves: list[Move] = []
    away = 0
    rules = model.agents
    for start, end in shift.hours:
        stays = shift.stays and end == shift.hours[-1][1]
        begin, over = model.at(start), model.at(model.quiet if stays else end)
        pauses: list[tuple[int, int, str]] = []
        if shift.lunch is not None:
            at = model.at(draw.uniform(*shift.lunch))
            pauses.append((at, at + round(rules.lunch * 1000), "lunch"))
        for m in range(max(1, rules.breaks // len(shift.hours)) if rules.breaks else 0):
            part = (end - start) / max(1, rules.breaks // len(shift.hours))
            at = model.at(start + part * (m + draw.uniform(0.2, 0.8)))
            pauses.append((at, at + round(rules.rest * 1000), "break"))
        moves.append(Move(begin, ONLINE))
        until = begin
        wind = round(rules.winding_down * 1000)
        for at, back, why in sorted(pauses):
            if at - wind <= until or back >= over - wind:
                continue
            moves += [Move(at - wind, BUSY), Move(at, AWAY, why), Move(back, ONLINE)]
            away += back - at
            until = back
        moves += [Move(over - wind, BUSY), Move(over, OFFLINE)]
    rostered = sum(model.at(end) - model.at(start) for start, end in shift.hours)
    return Person(agent, tuple(moves), rostered - away)


def _lead(person: Person) -> Person:
    agent = person.agent
    return Person(
        Agent(
            id=agent.id,
            name=agent.name,
            role=Role.LEAD,
            teams=agent.teams,
            skills=agent.skills,
            languages=agent.languages,
            shift=agent.shift,
        ),
        person.moves,
        person.staffed,
    )
