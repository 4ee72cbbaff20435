"""Stopped from outside (SIGSTOP, which no program hears of) and set going again.

Textual's driver takes SIGCONT for the end of a pause that it had prepared, and starts its threads
once more beside those that still run: two then read the keyboard, and letters swap places. Others
may have used the terminal meanwhile, so everything is set up anew, after the old reader has ended.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from textual.app import App


def go_on_once(app: App[Any]) -> None:
    """From now on one thread reads the keyboard, however often the program is stopped. Call it on
    the main thread, once the driver runs; other drivers than the terminal's need nothing."""
    driver: Any = app._driver
    if not hasattr(driver, "_sigcont_application"):
        return

    def told(number: int, frame: FrameType | None) -> None:
        reader, loop = driver._key_thread, app._loop
        if driver._auto_restart and reader is not None and reader.is_alive() and loop is not None:
            loop.call_soon_threadsafe(again)  # not here, amid whatever was interrupted
        else:
            driver._sigcont_application()

    def again() -> None:
        if not driver._key_thread.is_alive():
            return  # it has ended, or been paused, since
        shells = driver.attrs_before  # what the terminal gets back in the end
        driver.exit_event.set()
        driver._key_thread.join()  # what was typed meanwhile it still reads
        driver.exit_event.clear()
        driver.close()
        driver.resume_application_mode()
        driver.attrs_before = shells
        app.refresh(layout=True)

    signal.signal(signal.SIGCONT, told)
