"""The guided tour: real keys on the real workstation; it goes on when something was really done."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from agent_tui.tui import lookup
from agent_tui.tui.tour import STEPS
from tests.tui.driver import Person, World, sit_down


def says(agent: Person) -> str:
    strip = agent.screen.query_one("#tour", Static)
    return str(strip.content) if strip.display else ""


async def at_step(agent: Person, number: int) -> None:
    await agent.until(lambda: f"{number}/{len(STEPS)} " in says(agent))


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_from_the_first_key_to_the_last(world: World, language: str) -> None:
    async with sit_down(world, tour="run", language=language, size=(80, 24)) as agent:
        await at_step(agent, 1)
        assert "Ctrl+N" in says(agent)
        await agent.press("ctrl+n")
        await at_step(agent, 2)
        await agent.press("f2")
        await at_step(agent, 3)
        await agent.press("enter")
        await at_step(agent, 4)
        await agent.asks("?yunfei" if language == "zh" else "?refund")
        await agent.until(lambda: agent.screen.find.rows)
        await agent.press("enter")
        await at_step(agent, 5)
        await agent.press("enter")
        await at_step(agent, 6)
        await agent.press("ctrl+b")
        await agent.types("checked")
        await agent.press("enter")
        await at_step(agent, 7)
        await agent.press("ctrl+d")
        await at_step(agent, 8)
        await agent.press("ctrl+z")
        await agent.until(lambda: "✓" in says(agent) and f"/{len(STEPS)} " not in says(agent))
        pressed = agent.screen.meter.pressed
        assert str(pressed) in says(agent)  # every key since the beginning
        await agent.press("escape", "escape")
        assert not says(agent)


async def test_what_was_not_done_is_not_taken_for_done(world: World) -> None:
    async with sit_down(world, tour="run") as agent:
        await at_step(agent, 1)
        await agent.press("down", "up", "f1", "escape", "down")
        await at_step(agent, 1)
        await agent.press("ctrl+n")
        await at_step(agent, 2)
        await agent.types("typed by hand")
        await agent.press("ctrl+b", "ctrl+b")
        await at_step(agent, 2)
        world.clock.now += 3_600_000
        await agent.pilot.pause(1.2)  # a tick; time alone does nothing
        await at_step(agent, 2)


async def test_two_escapes_end_it_and_one_does_not(world: World) -> None:
    async with sit_down(world, tour="run") as agent:
        await at_step(agent, 1)
        await agent.press("escape", "down", "escape")
        assert says(agent)
        await agent.press("escape")
        assert not says(agent)


async def test_it_is_begun_skipped_and_ended_by_the_palette(world: World) -> None:
    async with sit_down(world, tour="may") as agent:
        assert not says(agent)
        await agent.screen.action_intent("tour")
        await at_step(agent, 1)
        await agent.screen.action_intent("tour_skip")
        await at_step(agent, 2)
        assert "✓" not in says(agent)
        await agent.screen.action_intent("tour")
        assert not says(agent)


async def test_a_first_start_offers_it_in_the_palette_s_own_words(world: World) -> None:
    async with sit_down(world, tour="offer") as agent:
        assert "daolan" in says(agent) and "Ctrl+P" in says(agent)
        await agent.press("ctrl+p")
        await agent.types("daolan")
        await agent.press("enter")
        await at_step(agent, 1)
    assert lookup.found("tour")[0].id == "tour"


async def test_there_is_no_tour_among_real_customers(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.screen.action_intent("tour")
        assert not says(agent)
        await agent.until(lambda: any("agent-tui tour" in notice for notice in agent.notices()))


async def test_it_follows_the_language_and_the_keys(world: World) -> None:
    from agent_tui.config import Config

    config = Config(keys={"next_urgent": "ctrl+underscore"})
    async with sit_down(world, tour="run", config=config) as agent:
        assert "按 Ctrl+_" in says(agent)
        await agent.screen.action_intent("switch_language")
        assert "Ctrl+_: open" in says(agent)
