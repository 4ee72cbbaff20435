"""In a real terminal: what it is told, its title afterwards, and the keys around the ring."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain import events as e
from agent_tui.paths import Profile
from tests.terminal.test_hostile import Terminal
from tests.tui.driver import ME, World

pytestmark = pytest.mark.terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Three chats of mine; the first is about to breach in a few seconds."""
    for name in ("TMUX", "TERM_PROGRAM", "KITTY_WINDOW_ID", "KONSOLE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    profile = Profile(tmp_path / "profile").create()
    world = World(profile.root)
    world.clock.now = time.time_ns() // 1_000_000 - 92_000
    for number, name in enumerate(("Ann", "Ben", "Cat")):
        key = f"c{number}"
        world.chat(key, name, f"my secret {number}")
        world.feed([(key, e.Assigned(agent=ME.id, team="after-sales", epoch=1))])  # type: ignore[arg-type]
        world.clock.now += 60_000
    write_login(profile, Login("http://127.0.0.1:9", "none", ME))
    world.cache.close()
    world.outbox.close()
    found = Terminal(profile.root, "")
    yield found
    found.close()


def test_it_is_told_and_gets_its_title_back(terminal: Terminal) -> None:
    terminal.shows("Cat")
    heard(terminal, b"\x1b]9;agent-tui: 1 ")
    heard(terminal, b"\x1b]2;(1!) agent-tui\x07")
    assert b"\x1b[22;2t\x1b]2;" in terminal.bytes
    assert b"\x07\x1b]9;" in terminal.bytes  # the bell right before it
    assert b"secret" not in terminal.bytes.partition(b"\x1b]9;")[2].partition(b"\x07")[0]
    terminal.press(b"\x11")
    assert terminal.ends()
    assert terminal.bytes.count(b"\x1b[23;2t") == 1


def test_keys_around_the_ring_as_terminals_send_them(terminal: Terminal) -> None:
    terminal.shows("Cat")
    for keys, name in (
        (b"\x1b[1;3C", "1 Ann"),
        (b"\x1b[1;3C", "2 Ben"),
        (b"\x1b[1;3D", "1 Ann"),
        (b"\x1e", "2 Ben"),  # Ctrl+6
        (b"\x1b[54;5u", "1 Ann"),  # the same with the kitty protocol
        (b"\x1b[1;3D", "3 Cat"),
    ):
        terminal.press(keys)
        terminal.shows(f" {name} ")


def heard(terminal: Terminal, data: bytes, seconds: float = 30) -> None:
    """Wait for `data` to come."""
    end = time.monotonic() + seconds
    while data not in terminal.bytes and time.monotonic() < end:
        terminal.reads(0.3)
    assert data in terminal.bytes, terminal.text()
