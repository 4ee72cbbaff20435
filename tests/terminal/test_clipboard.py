"""What is copied gets through a real tmux as it is set up out of the box."""

from __future__ import annotations

import base64
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from tests.conftest import require

pytestmark = pytest.mark.terminal
TEXT = "运费谁出\n\x1b[31m" + "长" * 2000
PROGRAM = """
import asyncio, sys, time
from agent_tui.tui.clipboard import through_tmux, within_tmux
assert within_tmux()
assert asyncio.run(through_tmux(open(sys.argv[1], encoding="utf-8").read()))
time.sleep(30)
"""


@pytest.fixture
def socket() -> Iterator[str]:
    """A tmux server of this test's own."""
    name = f"agent-tui-{os.getpid()}"
    yield name
    subprocess.run(["tmux", "-L", name, "kill-server"], capture_output=True, check=False)


def test_tmux_hands_the_text_on_to_its_terminal(tmp_path: Path, socket: str) -> None:
    tmux = require("tmux")
    script, text = tmp_path / "copy.py", tmp_path / "text"
    script.write_text(PROGRAM, "utf-8")
    text.write_text(TEXT, "utf-8")
    command = [tmux, "-L", socket, "-f", "/dev/null", "new-session"]
    command += [sys.executable, str(script), str(text)]
    environment = dict(os.environ, TERM="xterm-256color", LANG="C.UTF-8")
    environment.pop("TMUX", None)
    wanted = base64.b64encode(TEXT.encode())
    terminal = PtyProcess.spawn(command, dimensions=(24, 80), env=environment)
    seen, end = b"", time.monotonic() + 30
    try:
        while wanted not in seen and time.monotonic() < end:
            if select.select([terminal.fd], [], [], 0.2)[0]:
                try:
                    seen += os.read(terminal.fd, 65_536)
                except OSError:  # it ended
                    break
        assert b"\x1b]52;" in seen and wanted in seen
    finally:
        terminal.close(force=True)
