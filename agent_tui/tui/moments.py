"""A time that somebody types, in Chinese or English: `15:30`, `2h`, `明天9点`, `tomorrow 9am`."""

from __future__ import annotations

import datetime
import re
import unicodedata

from agent_tui.lang import Both
from agent_tui.tui import format as fmt

EXAMPLES = Both("15:30、2h、明天9点", "15:30, 2h, tomorrow 9am")
MOST = 400 * 24 * 60  # minutes: what is further away is a slip
LONGEST = 60  # characters

_UNITS = {1: "minutes?|mins?|m|分钟?", 60: "hours?|hrs?|h|个?小时|个?钟头", 24 * 60: "days?|d|天"}
_UNITS[7 * 24 * 60] = "weeks?|w|周|个?星期"
_PIECES = [
    (re.compile(rf"(\d+(?:\.\d+)?|半|一|两)(?:{names})"), size) for size, names in _UNITS.items()
]
_HALVES = {"半": 0.5, "一": 1.0, "两": 2.0}
_NEAR = {
    "今天": 0, "今日": 0, "today": 0, "今晚": 0, "tonight": 0,
    "明天": 1, "明日": 1, "明早": 1, "明晚": 1, "tomorrow": 1, "tmr": 1,
    "大后天": 3, "后天": 2,
}  # fmt: skip
_IN_NAME = {"今晚": "晚上", "tonight": "晚上", "明晚": "晚上", "明早": "早上"}
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"({'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _NAMES)})(?![a-z])")
_ZH_WEEKDAY = re.compile("(下?)(?:周|星期|礼拜)([一二三四五六日天])")
_DATE = re.compile(r"(?:(\d{4})[-/.年])?(\d{1,2})(?:[-/.]|月)(\d{1,2})[日号]?(?!\d|:)_?")
_TIME = re.compile(
    r"(凌晨|早上|早|上午|中午|下午|傍晚|晚上|晚)?(?:at)?"
    r"(\d{1,2})(?:[:点时](\d{1,2}|半|一刻)?分?)?(am|pm)?"
)
_LATE = ("下午", "傍晚", "晚上", "晚", "pm")


def moment(text: str, now: int, hour: int) -> int | None:
    """When that is, in ms and after `now`; a day alone is its `hour` o'clock. None: not clear."""
    typed = unicodedata.normalize("NFKC", text[:LONGEST]).lower()
    typed = re.sub(r"(?<=\d)\s+(?=\d)", "_", typed)  # 11-30 9:30
    typed = re.sub(r"[\s,，、的]", "", typed)
    minutes = _span(typed)
    if minutes is not None:
        return now + round(minutes * 60_000) if 0 < minutes <= MOST else None
    local = fmt.local(now)
    try:
        found = _on_the_clock(typed, local, hour)
    except (ValueError, OverflowError):  # the 31st of a short month
        return None
    if found is None or not local < found <= local + datetime.timedelta(minutes=MOST):
        return None
    return int(found.timestamp() * 1000)


def _span(typed: str) -> float | None:
    """Minutes of `2h`, `1h30m`, `半小时后`, `in2hours`; None if it is none."""
    rest = re.sub(r"(以?后|later)\Z", "", re.sub(r"\Ain", "", typed))
    if and_a_half := re.fullmatch(r"(\d+)(?:个?小时|h)半", rest):
        return 60.0 * int(and_a_half[1]) + 30
    minutes, found = 0.0, False
    for pattern, size in reversed(_PIECES):
        if piece := pattern.match(rest):
            count = _HALVES.get(piece[1])
            minutes += (float(piece[1]) if count is None else count) * size
            rest, found = rest[piece.end() :], True
            if size == 60 and rest.isdigit():  # 1h30
                minutes, rest = minutes + int(rest), ""
    return minutes if found and not rest else None


def _on_the_clock(typed: str, local: datetime.datetime, hour: int) -> datetime.datetime | None:
    day, rest = _day(typed, local)
    if not rest and day is not None:
        return _at(day, hour, 0)
    time = _TIME.fullmatch(rest)
    if time is None or (day is None and not re.search(r"[:点时]|am|pm|[^\d]\d", rest)):
        return None
    when, minute = time[1] or time[4] or "", _minute(time[3])
    of_day = _hour(int(time[2]), when, exact=":" in rest)
    if day is not None:
        return _at(day, of_day, minute)
    found = _at(local.date(), of_day, minute)
    return found if found > local else _at(local.date() + datetime.timedelta(1), of_day, minute)


def _day(typed: str, local: datetime.datetime) -> tuple[datetime.date | None, str]:
    """The day that it begins with, and what follows; None without one."""
    today = local.date()
    for name, days in _NEAR.items():
        if typed.startswith(name):
            return today + datetime.timedelta(days), _IN_NAME.get(name, "") + typed[len(name) :]
    if named := _WEEKDAY.match(typed):
        wanted = next(at for at, name in enumerate(_NAMES) if name.startswith(named[1][:3]))
        return _next(today, wanted), typed[named.end() :]
    if named := _ZH_WEEKDAY.match(typed):
        wanted = "一二三四五六日".find(named[2].replace("天", "日"))
        if named[1]:  # next week's, whatever today is
            monday = today + datetime.timedelta(7 - today.weekday())
            return monday + datetime.timedelta(wanted), typed[named.end() :]
        return _next(today, wanted), typed[named.end() :]
    if date := _DATE.match(typed):
        year = int(date[1] or today.year)
        found = datetime.date(year, int(date[2]), int(date[3]))
        if not date[1] and found < today:
            found = found.replace(year=year + 1)
        return found, typed[date.end() :]
    return None, typed


def _next(today: datetime.date, weekday: int) -> datetime.date:
    return today + datetime.timedelta((weekday - today.weekday() - 1) % 7 + 1)


def _minute(text: str | None) -> int:
    return {"半": 30, "一刻": 15}.get(text or "0") or int(text or 0)


def _hour(hour: int, when: str, *, exact: bool) -> int:
    """Of 24. Who says 3 点 to put a chat aside means the afternoon."""
    if when == "am" or when in ("凌晨", "早上", "早", "上午"):
        return hour % 12 if hour == 12 else hour
    if when in _LATE or (when == "中午" and hour < 11):
        return hour + 12 if hour < 12 else hour
    return hour + 12 if not when and not exact and 1 <= hour <= 6 else hour


def _at(day: datetime.date, hour: int, minute: int) -> datetime.datetime:
    """That time of `day` here. Raises ValueError."""
    if hour == 24 and not minute:
        day, hour = day + datetime.timedelta(1), 0
    return datetime.datetime.combine(day, datetime.time(hour, minute)).astimezone()
