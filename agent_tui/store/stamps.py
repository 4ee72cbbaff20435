"""When what waits in outbox.db was done: ages that no setting of the wall clock changes."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from agent_tui.store import meta, steady

if TYPE_CHECKING:
    from agent_tui.store.outbox import Outbox

CLOCK_SLACK_MS = 1_000  # a clock that is steered moves that much without being set


class Stamps:
    """An age is the difference of two stamps, each less the jump of the clock at its time."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def take(self, db: sqlite3.Connection, now: int) -> int:
        """`Order.queued_at` for what is done now."""
        self._start_watch(db)
        return now - self.jump()

    def jump(self) -> int:
        """By how many ms the wall clock was set since what waits here was stamped. 0 after a
        restart of the machine, where only the wall clock is left to go by."""
        boot, _, offset = (self._outbox.meta("clock") or "").partition(" ")
        if boot != steady.boot():
            return 0
        jump = steady.offset_ms() - int(offset)
        return jump if abs(jump) > CLOCK_SLACK_MS else 0

    def _start_watch(self, db: sqlite3.Connection) -> None:
        """Take the wall clock as right if nothing waits that was stamped before."""
        known = (self._outbox.meta("clock") or "").startswith(steady.boot())
        if not known or (self.jump() and not self._outbox.waits(db)):
            meta.write(db, "clock", f"{steady.boot()} {steady.offset_ms()}")
