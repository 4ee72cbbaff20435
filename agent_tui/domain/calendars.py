"""Business calendars as config.toml writes them, checked and made into open time."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from agent_tui.domain.business_time import (
    ALWAYS,
    DAY_MS,
    WEEK_MS,
    YEAR_DAYS,
    BusinessTime,
    Dates,
    Span,
    Spans,
    Week,
)
from agent_tui.lang import Both

__all__ = ["ALWAYS", "BusinessTime", "Calendar", "CalendarError", "compile_calendar"]

LONGEST_CLOSED_DAYS = int(10 * YEAR_DAYS)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = (
    Both("周一", "Monday"),
    Both("周二", "Tuesday"),
    Both("周三", "Wednesday"),
    Both("周四", "Thursday"),
    Both("周五", "Friday"),
    Both("周六", "Saturday"),
    Both("周日", "Sunday"),
)
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2}) *- *([0-9]{1,2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# What a Chinese input method leaves where ASCII was meant.
_HALF_WIDTH = str.maketrans("，、：–—－～~", ",,:-----")

_EPOCH_DAY = date(1970, 1, 1).toordinal()


def _says(zh: str, en: str) -> Meta:
    return Meta(description=f"{zh} / {en}")


class Calendar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Business hours in wall-clock time of `zone`. Days without hours are closed."""

    zone: Annotated[str, _says("时区", "time zone")] = "Asia/Shanghai"
    # "mon-fri", "sat", "sat,sun" -> "09:00-12:00, 13:30-24:00". "22:00-06:00" runs into the next
    # day and belongs to the one on which it begins, also where the next is a holiday.
    hours: Annotated[dict[str, str], _says("每周各天的时间段", "spans of the days")] = {}
    # "2026-10-01" or "2026-10-01..2026-10-07": nothing begins on these days.
    holidays: Annotated[tuple[str, ...], _says("休息的日子", "closed days")] = ()
    # A date or range -> hours, which win over the week and over holidays; "" closes.
    special: Annotated[dict[str, str], _says("另有时间的日子", "other hours")] = {}


class CalendarError(ValueError):
    """A calendar that cannot be used: the place in it, what is wrong, and the way out."""

    def __init__(self, place: str, what: Both, hint: Both) -> None:
        super().__init__(place, what, hint)
        self.place = place
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.place}: {self.what}\n  {self.hint}"


def compile_calendar(calendar: Calendar, place: str = "") -> BusinessTime:
    """What `calendar` means. `place` is its own dotted path, which errors begin with.

    Raises CalendarError for an unknown zone, hours or dates that cannot be read, spans that
    overlap, a day named twice, and a calendar that stays closed in every ordinary week or for
    more than ten years on end (without one of these every deadline would be out of reach).
    """
    prefix = f"{place}." if place else ""
    zone = _zone(calendar.zone, f"{prefix}zone")
    hours = _week(calendar.hours, f"{prefix}hours")
    holidays = [(text, "", f"{prefix}holidays[{i}]") for i, text in enumerate(calendar.holidays)]
    special = [(text, hours, f"{prefix}special.{text}") for text, hours in calendar.special.items()]
    week = Week(hours, _dates(holidays), _dates(special))
    _refuse_long_closing(week, prefix)
    around_the_clock = sum(end - start for spans in hours for start, end in spans) == WEEK_MS
    if around_the_clock and not holidays and not special:
        return ALWAYS
    return BusinessTime(zone, week)


