"""The keys of the find pane as a terminal sends them, and what it paints of hostile articles."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain.ids import ConversationId
from agent_tui.paths import Profile
from agent_tui.store.outbox import Outbox
from tests.terminal.test_hostile import HOSTILE, MARKERS, Terminal
from tests.tui.driver import ME, World

pytestmark = pytest.mark.terminal
BODIES = ("First answer.", "Second answer.", "Third answer.")


def profile_with(root: Path, title: str = "where is my parcel") -> Path:
    """A customer who asks, and three articles that say so."""
    folder = root / "profile"
    Profile(folder).create()
    world = World(folder)
    world.clock.now = time.time_ns() // 1_000_000
    world.chat("c1", "Tom", "where is my parcel", language="en")
    for number, body in enumerate(BODIES):
        world.article(f"a{number}", f"{title}{'?' * number}", body, internal=title)
    write_login(Profile(folder), Login("http://127.0.0.1:9", "none", ME))
    world.cache.close()
    world.outbox.close()
    return folder


@pytest.mark.parametrize("keys", [b"\x1b1", b"\x18", b"\x1b2", b"\x1b3"])
def test_alt_and_a_digit_insert_a_likely_answer(tmp_path: Path, keys: bytes) -> None:
    folder = profile_with(tmp_path)
    terminal = Terminal(folder, notice="")
    try:
        terminal.shows("Tom")
        terminal.press(b"\x0e")
        terminal.shows("3 ? where is my parcel")
        terminal.reads(0.5)
        [first] = [body for body in BODIES if body in terminal.text()]  # the preview
        terminal.press(keys)
        terminal.shows("[草稿]")  # it stands in the composer, and is kept
    finally:
        terminal.close()
    outbox = Outbox(folder / "outbox.db")
    kept = outbox.drafts.all()[ConversationId("c1")].text
    outbox.close()
    assert kept in BODIES and (kept == first) == (keys in (b"\x1b1", b"\x18"))


def test_nothing_of_a_hostile_article_reaches_the_terminal(tmp_path: Path) -> None:
    title = "where is my parcel " + "".join(text[:200] for text in HOSTILE)
    terminal = Terminal(profile_with(tmp_path, title), notice="")
    try:
        terminal.shows("Tom")
        terminal.press(b"\x0e")
        terminal.shows("1 ? where is my parcel")
        terminal.press(b"\x06")
        terminal.press(b"\x1b[C")
        terminal.shows("Esc 返回")
        terminal.press(b"e")
        terminal.shows("Ctrl+S 提交给组长")
        terminal.press(b"\x1b", 1.0)
        assert not any(marker in terminal.bytes for marker in MARKERS)
        assert terminal.process.isalive()
    finally:
        terminal.close()
