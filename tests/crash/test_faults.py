"""Disks, clocks and bits that fail: told, and nothing that was promised is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import lacking
from tests.crash.clock import client_clock
from tests.crash.faults import SCENARIOS
from tests.crash.shim import Lacking


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault(name: str, tmp_path: Path) -> None:
    try:
        SCENARIOS[name](tmp_path, 1)
    except Lacking as missing:
        lacking(str(missing))


@pytest.mark.parametrize("jump", (0, 2))
def test_an_agents_clock_that_jumps(jump: int, tmp_path: Path) -> None:
    client_clock(tmp_path, jump)
