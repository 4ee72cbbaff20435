"""With a terminal in front: one key to begin with, and a bar while customers are played."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Server, environment

pytestmark = pytest.mark.terminal
# Ctrl+C reaches the program whose terminal it is.
TAKES_THE_TERMINAL = """
import fcntl, termios
from agent_tui.__main__ import main
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
main([])
"""
PROGRAM = [sys.executable, "-m", "agent_tui", "--lang", "en"]


class Terminal:
    """The person's end of a pseudo-terminal."""

    def __init__(self, person: int) -> None:
        self._person = person
        self.seen = ""

    def reads(self, text: str, seconds: float = 20.0) -> None:
        """Wait until `text` is on the screen."""
        until = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self._person], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"{text!r} is not in {self.seen!r}"
            try:
                self.seen += os.read(self._person, 65_536).decode(errors="replace")
            except OSError as error:  # the program has left
                raise AssertionError(f"{text!r} is not in {self.seen!r}") from error

    def types(self, text: str) -> None:
        """Press keys."""
        os.write(self._person, text.encode())


@contextlib.contextmanager
def running(
    command: list[str], home: Path, *, only_stderr: bool = False
) -> Iterator[tuple[Terminal, subprocess.Popen[str]]]:
    """`command` with a person at its terminal; or with the terminal for its stderr alone."""
    person, tty = pty.openpty()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL if only_stderr else tty,
        stdout=subprocess.PIPE if only_stderr else tty,
        stderr=tty,
        text=True,
        env=environment(home) | {"TERM": "xterm-256color", "COLUMNS": "100"},
        start_new_session=True,
    ) as child:
        os.close(tty)
        try:
            yield Terminal(person), child
        finally:
            child.kill()
            os.close(person)


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("\x04", 0), ("xq", 0), ("\x03", 130)])
def test_a_newcomer_may_leave(tmp_path: Path, key: str, code: int) -> None:
    with running([sys.executable, "-c", TAKES_THE_TERMINAL], tmp_path) as (person, child):
        person.reads("agent-tui practice")
        person.reads("q  离开")
        left = contextlib.suppress(subprocess.TimeoutExpired)
        for _ in range(20):  # what is typed before the terminal listens is thrown away
            time.sleep(0.3)
            person.types(key)
            with left:
                child.wait(0.7)
                break
        assert child.wait(30) == code


def test_a_newcomer_may_log_in(tmp_path: Path) -> None:
    with running(PROGRAM, tmp_path) as (person, child):
        person.reads("q  离开")
        time.sleep(0.3)
        person.types("l")
        person.reads("URL: ")
        person.types("ftp://wrong\n")
        person.reads("not an address")
        assert child.wait(30) == 2


def test_a_bar_on_stderr_and_the_figures_on_stdout(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"customer_turns": [{"text": f"turn {n}"} for n in range(5)]}))
    command = [*PROGRAM, "replay", str(path), "--to", server.url, "--json", "--rate", "20"]
    with running(command, tmp_path, only_stderr=True) as (person, child):
        person.reads("/5")
        out, _ = child.communicate(timeout=30)
        assert child.returncode == 0
        assert json.loads(out)["acknowledged"] == 5
