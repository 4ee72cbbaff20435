"""The intents as bindings: of the screen, and as letters of the queue and of the transcript."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from agent_tui.tui.commands import INTENTS
from agent_tui.tui.commands.base import Context
from agent_tui.tui.keymap import KeyMap, unbound
from agent_tui.tui.keynames import is_sequence
from agent_tui.tui.widgets.queue import QueueList
from agent_tui.tui.widgets.transcript import Transcript
from agent_tui.tui.widgets.typing import InOrder


def everywhere() -> Iterator[BindingType]:
    """What works in any focus, as the table has it; the app's keymap says what else."""
    for intent in INTENTS:
        yield Binding(
            intent.default_keys or unbound(intent),
            f"intent('{intent.id}')",
            intent.title.en,
            show=False,
            id=intent.id,
        )


class Lettered(InOrder):
    """A list whose letters are intents, some of them two letters long."""

    takes_text: ClassVar[bool] = False
    context: ClassVar[Context]

    def __init__(self, keymap: KeyMap, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._letters = keymap.bound_letters(self.context)
        self._first_letters = frozenset(key[0] for key in self._letters if is_sequence(key))
        self._begun = ""  # the first letter of two

    async def _obey(self, event: events.Key) -> bool:
        begun, self._begun = self._begun, ""
        for key in event.aliases:
            name = self._letters.get(begun + key) if begun else None
            name = name or self._letters.get(key)
            if name is not None:
                return await self.app.run_action(f"screen.intent('{name}')", self)
        if event.key in self._first_letters:
            self._begun = event.key
            return True
        return await super()._obey(event)


class QueueKeys(Lettered, QueueList):
    """The queue with its letters."""

    context: ClassVar[Context] = Context.QUEUE


class TranscriptKeys(Lettered, Transcript):
    """The transcript with its letters, for while it is read."""

    context: ClassVar[Context] = Context.TRANSCRIPT
