"""Stamps in the outbox: as far apart as they were, whatever is done to the wall clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui.store import steady
from agent_tui.store.outbox import Outbox
from tests import factories as f

HOUR = 60 * f.MINUTE


@pytest.fixture
def outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    offset[0] = 0
    monkeypatch.setattr(steady, "offset_ms", lambda: 10**12 + offset[0])
    return Outbox(tmp_path / "outbox.db")


offset = [0]


def stamp(outbox: Outbox, now: int) -> int:
    return outbox.enqueue(f.reply(), f.CONVERSATION, now).queued_at


def test_a_clock_that_is_set_while_something_waits(outbox: Outbox) -> None:
    assert stamp(outbox, f.NOW) == f.NOW
    offset[0] = f.DAY
    assert outbox.stamps.jump() == f.DAY
    assert stamp(outbox, f.NOW + HOUR + f.DAY) == f.NOW + HOUR
    outbox.settle(2, [], f.NOW)
    assert stamp(outbox, f.NOW + f.DAY) == f.NOW + f.DAY  # nothing waited: it is right now
    assert outbox.stamps.jump() == 0
    outbox.close()


def test_a_clock_that_is_steered_is_right(outbox: Outbox) -> None:
    stamp(outbox, f.NOW)
    offset[0] = 900
    assert (outbox.stamps.jump(), stamp(outbox, f.NOW)) == (0, f.NOW)
    outbox.close()


def test_after_a_restart_only_the_clock_is_left(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp(outbox, f.NOW)
    offset[0] = HOUR
    monkeypatch.setattr(steady, "boot", lambda: "another")
    assert outbox.stamps.jump() == 0
    assert stamp(outbox, f.NOW + HOUR) == f.NOW + HOUR
    offset[0] = 2 * HOUR
    assert outbox.stamps.jump() == HOUR
    outbox.close()


def test_uptime_goes_on() -> None:
    assert 0 < steady.uptime_ms() <= steady.uptime_ms()
    assert steady.boot() == steady.boot() != ""
