"""kill -9, forty times, while replies wait, leave and are taken back."""

from __future__ import annotations

import random
from pathlib import Path

from tests.crash.graced import POINTS, Lives
from tests.flow.children import nursery

KILLS = 40


def test_a_reply_is_sent_once_or_a_draft(tmp_path: Path) -> None:
    rng = random.Random(7)
    with nursery() as children:
        lives = Lives(tmp_path, children, rng)
        for n in range(KILLS):
            lives.die(POINTS[n % len(POINTS)])
    assert lives.hits == KILLS * 3 // 4
