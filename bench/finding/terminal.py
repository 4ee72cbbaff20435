"""A program on a pty: what it paints, and when the bytes of it came."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import psutil
import pyte
from ptyprocess import PtyProcess

ROWS, COLUMNS = 36, 120
SIZE = 65_536
LONGEST = 10.0  # seconds that somebody waits for a key


class Ended(SystemExit):
    """The program is no more."""


class Terminal:
    """Bytes are stamped as they are read, and painted later: painting here takes as long as there.

    `others` are terminals whose bytes must be taken in, too, while one waits for this one's.
    """

    def __init__(self, command: Sequence[str], env: dict[str, str]) -> None:
        self.started = time.perf_counter()
        self.process = PtyProcess.spawn(list(command), dimensions=(ROWS, COLUMNS), env=env)
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._chunks: deque[tuple[float, bytes]] = deque()
        self.bytes = 0
        self.stamp = self.started  # of the last byte
        self.others: tuple[Terminal, ...] = ()

    @property
    def pid(self) -> int:
        """Of the program."""
        return int(self.process.pid)

    def close(self) -> None:
        """End it, and the processes that it started."""
        children = psutil.Process(self.pid).children(recursive=True) if self.running else []
        self.process.close(force=True)
        for child in children:
            if child.is_running():
                child.kill()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return bool(self.process.isalive())

    def leave(self, seconds: float = 30.0) -> None:
        """Ctrl+Q, and wait until it has ended."""
        self.press(b"\x11")
        end = time.perf_counter() + seconds
        with contextlib.suppress(Ended):
            while self.running and time.perf_counter() < end:
                self.read(0.1)
        self.close()

    # --- bytes -----------------------------------------------------------------------------------

    def press(self, keys: bytes) -> float:
        """Type; when."""
        now = time.perf_counter()
        os.write(self.process.fd, keys)
        return now

    def read(self, seconds: float) -> bool:
        """Take in what comes within `seconds`; False if nothing came from this terminal."""
        asked = {each.process.fd: each for each in (self, *self.others)}
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            ready = select.select(list(asked), [], [], left)[0]
            for fd in ready:
                asked[fd]._take()
            if self.process.fd in ready:
                return True
        return False

    def _take(self) -> None:
        try:
            data = os.read(self.process.fd, SIZE)
        except OSError:
            raise Ended(f"the program ended:\n{self.text()}") from None
        self.stamp = time.perf_counter()
        self.bytes += len(data)
        self._chunks.append((self.stamp, data))

    def settle(self, quiet: float) -> None:
        """Wait until nothing came for `quiet` seconds."""
        end = time.perf_counter() + LONGEST
        while self.read(quiet) and time.perf_counter() < end:
            pass

    def rest(self, seconds: float) -> None:
        """Take in what comes for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    # --- the screen ------------------------------------------------------------------------------

    def paint(self) -> Iterator[float]:
        """Put what came on the screen, piece by piece; after each, when it came."""
        while self._chunks:
            stamp, data = self._chunks.popleft()
            self._stream.feed(data)
            yield stamp

    def wait(self, seen: Callable[[], bool], seconds: float, quiet: float = 0.02) -> float:
        """When what is looked for came to the screen. SystemExit if it did not within `seconds`.

        It is looked for when nothing came for `quiet` seconds, so that looking delays no byte.
        """
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            while self.read(quiet) and time.perf_counter() < end:
                pass
            for stamp in self.paint():
                if seen():
                    return stamp
        raise SystemExit(f"not seen within {seconds:.0f} s:\n{self.text()}")

    def text(self) -> str:
        """The whole screen."""
        for _ in self.paint():
            pass
        # Not pyte's own: it fails on a wide character of which half was overwritten.
        return "\n".join(self.line(row, 0, COLUMNS) for row in range(ROWS))

    def line(self, row: int, left: int, right: int) -> str:
        """The characters of a row; the second cell of a wide one holds none."""
        cells = self.screen.buffer[row]
        return "".join(cells[column].data for column in range(left, right))

    def find(self, text: str) -> tuple[int, int] | None:
        """Row and column of `text`, which is ASCII."""
        for row in range(ROWS):
            cells = self.screen.buffer[row]
            # A wide character's second cell is empty: a blank keeps the columns.
            drawn = "".join((cells[column].data or " ")[:1] for column in range(COLUMNS))
            if (column := drawn.find(text)) >= 0:
                return row, column
        return None
