"""What Textual itself takes: a box, a list of options and a preview that show other texts a key.

Run with the box's row and column, and a file of lines to show.
"""

from __future__ import annotations

import sys
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from finding.terminal import COLUMNS

OPTIONS = 12
PREVIEW = 10  # lines


class Plain(App[None]):
    """Nothing is searched: the texts are there, and every key shows the next ones."""

    def __init__(self, row: int, left: int, lines: list[str]) -> None:
        super().__init__()
        self._row = row
        self._width = COLUMNS - left
        self._lines = lines
        self._at = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="pane"):
            yield Input(id="box", compact=True)
            yield OptionList(id="hits", compact=True)
            yield Static(id="preview", markup=False)

    def on_mount(self) -> None:
        pane, box = self.query_one("#pane"), self.query_one("#box")
        pane.styles.width = self._width
        pane.styles.offset = (COLUMNS - self._width, self._row)
        box.styles.border = None
        box.styles.height = 1
        box.styles.padding = 0
        self.query_one("#hits").styles.height = "1fr"
        self.query_one("#preview").styles.height = PREVIEW
        box.focus()

    def on_input_changed(self) -> None:
        made = [
            self._lines[(self._at + each) % len(self._lines)] for each in range(OPTIONS + PREVIEW)
        ]
        self._at += len(made)
        hits = self.query_one(OptionList)
        hits.clear_options()
        hits.add_options(
            [Option(f"{number} {each}") for number, each in enumerate(made[:OPTIONS], 1)]
        )
        hits.highlighted = 0
        self.query_one("#preview", Static).update("\n".join(made[OPTIONS:]))


if __name__ == "__main__":
    row, left, file = sys.argv[1:]
    Plain(int(row), int(left), Path(file).read_text("utf-8").splitlines()).run()
