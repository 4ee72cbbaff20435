"""Colours as a terminal gets them: none at all with NO_COLOR, and all is still said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.terminal.test_find import profile_with
from tests.terminal.test_hostile import Terminal

pytestmark = pytest.mark.terminal
COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")


@pytest.mark.parametrize("no_color", [True, False])
def test_no_colour_means_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")
    else:
        monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal(profile_with(tmp_path), notice="")
    try:
        terminal.shows("Tom")
        terminal.shows("*1")  # unread, by its sign
        terminal.reads(0.5)
        row = next(number for number, line in enumerate(terminal.screen.display) if "Tom" in line)
        assert "▸" in terminal.screen.display[row]
        assert terminal.screen.buffer[row][12].reverse == no_color  # the line that keys act on
        terminal.press(b"\x10")  # Ctrl+P
        terminal.shows("找命令")
        terminal.reads(0.5)
        row = next(n for n, line in enumerate(terminal.screen.display) if "下一个" in line)
        chosen = [cell for cell in terminal.screen.buffer[row].values() if cell.data == "C"]
        assert chosen[0].underscore == no_color
        terminal.press(b"\x1b", 1.0)
        assert bool(COLOUR.search(terminal.bytes)) != no_color
        assert terminal.process.isalive()
    finally:
        terminal.close()
