"""What the screen says about itself: the keys of where one is, and words that fit."""

from __future__ import annotations

import pytest

from tests.tui.driver import World, sit_down

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)])


@BOTH
@SIZES
async def test_the_filter_box_names_its_own_keys(
    world: World, language: str, size: tuple[int, int]
) -> None:
    async with sit_down(world, language=language, size=size) as agent:
        await agent.does("next_urgent")  # whose likely answers have keys in the find pane
        await agent.does("filter")
        line = agent.sees().split("\n")[-1]
        assert ("Enter 到列表" if language == "zh" else "Enter to the list") in line
        assert not any(key in line for key in ("Ctrl+S", "Ctrl+Y", "→"))
        await agent.press("f1")
        assert ("不筛选" if language == "zh" else "no filter") in agent.sees()
