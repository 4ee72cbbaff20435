"""A dead line is noticed, and streams that are held back are given up. Time-outs 15 times shorter:
`python -m tests.faults --real-times` measures with the program's own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import times

FACTOR = 15.0
NOTICED = 45.0 / FACTOR + 2.0  # a busy machine may take its time


@pytest.mark.parametrize("fault", ["half-open", "half-open-out"])
def test_a_line_that_went_silent_is_noticed(fault: str, tmp_path: Path) -> None:
    assert times.half_open(tmp_path, FACTOR, fault) < NOTICED


def test_connections_that_died_without_a_sign_are_replaced(tmp_path: Path) -> None:
    assert times.stranded(tmp_path, FACTOR) < NOTICED


@pytest.mark.parametrize("fault", ["half-open", "half-open-in", "half-open-out"])
def test_a_reply_without_an_answer_is_noticed_and_sent_once(fault: str, tmp_path: Path) -> None:
    told, healed = times.unanswered(tmp_path, FACTOR, fault)
    assert told < NOTICED
    assert healed < 5.0


@pytest.mark.parametrize("block", [65_536, 4_096])
def test_behind_a_proxy_that_holds_streams_back_it_polls(block: int, tmp_path: Path) -> None:
    assert times.buffered(tmp_path, block) < 10.0
