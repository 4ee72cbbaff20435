"""The program on a pty, what it paints, and what is wrong with the picture."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyte
from ptyprocess import PtyProcess
from wcwidth import wcswidth, wcwidth

QUIET = 0.12  # seconds without a byte: a picture is whole
LONGEST = 40.0
BORDER = "│"
# Textual's names of keys as a terminal sends them.
NAMED = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "backspace": "\x7f",
    "space": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "insert": "\x1b[2~",
    "alt+insert": "\x1b[2;3~",
    "delete": "\x1b[3~",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    "f12": "\x1b[24~",
    "ctrl+up": "\x1b[1;5A",
    "ctrl+down": "\x1b[1;5B",
    "alt+up": "\x1b[1;3A",
    "alt+down": "\x1b[1;3B",
    "alt+left": "\x1b[1;3D",
    "alt+right": "\x1b[1;3C",
    "ctrl+right_square_bracket": "\x1d",
    "ctrl+backslash": "\x1c",
    "ctrl+circumflex_accent": "\x1e",
    "asterisk": "*",
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "comma": ",",
}


def sent(key: str) -> str:
    """What a terminal sends for a key of Textual's naming, or for two letters in a row."""
    if key in NAMED:
        return NAMED[key]
    modifier, _, base = key.rpartition("+")
    if modifier == "ctrl":
        return chr(ord(base.upper()) & 0x1F)
    if modifier == "alt":
        return "\x1b" + sent(base)
    assert not modifier, key
    return key


class Strict(pyte.Screen):
    """A screen that notes what was drawn past its right edge."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self.over: list[str] = []

    def draw(self, data: str) -> None:
        room = self.columns - self.cursor.x
        if max(0, wcswidth(data)) > room or (len(data) > room and wcswidth(data) < 0):
            self.over.append(f"{data!r} goes past the edge of row {self.cursor.y}")
        super().draw(data)

    def size(self) -> tuple[int, int]:
        return self.lines, self.columns


class Tty:
    """One workstation with the profile `default` of `home`."""

    def __init__(self, home: Path, size: tuple[int, int], language: str = "zh") -> None:
        env = dict(
            os.environ,
            TERM="xterm-256color",
            COLORTERM="truecolor",
            LANG="C.UTF-8",
            TZ="Asia/Shanghai",
            AGENT_TUI_HOME=str(home / "data"),
            AGENT_TUI_CONFIG=str(home / "config"),
        )
        for name in ("COLUMNS", "LINES"):  # set by whoever runs tests; the terminal knows better
            env.pop(name, None)
        self.home = home
        command = [sys.executable, "-m", "agent_tui"]
        self.process = PtyProcess.spawn(command, dimensions=size, env=env)
        self.screen = Strict(size[1], size[0])
        self._stream = pyte.ByteStream(self.screen)
        self.bytes = 0

    # --- bytes -----------------------------------------------------------------------------------

    def read(self, seconds: float) -> bool:
        """Paint what comes within so long; False if nothing came, or the program ended."""
        if not select.select([self.process.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.process.fd, 65_536)
        except OSError:
            return False
        self.bytes += len(data)
        self._stream.feed(data)
        return bool(data)

    def settle(self, quiet: float = QUIET, most: float = 3.0) -> None:
        """Wait until nothing was painted for a moment."""
        end = time.monotonic() + most
        while self.read(quiet) and time.monotonic() < end:
            pass

    def press(self, *keys: str) -> None:
        """Keys of Textual's naming, each with what it paints."""
        for key in keys:
            self.process.write(sent(key).encode())
            self.settle()

    def types(self, text: str) -> None:
        """Text as an input method commits it, in one burst."""
        self.process.write(text.encode())
        self.settle()

    def resize(self, rows: int, columns: int) -> None:
        """The window gets another size; the program is told with SIGWINCH, and paints all of it."""
        self.process.setwinsize(rows, columns)
        self.screen.resize(rows, columns)
        self.screen.buffer.clear()
        end = time.monotonic() + LONGEST
        while self._unpainted() and time.monotonic() < end:
            self.read(0.05)
        self.screen.over.append("")
        while self.screen.over and time.monotonic() < end:
            self.screen.over.clear()  # what was on its way was made for the old size
            self.settle(0.2)

    def _unpainted(self) -> bool:
        rows, columns = self.screen.size()
        cells = (self.screen.buffer[y][x] for y in range(rows) for x in (0, columns - 1))
        return any(_bare(cell) for cell in cells)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal."""
        self.process.kill(number)

    def hang_up(self) -> None:
        """The terminal closes: its window is shut, or ssh breaks."""
        self.process.fileobj.close()
        self.process.fd = -1
        self.process.closed = True

    def ends(self, seconds: float = LONGEST) -> bool:
        """Whether it ends by itself in time."""
        end = time.monotonic() + seconds
        while self.process.isalive() and time.monotonic() < end:
            if self.process.closed:
                time.sleep(0.02)
            else:
                self.read(0.05)
        return not self.process.isalive()

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
            self.process.wait()
        if not self.process.closed:
            self.process.close()

    # --- the picture -----------------------------------------------------------------------------

    def rows(self) -> list[str]:
        """The text of each row."""
        return rows_of(self.screen)

    def text(self) -> str:
        """The whole picture."""
        return "\n".join(self.rows())

    def until(self, condition: Callable[[], Any], what: str, seconds: float = LONGEST) -> Any:
        """The first true answer; reads meanwhile."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {what}\n{self.text()}")
            if not self.process.isalive():
                self.settle()  # its last words
                how = (self.process.exitstatus, self.process.signalstatus)
                raise AssertionError(f"the program ended {how} before: {what}\n{self.text()}")
            self.read(0.05)
        return found

    def shows(self, text: str, seconds: float = LONGEST) -> None:
        """Wait for `text`."""
        self.until(lambda: text in self.text(), f"shows {text!r}", seconds)

    def sound(self, where: str) -> None:
        """Wait until the picture is whole and nothing is wrong with it."""
        end = time.monotonic() + 15
        while (wrong := self.faults()) and time.monotonic() < end:
            self.read(0.1)
        assert not wrong, f"{where}:\n" + "\n".join([*wrong[:8], self.text()])

    def faults(self) -> list[str]:
        """What is wrong with the picture now."""
        if not self.process.isalive():
            return ["the program has ended"]
        return faults_of(self.screen)

    def log(self) -> str:
        """What the program wrote about trouble."""
        path = self.home / "data" / "profiles" / "default" / "agent-tui.log"
        text = path.read_text("utf-8") if path.exists() else ""
        return "\n".join(re.findall(r".*(?:ERROR|CRITICAL|Traceback).*", text))


