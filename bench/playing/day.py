"""One day, played and judged."""

from __future__ import annotations

import time
from dataclasses import dataclass

from playing import faults
from playing.desks import Order, by_urgency
from playing.draws import Visit, visits
from playing.house import House, PureHouse
from playing.judge import Verdict, judge
from playing.model import Model, read
from playing.play import Day
from playing.shop import shop


@dataclass(frozen=True)
class Played:
    """A day that is over, what is to be said of it, and how long each took (s)."""

    day: Day
    house: House
    verdict: Verdict
    seconds: float
    judging: float


def play(house: PureHouse, chats: list[Visit], order: Order = by_urgency) -> Day:
    """A day to its end."""
    day = Day(house, chats, order)
    day.play()
    return day


def play_and_judge(model: Model, seed: int, *, fault: str = "") -> Played:
    """The model's day in memory; with `fault`, in a house that has that bug."""
    made: type[PureHouse] = getattr(faults, fault) if fault else PureHouse
    house = made(shop(model, seed))
    chats = visits(model, seed, model.conversations)
    started = time.perf_counter()
    day = play(house, chats)
    played = time.perf_counter()
    verdict = judge(house.log, model, house.shop.people, day.customers.written, day.until)
    return Played(day, house, verdict, played - started, time.perf_counter() - played)


__all__ = ["Day", "Played", "play", "play_and_judge", "read", "visits"]
