"""The command palette: every intent, found by Chinese, pinyin, its initials, English or its id."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from agent_tui.lang import Both
from agent_tui.text import clip, fit
from agent_tui.tui import lookup
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.keymap import KeyMap
from agent_tui.tui.screens.low import GivesWay
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.typing import OrderedInput

PLACEHOLDER = Both("找命令：中文、拼音、首字母、英文", "find a command: any part of its name")
NOTHING = Both("没有这样的命令", "there is no such command")
WIDTH, TITLE, KEY = 88, 18, 12  # cells
BESIDE = 6  # of its border, padding and scroll bar


class PaletteScreen(GivesWay, ClosesOnce, ModalScreen[str | None]):
    """Type to narrow, Enter takes the highlighted one. The answer is an intent's id, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss(None)", "back", show=False),
        Binding("down", "step(1)", "next", show=False, priority=True),
        Binding("up", "step(-1)", "previous", show=False, priority=True),
        Binding("pagedown", "step(10)", "page down", show=False, priority=True),
        Binding("pageup", "step(-10)", "page up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    PaletteScreen { align: center top; padding-top: 2; background: $background 60%; }
    PaletteScreen > Vertical {
        width: 88; max-width: 98%; height: auto; max-height: 100%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    PaletteScreen Input { border: none; height: 1; padding: 0; background: $background; }
    PaletteScreen OptionList { height: auto; border: none; padding: 0; background: $panel; }
    """

    scrolls, most, beside = "#palette-list", 24, 5

    def __init__(self, keymap: KeyMap) -> None:
        super().__init__()
        self._keymap = keymap
        self._rows: list[str] = []  # ids of what is listed; empty for a heading

    def compose(self) -> ComposeResult:
        with Vertical():
            yield OrderedInput(id="palette-text", placeholder=str(PLACEHOLDER), compact=True)
            yield OptionList(id="palette-list", compact=True)

    def on_mount(self) -> None:
        """Before anything is typed everything is there, under the heading of what it is about."""
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()
        self._show("")

    def _show(self, text: str) -> None:
        intents = lookup.found(text) if text.strip() else lookup.grouped()
        options: list[Option] = []
        self._rows = []
        for number, intent in enumerate(intents):
            about = lookup.group_of(intent)
            new = not number or about != lookup.group_of(intents[number - 1])
            if new and not text.strip():
                self._rows.append("")
                options.append(Option(Content.styled(f"── {about}", "$secondary"), disabled=True))
            self._rows.append(intent.id)
            options.append(Option(self._line(intent)))
        if not intents:
            self._rows.append("")
            options.append(Option(str(NOTHING), disabled=True))
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options(options)
        listed.highlighted = next((at for at, row in enumerate(self._rows) if row), None)

    def _line(self, intent: type[Intent]) -> Content:
        room = min(WIDTH, self.app.size.width * 98 // 100) - BESIDE
        return Content.assemble(
            (fit(str(intent.title), TITLE), "bold"),
            (fit(self._keymap.shown(intent.id), KEY), "$accent"),
            (clip(str(intent.doc), max(0, room - TITLE - KEY)), "$secondary"),
        )

    def action_step(self, step: int) -> None:
        """Move the highlight by so many commands, or to the end."""
        listed = self.query_one(OptionList)
        commands = [at for at, row in enumerate(self._rows) if row]
        if commands and listed.highlighted is not None:
            at = commands.index(listed.highlighted) + step
            listed.highlighted = commands[max(0, min(len(commands) - 1, at))]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow."""
        self._show(event.value)

    def on_input_submitted(self) -> None:
        """Take the highlighted one."""
        at = self.query_one(OptionList).highlighted
        if at is not None and self._rows[at]:
            self.dismiss(self._rows[at])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click."""
        self.dismiss(self._rows[event.option_index])
