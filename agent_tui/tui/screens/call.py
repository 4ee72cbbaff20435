"""The form in which a telephone call is noted."""

from __future__ import annotations

import msgspec
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, TextArea

from agent_tui.domain.calls import NAME_CHARS, number_of
from agent_tui.lang import Both
from agent_tui.text import clean, clean_line
from agent_tui.tui.screens.writing import Lines, WritingScreen, field, heading, keys, wrong
from agent_tui.tui.widgets.typing import OrderedInput


class Called(msgspec.Struct, frozen=True):
    """What the form begins and ends with."""

    number: str = ""
    name: str = ""
    said: str = ""


class CallScreen(WritingScreen[Called]):
    """Number, name, what was said."""

    DEFAULT_CSS = """
    CallScreen > Vertical { width: 72; height: auto; }
    CallScreen #call-said { height: 6; }
    """

    leaving = Both("不记了，丢掉写好的内容？", "Leave without noting it?")

    def __init__(self, title: str, start: Called) -> None:
        super().__init__()
        self._heading = title
        self._start = start

    def compose(self) -> ComposeResult:
        start = self._start
        with Vertical():
            yield heading(clean_line(self._heading, 200))
            yield field(Both("电话号码", "number"))
            yield OrderedInput(start.number, id="call-number", compact=True)
            yield field(Both("称呼（可空）", "name (or none)"))
            yield OrderedInput(start.name, id="call-name", compact=True)
            yield field(Both("客户说了什么", "what the customer said"))
            yield Lines(start.said, id="call-said")
            yield wrong()
            yield keys(
                Both("Ctrl+S 记下 · Tab 下一栏 · Esc 返回", "Ctrl+S note it · Tab next · Esc back")
            )

    def on_mount(self) -> None:
        """Whose call it is, is known where the form begins with a number."""
        self.query_one("#call-said" if self._start.number else "#call-number").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field."""
        event.stop()
        self.focus_next()

    def _written(self) -> Called:
        def line(name: str) -> str:
            return clean_line(self.query_one(f"#call-{name}", Input).value, NAME_CHARS)

        said = clean(self.query_one("#call-said", TextArea).text).strip()
        return Called(line("number"), line("name"), said)

    def _begun(self) -> Called:
        return self._start

    def _amiss(self, written: Called) -> Both | None:
        if not number_of(written.number):
            return Both("号码要有 3 到 20 位数字", "a number has 3 to 20 digits")
        if not written.said:
            return Both("还没写客户说了什么", "nothing was said yet")
        return None