def _zone(name: str, place: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a folder's name, a path out of the database, ...
        known = available_timezones()
    if not known:
        _refuse(
            place,
            Both("这台机器上没有时区数据库", "this machine has no time zone database"),
            Both("安装 Python 包 tzdata", "install the Python package tzdata"),
        )
    near = difflib.get_close_matches(name, sorted(known), n=1)
    hint = Both("写 IANA 名称，例如 Asia/Shanghai", "give its IANA name, such as Asia/Shanghai")
    _refuse(
        place,
        Both(f"没有名为“{name}”的时区", f'there is no time zone "{name}"'),
        Both(f"是不是 {near[0]}？", f"did you mean {near[0]}?") if near else hint,
    )


def _week(hours: dict[str, str], place: str) -> tuple[Spans, ...]:
    """Spans by weekday from Monday."""
    named: dict[int, str] = {}
    week: list[Spans] = [()] * 7
    for key, text in hours.items():
        spans = _spans(text, f"{place}.{key}")
        for day in _weekdays(key, f"{place}.{key}"):
            if day in named:
                name, first = _DAY_NAMES[day], named[day]
                _refuse(
                    f"{place}.{key}",
                    Both(
                        f"{name.zh}写了两次：“{first}”和“{key}”",
                        f'{name.en} is named twice, by "{first}" and by "{key}"',
                    ),
                    _ONCE,
                )
            named[day] = key
            week[day] = spans
    _refuse_overlap(week, named, place)
    if not any(week):
        _refuse(
            place,
            Both("没有一天营业", "no day of the week is open"),
            Both('例如 mon-fri = "09:00-18:00"', 'for example mon-fri = "09:00-18:00"'),
        )
    return tuple(week)


def _weekdays(key: str, place: str) -> Iterable[int]:
    """The weekdays (Monday is 0) of "mon-fri", "sat,sun" or "fri-mon"."""
    for piece in key.translate(_HALF_WIDTH).lower().split(","):
        names = [name.strip() for name in piece.split("-")]
        if len(names) > 2 or not set(names) <= set(_DAYS):
            _refuse(
                place,
                Both(f"“{piece.strip()}”不是星期", f'"{piece.strip()}" is no day of the week'),
                Both(
                    "写 mon tue wed thu fri sat sun，例如 mon-fri 或 sat,sun",
                    "use mon tue wed thu fri sat sun, as in mon-fri or sat,sun",
                ),
            )
        first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
        yield from (day % 7 for day in range(first, (last if last >= first else last + 7) + 1))


def _spans(text: str, place: str) -> Spans:
    """The spans of "09:00-12:00, 13:30-24:00" in order; none for "". They do not overlap."""
    plain = text.translate(_HALF_WIDTH).strip()
    spans = sorted(_span(piece.strip(), place) for piece in plain.split(",")) if plain else []
    for one, other in pairwise(spans):
        if other[0] < one[1]:
            _refuse(
                place,
                Both(
                    f"{_written(one)} 与 {_written(other)} 重叠",
                    f"{_written(one)} and {_written(other)} overlap",
                ),
                _APART,
            )
    return tuple(spans)


def _span(piece: str, place: str) -> Span:
    hint = Both(
        "写作 09:00-18:00；当天结束写 24:00，22:00-06:00 到次日",
        "write 09:00-18:00; a day ends at 24:00, and 22:00-06:00 runs into the next day",
    )
    matched = _SPAN.fullmatch(piece)
    if not matched:
        _refuse(place, Both(f"“{piece}”不是时段", f'"{piece}" are no hours'), hint)
    from_hour, from_minute, to_hour, to_minute = map(int, matched.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or start >= 24 * 60 or end > 24 * 60:
        _refuse(place, Both(f"“{piece}”里没有这个时刻", f'no clock shows "{piece}"'), hint)
    if start == end:
        _refuse(place, Both(f"“{piece}”没有长度", f'"{piece}" has no length'), hint)
    return start * 60_000, (end if end > start else end + 24 * 60) * 60_000


def _refuse_overlap(week: list[Spans], keys: dict[int, str], place: str) -> None:
    """Refuse hours that run past midnight into those of the next day."""
    spans = [(day, span) for day in range(7) for span in week[day]]
    for (day, one), (after, other) in zip(spans, spans[1:] + spans[:1], strict=True):
        if (after - day) % 7 == 1 and one[1] - DAY_MS > other[0]:
            name = _DAY_NAMES[after]
            _refuse(
                f"{place}.{keys[after]}",
                Both(
                    f"{name.zh}的 {_written(other)} 与前一天的 {_written(one)} 重叠",
                    f"{_written(other)} on {name.en} overlaps {_written(one)} of the day before",
                ),
                _APART,
            )


def _dates(entries: list[tuple[str, str, str]]) -> Dates:
    """Ranges from (dates, hours, place); refuses those that share a day."""
    found = []
    for text, hours, place in entries:
        first, last = _range(text, place)
        found.append((first, last, _spans(hours, place), text, place))
    found.sort(key=lambda each: each[:2])
    for (_, last, _, before, _), (first, _, _, text, place) in pairwise(found):
        if first <= last:
            day = date.fromordinal(first + _EPOCH_DAY)
            _refuse(
                place,
                Both(
                    f"{day} 写了两次：“{before}”和“{text}”",
                    f'{day} is named twice, by "{before}" and by "{text}"',
                ),
                _ONCE,
            )
    return Dates(
        firsts=[each[0] for each in found],
        lasts=[each[1] for each in found],
        hours=[each[2] for each in found],
    )


def _range(text: str, place: str) -> tuple[int, int]:
    """First and last day of "2026-10-01" or "2026-10-01..2026-10-07", from 1970-01-01."""
    days = [_date(piece.strip(), place) for piece in text.split("..", 1)]
    if days[-1] < days[0]:
        _refuse(
            place,
            Both(f"“{text}”的结束早于开始", f'"{text}" ends before it begins'),
            Both("先写较早的日期", "put the earlier date first"),
        )
    return days[0], days[-1]


def _date(piece: str, place: str) -> int:
    try:
        if _DATE.fullmatch(piece):
            return date.fromisoformat(piece).toordinal() - _EPOCH_DAY
    except ValueError:
        pass
    _refuse(
        place,
        Both(f"“{piece}”不是日期", f'"{piece}" is no date'),
        Both(
            "写作 2026-10-01 或 2026-10-01..2026-10-07",
            "write 2026-10-01 or 2026-10-01..2026-10-07",
        ),
    )


def _refuse_long_closing(week: Week, prefix: str) -> None:
    reached: int | None = None
    edges = [*week.holidays.firsts, *week.special.firsts, *(d + 1 for d in week.special.lasts)]
    for day in sorted(edges):
        if reached is not None and day < reached:
            continue
        reached = week.next_day(day)
        if reached - day <= LONGEST_CLOSED_DAYS:
            continue
        where = "special" if week.special.find(day) >= 0 else "holidays"
        first = date.fromordinal(day + _EPOCH_DAY)
        _refuse(
            f"{prefix}{where}",
            Both(
                f"从 {first} 起超过十年不营业",
                f"nothing opens for more than ten years from {first} on",
            ),
            Both("缩短这段日期", "shorten these dates"),
        )


def _written(span: Span) -> str:
    start, end = span[0], span[1] if span[1] <= DAY_MS else span[1] - DAY_MS
    return "-".join(f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}" for ms in (start, end))


_ONCE = Both("只保留一处", "name it once")
_APART = Both("改成互不重叠的时段", "change them so that they do not overlap")


def _refuse(place: str, what: Both, hint: Both) -> NoReturn:
    raise CalendarError(place, what, hint)
