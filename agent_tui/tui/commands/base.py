"""One class per user intent; keys, palette, help, docs/keys.md and [keys] derive from it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Context(StrEnum):
    """Where an intent's key works."""

    EVERYWHERE = "everywhere"
    QUEUE = "queue"  # plain letters, while the queue has the focus
    TRANSCRIPT = "transcript"  # plain letters, while the open chat is read


class Intent:
    """Something a person wants.

    `id` names it in config.toml; `default_keys` are comma-separated Textual key names; `letters`
    are extras while the queue has the focus, `reading` while the transcript has it; `title` is a
    word or two for the status line, `doc` a sentence.
    `asks`: opens a dialogue and waits for it. `footer`: shown among the next useful keys in these
    focuses ("queue", "composer", "find", "transcript").
    """

    id: ClassVar[str]
    default_keys: ClassVar[str] = ""
    letters: ClassVar[str] = ""
    reading: ClassVar[str] = ""
    title: ClassVar[Both]
    doc: ClassVar[Both]
    footer: ClassVar[tuple[str, ...]] = ()
    needs_chat: ClassVar[bool] = False
    asks: ClassVar[bool] = False

    async def run(self, screen: Workstation) -> None:
        """Do it."""
        raise NotImplementedError
