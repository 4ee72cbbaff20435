"""What was being written when the terminal closed, or the process was killed, is a draft."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain.ids import ConversationId
from agent_tui.paths import Profile
from agent_tui.store.outbox import Outbox
from tests.driver import until
from tests.terminal.screen import Tty
from tests.tui.driver import ME, World

pytestmark = pytest.mark.terminal
ROUNDS = 20 if os.environ.get("AGENT_TUI_TERMINAL") == "full" else 3
WORDS = "您的退款已经提交预计三天内到账请留意短信通知"
CHAT = ConversationId("c1")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A profile with a customer who waits."""
    folder = tmp_path / "data" / "profiles" / "default"
    Profile(folder).create()
    world = World(folder)
    world.clock.now = time.time_ns() // 1_000_000
    world.chat("c1", "王女士", "退款到哪了")
    write_login(Profile(folder), Login("http://127.0.0.1:9", "none", ME))
    world.cache.close()
    world.outbox.close()
    (tmp_path / "config").mkdir()
    return tmp_path


def writing(home: Path) -> Tty:
    """A workstation with the chat open."""
    tty = Tty(home, (24, 80))
    tty.shows("王女士")
    tty.shows("Ctrl+N")
    tty.press("ctrl+n")
    tty.shows("发送")
    return tty


def draft(home: Path) -> str:
    """What lies on the disk."""
    outbox = Outbox(home / "data" / "profiles" / "default" / "outbox.db")
    try:
        found = outbox.drafts.all().get(CHAT)
        return found.text if found else ""
    finally:
        outbox.close()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_keeps_every_character(home: Path, number: int) -> None:
    tty = writing(home)
    try:
        tty.types(WORDS)
        tty.shows(WORDS[-4:])
        tty.types("最后一字")
        tty.kill(number)
        assert tty.ends()
        assert tty.process.exitstatus == 128 + number
    finally:
        tty.close()
    assert draft(home) == WORDS + "最后一字"


def test_a_terminal_that_closes_keeps_every_character(home: Path) -> None:
    tty = writing(home)
    try:
        tty.types(WORDS)
        tty.shows(WORDS[-4:])
        tty.hang_up()
        assert tty.ends(), "it goes on without a terminal"
    finally:
        tty.close()
    assert draft(home) == WORDS


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_killed_process_loses_no_more_than_the_last_moment(home: Path, seed: int) -> None:
    chance = random.Random(seed)
    tty = writing(home)
    typed = ""
    try:
        for char in WORDS[: chance.randrange(4, 12)]:
            tty.types(char)
            typed += char
        kept = until(lambda: draft(home), 20, "a first draft")
        assert typed.startswith(kept)
        safe = until(lambda: draft(home) == typed and typed, 20, "all of it on the disk")
        for char in WORDS[len(typed) :][: chance.randrange(12)]:
            tty.types(char)
            typed += char
            tty.read(chance.random() / 4)
        tty.kill()
        assert tty.ends()
    finally:
        tty.close()
    left = draft(home)
    assert typed.startswith(left) and left.startswith(safe)
    again = writing(home)
    try:
        again.shows(left[-6:])
        again.sound("after a kill")
    finally:
        again.close()


def test_stopped_and_set_going_again_letters_keep_their_order(home: Path) -> None:
    tty = writing(home)
    try:
        for _ in range(8):
            tty.kill(signal.SIGSTOP)
            tty.kill(signal.SIGCONT)
            tty.settle(0.3)
        whole = "".join(f" {number:02}" for number in range(20)).strip()
        for char in whole:  # each by itself: two readers would share them
            tty.process.write(char.encode())
        tty.shows("18 19")
        tty.screen.reset()  # somebody else wrote over it
        tty.kill(signal.SIGSTOP)
        time.sleep(0.02)
        tty.kill(signal.SIGCONT)
        tty.shows("王女士")
        tty.shows("18 19")
        tty.press("ctrl+q")
        assert tty.ends()
    finally:
        tty.close()
    assert draft(home).strip() == whole
