"""What a policy made of a day, and the table of several days."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syncing.report import percentile

from playing.customers import Wait
from playing.draws import visits
from playing.model import Model
from playing.play import Day
from playing.policies import POLICIES

SOON_MS = 180_000
# Two-sided 95 % of Student's t, by degrees of freedom.
_T = (math.nan, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14)


@dataclass(frozen=True)
class Figures:
    """One day under one policy. Waits for the first reply in seconds, `later`: p90 of the waits
    for every other reply; shares in per cent."""

    policy: str
    load: float
    seed: int
    chats: int
    mean: float
    p90: float
    soon: float
    later: float
    spread: float
    p99: dict[str, float]


def figures(model: Model, key: str, load: float, seed: int) -> Figures:
    """Play it. Who never got a reply has waited until the end."""
    policy = next(each for each in POLICIES if each.key == key)
    house = policy.make(model, seed)
    chats = visits(model, seed, work=load * house.shop.staffed)
    day = Day(house, chats, policy.order)
    day.play()
    waits = [(_ms(wait, day.until), wait) for wait in _all(day)]
    kinds = {each.name for each in model.types}
    of_kind = {k: [ms for ms, w in waits if w.visit.question.name == k] for k in sorted(kinds)}
    every = [ms for ms, _ in waits]
    staffed = {person.agent.id: person.staffed for person in house.shop.people}
    busy = [desk.busy_ms / staffed[key] for key, desk in day.desks.of.items()]
    return Figures(
        key,
        load,
        seed,
        len(chats),
        statistics.fmean(every) / 1000,
        percentile(every, 0.9) / 1000,
        100 * sum(ms <= SOON_MS for ms in every) / len(every),
        percentile(day.customers.later, 0.9) / 1000,
        100 * statistics.pstdev(busy),
        {kind: percentile(found, 0.99) / 1000 for kind, found in of_kind.items()},
    )


def _all(day: Day) -> list[Wait]:
    return day.customers.waits + day.customers.unanswered()


def _ms(wait: Wait, until: int) -> int:
    return until - wait.visit.at if wait.ms is None else wait.ms


def with_interval(values: Sequence[float], unit: str = "") -> str:
    """Mean and half of its 95 % interval."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return f"{mean:.0f}{unit}"
    t = _T[len(values) - 1] if len(values) <= len(_T) else 1.96
    half = t * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:.0f} ± {half:.0f}{unit}"


def table(found: Sequence[Figures]) -> str:
    """Markdown: policies by loads, then the question types' p99."""
    seeds = {
        load: len({x.seed for x in found if x.load == load}) for load in {x.load for x in found}
    }
    days = ", ".join(f"{count} at load {load:g}" for load, count in sorted(seeds.items()))
    lines = [
        f"Mean over days ({days}) with its 95 % interval. Waits are seconds to the first reply, "
        "`later` to every other one; the spread is the standard deviation of the agents' busy "
        "shares, in percentage points.",
        "",
        "| load | policy | mean | p90 | within 3 min | later p90 | spread |",
        "|---|---|---|---|---|---|---|",
    ]
    columns: tuple[tuple[Callable[[Figures], float], str], ...] = (
        (lambda each: each.mean, " s"),
        (lambda each: each.p90, " s"),
        (lambda each: each.soon, " %"),
        (lambda each: each.later, " s"),
        (lambda each: each.spread, ""),
    )
    loads = sorted({each.load for each in found})
    for load in loads:
        for policy in POLICIES:
            of = [each for each in found if (each.load, each.policy) == (load, policy.key)]
            if of:
                cells = " | ".join(with_interval([get(x) for x in of], u) for get, u in columns)
                lines.append(f"| {load:g} | {policy.key}: {policy.title} | {cells} |")
    kinds = sorted(found[0].p99)
    for load in loads:
        lines += ["", f"p99 by question type at load {load:g}, seconds:", ""]
        lines += ["| type | " + " | ".join(p.key for p in POLICIES) + " |", "|---|" + "---|" * 4]
        for kind in kinds:
            p99 = [
                with_interval([x.p99[kind] for x in found if (x.load, x.policy) == (load, p.key)])
                for p in POLICIES
            ]
            lines.append(f"| {kind} | " + " | ".join(p99) + " |")
    return "\n".join(lines) + "\n"


def missed(found: Sequence[Figures], load: float = 0.9) -> list[str]:
    """The goals that were not reached at `load`."""
    by = {
        key: [each for each in found if (each.policy, each.load) == (key, load)]
        for key in ("a", "d")
    }
    if not by["a"] or not by["d"]:
        return []
    p90 = {key: statistics.fmean(each.p90 for each in of) for key, of in by.items()}
    goals = []
    if p90["d"] > p90["a"] / 2:
        goals.append(f"p90 at load {load:g} <= half of a's ({p90['d']:.0f} of {p90['a']:.0f} s)")
    for kind in sorted(by["a"][0].p99):
        p99 = {key: statistics.fmean(each.p99[kind] for each in of) for key, of in by.items()}
        if p99["d"] > p99["a"]:
            goals.append(f"p99 of {kind} no worse than a's ({p99['d']:.0f}, {p99['a']:.0f} s)")
    return goals
