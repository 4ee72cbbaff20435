"""A customer's picture over the workstation."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Label

from agent_tui.lang import Both
from agent_tui.text import clean_line
from agent_tui.tui.screens.once import ClosesOnce


class PictureScreen(ClosesOnce, ModalScreen[bool]):
    """As large as fits; the answer is whether the browser is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,left", "dismiss(False)", "back", show=False),
        Binding("o", "dismiss(True)", "browser", show=False),
    ]
    DEFAULT_CSS = """
    PictureScreen { align: center middle; background: $background 60%; }
    PictureScreen > Vertical {
        /* Kitty's placeholders count to 297. */
        width: 96%; height: 96%; max-width: 290; max-height: 290;
        background: $panel; border: round $primary; padding: 0 1;
    }
    PictureScreen Label { height: 1; }
    PictureScreen #picture-title { text-style: bold; }
    PictureScreen Center { height: 1fr; align: center middle; }
    PictureScreen #picture { width: auto; height: auto; max-width: 100%; max-height: 100%; }
    PictureScreen .keys { color: $secondary; }
    """

    def __init__(self, name: str, drawing: Widget, size: tuple[int, int]) -> None:
        super().__init__()
        self._title = f"{clean_line(name)} · {size[0]}×{size[1]}"
        self._drawing = drawing

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title, id="picture-title", markup=False)
            with Center():
                yield self._drawing
            keys = Both("o 用浏览器打开 · Esc 返回", "o open in the browser · Esc back")
            yield Label(str(keys), classes="keys", markup=False)
