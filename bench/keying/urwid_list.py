"""urwid's ListBox with so many rows of two lines, beside a pane that stays as it is."""

from __future__ import annotations

import sys

import urwid

from keying.changes import WORDS
from keying.profile import name


class Row(urwid.Text):
    """A row that can have the focus."""

    _selectable = True

    def keypress(self, size: tuple[()] | tuple[int] | tuple[int, int], key: str) -> str:
        return key


def main(count: int, width: int) -> None:
    """Until q."""
    rows = [
        urwid.AttrMap(
            Row(f"     1:20 {name(number)}\n     {WORDS[number % len(WORDS)]}", wrap="clip"),
            "row",
            "here",
        )
        for number in range(count)
    ]
    listed = urwid.ListBox(urwid.SimpleFocusListWalker(rows))
    beside = urwid.Filler(urwid.Text("transcript"), valign="top")
    columns = urwid.Columns([(width, listed), beside], dividechars=1)
    palette = [("row", "light gray", "black"), ("here", "white", "dark blue")]

    def leave(key: object) -> None:
        if key == "q":
            raise urwid.ExitMainLoop

    urwid.MainLoop(columns, palette, unhandled_input=leave).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
