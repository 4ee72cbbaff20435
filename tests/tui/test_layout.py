"""What is chosen on the screen is there again at the next start."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from agent_tui import lang
from agent_tui.config import Config
from agent_tui.desk.rows import View
from agent_tui.settings.workstation import Interface
from agent_tui.tui import layout
from agent_tui.tui.layout import Layout
from agent_tui.tui.widgets.tile import Tile
from tests.tui.driver import Person, World, sit_down
from tests.tui.test_ring import assigned


async def commands(agent: Person, *intents: str) -> None:
    for intent in intents:
        await agent.screen.action_intent(intent)
        await agent.pilot.pause()


def widths(agent: Person) -> tuple[int, int]:
    left, side = (agent.screen.query_one(pane).size.width for pane in ("#left", "#side"))
    return left, side


async def test_widths_and_the_bare_side_are_kept(world: World) -> None:
    async with sit_down(world, size=(140, 40)) as agent:
        before = widths(agent)
        await commands(agent, "widen_queue", "widen_queue", "narrow_side")
        wider = widths(agent)
        assert wider == (before[0] + 8, before[1] - 4)
        await commands(agent, "toggle_side")
        assert not agent.screen.query_one("#side").display
        await agent.does("find")  # its own key shows it all the same
        assert agent.screen.query_one("#side").display
        await agent.press("escape")
        assert not agent.screen.query_one("#side").display
    async with sit_down(world, size=(140, 40)) as agent:
        assert not agent.screen.query_one("#side").display
        await commands(agent, "toggle_side")
        assert widths(agent) == wider
        await agent.pilot.resize_terminal(80, 24)
        await agent.pilot.pause()
        assert widths(agent)[0] == 26  # a narrow terminal has no room for wishes
        await agent.pilot.resize_terminal(140, 40)
        await agent.pilot.pause()
        assert widths(agent) == wider
        await commands(agent, "reset_layout")
        assert widths(agent) == before


async def test_a_roomy_terminal_gives_the_panes_what_the_chat_can_spare(world: World) -> None:
    async with sit_down(world, size=(200, 60)) as agent:
        left, side = widths(agent)
        assert left > 40 and side > 50 and agent.screen.query_one("#middle").size.width >= 96
        await commands(agent, "widen_queue", "narrow_side")
        assert widths(agent) == (left + 4, side - 4)
        await agent.pilot.resize_terminal(120, 36)
        await commands(agent, "reset_layout")
        assert widths(agent)[0] < left


async def test_chats_side_by_side_are_so_at_the_next_start(world: World) -> None:
    assigned(world, "c2", "c3")
    for here in (True, False):
        async with sit_down(world, size=(200, 40)) as agent:
            await commands(agent, "tiles")
            assert agent.screen.tiles.on is here
            open_chat = agent.screen.current
        async with sit_down(world, size=(200, 40)) as agent:
            await agent.pilot.pause()
            assert agent.screen.tiles.on is here
            assert agent.screen.current is None and agent.screen.queue.has_focus
            assert len([each for each in agent.screen.query(Tile) if each.display]) == 2 * here
            if here and open_chat is not None:
                agent.screen.open(open_chat)
                await agent.types("hi")
                assert agent.screen.composer.text == "hi"


async def test_the_chat_keeps_its_room(world: World) -> None:
    async with sit_down(world, size=(112, 30)) as agent:
        await commands(agent, *["widen_queue"] * 20, *["widen_side"] * 20)
        assert agent.screen.query_one("#middle").size.width >= 38


async def test_theme_and_language_are_kept_until_config_says_otherwise(world: World) -> None:
    async with sit_down(world) as agent:
        await commands(agent, "switch_language")
        await agent.screen.action_intent("switch_theme")
        await agent.until(lambda: agent.app.screen is not agent.screen)
        await agent.press("down")
        assert agent.app.theme == "desk-light"  # seen before it is taken
        await agent.press("enter")
        await agent.until(lambda: agent.app.screen is agent.screen)
    async with sit_down(world) as agent:
        assert (agent.app.theme, lang.current()) == ("desk-light", "en")
    changed = Config(interface=Interface(theme="desk-contrast"))
    async with sit_down(world, config=changed) as agent:
        assert agent.app.theme == "desk-contrast"
    async with sit_down(world, language="en") as agent:  # asked for, as by --lang
        assert lang.current() == "en"


async def test_escape_gives_the_theme_back(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.screen.action_intent("switch_theme")
        await agent.until(lambda: agent.app.screen is not agent.screen)
        await agent.press("down", "down", "escape")
        await agent.until(lambda: agent.app.screen is agent.screen)
        await agent.until(lambda: agent.app.theme == "desk-dark")
    async with sit_down(world) as agent:
        assert agent.app.theme == "desk-dark"


async def test_the_view_is_kept_unless_it_is_a_look_aside(world: World) -> None:
    for view, kept in ((View.MINE, "mine"), (View.SNOOZED, "mine"), (View.ALL, "all")):
        async with sit_down(world) as agent:
            agent.screen.listing.set_view(view)
            agent.app.remember()
        async with sit_down(world) as agent:
            assert agent.screen.listing.view == kept


async def test_a_start_in_the_background_takes_keys_once_it_is_looked_at(world: World) -> None:
    async with sit_down(world) as agent:
        agent.app.post_message(events.AppBlur())
        await agent.pilot.pause()
        agent.app._last_focused_on_app_blur = None  # as when the screen came only then
        agent.app.post_message(events.AppFocus())
        await agent.until(lambda: agent.screen.queue.has_focus)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2, "left": 50}',
        b'{"left": "wide"}',
        b'{"left": 999999}',
        b"\xff",
    ],
)
def test_a_damaged_file_is_as_if_there_were_none(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / layout.FILE
    path.write_bytes(damage)
    assert layout.load(path) == Layout()
    layout.save(path, Layout(left=44))
    assert layout.load(path) == Layout(left=44)
    assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_costs_the_habit_only(tmp_path: Path) -> None:
    layout.save(tmp_path / "nowhere" / layout.FILE, Layout(left=44))
    assert not (tmp_path / "nowhere").exists()


async def test_a_switched_screen_is_as_one_that_was_started_so(world: World) -> None:
    async with sit_down(world, language="en") as agent:
        await agent.does("next_urgent")
        await agent.until(lambda: agent.screen.find.rows)
        started = agent.sees()
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.until(lambda: agent.screen.find.rows)
        assert agent.sees() != started
        await commands(agent, "switch_language")
        await agent.until(lambda: agent.sees() == started)


@pytest.mark.parametrize(
    ("size", "title"),
    [((80, 24), "mine 0 · other 15"), ((120, 36), "Queue · mine 0 · other 15")],
)
async def test_the_lists_title_keeps_its_numbers(
    world: World, size: tuple[int, int], title: str
) -> None:
    for number in range(12):
        world.chat(f"n{number:02}", f"顾客{number}", "在吗")
    async with sit_down(world, size=size, language="en") as agent:
        await agent.until(lambda: agent.sees().split("│")[0].strip() == title)
