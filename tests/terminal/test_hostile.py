"""Customers' text in a real terminal: nothing that a terminal obeys ever reaches it."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pyte
import pytest
from ptyprocess import PtyProcess

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain import events as e
from agent_tui.paths import Profile
from tests.tui.driver import ME, World

pytestmark = pytest.mark.terminal

OSC_52 = "\x1b]52;c;aGFja2Vk\x07"
HOSTILE = [
    "[/b] [red]markup[/red] [@click=app.quit]x[/]",
    "\x1b[38;5;199mPINK\x1b[0m",
    OSC_52 + "clipboard",
    "\x1b]0;owned\x07title",
    "\x9b31mC1",
    "\x90q\x9cdcs",
    "\u202egnp.exe\u2066x\u2069",
    "zero\u200bwidth\ufeff\u2060joined",
    "\x07\x08\x7f\x00bell",
    "\r\x1b[2Jcleared",
    "é" + "\u0301" * 200 + "zalgo",
    "👨\u200d👩\u200d👧 ❤\ufe0f family",
    "שלום مرحبا",
    "长" * 50_000,
    "W" * 100_000,
]
MARKERS = (
    b"\x1b]52",
    b"\x1b]0;owned",
    b"\x1b[38;5;199",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\xe2\x80\x8b",
)
PROGRAM = (
    "import sys; from pathlib import Path; from agent_tui.paths import Profile;"
    "from agent_tui import bootstrap; from agent_tui.workstation import workstation;"
    "p = Profile(Path(sys.argv[1]));"
    "sys.exit(workstation(p, bootstrap.read_login(p), notice=sys.argv[2]))"
)


class Terminal:
    """The program on a pty, its bytes, and the screen that they paint."""

    def __init__(self, profile: Path, notice: str, size: tuple[int, int] = (36, 120)) -> None:
        home = profile.parent
        env = dict(
            os.environ,
            TERM="xterm-256color",
            COLORTERM="truecolor",
            LANG="C.UTF-8",
            AGENT_TUI_HOME=str(home),
            AGENT_TUI_CONFIG=str(home / "config"),
        )
        for name in (
            "COLUMNS",
            "LINES",
        ):  # test runners set them; the terminal says how large it is
            env.pop(name, None)
        command = [sys.executable, "-c", PROGRAM, str(profile), notice]
        self.process = PtyProcess.spawn(command, dimensions=size, env=env)
        self.bytes = b""
        self.screen = pyte.Screen(size[1], size[0])
        self._stream = pyte.ByteStream(self.screen)

    def reads(self, seconds: float) -> None:
        """Take in what the program paints for a while."""
        import select

        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.process.fd], [], [], left)[0]:
                return
            try:
                data = os.read(self.process.fd, 65_536)
            except OSError:
                return
            self.bytes += data
            self._stream.feed(data)

    def shows(self, text: str, seconds: float = 15) -> None:
        """Wait for `text` on the screen."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.reads(0.2)
            if text in self.text():
                return
        raise AssertionError(f"{text!r} is not on the screen:\n{self.text()}")

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def press(self, keys: bytes, seconds: float = 0.4) -> None:
        self.process.write(keys)
        self.reads(seconds)

    def ends(self, seconds: float = 15) -> bool:
        """Whether the program ends by itself in time."""
        end = time.monotonic() + seconds
        while self.process.isalive() and time.monotonic() < end:
            self.reads(0.2)
        return not self.process.isalive()

    def close(self) -> None:
        self.process.close(force=True)


def strings() -> list[str]:
    """Our own hostile strings, and those of a file that $AGENT_TUI_HOSTILE names (JSON lines)."""
    found = list(HOSTILE)
    path = os.environ.get("AGENT_TUI_HOSTILE")
    if path:
        lines = Path(path).read_text("utf-8").split("\n")
        found += [json.loads(line)["text"] for line in lines if line]
    return [text for text in found if text.strip()]


def profile_with(root: Path, texts: list[str]) -> Path:
    """A profile whose cache holds each text as a message and as a customer's name.

    The server is taken out of the picture on purpose: the cache must clean what a careless or older
    server let through.
    """
    folder = root / "profile"
    Profile(folder).create()
    world = World(folder)
    world.clock.now = time.time_ns() // 1_000_000
    for number, text in enumerate(texts):
        world.chat(f"h{number:04}", text, text, "and " + text)
    note = e.NoteAdded(message="n", text=texts[0], author=ME.id)  # type: ignore[arg-type]
    world.feed([("h0000", note)])
    write_login(Profile(folder), Login("http://127.0.0.1:9", "none", ME))
    world.cache.close()
    world.outbox.close()
    return folder


def test_nothing_of_a_hostile_message_reaches_the_terminal(tmp_path: Path) -> None:
    texts = strings()
    terminal = Terminal(profile_with(tmp_path, texts), notice=f"note [/b] {HOSTILE[1]}")
    try:
        terminal.shows("待认领")
        assert "[/b]" in terminal.text()  # in the notification, as text
        for _ in range(min(len(texts), 80)):
            terminal.press(b"\x1b[1;5B", 0.12)  # Ctrl+Down opens the next chat
        terminal.press(b"\x1b", 0.5)
        for _ in range(8):
            terminal.press(b"\x1b[B", 0.05)
        terminal.reads(1.0)
        assert terminal.process.isalive(), terminal.text()
        for marker in MARKERS:
            assert marker not in terminal.bytes
        assert "Traceback" not in terminal.text()
        terminal.press(b"\x11")  # Ctrl+Q
        assert terminal.ends(), terminal.text()
    finally:
        terminal.close()
