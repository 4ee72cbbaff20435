"""Dialogues under bouncing keys."""

from __future__ import annotations

import pytest
from textual import events

from tests.tui.driver import Person, World, sit_down

OPENED = {
    "assign": ["enter"],
    "tag": ["enter"],
    "set_priority": ["1"],
    "help": ["escape"],
    "board": ["escape"],
    "wallboard": ["escape"],
}


def bounce(agent: Person, key: str) -> None:
    """Three of a key, faster than anything is drawn."""
    for _ in range(3):
        character = "\r" if key == "enter" else key if len(key) == 1 else None
        agent.app.post_message(events.Key(key, character))


@pytest.mark.parametrize("intent", OPENED)
async def test_a_bouncing_key_closes_a_dialogue_only(world: World, intent: str) -> None:
    async with sit_down(world) as agent:
        await agent.does(intent)
        await agent.until(lambda: agent.app.screen is not agent.app.workstation)
        bounce(agent, *OPENED[intent])
        await agent.until(lambda: agent.app.screen is agent.app.workstation)
        await agent.pilot.pause(0.1)
        assert agent.app.screen is agent.app.workstation


async def test_a_bouncing_enter_confirms_a_dry_run_once(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("space", "space")
        await agent.does("resolve_next")
        bounce(agent, "enter")
        await agent.until(lambda: agent.app.screen is agent.app.workstation)
        await agent.pilot.pause(0.1)
        assert agent.app.screen is agent.app.workstation
        assert len(world.sent()) == 2
