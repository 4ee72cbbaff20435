from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui.desk import finding
from tests.tui.driver import World


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is, a search counts as quick; tests of slow ones make it slow."""
    monkeypatch.setattr(finding, "SLOW_SECONDS", float("inf"))
    monkeypatch.setattr(finding, "FRAME_SECONDS", float("inf"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Six customers as in the sketch of the workstation."""
    world = World(tmp_path)
    world.chat("c1", "王女士", "收到的杯子碎了，怎么退", "运费谁出", tier="VIP")
    world.clock.now += 20_000
    world.chat("c2", "Tom B.", "where is my parcel", language="en")
    world.clock.now += 20_000
    world.chat("c3", "小鹿", "M 还是 L 呢")
    world.clock.now += 20_000
    return world
