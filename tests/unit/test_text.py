"""Untrusted text is made harmless, once and for all, and fits into its cells."""

from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from agent_tui.text import _PLAIN, clean, clean_line, clip, fit, steady, wrap
from tests.unit.strategies import raw_texts

ESC, CSI, OSC, BEL, ST = "\x1b", "\x9b", "\x9d", "\x07", "\x9c"
FAMILY = "👨\u200d👩\u200d👧"
RAINBOW = "🏳\ufe0f\u200d🌈"
# Format characters that are seen: signs before Arabic numbers, and the like.
VISIBLE_FORMAT = {chr(code) for code in (*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2)}
VISIBLE_FORMAT |= {chr(0x110BD), chr(0x110CD), *(chr(code) for code in range(0x13430, 0x13440))}


@settings(max_examples=1000)
@given(raw_texts)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    line = clean_line(text, 20)
    assert clean_line(line, 20) == line
    assert clean(line) == line
    assert len(line) <= 20 and "\n" not in line


def test_nothing_that_commands_hides_or_reorders_passes() -> None:
    """Every code point there is, alone between letters and after letters of other scripts."""
    for code in range(sys.maxunicode + 1):
        char = chr(code)
        left = clean(f"a{char}b").replace("\n", "").replace("\ufffd", "")
        for each in left:
            category = unicodedata.category(each)
            assert category not in ("Cc", "Cs", "Zl", "Zp"), hex(code)
            assert category != "Cf" or each in VISIBLE_FORMAT, hex(code)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{ESC}[31mred{ESC}[0m", "[31mred[0m"),
        (f"{ESC}]52;c;aGVsbG8={BEL}", "]52;c;aGVsbG8="),
        (f"{OSC}0;title{ST}", "0;title"),
        (f"{CSI}2J", "2J"),
        ("a\rb\r\nc\u2028d\u2029e\x85f\x0bg\x0ch", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("a\tb", "a b"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("pass\u200bword\ufeff\u2060\u00ad", "password"),
        ("\ud83d", "\ufffd"),
        ("\u3164", ""),
        ("a\U000e0041\U000e0042", "a"),
        ("nul\x00byte\x7f", "nulbyte"),
        ("[/b] [red]{{ x }} %s", "[/b] [red]{{ x }} %s"),
    ],
)
def test_what_goes(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "你好，世界！",
        FAMILY,
        RAINBOW,
        "❤\ufe0f 1\ufe0f\u20e3 ©\ufe0f",
        "👩🏽\u200d💻",
        "مرحبا بالعالم",
        "שלום",
        "می\u200cخواهم",  # Persian needs the ZWNJ
        "क्\u200dष",
        "র\u200d\u09cdয",  # ZWJ before a mark, as Bengali writes it
        "Việt Nam e\u0301",
        "Ｆｕｌｌ　width",
        "line\nbreak\n\n",
        "",
    ],
)
def test_what_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u200db", "ab"),
        ("中\u200d文", "中文"),
        ("a\ufe0f", "a"),
        (FAMILY + "\u200d", FAMILY),
        ("👩\u200d\u200d💻", "👩\u200d💻"),
        ("\u200dab", "ab"),
    ],
)
def test_joiners_stay_only_where_they_join(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_marks_do_not_pile_up() -> None:
    assert clean("Z" + "\u0301" * 50) == "Z" + "\u0301" * 4
    # Nor by way of joiners between them.
    pile = "\u0628" + ("\u064b" * 4 + "\u200c") * 50
    assert sum(unicodedata.category(char) == "Mn" for char in clean(pile)) == 4


def test_a_hundred_thousand_hostile_characters_are_quick() -> None:
    for piece in ("\u064b\u200c", "👩\u200d", "\u202e中", "a\u0301", ESC):
        text = (piece * 100_000)[:100_000]
        started = time.process_time()
        clean(text)
        assert time.process_time() - started < 0.5


# Samples in the manner of the Big List of Naughty Strings.
NAUGHTY = [
    "undefined",
    "NULL",
    "1/0",
    "-9223372036854775808/-1",
    "<script>alert(1)</script>",
    "'; DROP TABLE message; --",
    "$(touch /tmp/x)`id`",
    "../../../../etc/passwd%00",
    "Ω≈ç√∫˜µ≤≥÷",
    "田中さんにあげて下さい",
    "ヽ༼ຈل͜ຈ༽ﾉ",
    "(｡◕ ∀ ◕｡)",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "\u2003\u3000\u00a0",
    "﷽" * 3,
    "🇺🇸🇷🇺 🇨🇳",
    "[bold]x[/bold] [/] [@click=app.quit]go[/]",
    "{% for x in y %}{{ x }}{% endfor %}",
    "\x1b[6n\x1b]8;;http://x\x07y",
    "Roses are \x1b[0;31mred\x1b[0m",
]


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_strings(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert all(char == "\n" or not unicodedata.category(char).startswith("Cc") for char in cleaned)
    for cells in (1, 2, 7, 40):
        assert cell_len(clip(cleaned, cells)) <= cells
        assert cell_len(fit(cleaned, cells)) == cells


# --- cells ---------------------------------------------------------------------------------------

shown = raw_texts.map(clean)


@settings(max_examples=500)
@given(shown, st.integers(-1, 50))
def test_nothing_is_wider_than_its_cells(text: str, cells: int) -> None:
    assert cell_len(clip(text, cells)) <= max(cells, 0)
    assert cell_len(fit(text, cells)) == max(cells, 0)
    for line in wrap(text, cells):
        assert "\n" not in line
        assert cell_len(line) <= max(cells, 2)


@settings(max_examples=500)
@given(shown, st.integers(2, 50))
def test_wrapping_loses_nothing_but_space(text: str, cells: int) -> None:
    """No wide character is cut in two, and none is lost."""
    assert "".join("".join(wrap(text, cells)).split()) == "".join(steady(text).split())


def test_a_colour_of_skin_alone_is_not_lost() -> None:
    assert steady("\U0001f3fb") == "🟫" and cell_len("🟫") == 2
    assert steady("\U0001f44d\U0001f3fb") == "\U0001f44d"


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("你好", 4, "你好"),
        ("你好吗", 5, "你好…"),
        ("你好吗", 4, "你…"),
        ("你好", 1, "…"),
        ("ab cdef", 4, "ab…"),
        ("a\nb", 9, "a b"),
        ("abc", 0, ""),
    ],
)
def test_clip(text: str, cells: int, expected: str) -> None:
    assert clip(text, cells) == expected


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("one two three", 8, ["one two", "three"]),
        ("一二三四五", 4, ["一二", "三四", "五"]),
        ("一二，三", 4, ["一", "二，", "三"]),
        ("一，", 3, ["一", "，"]),  # too narrow to take anything along
        ("a\n\nb", 9, ["a", "", "b"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("", 5, [""]),
        ("订单12345678已发货", 9, ["订单", "12345678", "已发货"]),
    ],
)
def test_wrap(text: str, cells: int, expected: list[str]) -> None:
    assert wrap(text, cells) == expected


def test_the_quick_way_out_lets_nothing_through() -> None:
    """What is left as it is without a look must be what the long way leaves as it is."""
    quick = [char for char in map(chr, range(sys.maxunicode + 1)) if _PLAIN.match(char)]
    assert {"a", "中", "，", "“", "ア", "한", "\n"} <= set(quick)
    marks = {char for char in quick if unicodedata.category(char) in ("Mn", "Me")}
    assert not marks
    # A joiner that joins nothing keeps the whole text from the quick way, and is dropped.
    assert clean("\u200d" + "".join(quick)) == "".join(quick)


def test_a_gap_too_wide_for_the_line_leaves_no_empty_one() -> None:
    assert wrap("     ，好字", 3) == ["，", "好", "字"]
