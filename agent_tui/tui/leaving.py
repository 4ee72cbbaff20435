"""The terminal closes, or the machine shuts down: what is being written reaches the disk first."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_tui.tui.app import WorkstationApp

# Windows has no hang-up.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))
PATIENCE = 3.0  # seconds; a terminal that is gone can hold up a farewell for good


def leave_when_told(app: WorkstationApp) -> None:
    """From now on a signal keeps the drafts, then ends `app`. Call it on the main thread."""

    def told(number: int, frame: FrameType | None) -> None:
        last = threading.Timer(PATIENCE, os._exit, (128 + number,))
        last.daemon = True
        last.start()
        loop = app._loop
        if loop is None:  # nothing was written yet
            os._exit(128 + number)
        loop.call_soon_threadsafe(leave, number)

    def leave(number: int) -> None:
        if app.ready.is_set():
            app.workstation.chat.keep_draft()
        app.exit(return_code=128 + number)

    for each in SIGNALS:
        signal.signal(each, told)
