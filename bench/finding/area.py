"""The part of the screen that shows what was found, and when it came to rest after a key."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from finding.terminal import COLUMNS, LONGEST, ROWS, Terminal

FIND = b"\x06"  # Ctrl+F
PROBE = "ß"  # no key of anything
FRAME = 0.004  # seconds between pieces that belong together, at most
QUIET = 0.08  # seconds without a byte: a frame is over
PAUSE = 0.15  # seconds without a key after which past conversations are looked up
PATIENCE = 0.6  # seconds after which results that are still the same will stay the same


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key did: seconds until the `last` byte came that changed the area, and until results
    changed `first`; `size` bytes, in so many `frames`; whether more than the box `changed`."""

    last: float
    first: float
    size: int
    frames: int
    changed: bool
    text: str  # of the box


class Area:
    """The search box and what lies below it, up to the edges of the screen."""

    def __init__(self, terminal: Terminal, row: int, left: int) -> None:
        self._terminal = terminal
        self.row = row
        self.left = left
        self._clocks: frozenset[int] = frozenset()
        self._caret = left

    @classmethod
    def focused(cls, terminal: Terminal) -> Area:
        """Go to the box, as soon as there is one, and see where it is."""
        end, typed = time.perf_counter() + LONGEST, 0
        while time.perf_counter() < end:
            typed += 1
            terminal.press(FIND)
            terminal.settle(0.06)
            terminal.press(PROBE.encode())
            terminal.settle(0.06)
            terminal.text()
            if found := terminal.find(PROBE):
                terminal.press(b"\x7f" * typed)
                return cls(terminal, *found)
        raise SystemExit(f"no search box:\n{terminal.text()}")

    def leave_clocks_out(self, seconds: float = 2.5) -> None:
        """What changes now, while nobody types, is no result."""
        terminal, rows = self._terminal, set[int]()
        terminal.text()
        end = time.perf_counter() + seconds
        before = self.results()
        while time.perf_counter() < end:
            terminal.read(0.2)
            for _ in terminal.paint():
                now = self.results()
                rows |= {each for each, cells in now.items() if cells != before[each]}
                before = now
        self._clocks = frozenset(rows)

    # --- what stands there -----------------------------------------------------------------------

    def box(self) -> tuple[str, int]:
        """What the box says, and where its caret stands: a blank at the end shows by that alone."""
        terminal = self._terminal
        cursor = terminal.screen.cursor
        if cursor.y == self.row:
            self._caret = cursor.x
        return terminal.line(self.row, self.left, COLUMNS), self._caret

    def results(self) -> dict[int, list[Any]]:
        """The cells below, by row, with their colours; without the status line."""
        buffer = self._terminal.screen.buffer
        return {
            row: [buffer[row][column] for column in range(self.left, COLUMNS)]
            for row in range(self.row + 1, ROWS - 1)
            if row not in self._clocks
        }

    def says(self, text: str) -> bool:
        """Whether `text` stands below the box."""
        terminal = self._terminal
        lines = (terminal.line(row, self.left, COLUMNS) for row in range(self.row + 1, ROWS - 1))
        return any(text in line for line in lines)

    # --- typing ----------------------------------------------------------------------------------

    def clear(self, length: int) -> None:
        """Empty the box of `length` characters, and let everything come to rest."""
        self._terminal.press(b"\x7f" * length)
        self._terminal.rest(0.3)
        self._terminal.text()

    def press(self, keys: str) -> Pressed:
        """Type one key (or the characters that an input method commits at once), and wait."""
        terminal = self._terminal
        terminal.text()
        box, results = self.box(), self.results()
        top = results[self.row + 1]
        size = terminal.bytes
        started = first = last = terminal.press(keys.encode())
        drawn = changed = False
        frames = 0
        while True:
            terminal.settle(QUIET)
            for stamp in terminal.paint():
                now, below = self.box(), self.results()
                # Past conversations come below after a pause, and are not what is waited for.
                other = below != results if stamp - started < PAUSE else below[self.row + 1] != top
                if now != box or other:
                    frames += stamp - last > FRAME
                    last = stamp
                if other and not changed:
                    first = stamp
                drawn, changed = drawn or now != box, changed or other
                box, results, top = now, below, below[self.row + 1]
            waited = time.perf_counter() - started
            if (drawn and changed) or waited > (PATIENCE if drawn else LONGEST):
                break
        took = terminal.bytes - size
        shown = first - started if changed else last - started
        return Pressed(last - started, shown, took, frames, changed, box[0].strip())
