"""What a campaign counts, and the file that lets it go on where it stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec


class Tally(msgspec.Struct):
    """Counts by side and by point; `rounds` are seeds used up; `violations` name seed and error."""

    seed: int = 1
    rounds: dict[str, int] = {}
    kills: dict[str, int] = {}
    points: dict[str, int] = {}
    missed: dict[str, int] = {}
    faults: dict[str, int] = {}
    lines: int = 0
    seconds: float = 0.0
    violations: list[str] = []

    def count(self, side: str, point: str, *, hit: bool = True) -> None:
        """One kill. A point that was not reached before patience ended counts as missed."""
        self.kills[side] = self.kills.get(side, 0) + 1
        where = self.points if hit else self.missed
        where[point] = where.get(point, 0) + 1


def load(path: Path | None, seed: int) -> Tally:
    """The tally of a campaign that was broken off, or a new one."""
    if path is not None and path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Tally)
    return Tally(seed=seed)


def store(tally: Tally, path: Path | None) -> None:
    """Whole or not at all."""
    if path is None:
        return
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(tally)))
    os.replace(fresh, path)


class Progress:
    """A line each few seconds."""

    def __init__(self, say: Callable[[str], None], every: float = 10.0) -> None:
        self._say = say
        self._every = every
        self._next = 0.0
        self._started = time.monotonic()
        self._first: int | None = None

    def tell(self, tally: Tally, *, last: bool = False) -> None:
        """Say how far it is, unless that was said just now."""
        now = time.monotonic()
        done = sum(tally.kills.values())
        if self._first is None:
            self._first = done
        if now < self._next and not last:
            return
        self._next = now + self._every
        minutes = max(now - self._started, 0.1) / 60
        sides = " ".join(f"{side} {count}" for side, count in sorted(tally.kills.items()))
        self._say(
            f"kills: {sides or 0}, {(done - self._first) / minutes:.0f} a minute;"
            f" {tally.lines} lines; faults: {sum(tally.faults.values())};"
            f" violations: {len(tally.violations)}"
        )
