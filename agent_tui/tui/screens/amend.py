"""The dialogue in which one's own reply or note gets other words."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, TextArea

from agent_tui.lang import Both
from agent_tui.text import clean, clean_line
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.screens.pick import Confirm
from agent_tui.tui.screens.suggest import Lines


class AmendScreen(ClosesOnce, ModalScreen[str | None]):
    """Ctrl+S puts the text in the old one's place; Escape leaves it, and asks first when something
    was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "save", show=False, priority=True),
        Binding("escape", "leave", "back", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    AmendScreen { align: center middle; background: $background 60%; }
    AmendScreen > Vertical {
        width: 76; max-width: 96%; height: 70%; min-height: 16; max-height: 98%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    AmendScreen #amend-heading { text-style: bold; height: 1; }
    AmendScreen TextArea {
        height: 1fr; min-height: 3; border: none; padding: 0; background: $background;
    }
    AmendScreen TextArea:focus { border: none; }
    AmendScreen #amend-wrong { color: $error; height: 1; }
    AmendScreen .keys { color: $secondary; height: 1; }
    """

    def __init__(self, heading: str, old: str, text: str, *, note: bool) -> None:
        """`old` is what stands there, `text` what the box begins with."""
        super().__init__()
        self._heading = heading
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
            yield Label(clean_line(self._heading, 200), id="amend-heading", markup=False)
            yield Lines(self._text, id="amend-text")
            yield Label("", id="amend-wrong", markup=False)
            yield Label(str(reader), classes="keys", markup=False)
            keys = Both("Ctrl+S 保存 · Esc 返回", "Ctrl+S save · Esc back")
            yield Label(str(keys), classes="keys", markup=False)

    def on_mount(self) -> None:
        """The text's end is where most is added."""
        area = self.query_one(Lines)
        area.move_cursor(area.document.end)
        area.focus()

    def _written(self) -> str:
        return clean(self.query_one(TextArea).text)

    def action_submit(self) -> None:
        """Save, if there is something to."""
        written = self._written()
        wrong = ""
        if not written.strip():
            wrong = str(Both("还没有写内容", "nothing is written"))
        elif written == self._old:
            wrong = str(Both("还没有改动", "nothing was changed"))
        self.query_one("#amend-wrong", Label).update(wrong)
        if not wrong:
            self.dismiss(written)

    def action_leave(self) -> None:
        """Back; what was typed is not thrown away unasked."""
        if self._written() == self._old:
            self.dismiss(None)
        else:
            self.run_worker(self._ask())

    async def _ask(self) -> None:
        question = str(Both("不保存，丢掉改动？", "Leave without saving what was changed?"))
        if await self.app.push_screen_wait(Confirm(question)):
            self.dismiss(None)
