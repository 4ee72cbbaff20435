"""One article or macro, whole: what it says, to whom, and how long it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label

from agent_tui.lang import Both
from agent_tui.text import clean_line
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.findlines import FindLines
from agent_tui.tui.widgets.keyline import KeyLine
from agent_tui.tui.widgets.lines import Piece


class ArticleScreen(ClosesOnce, ModalScreen[str | None]):
    """Scrolls; the answer is insert, send or correct, or None for back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,left", "dismiss(None)", "back", show=False),
        Binding("enter", "dismiss('insert')", "insert", show=False),
        Binding("ctrl+s", "dismiss('send')", "send", show=False),
        Binding("ctrl+e,e", "dismiss('correct')", "correct", show=False),
        Binding("ctrl+y,y", "dismiss('copy')", "copy", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("home,g", "scroll(-1000000)", "top", show=False),
        Binding("end,G", "scroll(1000000)", "bottom", show=False),
    ]
    DEFAULT_CSS = """
    ArticleScreen { align: center middle; background: $background 60%; }
    ArticleScreen > Vertical {
        width: 90; max-width: 98%; height: 90%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    ArticleScreen #article-title { text-style: bold; height: 1; }
    ArticleScreen #article-text { height: 1fr; background: $panel; }
    """

    def __init__(self, title: str, lines: Callable[[int], list[list[Piece]]]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(clean_line(self._title), id="article-title", markup=False)
            yield FindLines(id="article-text")
            keys = Both(
                "Enter 插入 · Ctrl+S 直接发 · y 复制 · e 建议修改 · ↑↓ 翻 · Esc 返回",
                "Enter insert · Ctrl+S send · y copy · e correct · ↑↓ scroll · Esc back",
            )
            yield KeyLine(keys)

    def on_resize(self) -> None:
        """Lines are as wide as there is room."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        text = self.query_one(FindLines)
        text.show(self._lines(text.text_width))

    def action_scroll(self, step: int) -> None:
        """By lines."""
        self.query_one(FindLines).scroll_lines(step)

    def action_page(self, step: int) -> None:
        """By pages."""
        text = self.query_one(FindLines)
        text.scroll_lines(step * (text.size.height - 2))
