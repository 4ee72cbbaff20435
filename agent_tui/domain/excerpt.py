"""As much of a found text as fits a line, around what was found in it."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from rich.cells import cell_len

from agent_tui.text import ELLIPSIS, clip

Span = tuple[int, int]


def excerpt(text: str, spans: Sequence[Span], cells: int) -> tuple[str, tuple[Span, ...]]:
    """One line of at most `cells` terminal cells that shows the first of `spans`, and where the
    spans lie in it. About a third of what is left stands before the match."""
    if cells <= 0:
        return "", ()
    line = text.replace("\n", " ")
    start = 0
    if spans and cell_len(line) > cells:
        begin, end = spans[0]
        room = max(0, (cells - cell_len(line[begin:end])) // 3)
        start = begin
        while start and room >= (width := cell_len(line[start - 1])):
            start -= 1
            room -= width
        # Never far from the end: a line that could be full is full.
        while start and cell_len(line[start - 1 :]) < cells:
            start -= 1
        while start < begin and unicodedata.combining(line[start]):
            start += 1
    front = ELLIPSIS if start else ""
    shown = clip(line[start:], max(0, cells - len(front)))
    rest = line[start:]
    kept = len(shown) if rest.startswith(shown) else len(shown) - len(ELLIPSIS)
    shift = len(front) - start
    moved = ((begin + shift, min(end, start + kept) + shift) for begin, end in spans)
    visible = tuple((begin, end) for begin, end in moved if len(front) <= begin < end)
    return front + shown, visible
