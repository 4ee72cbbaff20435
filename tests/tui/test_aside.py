"""Putting a chat aside until a time that one types."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.model import Role, Status
from agent_tui.tui import format as fmt
from agent_tui.tui.moments import moment
from agent_tui.tui.screens.moment import MomentScreen
from tests.tui.driver import ME, World, sit_down

HOUR_MS = 3_600_000


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize(("language", "typed"), [("zh", "明天9点"), ("en", "tomorrow 9am")])
async def test_a_time_is_typed_and_what_it_means_is_shown(
    world: World, size: tuple[int, int], language: str, typed: str
) -> None:
    async with sit_down(world, size=size, language=language) as agent:
        await agent.does("next_urgent")
        await agent.does("snooze")
        assert ("6 别的时间" if language == "zh" else "6 another time") in agent.sees()
        await agent.press("6")
        assert isinstance(agent.app.screen, MomentScreen) and "王女士" in agent.sees()
        assert ("15:30、2h、明天9点" if language == "zh" else "15:30, 2h, tomorrow") in agent.sees()
        await agent.types("x")
        await agent.press("enter")
        said = "看不懂" if language == "zh" else "not understood"
        assert isinstance(agent.app.screen, MomentScreen) and said in agent.sees()
        await agent.press("backspace")
        await agent.types(typed)
        until = moment(typed, world.clock.now, 9)
        assert until is not None and fmt.local(until).strftime("%m-%d 09:00") in agent.sees()
        await agent.press("enter")
        [order] = world.sent()
        assert order.command == c.SetStatus(Status.SNOOZED, until=until)
        assert agent.screen.current is None


async def test_the_span_counts_from_when_enter_is_pressed(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("snooze")
        await agent.press("6")
        await agent.types("2h")
        world.clock.now += HOUR_MS
        await agent.press("enter")
        [order] = world.sent()
        assert order.command == c.SetStatus(Status.SNOOZED, until=world.clock.now + 2 * HOUR_MS)


async def test_escape_leaves_the_chat_where_it_is(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("snooze")
        await agent.press("6", "escape")
        assert agent.app.screen is agent.screen and not world.sent()


async def test_an_agent_lets_a_chat_cool_down_for_a_day_at_most(world: World) -> None:
    world.feed([(None, e.AgentSaved(replace(ME, role=Role.AGENT)))])
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.press("escape")
        await agent.does("cool_down")
        await agent.press("5")
        await agent.types("3d")
        await agent.press("enter")
        assert isinstance(agent.app.screen, MomentScreen) and "最长 1 天" in agent.sees()
        await agent.press("escape")
        assert not world.sent()
