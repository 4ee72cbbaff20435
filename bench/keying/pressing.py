"""A key, and when the last byte came that shows what it did."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from finding.terminal import COLUMNS, ROWS, Terminal

DOWN, UP = b"\x1b[B", b"\x1b[A"
NUMBER = re.compile(r"(?<!\d)\d{5}(?!\d)")
COLUMN = 3  # inside every list
STILL = 0.05  # seconds that nothing is painted here after a key, so that no byte waits
BUSY = 0.08  # the same where more comes all the time
PATIENCE = 120.0


@dataclass
class Program:
    """A program on a pty, stopped while others have their turn."""

    name: str
    terminal: Terminal
    seconds: dict[str, list[float]] = field(default_factory=dict)
    sizes: dict[str, list[int]] = field(default_factory=dict)
    window: float = STILL

    @contextmanager
    def turn(self, warm: float) -> Iterator[None]:
        """Goes on, for `warm` seconds alone, and is stopped in the end."""
        os.kill(self.terminal.pid, signal.SIGCONT)
        self.terminal.rest(warm)
        self.terminal.text()
        try:
            yield
        finally:
            self.terminal.settle(0.02)
            os.kill(self.terminal.pid, signal.SIGSTOP)

    def key(self, measure: str, keys: bytes, seen: Callable[[], bool]) -> None:
        """Press and keep what it took; an empty `measure` keeps nothing."""
        terminal = self.terminal
        terminal.text()
        size, started = terminal.bytes, terminal.press(keys)
        while time.perf_counter() < started + PATIENCE:
            terminal.rest(self.window)
            for stamp in terminal.paint():
                if seen():
                    if measure:
                        self.seconds.setdefault(measure, []).append(stamp - started)
                        self.sizes.setdefault(measure, []).append(terminal.bytes - size)
                    return
        raise SystemExit(f"{self.name}: {measure} does nothing:\n{terminal.text()}")

    def moves(self, measure: str, key: bytes) -> None:
        """A key that moves the cursor to another row."""
        before = self.place()
        self.key(measure, key, lambda: self.place() not in (None, before))

    def place(self) -> str | None:
        """The number of the row that has the cursor; None while there is not one."""
        buffer = self.terminal.screen.buffer
        rows = range(1, ROWS - 1)
        grounds = Counter(buffer[row][COLUMN].bg for row in rows)
        common = grounds.most_common(1)[0][0]
        lit = [row for row in rows if buffer[row][COLUMN].bg != common]
        found = {one for row in lit for one in NUMBER.findall(self.terminal.line(row, 0, 40))}
        return found.pop() if len(found) == 1 else None

    def ready(self) -> None:
        """Wait until the list is there and obeys."""
        end = time.perf_counter() + PATIENCE
        while self.place() is None:
            if time.perf_counter() > end:
                raise SystemExit(f"{self.name}: no list:\n{self.terminal.text()}")
            self.terminal.rest(0.5)
            self.terminal.text()
            if self.terminal.bytes and self.place() is None:
                self.terminal.press(DOWN)  # off the top row, which others use for a title
        self.terminal.settle(0.3)
        self.terminal.text()
        self.moves("", DOWN)

    def says(self, text: str, left: int) -> bool:
        """Whether `text` stands in a row right of column `left`."""
        lines = (self.terminal.line(row, left, COLUMNS) for row in range(ROWS))
        return any(text in line for line in lines)
