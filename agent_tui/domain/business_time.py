"""Open time: a week of hours with its exceptions, laid over the real time of a zone.

Wall times become moments like this. One that a clock skips is moved forward to the first moment
that exists. Of one that a clock shows twice, a start is the first and an end is the last; so on the
day when the clocks go back, hours that begin or end in the repeated stretch are really longer by
it, and on the day when they go forward, hours that reach over the gap are really shorter. 24:00 is
the first moment of the next day. Hours that touch or overlap are one stretch.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

DAY_MS = 24 * 60 * 60 * 1000
WEEK_MS = 7 * DAY_MS
YEAR_DAYS = 365.2425

# Start and end in ms after a day's midnight; an end above 24 h lies in the next day.
Span = tuple[int, int]
Spans = tuple[Span, ...]

# Offsets are read every four days: since 1970 no zone has changed its clocks twice within six.
_GRAIN_DAYS = 4
_GRAINS = 16
_BLOCK_DAYS = _GRAINS * _GRAIN_DAYS
_BLOCK_MS = _BLOCK_DAYS * DAY_MS
_BLOCKS_KEPT = 128
_DECADE_BLOCKS = int(10 * YEAR_DAYS / _BLOCK_DAYS) + 1
_CENTURY_BLOCKS = int(100 * YEAR_DAYS / _BLOCK_DAYS)
CENTURY_MS = _CENTURY_BLOCKS * _BLOCK_MS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_WEEKDAY = 3  # a Thursday
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Dates:
    """Inclusive ranges of days that do not overlap, in order, each with its hours.

    Days are counted from 1970-01-01.
    """

    firsts: Sequence[int]
    lasts: Sequence[int]
    hours: Sequence[Spans]

    def find(self, day: int) -> int:
        """The number of the range that `day` lies in, or -1."""
        index = bisect_right(self.firsts, day) - 1
        return index if index >= 0 and day <= self.lasts[index] else -1


@dataclass(frozen=True, slots=True)
class Week:
    """What is open on which day: hours by weekday from Monday, and the days that differ."""

    hours: tuple[Spans, ...]
    holidays: Dates
    special: Dates

    def on(self, day: int) -> Spans:
        """The hours that begin on `day`; special ones win over holidays, these over the week."""
        if self.special.firsts and (index := self.special.find(day)) >= 0:
            return self.special.hours[index]
        if self.holidays.firsts and self.holidays.find(day) >= 0:
            return ()
        return self.hours[(day + _EPOCH_WEEKDAY) % 7]

    def next_day(self, day: int) -> int:
        """The first day from `day` on with any hours. The week itself must have some."""
        while not self.on(day):
            if (index := self.special.find(day)) >= 0:
                day = self.special.lasts[index] + 1
            elif (index := self.holidays.find(day)) >= 0:
                after = self.holidays.lasts[index] + 1
                special = bisect_right(self.special.firsts, day)
                day = min([after, *self.special.firsts[special : special + 1]])
            else:
                day += 1
        return day


@dataclass(frozen=True, slots=True)
class _Block:
    """The open stretches of 64 days (UTC), cut at its borders."""

    starts: list[int]
    ends: list[int]
    before: list[int]  # open ms of the block before each stretch
    total: int

    def open_until(self, at: int) -> int:
        """Open ms from the beginning of the block to `at`."""
        index = bisect_right(self.starts, at) - 1
        if index < 0:
            return 0
        start, end = self.starts[index], self.ends[index]
        return self.before[index] + (at if at < end else end) - start


class BusinessTime:
    """Open time of one calendar. All moments are UTC ms; every method is safe in any thread.

    Moments must lie in the years 2 to 9998, or OverflowError is raised.
    """

    def __init__(self, zone: ZoneInfo, week: Week) -> None:
        self._zone = zone
        self._epoch = datetime(1970, 1, 1, tzinfo=zone)
        self._week = week
        # Threads may build the same block twice and lose one: blocks of a number are all alike.
        self._blocks: dict[int, _Block] = {}

    def is_open(self, at: int) -> bool:
        """Whether `at` is open; the end of a stretch is not."""
        block = self._block(at // _BLOCK_MS)
        index = bisect_right(block.starts, at) - 1
        return index >= 0 and at < block.ends[index]

    def add(self, at: int, length: int) -> int:
        """The moment at which `length` ms of open time from `at` on are used up.

        With no length (or less) it is `at` itself if open, else the next opening. It looks a
        century ahead at most, and what would end later ends then.
        """
        if length <= 0:
            return self.next_open(at)
        number = at // _BLOCK_MS
        limit = number + _CENTURY_BLOCKS
        block = self._block(number)
        wanted = length + block.open_until(at)
        while wanted > block.total:
            wanted -= block.total
            number += 1
            if number > limit:
                return at + CENTURY_MS
            block = self._block(number)
        index = bisect_left(block.before, wanted) - 1
        return min(block.starts[index] + wanted - block.before[index], at + CENTURY_MS)

    def between(self, start: int, end: int) -> int:
        """Open ms in [start, end); 0 if `end` is not after `start`."""
        if end <= start:
            return 0
        first, last = start // _BLOCK_MS, end // _BLOCK_MS
        used = self._block(last).open_until(end) - self._block(first).open_until(start)
        for number in range(first, last):
            used += self._block(number).total
        return used

    def next_open(self, at: int) -> int:
        """The first open moment from `at` on: `at` itself if open."""
        number = at // _BLOCK_MS
        while True:
            block = self._block(number)
            index = bisect_right(block.ends, at)
            if index < len(block.ends):
                return max(at, block.starts[index])
            number += 1

    def next_close(self, at: int) -> int | None:
        """The end of the stretch that `at` lies in: `at` itself while closed.

        None if open around the clock, which is to say for the next ten years.
        """
        if not self.is_open(at):
            return at
        first = at // _BLOCK_MS
        for number in range(first, first + _DECADE_BLOCKS):
            block = self._block(number)
            index = bisect_right(block.starts, at) - 1
            if index < 0 or block.ends[index] <= at:
                return at
            at = block.ends[index]
            if at < (number + 1) * _BLOCK_MS:
                return at
        return None

    def _block(self, number: int) -> _Block:
        block = self._blocks.get(number)
        if block is None:
            block = self._build(number)
            if len(self._blocks) >= _BLOCKS_KEPT:
                self._blocks = {}
            self._blocks[number] = block
        return block

    def _build(self, number: int) -> _Block:
        low, high = number * _BLOCK_MS, (number + 1) * _BLOCK_MS
        starts: list[int] = []
        ends: list[int] = []
        for start, end in sorted(self._stretches(number)):
            start, end = max(start, low), min(end, high)
            if start >= end:
                continue
            if ends and start <= ends[-1]:
                ends[-1] = max(ends[-1], end)
            else:
                starts.append(start)
                ends.append(end)
        lengths = (end - start for start, end in zip(starts, ends, strict=True))
        *before, total = accumulate(lengths, initial=0)
        return _Block(starts, ends, before, total)

    def _stretches(self, number: int) -> Iterable[Span]:
        """The spans of all days that can reach into block `number`, as moments."""
        first = number * _GRAINS - 1
        offsets = [
            self._offset((grain - 1) * _GRAIN_DAYS * DAY_MS)
            for grain in range(first, first + _GRAINS + 5)
        ]
        for index in range(_GRAINS + 2):
            # A span begins a day before its grain at the earliest and ends three days behind it.
            offset = offsets[index]
            steady = offsets[index : index + 4] == [offset] * 4
            day = (first + index) * _GRAIN_DAYS
            for each in range(day, day + _GRAIN_DAYS):
                midnight = each * DAY_MS
                for start, end in self._week.on(each):
                    if steady:
                        yield midnight + start - offset, midnight + end - offset
                    else:
                        opening = self._moment(midnight + start, last=False)
                        # A day that ends at 24:00 does so before midnight is shown again.
                        yield opening, self._moment(midnight + end, last=end % DAY_MS != 0)

    def _offset(self, at: int) -> int:
        """How far the zone's wall clocks are ahead of UTC at moment `at`, in ms."""
        return _ahead((_EPOCH + at * _MS).astimezone(self._zone))

    def _moment(self, wall: int, *, last: bool) -> int:
        """The moment at which clocks show `wall` (ms since 1970, as if the zone were UTC)."""
        shown = self._epoch + wall * _MS
        one, other = _ahead(shown), _ahead(shown.replace(fold=1))
        if one >= other:
            return wall - (other if last else one)
        # The clocks skip it: the change lies between what either offset makes of it.
        low, high = wall - other, wall - one
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == one else (low, middle)
        return high


def _ahead(shown: datetime) -> int:
    offset = shown.utcoffset()
    return 0 if offset is None else offset // _MS


class _Always(BusinessTime):
    def __init__(self) -> None:
        pass

    def is_open(self, at: int) -> bool:
        return True

    def add(self, at: int, length: int) -> int:
        return at + max(length, 0)

    def between(self, start: int, end: int) -> int:
        return max(end - start, 0)

    def next_open(self, at: int) -> int:
        return at

    def next_close(self, at: int) -> int | None:
        return None


# Open around the clock: adds plain time.
ALWAYS: BusinessTime = _Always()
