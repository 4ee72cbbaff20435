"""How long to wait before the server is tried again."""

from __future__ import annotations

import random

FIRST = 0.5
# A server that goes drops everybody in one moment: they return over this many seconds at least.
RECONNECT = 2.0
# Whoever was away for long is still back within 5 s of the line's healing.
LONGEST = 3.0


class Backoff:
    """Full jitter: a random wait below a bound that doubles, so that no crowd returns at once."""

    def __init__(self, rng: random.Random, first: float = FIRST) -> None:
        self._rng = rng
        self._first = self._bound = first

    def reset(self) -> None:
        """It worked: start small again."""
        self._bound = self._first

    def next(self, at_least: float | None = None) -> float:
        """Seconds to wait now. What the server asked for comes on top: it asked everybody."""
        wait = self._rng.uniform(0.05, self._bound)
        self._bound = min(self._bound * 2, LONGEST)
        return wait + (at_least or 0.0)
