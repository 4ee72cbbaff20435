"""Open time, plainly: calendars of days alike, in UTC, walked span by span.

What the checker goes by in place of the product's own reckoning.
"""

from __future__ import annotations

from agent_tui.domain.staffing import Routing

DAY_MS = 86_400_000
Spans = list[tuple[int, int]]  # ms after midnight; none: always open


def spans(routing: Routing, calendar: str) -> Spans:
    """The hours of each day by the settings' calendar of that name; empty is always open."""
    if not calendar:
        return []
    (hours,) = routing.calendars[calendar].hours.values()
    return [
        (_moment(start), _moment(end))
        for start, end in (span.strip().split("-") for span in hours.split(","))
    ]


def _moment(text: str) -> int:
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000


def is_open(hours: Spans, at: int) -> bool:
    """Whether `at` (ms) lies in the hours; an end does not."""
    return not hours or any(start <= at % DAY_MS < end for start, end in hours)


def add(hours: Spans, at: int, length: int) -> int:
    """The first moment at which `length` ms of open time have passed since `at`."""
    if not hours:
        return at + length
    while True:
        for start, end in _from(hours, at):
            if end - start >= length:
                return start + length
            length -= end - start
        at = _midnight(at)


def between(hours: Spans, start: int, end: int) -> int:
    """The open time between two moments."""
    if not hours:
        return end - start
    found = 0
    while start < end:
        found += sum(max(0, min(last, end) - first) for first, last in _from(hours, start))
        start = _midnight(start)
    return found


def _from(hours: Spans, at: int) -> Spans:
    """What is left of the day's hours at `at`, as moments."""
    day = at - at % DAY_MS
    return [(max(at, day + start), day + end) for start, end in hours if day + end > at]


def _midnight(at: int) -> int:
    return at - at % DAY_MS + DAY_MS
