"""How long a waiting customer will wait: a range, p50 to p90, that corrects itself.

A place in the queue takes `unit / room`: how long a chat keeps one place of an agent's busy, over
the places of all agents who might take it. The sum over the places ahead is a gamma variable. What
is then told is compared with what came: two factors follow the median and the 90th percentile of
reality, each step moving them by as much as their share of misses is off (adaptive quantiles).
"""

from __future__ import annotations

import math

import msgspec

from agent_tui.domain.events import WaitTold
from agent_tui.domain.model import Wait

FIRST_UNIT_MS = 300_000.0
LEARN = 0.05  # of the unit: some twenty chats back count
STEP = 0.06  # of the factors, in logarithms
# What was told is judged when its chat is served: in a queue that grows the high end lags, so it
# aims a little beyond nine in ten.
MISSES = 0.07
Z90 = 1.2815515655446004
LONGEST_MS = 24 * 3600 * 1000


class Pace(msgspec.Struct, frozen=True):
    """What a team's queue taught: `unit` ms of one place, and the factors of the two ends."""

    unit: float = FIRST_UNIT_MS
    low: float = 1.0
    high: float = 1.0
    seen: int = 0


def tell(ahead: int, room: float, pace: Pace) -> WaitTold | None:
    """What a customer with `ahead` chats before them is told; None if nobody is there to take any.

    `room` is the sum of the capacities (in chats) of the agents who may take it.
    """
    if room <= 0:
        return None
    low, high = _raw(ahead, room, pace.unit)
    low = min(low * pace.low, LONGEST_MS)
    high = min(max(high * pace.high, low), LONGEST_MS)
    return WaitTold(ahead=ahead, low=round(low), high=round(high), room=room)


def _raw(ahead: int, room: float, unit: float) -> tuple[float, float]:
    """The median and the 90th percentile of a gamma variable (Wilson and Hilferty, 1931)."""
    places = ahead + 1
    mean = places * unit / room
    ninth = 1 / (9 * places)
    return mean * (1 - ninth) ** 3, mean * (1 - ninth + Z90 * math.sqrt(ninth)) ** 3


def learn(pace: Pace, told: Wait, now: int) -> Pace:
    """The pace after a customer's turn came at `now` (ms)."""
    actual = max(1, now - told.at)
    sample = actual * told.room / (told.ahead + 1)
    # A few at first count more, or the first guess would be believed for long.
    share = max(LEARN, 1 / (pace.seen + 1))
    return Pace(
        unit=pace.unit * (1 - share) + sample * share,
        low=_follow(pace.low, actual > told.low, 0.5),
        high=_follow(pace.high, actual > told.high, MISSES),
        seen=pace.seen + 1,
    )


def _follow(factor: float, missed: bool, share: float) -> float:
    moved = factor * math.exp(STEP * ((1.0 if missed else 0.0) - share))
    return min(max(moved, 0.05), 20.0)
