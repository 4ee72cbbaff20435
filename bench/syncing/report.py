"""Figures of a run: told while they come, and judged at the end."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MISSED = "missed: "  # before a goal, on stderr


def judged(missed: Sequence[str]) -> int:
    """Tell on stderr which goals were missed; the exit code, 1 if there are any."""
    for goal in missed:
        print(f"{MISSED}{goal}", file=sys.stderr, flush=True)
    return 1 if missed else 0


@dataclass
class Report:
    """What was measured, `measure -> name -> value`, and which goals were missed."""

    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)

    def progress(self, text: str) -> None:
        """A line for whoever waits; the figures themselves go to stdout."""
        print(f"  .. {text}", file=sys.stderr, flush=True)

    def note(self, measure: str, name: str, value: Any) -> None:
        """Keep one figure."""
        self.figures.setdefault(measure, {})[name] = value

    def goal(self, measure: str, what: str, reached: bool) -> None:
        """Keep whether a goal was reached."""
        self.note(measure, f"goal {what}", "reached" if reached else "MISSED")
        if not reached:
            self.missed.append(f"{measure}: {what}")

    def show(self) -> None:
        """Everything, on stdout."""
        for measure, figures in self.figures.items():
            print(measure)
            for name, value in figures.items():
                print(f"  {name:44} {_said(value)}")


def _said(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    if isinstance(value, dict):
        return "  ".join(f"{name} {_said(each)}" for name, each in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of `values` do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in ms."""
    return {
        "p50 ms": statistics.median(seconds) * 1000,
        "p99 ms": percentile(seconds, 0.99) * 1000,
    }
