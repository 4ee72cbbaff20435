"""Rows take as many cells as they say, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from wcwidth import wcswidth, wcwidth

from agent_tui.text import clean, clip, clusters, fit, steady, wrap
from tests import unicode_data

FAMILY, FLAG, HEART = "👨‍👩‍👧", "🇨🇳", "❤️"
SAMPLES = [FAMILY, FLAG, HEART, "👍🏽", "1️⃣", "🏳️‍🌈", "字", "かが", "\u1112\u1161\u11ab", "e\u0301"]


LETTERS = st.sampled_from([*"ab ，。字\n", *"".join(SAMPLES)])


def one_by_one(text: str) -> int:
    """Cells as a terminal counts that knows no clusters."""
    return sum(max(0, wcwidth(char)) for char in text)


@pytest.mark.parametrize("sample", SAMPLES)
def test_terminals_agree_about_what_a_row_takes(sample: str) -> None:
    for cells in range(1, 9):
        line = fit(f"{sample}{sample}字a", cells)
        assert cell_len(line) == wcswidth(line) == one_by_one(line) == cells, ascii(line)


@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_is_cut_in_two(sample: str) -> None:
    shown = steady(sample)
    text = f"{sample}{sample}，{sample} ab{sample}cd"
    for cells in range(2, 12):
        for line in [*wrap(text, cells), clip(text, cells)]:
            assert cell_len(line) <= cells
            assert set(clusters(line)) <= {*clusters(shown), "，", " ", *"abcd", "…"}
        assert "".join(wrap(text, cells)).replace(" ", "") == steady(text).replace(" ", "")


@given(st.text(LETTERS, max_size=30), st.integers(2, 20))
@example("\u1112\u1112", 2)  # one cluster of four cells
def test_whatever_is_written_fits(text: str, cells: int) -> None:
    text = clean(text)
    assert cell_len(fit(text, cells)) == cells
    assert all(cell_len(line) <= cells for line in wrap(text, cells))


def test_plain_text_stays_as_it_is() -> None:
    assert steady("字a，") == "字a，" and steady(FLAG) == "CN" and steady(FAMILY) == "👨"


def test_every_emoji_takes_the_same_cells_everywhere() -> None:
    looked = 0
    for one in unicode_data.emoji():
        line = fit(clean(f"字{one}x"), 8)
        assert cell_len(line) == wcswidth(line) == one_by_one(line) == 8, ascii(one)
        looked += 1
    assert looked > 4000


def test_wide_characters_take_the_cells_of_the_standard() -> None:
    """EastAsianWidth's W and F take two cells; what the terminal's table has newer stays."""
    wrong: list[str] = []
    for char in unicode_data.wide():
        shown = steady(clean(char))
        if not cell_len(shown) == one_by_one(shown) in (0, wcwidth(char)):
            wrong.append(f"{ord(char):04X}")
    assert not wrong
