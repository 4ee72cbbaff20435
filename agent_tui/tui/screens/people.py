"""Whom many chats go to: one of a list, or several who are named."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Input, Label, OptionList
from textual.widgets.input import Selection
from textual.widgets.option_list import Option

from agent_tui.domain.model import Agent
from agent_tui.lang import Both
from agent_tui.tui.named import SEPARATES, Named, named
from agent_tui.tui.screens.narrowing import Choice, matching
from agent_tui.tui.screens.pick import Picker

KEYS = Both("Enter 选定 · Esc 返回 · 几个人用逗号", "Enter takes · Esc back · several: commas")


class PeoplePicker(Picker):
    """A Picker that also takes names, several between commas: each is looked up while it is typed.

    The answer is then `agents:` and their accounts between commas. While a name is nobody's Enter
    only goes there.
    """

    def __init__(self, title: str, choices: Sequence[Choice], agents: Sequence[Agent]) -> None:
        super().__init__(title, choices)
        self._agents = agents

    def on_mount(self) -> None:
        """Say that several may be named."""
        self.query_one("#pick-keys", Label).update(str(KEYS))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow; or say of each name whose it is."""
        event.prevent_default()
        names = self._names(event.value)
        if not names:
            self._show(matching(self._choices, event.value))
            return
        self._shown = []
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(_line(each), disabled=True) for each in names)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take them all, or go to the name that is nobody's."""
        names = self._names(event.value)
        if not names:
            return  # the Picker's own handler takes what is highlighted
        event.prevent_default()
        wrong = next((each for each in names if each.agent is None), None)
        if wrong is not None:
            event.input.selection = Selection(wrong.at, wrong.at + len(wrong.text))
            return
        accounts = dict.fromkeys(each.agent.id for each in names if each.agent is not None)
        self.dismiss(f"agents:{','.join(accounts)}")

    def _names(self, text: str) -> list[Named]:
        """The names in `text`; none while it may mean a line of the list."""
        if not SEPARATES.search(text) and matching(self._choices, text):
            return []
        return named(text, self._agents)


def _line(name: Named) -> Content:
    if name.agent is None:
        return Content.assemble((name.text, "$error bold"), (f"  {name.wrong}", "$error"))
    return Content.assemble(name.text, (f"  → {name.agent.name} @{name.agent.id}", "$secondary"))
