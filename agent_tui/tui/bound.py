"""The intents as bindings: of the screen, and as letters of the queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from agent_tui.tui.commands import INTENTS
from agent_tui.tui.widgets.queue import QueueList
from agent_tui.tui.widgets.typing import InOrder


def everywhere() -> Iterator[BindingType]:
    """What works in any focus."""
    for intent in INTENTS:
        yield Binding(
            intent.default_keys or f"<{intent.id}>",
            f"intent('{intent.id}')",
            intent.title.en,
            show=False,
            id=intent.id,
        )


class QueueKeys(InOrder, QueueList):
    """The queue with its letters."""

    takes_text: ClassVar[bool] = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(intent.letters, f"screen.intent('{intent.id}')", intent.title.en, show=False)
        for intent in INTENTS
        if intent.letters
    ]
