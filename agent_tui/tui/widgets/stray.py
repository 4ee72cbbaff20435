"""Keys for a list while a Chinese input method is on.

Its punctuation arrives full width or as Chinese signs, and means the key it was typed with. What it
commits arrives as several characters at once: that is text, and no letter of it is a command.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from textual import events
from textual.keys import _character_to_key
from textual.widget import Widget

BURST_SECONDS = 0.004  # in which all of what is committed at once is there
ROUNDS = 4  # as long as more comes
LEAST = 3  # different letters that nobody presses one by one in that time
_SIGNS = {
    "　": " ", "、": "/", "。": ".", "·": "`", "￥": "$", "…": "^", "—": "_", "【": "[", "】": "]",
    "「": "{", "」": "}", "『": "{", "』": "}", "《": "<", "》": ">", "〈": "<", "〉": ">",
    "“": '"', "”": '"', "‘": "'", "’": "'", "×": "*", "÷": "/", "～": "~",
}  # fmt: skip
NARROW = str.maketrans({chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)} | _SIGNS)


def narrow(event: events.Key) -> events.Key:
    """The key that was pressed to type a full-width character."""
    character = event.character
    if character is None or character.isascii():
        return event
    plain = character.translate(NARROW)
    if plain == character:
        return event
    key = "space" if plain == " " else _character_to_key(plain)
    return events.Key(key, plain)


def is_text(typed: str) -> bool:
    """Whether characters that came at once were written and not pressed: a key that repeats was."""
    typed = typed.translate(NARROW)
    if any(not char.isascii() and char.isalpha() for char in typed):
        return True
    return len(typed) >= LEAST and len(set(typed)) > 1


class Stray:
    """Tells text from keys for one list."""

    def __init__(self, owner: Widget) -> None:
        self._owner = owner
        self._taken: list[events.Key] = []  # belong to a text that was told already
        self._last = 0.0  # when the last of them came

    def told(self, event: events.Key) -> bool:
        """Whether it belongs to a text that was told."""
        if not event.is_printable:
            return False
        if any(each is event for each in self._taken) or event.time - self._last < BURST_SECONDS:
            self._last = event.time
            self._taken = [each for each in self._taken if each is not event]
            return True
        return False

    async def text(self, event: events.Key, harmless: frozenset[str]) -> str | None:
        """What was written, if `event` begins a text; None if it is a key. What does no harm is
        not waited for."""
        character = event.character or ""
        if event.key in harmless:
            return None
        behind: list[events.Key] = []
        typed = character
        for _ in range(ROUNDS):
            await asyncio.sleep(BURST_SECONDS)
            before, behind = len(behind), list(self._behind())
            typed = character + "".join(each.character or "" for each in behind)
            if len(behind) == before or is_text(typed):
                break
        if not is_text(typed):
            return None
        self._taken = behind
        self._last = behind[-1].time if behind else event.time
        return typed

    def _behind(self) -> Iterable[events.Key]:
        """The printable keys that wait right behind this one."""
        for pump in (self._owner, self._owner.app):
            for message in (pump._pending_message, *pump._message_queue.values):
                if isinstance(message, events.Key):
                    if not message.is_printable:
                        return
                    yield message
