"""One seed after the other, with sums that survive an interruption."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.sim.world import STEPS, made


def run_one(seed: int, engine: str = "sqlite") -> dict[str, Any]:
    """One seed: what happened in it, and what was wrong."""
    counts: Counter[str] = Counter(seeds=1, steps=STEPS)
    wrong = ""
    with made(seed, engine=engine) as world:
        try:
            world.run()
        except Exception as error:  # whatever it is, the other seeds go on
            wrong = f"{type(error).__name__}: {error}"
        counts += world.history.counts
        counts["events"] += world.shadow.head
        faults = dict(world.network.faults)
    return {"seed": seed, "counts": dict(counts), "faults": faults, "wrong": wrong}


class Totals:
    """Sums over the seeds so far, kept in the state file."""

    def __init__(self, start: int, state: Path | None) -> None:
        self.next = start
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.violations: dict[str, str] = {}
        self._state = state
        if state is not None and state.exists():
            kept = json.loads(state.read_text("utf-8"))
            self.next = kept["next"]
            self.counts.update(kept["counts"])
            self.faults.update(kept["faults"])
            self.violations.update(kept["violations"])

    def add(self, found: dict[str, Any]) -> None:
        """One more seed, in order."""
        self.next = found["seed"] + 1
        self.counts.update(found["counts"])
        self.faults.update(found["faults"])
        if found["wrong"]:
            self.violations[str(found["seed"])] = found["wrong"]

    def report(self) -> dict[str, Any]:
        """Everything, for people and for the state file."""
        return {
            "next": self.next,
            "counts": dict(sorted(self.counts.items())),
            "faults": dict(sorted(self.faults.items())),
            "violations": self.violations,
        }

    def save(self) -> None:
        """Write the state file, whole or not at all."""
        if self._state is not None:
            draft = self._state.with_suffix(".new")
            draft.write_text(json.dumps(self.report()), "utf-8")
            draft.replace(self._state)
