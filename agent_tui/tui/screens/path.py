"""Which file?"""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from agent_tui.desk import attaching
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.screens.once import ClosesOnce

WIDTH = 70


class PathPrompt(ClosesOnce, ModalScreen[str | None]):
    """A path, with the shell's Tab; None for Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", show=False),
        Binding("tab", "complete", "complete", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    PathPrompt { align: center bottom; padding-bottom: 2; background: $background 60%; }
    PathPrompt > Vertical {
        width: 74; max-width: 95%; height: auto;
        background: $panel; border: round $primary; padding: 0 1;
    }
    PathPrompt Input { border: none; height: 1; padding: 0; background: $background; }
    PathPrompt Label { width: 100%; }
    PathPrompt #path-title { text-style: bold; }
    PathPrompt .keys { color: $secondary; }
    """

    def __init__(self, title: str, path: str = "") -> None:
        super().__init__()
        self._title = title
        self._path = path

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title, id="path-title", markup=False)
            yield Input(self._path, id="path", compact=True, select_on_focus=False)
            yield Label(id="path-names", classes="keys", markup=False)
            keys = Both(
                "Tab 补全，也可以把文件拖进来 · Enter 上传 · Esc 返回",
                "Tab completes, or drop a file here · Enter uploads · Esc back",
            )
            yield Label(str(keys), classes="keys", markup=False)

    async def action_complete(self) -> None:
        """As far as it is clear, then what it could be."""
        field = self.query_one(Input)
        typed = field.value
        value, names = await asyncio.to_thread(attaching.completed, typed)
        if field.value != typed:
            return
        field.value = value
        field.cursor_position = len(value)
        more = " …" if len(names) > attaching.SHOWN else ""
        shown = clip("  ".join(names[: attaching.SHOWN]) + more, WIDTH)
        self.query_one("#path-names", Label).update(shown)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value or None)
