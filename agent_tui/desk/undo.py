"""The last things done, and the commands that undo them."""

from __future__ import annotations

from collections import deque

import msgspec

from agent_tui.domain.commands import AgentCommand
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.lang import Both
from agent_tui.store.outbox import TrayItem

DEPTH = 50


class Undo(msgspec.Struct, frozen=True):
    """One step back: a command, or what goes back to the unsent tray. `at` (ms) tells whether it
    is newer than what was typed.

    What was done to many conversations at once goes back at once: `others` are those beside the
    first, `bulk` the number of the deed's first command. Once undone, `left` says what stayed as it
    is, and why (None: it was so already).

    `held` is the row of a reply in its grace, or of what waits behind one: undone, it was never
    done. `command` is for when it has left; None if nothing brings it back then. Once undone,
    `taken` is what was taken back.
    """

    conversation: ConversationId
    command: AgentCommand | TrayItem | None
    title: Both
    at: int
    others: tuple[tuple[ConversationId, AgentCommand], ...] = ()
    bulk: int = 0
    left: tuple[tuple[ConversationId, Rejected | Held | None], ...] = ()
    held: int = 0
    taken: AgentCommand | None = None


class UndoStack:
    """Steps back, newest last. Of this workstation only, and gone when it ends."""

    def __init__(self) -> None:
        self._steps: deque[Undo] = deque(maxlen=DEPTH)

    def push(self, step: Undo) -> None:
        """Remember a step."""
        self._steps.append(step)

    def pop(self) -> Undo | None:
        """Take the newest step."""
        return self._steps.pop() if self._steps else None

    def newest(self) -> Undo | None:
        """The newest step, left where it is."""
        return self._steps[-1] if self._steps else None

    def is_discard(self) -> bool:
        """Whether the newest step is an item that left the unsent tray."""
        return bool(self._steps) and isinstance(self._steps[-1].command, TrayItem)

    def last_at(self) -> int:
        """When the newest step was done (ms); 0 if there is none."""
        return self._steps[-1].at if self._steps else 0
