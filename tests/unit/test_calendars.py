"""Business calendars: against a model minute by minute, by their laws, and what they refuse."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_tui.domain.business_time import CENTURY_MS
from agent_tui.domain.calendars import (
    ALWAYS,
    BusinessTime,
    Calendar,
    CalendarError,
    compile_calendar,
)
from tests.unit.calendar_model import DAY, HOUR, MINUTE, Minutes, Plan, Spans, ms

SHANGHAI, BERLIN, NEW_YORK = "Asia/Shanghai", "Europe/Berlin", "America/New_York"
LORD_HOWE, KATHMANDU = "Australia/Lord_Howe", "Asia/Kathmandu"
DAYS = 9
# The middle of a window: where clocks change, of which the last four skip midnight, show it twice,
# show 23:00 twice, and skip a whole day; the end of a year, the leap day, an ordinary day, and one
# at which two of the implementation's blocks of 64 days meet.
CHANGES = [
    (BERLIN, date(2026, 3, 29)),
    (BERLIN, date(2026, 10, 25)),
    (NEW_YORK, date(2027, 3, 14)),
    (NEW_YORK, date(2027, 11, 7)),
    (LORD_HOWE, date(2026, 4, 5)),
    (LORD_HOWE, date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)),
    ("America/Havana", date(2026, 11, 1)),
    ("America/Sao_Paulo", date(2018, 2, 18)),
    ("Pacific/Apia", date(2011, 12, 30)),
]
ORDINARY = [
    (zone, day)
    for zone in (SHANGHAI, KATHMANDU, BERLIN, NEW_YORK, LORD_HOWE)
    for day in (date(2026, 12, 31), date(2028, 2, 29), date(2026, 8, 15), date(2027, 6, 23))
]

near_a_change = st.sampled_from([0, 30, 60, 90, 105, 120, 135, 150, 165, 180, 1380, 1410, 1440])
minutes = near_a_change | st.integers(0, 1440)


@st.composite
def day_hours(draw: st.DrawFn, minutes: st.SearchStrategy[int] = minutes) -> Spans:
    edges = sorted(draw(st.lists(minutes, max_size=6)))
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < b]


@st.composite
def plans(draw: st.DrawFn, zone: str, middle: date) -> Plan:
    """Any week, with nights that run into the next day, and exceptions around `middle`."""
    week = [draw(day_hours()) for _ in range(7)]
    for day in range(7):
        if night := draw(st.sampled_from([0, 0, 0, 120, 150, 360])):
            week[day] = [span for span in week[day] if span[1] <= 1320] + [(1320, 1440 + night)]
            after = (day + 1) % 7
            week[after] = [span for span in week[after] if span[0] >= night]
    near = [middle + timedelta(days=offset) for offset in range(-4, 5)]
    if draw(st.booleans()):
        today = middle.weekday()
        week[today] = draw(day_hours(near_a_change))
        week[today - 1] = [span for span in week[today - 1] if span[1] <= 1440]
    if not any(week):
        week[2] = [(540, 1440)]
    away = draw(st.lists(st.sampled_from(near), unique=True, max_size=3))
    holidays = [(day, day) for day in away]
    if draw(st.booleans()):
        holidays.append((middle + timedelta(days=7), middle + timedelta(days=12)))
    other = draw(st.lists(st.sampled_from(near), unique=True, max_size=3))
    special = [(day, day, draw(st.just([(0, 1440)]) | day_hours())) for day in other]
    return Plan(zone, week, holidays, special)


windows = st.sampled_from(CHANGES) | st.sampled_from(ORDINARY)


def stretches(time: BusinessTime, start: int, end: int) -> list[tuple[int, int]]:
    """Open stretches in [start, end) as next_open and next_close tell them."""
    found = []
    while (opening := time.next_open(start)) < end:
        closing = time.next_close(opening)
        assert start <= opening and (closing is None or opening < closing)
        start = end if closing is None else min(closing, end)
        found.append((opening, start))
    return found


@settings(max_examples=150)
@given(st.data())
def test_the_clocks_on_the_wall_agree(data: st.DataObject) -> None:
    zone, middle = data.draw(windows)
    plan = data.draw(plans(zone, middle))
    model = Minutes(plan, middle - timedelta(days=DAYS // 2), DAYS)
    time = compile_calendar(plan.written())
    found = model.stretches()
    assert stretches(time, model.start, model.end) == found
    for start, end in found[1:-1]:
        assert [time.is_open(at) for at in (start - 1, start, end - 1, end)] == [0, 1, 1, 0]
        assert time.next_close(end) == end
    moments = st.integers(model.start, model.end - 1)
    for _ in range(3):
        a, b = data.draw(moments), data.draw(moments)
        assert time.is_open(a) == model.is_open(a)
        assert time.between(a, b) == model.between(a, b)
        for length in (0, 1, data.draw(st.integers(0, 30 * HOUR))):
            expected = model.add(a, length)
            assert time.add(a, length) == expected or expected is None


@given(st.data())
def test_laws(data: st.DataObject) -> None:
    zone, middle = data.draw(windows)
    time = compile_calendar(data.draw(plans(zone, middle)).written())
    midnight = int(datetime(middle.year, middle.month, middle.day, tzinfo=UTC).timestamp()) * 1000
    moments = st.integers(midnight - 80 * DAY, midnight + 500 * DAY)
    lengths = st.one_of(st.integers(1, 3 * DAY), st.integers(1, 60 * DAY))
    a, b, c = sorted(data.draw(st.tuples(moments, moments, moments)))
    n, m = data.draw(lengths), data.draw(lengths)
    for length in (0, n, m):
        assert time.between(a, time.add(a, length)) == length
    assert time.is_open(time.add(a, n) - 1)
    assert time.add(time.add(a, n), m) == time.add(a, n + m)
    assert time.add(a, 0) == time.next_open(a) <= time.add(a, min(n, m)) <= time.add(a, max(n, m))
    assert time.add(a, n) <= time.add(b, n)
    assert time.between(a, b) + time.between(b, c) == time.between(a, c)
    assert 0 <= time.between(a, b) <= b - a
    assert time.between(b, a) == 0
    assert time.add(a, time.between(a, b)) <= max(b, time.next_open(a))


def test_a_leap_year_has_as_many_open_minutes_as_the_clocks_show() -> None:
    spans = [(0, 135), (540, 720), (810, 1440)]
    away = [(date(2028, 2, 29), date(2028, 3, 2))]
    plan = Plan(LORD_HOWE, [spans] * 5 + [[(90, 150)]] * 2, away, [])
    time = compile_calendar(plan.written())
    counted = sum(Minutes(plan, date(2028, 1, 1), 366).open) * MINUTE
    start, end = ms("UTC", 2028, 1, 1), ms("UTC", 2029, 1, 1)
    assert time.between(start, end) == counted
    assert time.add(start, counted) <= end < time.add(start, counted + 1)


def on(zone: str, day: str, hours: str) -> list[tuple[str, str]]:
    """What clocks in `zone` show, with their offset, when `hours` of `day` begin and end."""
    week = {"mon": "00:00-01:00"}
    time = compile_calendar(Calendar(zone=zone, hours=week, special={day: hours}))
    start = int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()) * 1000 - DAY
    found = stretches(time, start, start + 3 * DAY)
    local = [[datetime.fromtimestamp(at / 1000, ZoneInfo(zone)) for at in each] for each in found]
    return [(f"{a:%H:%M%z}", f"{b:%H:%M%z}") for a, b in local if str(a.date()) == day]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "told"),
    [
        # Forward: 02:00-03:00 is never shown.
        (BERLIN, "2026-03-29", "02:30-04:00", [("03:00+0200", "04:00+0200")]),
        (BERLIN, "2026-03-29", "01:00-02:30", [("01:00+0100", "03:00+0200")]),
        (BERLIN, "2026-03-29", "02:10-02:50", []),
        (LORD_HOWE, "2026-10-04", "02:15-03:00", [("02:30+1100", "03:00+1100")]),
        # Back: 02:00-03:00 is shown twice; starts take the first, ends the last.
        (BERLIN, "2026-10-25", "02:30-04:00", [("02:30+0200", "04:00+0100")]),
        (BERLIN, "2026-10-25", "01:00-02:30", [("01:00+0200", "02:30+0100")]),
        (BERLIN, "2026-10-25", "02:10-02:20, 02:40-02:50", [("02:10+0200", "02:50+0100")]),
        (LORD_HOWE, "2026-04-05", "01:00-01:45", [("01:00+1100", "01:45+1030")]),
        # A day ends once, though midnight is shown twice.
        ("America/Havana", "2026-10-31", "09:00-24:00", [("09:00-0400", "00:00-0400")]),
    ],
)
def test_clocks_that_change(zone: str, day: str, hours: str, told: list[tuple[str, str]]) -> None:
    assert on(zone, day, hours) == told


def test_exceptions_win_and_a_night_belongs_to_the_day_it_begins() -> None:
    time = compile_calendar(
        Calendar(
            hours={"Mon-Fri": "09:00-12:00，13:30—18:00", "sat, sun": "22:00-06:00"},
            holidays=("2026-09-28..2026-10-07",),
            special={"2026-10-02": "10:00-11:00", "2026-10-08..2026-10-09": ""},
        )
    )
    start = ms(SHANGHAI, 2026, 9, 27, 12)
    assert stretches(time, start, ms(SHANGHAI, 2026, 10, 11)) == [
        (ms(SHANGHAI, 2026, 9, 27, 22), ms(SHANGHAI, 2026, 9, 28, 6)),
        (ms(SHANGHAI, 2026, 10, 2, 10), ms(SHANGHAI, 2026, 10, 2, 11)),
        (ms(SHANGHAI, 2026, 10, 10, 22), ms(SHANGHAI, 2026, 10, 11)),
    ]
    monday = ms(SHANGHAI, 2026, 10, 12, 6)
    assert time.next_open(monday) == monday + 3 * HOUR
    assert time.add(monday, 4 * HOUR) == ms(SHANGHAI, 2026, 10, 12, 14, 30)
    assert time.next_close(monday) == monday


def test_touching_hours_are_one_stretch() -> None:
    time = compile_calendar(Calendar(hours={"fri": "20:00-24:00", "sat": "00:00-02:00"}))
    assert time.next_close(ms(SHANGHAI, 2026, 10, 9, 21)) == ms(SHANGHAI, 2026, 10, 10, 2)


def test_open_around_the_clock() -> None:
    hours = {"sat-thu": "00:00-12:00, 12:00-24:00", "fri": "00:00-24:00"}
    now = ms(BERLIN, 2026, 3, 28, 12)
    # A holiday long past costs the short cut but changes nothing.
    past = compile_calendar(Calendar(zone=BERLIN, hours=hours, holidays=("2020-01-01",)))
    for time in (ALWAYS, compile_calendar(Calendar(zone=BERLIN, hours=hours)), past):
        assert time.is_open(now)
        assert time.add(now, 400 * DAY + 1) == now + 400 * DAY + 1
        assert time.add(now, 0) == time.add(now, -5) == time.next_open(now) == now
        assert (time.between(now, now + DAY), time.between(now, now - 1)) == (DAY, 0)
        assert time.next_close(now) is None
    assert compile_calendar(Calendar(hours=hours)) is ALWAYS
    assert past.next_close(ms(BERLIN, 2019, 6, 1)) == ms(BERLIN, 2020, 1, 1)


def test_nothing_is_looked_for_beyond_a_century() -> None:
    time = compile_calendar(Calendar(hours={"mon": "09:00-09:01"}))
    now = ms(SHANGHAI, 2026, 10, 9, 21)
    assert time.add(now, 365 * DAY) == now + CENTURY_MS
    assert time.between(now, now + CENTURY_MS) == 5212 * MINUTE
    assert len(time._blocks) <= 128


def test_threads_share_a_calendar() -> None:
    calendar = Calendar(zone=NEW_YORK, hours={"mon-fri": "09:00-12:00, 13:30-24:00"})
    now = ms(NEW_YORK, 2026, 10, 9, 21)
    # Thirty years and more: blocks are built, dropped and built again beside each other.
    steps = [now + step * 37 * DAY for step in range(320)]
    alone = compile_calendar(calendar)
    expected = [alone.add(at, 3 * DAY) for at in steps]
    shared = compile_calendar(calendar)
    together = threading.Barrier(4)

    def work() -> list[int]:
        together.wait(30)
        return [shared.add(at, 3 * DAY) for at in steps]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            told = [pool.submit(work) for _ in range(4)]
            assert [each.result() for each in told] == [expected] * 4
    finally:
        sys.setswitchinterval(interval)


NINE = "09:00-18:00"


@pytest.mark.parametrize(
    ("said", "place", "en", "zh"),
    [
        ({"zone": "Asia/Shangai"}, "zone", 'no time zone "Asia/Shangai"', "Asia/Shangai"),
        ({"zone": "Asia"}, "zone", 'no time zone "Asia"', "没有名为“Asia”的时区"),
        ({"zone": ""}, "zone", 'no time zone ""', "没有名为“”的时区"),
        ({"zone": "../etc/passwd"}, "zone", 'no time zone "../etc/passwd"', "时区"),
        ({"hours": {}}, "hours", "no day of the week is open", "没有一天营业"),
        ({"hours": {"mon-sun": ""}}, "hours", "no day of the week is open", "没有一天营业"),
        ({"hours": {"mon-fir": NINE}}, "hours.mon-fir", '"mon-fir" is no day', "“mon-fir”不是星期"),
        ({"hours": {"mon,": NINE}}, "hours.mon,", '"" is no day', "“”不是星期"),
        (
            {"hours": {"mon-fri": NINE, "thu": NINE}},
            "hours.thu",
            'Thursday is named twice, by "mon-fri" and by "thu"',
            "周四写了两次：“mon-fri”和“thu”",
        ),
        (
            {"hours": {"mon": "09:00-12:00, 13-18"}},
            "hours.mon",
            '"13-18" are no hours',
            "“13-18”不是时段",
        ),
        ({"hours": {"mon": f"{NINE},"}}, "hours.mon", '"" are no hours', "“”不是时段"),
        ({"hours": {"mon": "09:60-18:00"}}, "hours.mon", 'no clock shows "09:60-18:00"', "09:60"),
        ({"hours": {"mon": "24:00-03:00"}}, "hours.mon", 'no clock shows "24:00-03:00"', "24:00"),
        ({"hours": {"mon": "09:00-24:01"}}, "hours.mon", 'no clock shows "09:00-24:01"', "24:01"),
        ({"hours": {"mon": "09:00-09:00"}}, "hours.mon", '"09:00-09:00" has no length', "没有长度"),
        (
            {"hours": {"mon": "11:00-13:00, 09:00-12:00"}},
            "hours.mon",
            "09:00-12:00 and 11:00-13:00 overlap",
            "09:00-12:00 与 11:00-13:00 重叠",
        ),
        (
            {"hours": {"mon": "05:00-12:00", "sun": "22:00-06:00"}},
            "hours.mon",
            "05:00-12:00 on Monday overlaps 22:00-06:00 of the day before",
            "周一的 05:00-12:00 与前一天的 22:00-06:00 重叠",
        ),
        ({"holidays": ("2027-02-29",)}, "holidays[0]", '"2027-02-29" is no date', "不是日期"),
        ({"holidays": ("20270228",)}, "holidays[0]", '"20270228" is no date', "不是日期"),
        ({"holidays": ("2026-10-01..",)}, "holidays[0]", '"" is no date', "“”不是日期"),
        (
            {"holidays": ("2026-01-01", "2026-10-07..2026-10-01")},
            "holidays[1]",
            "ends before it begins",
            "结束早于开始",
        ),
        (
            {"holidays": ("2026-10-01..2026-10-07", "2026-10-07")},
            "holidays[1]",
            '2026-10-07 is named twice, by "2026-10-01..2026-10-07" and by "2026-10-07"',
            "2026-10-07 写了两次",
        ),
        ({"special": {"11-11": NINE}}, "special.11-11", '"11-11" is no date', "不是日期"),
        ({"special": {"2026-11-11": "9"}}, "special.2026-11-11", '"9" are no hours', "不是时段"),
        (
            {"special": {"2026-11-01..2026-11-11": NINE, "2026-11-11": ""}},
            "special.2026-11-11",
            "2026-11-11 is named twice",
            "写了两次",
        ),
        (
            {"holidays": ("2026-01-01..2038-12-31",), "special": {"2027-01-01": NINE}},
            "holidays",
            "for more than ten years from 2027-01-02 on",
            "从 2027-01-02 起超过十年不营业",
        ),
        (
            {"special": {"2026-01-01..2032-12-31": ""}, "holidays": ("2033-01-01..2036-12-31",)},
            "special",
            "for more than ten years from 2026-01-01 on",
            "超过十年不营业",
        ),
    ],
)
def test_refusals(said: dict[str, object], place: str, en: str, zh: str) -> None:
    calendar = msgspec.convert({"hours": {"mon-fri": NINE}} | said, Calendar)
    with pytest.raises(CalendarError) as refused:
        compile_calendar(calendar, "calendars.shop")
    assert refused.value.place == f"calendars.shop.{place}"
    assert en in refused.value.what.en
    assert zh in refused.value.what.zh
    assert refused.value.hint.en
    with pytest.raises(CalendarError) as alone:
        compile_calendar(calendar)
    assert alone.value.place == place


def test_a_near_name_is_offered() -> None:
    with pytest.raises(CalendarError) as refused:
        compile_calendar(Calendar(zone="Asia/Shangai", hours={"mon": NINE}))
    assert refused.value.hint.en == "did you mean Asia/Shanghai?"


def test_a_closed_decade_is_no_empty_calendar() -> None:
    calendar = Calendar(hours={"mon-sun": NINE}, holidays=("2026-01-01..2035-12-31",))
    opening = ms(SHANGHAI, 2036, 1, 1, 9)
    assert compile_calendar(calendar).next_open(ms(SHANGHAI, 2026, 1, 1)) == opening
