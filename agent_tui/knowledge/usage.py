"""How much an entry is used: one weight, 0 to 1, for ranking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Protocol

from agent_tui.knowledge.entry import KINDS, Kind

DAY_MS = 86_400_000
HALF_LIFE_DAYS = 14.0  # after which a use counts half
OWN = 3.0  # one's own use counts as so many of colleagues'
ENOUGH = 10.0  # uses of colleagues that make half of the most there can be


class Use(Protocol):
    """How often one author used one source, and when last (ms, UTC)."""

    @property
    def source(self) -> str:
        """As replies carry it: kind:id."""

    @property
    def author(self) -> str:
        """The agent's id."""

    @property
    def count(self) -> int:
        """Replies."""

    @property
    def last_at(self) -> int:
        """Milliseconds since the epoch."""


def source(kind: Kind, key: str) -> str:
    """How a reply names the entry that its text came from."""
    return f"{kind}:{key}"


def key_of(name: str) -> tuple[Kind, str] | None:
    """The entry that a reply names; None if it is of no kind known here."""
    kind, colon, key = name.partition(":")
    for known in KINDS:
        if colon and kind == known:
            return known, key
    return None


def weights(uses: Iterable[Use], me: str, now: int) -> Mapping[tuple[Kind, str], float]:
    """The weight of every entry that was used, as of `now` (ms): all of an author's uses count as
    lately as the last one did."""
    summed: dict[tuple[Kind, str], float] = {}
    for use in uses:
        key = key_of(use.source)
        if key is None:
            continue
        days = max(0, now - use.last_at) / DAY_MS
        worth = use.count * (OWN if use.author == me else 1.0)
        summed[key] = summed.get(key, 0.0) + worth * math.pow(0.5, days / HALF_LIFE_DAYS)
    return {key: worth / (worth + ENOUGH) for key, worth in summed.items()}
