"""The small form in which a reply becomes a macro."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, TextArea

from agent_tui.lang import Both
from agent_tui.text import clean, clean_line
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.screens.writing import Lines, field
from agent_tui.tui.widgets.typing import OrderedInput


class Kept(NamedTuple):
    """What the form begins and ends with. `key` is a function key, or empty."""

    title: str
    short: str
    key: str
    body: str


class KeepScreen(ClosesOnce, ModalScreen[Kept | None]):
    """Enter goes on and, from the last line, saves; so does Ctrl+S anywhere. Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "save", show=False, priority=True),
        Binding("escape", "dismiss(None)", "back", show=False, priority=True),
        Binding("tab", "app.focus_next", "next field", show=False),
        Binding("shift+tab", "app.focus_previous", "previous field", show=False),
    ]
    DEFAULT_CSS = """
    KeepScreen { align: center bottom; padding-bottom: 1; background: $background 60%; }
    KeepScreen > Vertical {
        width: 72; max-width: 98%; height: auto; max-height: 100%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    KeepScreen #keep-heading { text-style: bold; height: 1; }
    KeepScreen Input { border: none; height: 1; padding: 0; background: $background; }
    KeepScreen TextArea { border: none; padding: 0; background: $background; height: 6; }
    KeepScreen TextArea:focus { border: none; }
    KeepScreen .field { color: $secondary; height: 1; }
    KeepScreen #keep-wrong { color: $error; height: 1; }
    KeepScreen .keys { color: $secondary; height: 1; }
    """

    def __init__(self, start: Kept, wrong: Callable[[Kept], str]) -> None:
        """`wrong` says what is wrong with what was filled in; empty: nothing."""
        super().__init__()
        self._start = start
        self._wrong = wrong

    def compose(self) -> ComposeResult:
        start = self._start
        with Vertical():
            yield Label(str(Both("存为自己的宏", "Keep as a macro")), id="keep-heading")
            yield field(Both("正文（{{ … }} 会自动填）", "text ({{ … }} is filled in)"))
            yield Lines(start.body, id="keep-body")
            yield field(Both("标题", "title"))
            yield OrderedInput(start.title, id="keep-title", compact=True)
            yield field(Both("简称：打 /简称 插入", "short name: typed after /"))
            yield OrderedInput(start.short, id="keep-short", compact=True)
            yield field(Both("功能键 F2–F9（可空）", "function key F2–F9 (or none)"))
            yield OrderedInput(start.key, id="keep-key", compact=True)
            yield Label("", id="keep-wrong", markup=False)
            keys = Both(
                "Ctrl+S 保存 · Enter 下一栏 · Esc 返回", "Ctrl+S save · Enter next · Esc back"
            )
            yield Label(str(keys), classes="keys", markup=False)

    def on_mount(self) -> None:
        """A title is what most often wants another word."""
        self.query_one("#keep-title").focus()

    def _kept(self) -> Kept:
        def line(name: str) -> str:
            return clean_line(self.query_one(f"#keep-{name}", Input).value, 200)

        short = line("short").removeprefix("/").lower()
        body = clean(self.query_one("#keep-body", TextArea).text).strip()
        return Kept(line("title"), short, line("key").upper(), body)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the next field; after the last one, done."""
        event.stop()
        # Of a burst of them, all are told by the field in which it began: the focus has moved on.
        if self.focused is not None and self.focused.id == "keep-key":
            self.action_submit()
        else:
            self.focus_next()

    def action_submit(self) -> None:
        """Save, if it can be one."""
        kept = self._kept()
        wrong = self._wrong(kept)
        self.query_one("#keep-wrong", Label).update(wrong)
        if not wrong:
            self.dismiss(kept)