def rows_of(screen: Strict) -> list[str]:
    """The text of each row. Not pyte's own: that fails on half a wide character."""
    rows, columns = screen.size()
    return ["".join(screen.buffer[y][x].data for x in range(columns)) for y in range(rows)]


def faults_of(screen: Strict) -> list[str]:
    """What is wrong with a picture."""
    rows, columns = screen.size()
    text = "\n".join(rows_of(screen))
    found = [f"{word} on the screen" for word in ("Traceback", "Exception") if word in text]
    found += screen.over
    for y in range(rows):
        found += _halves(y, [screen.buffer[y][x] for x in range(columns)])
    return found + _crooked(rows, columns, screen.buffer)


def _halves(y: int, cells: Sequence[Any]) -> list[str]:
    """Wide characters without their second cell, second cells without a first, unpainted cells."""
    found: list[str] = []
    for x, cell in enumerate(cells):
        wide = wcwidth(cell.data[:1]) == 2 if cell.data else False
        after = cells[x + 1].data if x + 1 < len(cells) else None
        if wide and after != "":
            found.append(f"row {y} column {x}: {cell.data!r} is cut")
        if not cell.data and (not x or wcwidth(cells[x - 1].data[:1] or " ") != 2):
            found.append(f"row {y} column {x}: half a character is left")
        if _bare(cell):
            found.append(f"row {y} column {x}: nothing was painted")
            break
    return found


def _bare(cell: Any) -> bool:
    return cell.bg == "default" and not cell.reverse


def _crooked(rows: int, columns: int, buffer: Any) -> list[str]:
    """Borders between panes run in one column: nothing stands beside it instead."""
    found: list[str] = []
    for x in range(columns):
        drawn = [y for y in range(rows - 1) if buffer[y][x].data == BORDER]
        if len(drawn) < 0.6 * rows:
            continue
        for y in range(drawn[0], drawn[-1]):
            beside = {buffer[y][near].data for near in (x - 1, x + 1) if 0 <= near < columns}
            if buffer[y][x].data != BORDER and BORDER in beside:
                found.append(f"row {y}: the border at column {x} is crooked")
    return found
