"""Choosing a theme, each seen before it is taken."""

from __future__ import annotations

from textual.widgets import OptionList

from agent_tui.lang import Both
from agent_tui.tui.screens.pick import Choice, Picker
from agent_tui.tui.theme import TITLES


class ThemePicker(Picker):
    """Moving the highlight tries a theme on; Escape leaves it to the caller to go back."""

    def __init__(self, current: str) -> None:
        # The one in use comes first, so that nothing changes before somebody moves.
        names = sorted(TITLES, key=lambda name: name != current)
        choices = [Choice(name, str(TITLES[name]), name) for name in names]
        title = Both(
            "主题：↑ ↓ 试看，Enter 选定，Esc 不变", "Theme: ↑ ↓ try, Enter takes, Esc keeps"
        )
        super().__init__(str(title), choices, filtered=False)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Try it on."""
        name = self._shown[event.option_index].value
        if self.is_active:
            self.app.theme = name
