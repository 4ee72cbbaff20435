"""Who comes when: each scenario once as written, then an endless trickle of look-alikes."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence

from agent_tui.practice.scenario import Scenario
from agent_tui.practice.script import Part

GAP_SECONDS = (35.0, 80.0)
NAMES_APART = 48


def as_written(scenario: Scenario, seed: int) -> Part:
    """The customer of the file itself."""
    return Part(
        scenario=scenario.id,
        name=scenario.name,
        facts=scenario.facts,
        seed=f"{seed}/{scenario.id}",
        tier=scenario.tier,
        tags=scenario.tags,
    )


def look_alike(
    scenario: Scenario, chance: random.Random, seed: str, taken: Collection[str] = ()
) -> Part:
    """Another customer with the same trouble; not one of the names in `taken`, if possible."""
    picked = {key: _digits(chance.choice(values), chance) for key, values in scenario.vary.items()}
    tier = picked.pop("tier", "")
    picked.pop("name", None)
    names = scenario.vary.get("name", (scenario.name,))
    name = chance.choice([each for each in names if each not in taken] or names)
    return Part(
        scenario=scenario.id,
        name=name,
        facts=scenario.facts | picked,
        seed=seed,
        tier=tier,
        tags=scenario.tags if tier == scenario.tier else (),
    )


def trickle(scenarios: Sequence[Scenario], seed: int) -> Iterator[tuple[float, Part]]:
    """Look-alikes without end, as (seconds after the one before, part). Every scenario has its turn
    before one comes again."""
    chance = random.Random(f"{seed}/trickle")
    number = 0
    taken: deque[str] = deque(maxlen=NAMES_APART)
    while True:
        for scenario in chance.sample(scenarios, len(scenarios)):
            number += 1
            part = look_alike(scenario, chance, f"{seed}/{scenario.id}/{number}", taken)
            taken.append(part.name)
            yield chance.uniform(*GAP_SECONDS), part


def _digits(value: str, chance: random.Random) -> str:
    return re.sub("#", lambda _: str(chance.randrange(10)), value)
