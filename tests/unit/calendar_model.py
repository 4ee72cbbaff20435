"""Business calendars minute by minute, by nothing but what clocks on the wall show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from agent_tui.domain.calendars import Calendar

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Spans = list[tuple[int, int]]  # minutes after midnight; an end above 1440 is in the next day


def ms(zone: str, *when: int, fold: int = 0) -> int:
    """The moment at which clocks in `zone` show year, month, day, hour, minute."""
    shown = datetime(*when, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[misc, arg-type]
    return int(shown.timestamp() * 1000)


@dataclass(frozen=True)
class Plan:
    """A calendar before it is written down."""

    zone: str
    week: list[Spans]
    holidays: list[tuple[date, date]]
    special: list[tuple[date, date, Spans]]

    def on(self, day: date) -> Spans:
        """The spans that begin on `day`."""
        for first, last, spans in self.special:
            if first <= day <= last:
                return spans
        if any(first <= day <= last for first, last in self.holidays):
            return []
        return self.week[day.weekday()]

    def written(self) -> Calendar:
        """As config.toml says it."""
        return Calendar(
            zone=self.zone,
            hours={DAYS[day]: _hours(spans) for day, spans in enumerate(self.week) if spans},
            holidays=tuple(_dates(first, last) for first, last in self.holidays),
            special={_dates(first, last): _hours(spans) for first, last, spans in self.special},
        )


def _dates(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first}..{last}"


def _hours(spans: Spans) -> str:
    ends = [(start, end - 1440 if end > 1440 else end) for start, end in spans]
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in ends)


@lru_cache(maxsize=64)
def _walls(zone: str, start: int, days: int) -> tuple[list[int], dict[int, int], dict[int, int]]:
    """What clocks in `zone` show at each minute of `days` days from `start` (ms) on, and at which
    minute they show a time first and last. Times are minutes since the year 1."""
    here = ZoneInfo(zone)
    walls = []
    for minute in range(start // MINUTE, start // MINUTE + days * 1440):
        shown = datetime.fromtimestamp(minute * 60, here)
        walls.append(shown.toordinal() * 1440 + shown.hour * 60 + shown.minute)
    last = {wall: minute for minute, wall in enumerate(walls)}
    first = {wall: minute for minute, wall in reversed(list(enumerate(walls)))}
    return walls, first, last


class Minutes:
    """Open and closed minutes of `plan` from midnight UTC of `first` on."""

    def __init__(self, plan: Plan, first: date, days: int) -> None:
        self.start = ms("UTC", first.year, first.month, first.day)
        self.end = self.start + days * DAY
        self._walls, begins, ends = _walls(plan.zone, self.start - 3 * DAY, days + 6)
        painted = bytearray(len(self._walls))
        for ordinal in range(first.toordinal() - 4, first.toordinal() + days + 5):
            midnight = ordinal * 1440
            for opening, closing in plan.on(date.fromordinal(ordinal)):
                begin = self._reach(begins, midnight + opening)
                end = self._reach(ends if closing % 1440 else begins, midnight + closing)
                painted[begin:end] = b"\1" * (end - begin)
        self.open = painted[3 * 1440 : -3 * 1440]

    def _reach(self, seen: dict[int, int], wall: int) -> int:
        if wall <= self._walls[0]:
            return 0
        while wall not in seen:  # skipped by the clocks, or behind the window
            wall += 1
            if wall > self._walls[-1]:
                return len(self._walls)
        return seen[wall]

    def is_open(self, at: int) -> bool:
        return bool(self.open[(at - self.start) // MINUTE])

    def between(self, start: int, end: int) -> int:
        used = 0
        while start < end:
            step = min(MINUTE - start % MINUTE, end - start)
            used += step * self.is_open(start)
            start += step
        return used

    def add(self, at: int, length: int) -> int | None:
        """None if that lies behind the window."""
        while at < self.end:
            if length == 0 and self.is_open(at):
                return at
            step = MINUTE - at % MINUTE
            if self.is_open(at):
                if 0 < length <= step:
                    return at + length
                length -= step
            at += step
        return None

    def stretches(self) -> list[tuple[int, int]]:
        """Open stretches, cut at the ends of the window."""
        found: list[tuple[int, int]] = []
        for minute, state in enumerate(self.open):
            at = self.start + minute * MINUTE
            if state and found and found[-1][1] == at:
                found[-1] = (found[-1][0], at + MINUTE)
            elif state:
                found.append((at, at + MINUTE))
        return found
