"""A reply in the agent's own editor, and a long paste, in a real terminal."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyte
import pytest

from agent_tui.domain.ids import ConversationId
from tests.conftest import require
from tests.floor import Floor, shop
from tests.terminal.screen import Tty

pytestmark = pytest.mark.terminal


class Waiting(NamedTuple):
    """A shop, and the chat of the one customer who waits there for this agent."""

    floor: Floor
    key: ConversationId


@pytest.fixture
def waiting(patient: None, tmp_path: Path) -> Iterator[Waiting]:
    with shop(tmp_path / "shop", 1) as floors:
        found = floors()
        key = found.chat("王女士", "收到的杯子碎了")
        found.gives(key, found.me)
        found.opens_the_doors()
        found.profile(tmp_path / "data" / "profiles" / "default")
        yield Waiting(found, key)


@pytest.fixture
def tty(waiting: Waiting, tmp_path: Path) -> Iterator[Tty]:
    """A workstation with that chat open, and half a reply."""
    terminal = Tty(tmp_path, (24, 80))
    try:
        terminal.shows("王女士")
        terminal.settle()
        terminal.press("ctrl+n")
        terminal.shows("发送")
        terminal.types("half a thought")
        terminal.shows("half a thought")
        yield terminal
    finally:
        terminal.close()


def script(folder: Path, lines: str) -> str:
    """An editor that is a few lines of Python; `path` is the file."""
    file = folder / "editor.py"
    file.write_text(f"import os, pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{lines}\n")
    return f"{sys.executable} {file}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyte takes what restores a private mode (CSI ? r) for margins, and fails."""
    plain = pyte.Screen.set_margins

    def set_margins(self: pyte.Screen, *args: int, private: bool = False) -> None:
        if not private:
            plain(self, *args)

    monkeypatch.setattr(pyte.Screen, "set_margins", set_margins)


@pytest.fixture
def editor(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which one the environment names."""
    name = request.param if request.param.startswith("vi ") else script(tmp_path, request.param)
    monkeypatch.setenv("VISUAL", name)
    return name


@pytest.mark.parametrize("editor", ["vi -T vt100"], indirect=True)
def test_vi_takes_the_draft_and_gives_it_back(editor: str, tty: Tty) -> None:
    require(editor.split()[0])
    tty.press("alt+e")
    tty.shows("reply.txt")
    tty.types("A and 两行")
    tty.types("\x1b")
    tty.types("oa second line\x1b")
    tty.types(":wq\r")
    tty.shows("王女士")
    tty.shows("half a thought and 两行")
    tty.shows("a second line")
    tty.sound("after the editor")


LOOKS = """
mode = os.stat(path).st_mode & 0o777, os.stat(path.parent).st_mode & 0o777
path.write_text(f"{path.read_text()} {mode}")
"""


@pytest.mark.parametrize("editor", [LOOKS], indirect=True)
def test_nobody_else_can_read_the_file(editor: str, tty: Tty) -> None:
    tty.press("alt+e")
    tty.shows(f"half a thought ({stat.S_IRUSR | stat.S_IWUSR}, {stat.S_IRWXU})")


@pytest.mark.parametrize(
    "editor",
    ["path.write_text('gone'); sys.exit(3)", "path.unlink()", "path.write_bytes(b'\\xff')"],
    indirect=True,
)
def test_what_was_written_stays_if_the_editor_fails(editor: str, tty: Tty) -> None:
    tty.press("alt+e")
    tty.until(lambda: any(word in tty.text() for word in ("正常结束", "读不回来")), "why it failed")
    tty.shows("half a thought")


@pytest.mark.parametrize(
    "editor", ["path.write_text('safe \\x1b]52;c;AAAA\\x07text')"], indirect=True
)
def test_what_comes_back_is_cleaned(editor: str, tty: Tty) -> None:
    tty.press("alt+e")
    tty.shows("safe ]52;c;AAAAtext")


STAYS = """
import time
while not pathlib.Path(sys.argv[0]).with_name("go").exists():
    time.sleep(0.05)
"""


@pytest.mark.parametrize("editor", [STAYS], indirect=True)
def test_what_was_sent_does_not_wait_for_the_editor(
    editor: str, waiting: Waiting, tty: Tty, tmp_path: Path
) -> None:
    tty.press("enter")
    tty.shows("秒后发出")
    tty.press("alt+e")
    tty.until(lambda: waiting.floor.state(waiting.key).owed_since is None, "the reply arrived")
    (tmp_path / "go").touch()
    tty.shows("王女士")


def test_a_long_paste_is_quick_and_whole(tty: Tty) -> None:
    text = "".join(f"第 {number} 行，粘贴的内容。\n" for number in range(8_000))
    assert len(text) > 100_000
    tty.process.write(f"\x1b[200~{text}\x1b[201~".encode())
    tty.shows("第 7999 行")
    tty.types("还能打字")
    tty.shows("还能打字")


def test_a_draft_is_cleared_and_edited_by_the_usual_keys(tty: Tty) -> None:
    tty.press("alt+z")
    tty.until(lambda: "half" not in tty.text(), "the draft is gone")
    tty.press("alt+z")
    tty.shows("half a thought")
    tty.press("ctrl+w")
    tty.until(lambda: "half a" in tty.text() and "thought" not in tty.text(), "a word is gone")
    tty.press("ctrl+u")
    tty.until(lambda: "half" not in tty.text(), "the line is gone")
    tty.press("alt+x")
    tty.shows("没有待处理的")
