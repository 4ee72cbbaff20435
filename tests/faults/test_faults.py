"""Twelve bad lines: nothing is lost or doubled, and soon after healing all see the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults import rounds

SECONDS = float(os.environ.get("AGENT_TUI_FAULT_SECONDS", "5"))
ROUNDS = int(os.environ.get("AGENT_TUI_FAULT_ROUNDS", "1"))
# A fault of 5 s would end before any time-out of the real ones.
FACTOR = max(1.0, 40.0 / SECONDS)


@pytest.mark.parametrize("seed", range(ROUNDS))
@pytest.mark.parametrize("fault", rounds.ALL)
def test_it_converges_after(fault: str, seed: int, tmp_path: Path) -> None:
    outcome = rounds.play(tmp_path, fault, SECONDS, seed, FACTOR)
    assert not outcome.wrong, outcome
    assert outcome.sent > SECONDS


def test_a_good_line_needs_no_new_connections(tmp_path: Path) -> None:
    """One for the stream, one for what is sent: a new one each time would cost a handshake each."""
    outcome = rounds.play(tmp_path, "calm", 2.0, 0)
    assert not outcome.wrong, outcome
    assert outcome.connections <= 3
