"""News from other threads reach the screen, also after one that could not be read."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from agent_tui.desk.desk import Desk
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.tui import bridge
from agent_tui.tui.bridge import Bridge


class Tray:
    items = ()


class Reader:
    """A desk whose disk refuses once."""

    tray = Tray()

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.read: list[Changes] = []
        self.has_read = asyncio.Event()

    def refresh(self, changes: Changes) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error
        self.read.append(changes)
        self.has_read.set()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "TRY_AGAIN", 0.01)


async def test_what_could_not_be_read_is_read_again(soon: None) -> None:
    desk = Reader(StoreError(Both("磁盘", "disk"), Both("", "")))
    found = Bridge(cast(Desk, desk), lambda *news: None)
    found.start(asyncio.get_running_loop())
    found.change(Changes(outbox=True))
    await asyncio.wait_for(desk.has_read.wait(), 10)
    assert desk.read[0].outbox


async def test_a_drawing_that_fails_is_not_the_last(soon: None) -> None:
    desk, loop = Reader(ValueError("drawing")), asyncio.get_running_loop()
    failed = asyncio.Event()
    loop.set_exception_handler(lambda *_: failed.set())
    found = Bridge(cast(Desk, desk), lambda *news: None)
    found.start(loop)
    found.change(Changes(outbox=True))
    await asyncio.wait_for(failed.wait(), 10)
    found.change(Changes(all=True))
    await asyncio.wait_for(desk.has_read.wait(), 10)
    assert desk.read == [Changes(all=True)]
