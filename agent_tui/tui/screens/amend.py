"""The dialogue in which one's own reply or note gets other words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from agent_tui.lang import Both
from agent_tui.text import clean, clean_line
from agent_tui.tui.screens.writing import Lines, WritingScreen, heading, keys, wrong


class AmendScreen(WritingScreen[str]):
    """The text that is saved takes the old one's place."""

    DEFAULT_CSS = """
    AmendScreen > Vertical { width: 76; max-width: 96%; height: 70%; min-height: 16; }
    AmendScreen TextArea { height: 1fr; min-height: 3; }
    """

    leaving = Both("不保存，丢掉改动？", "Leave without saving what was changed?")

    def __init__(self, title: str, old: str, text: str, *, note: bool) -> None:
        """`old` is what stands there, `text` what the box begins with."""
        super().__init__()
        self._heading = title
        self._old = clean(old)
        self._text = text
        self._note = note

    def compose(self) -> ComposeResult:
        reader = (
            Both("同事看到改后的文字", "colleagues read the new text")
            if self._note
            else Both(
                "客户的页面上会换成新文字，并标“已修改”",
                "the customer's page shows the new text, as edited",
            )
        )
        with Vertical():
            yield heading(clean_line(self._heading, 200))
            yield Lines(self._text, id="amend-text")
            yield wrong()
            yield keys(reader)
            yield keys(Both("Ctrl+S 保存 · Esc 返回", "Ctrl+S save · Esc back"))

    def on_mount(self) -> None:
        """The text's end is where most is added."""
        area = self.query_one(Lines)
        area.move_cursor(area.document.end)
        area.focus()

    def _written(self) -> str:
        return clean(self.query_one(Lines).text)

    def _begun(self) -> str:
        return self._old

    def _amiss(self, written: str) -> Both | None:
        if not written.strip():
            return Both("还没有写内容", "nothing is written yet")
        return Both("还没有改动", "nothing was changed") if written == self._old else None
