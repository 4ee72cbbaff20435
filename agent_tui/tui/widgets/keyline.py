"""The line of keys at the foot of a dialogue: in a narrow one the way out stays."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from agent_tui.lang import Both
from agent_tui.text import ELLIPSIS, clip

BETWEEN = " · "
LEAST = 8  # cells


class KeyLine(Static):
    """One line; the first key and the last are those that one needs."""

    DEFAULT_CSS = """
    KeyLine { height: 1; width: 100%; color: $secondary; }
    """

    def __init__(self, words: Both) -> None:
        super().__init__(classes="keys", markup=False)
        self._words = words

    def render(self) -> Content:
        """As much of it as there is room for."""
        return Content(within(str(self._words), self.size.width))


def within(words: str, cells: int) -> str:
    """`words` in `cells` cells: keys before the last one give way to an ellipsis."""
    parts = words.split(BETWEEN)
    while cell_len(words) > cells and len(parts) > 2:
        parts.pop(-2)
        words = BETWEEN.join([*parts[:-1], ELLIPSIS, parts[-1]])
    return clip(words, cells)


def ending(head: str, tail: str, cells: int) -> str:
    """`head · tail` in `cells` cells: the tail says which key goes on, so that the head gives way,
    and is left out where no more than `LEAST` cells of it would be."""
    room = cells - cell_len(tail) - cell_len(BETWEEN)
    whole = cell_len(head) <= room
    return (
        f"{clip(head, room)}{BETWEEN}{tail}"
        if head and (whole or room >= LEAST)
        else clip(tail, cells)
    )
