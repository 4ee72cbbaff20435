"""Finding without regard to case and width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.tui.folded import fold, spans


@pytest.mark.parametrize(
    ("text", "wanted", "found"),
    [
        ("Where is my PARCEL, parcel?", "parcel", ["PARCEL", "parcel"]),
        ("订单ＡＢＣ１２３号", "abc123", ["ＡＢＣ１２３"]),
        ("运费，运费", "运费", ["运费", "运费"]),
        ("第㍿条", "株式", ["㍿"]),
        ("aaaa", "aa", ["aa", "aa"]),
        ("nothing", "x", []),
        ("anything", "", []),
    ],
)
def test_what_is_found_is_written_so_in_the_text(text: str, wanted: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in spans(text, fold(wanted))] == found


@given(st.text(max_size=30), st.text(max_size=4))
def test_places_are_of_the_text_and_do_not_overlap(text: str, wanted: str) -> None:
    last = 0
    for start, end in spans(text, fold(wanted)):
        assert 0 <= start < end <= len(text)
        # A character that folds to several may end one place and begin the next.
        assert start >= last or (start == last - 1 and len(fold(text[start])) > 1)
        last = end
