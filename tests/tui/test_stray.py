"""A list while a Chinese input method is on: punctuation is keys, text is never commands."""

from __future__ import annotations

import pytest
from textual import events
from textual.keys import _character_to_key

from agent_tui.tui.widgets.stray import is_text, narrow
from tests.tui.driver import Person, World, sit_down


async def comes(agent: Person, text: str) -> None:
    """All at once, as a terminal hands over what was committed."""
    for char in text:
        agent.app.post_message(events.Key(_character_to_key(char), char))
    for _ in range(4):
        await agent.pilot.pause()


SIGNS = {
    "？": "question_mark",
    "、": "slash",
    "／": "slash",
    "＊": "asterisk",
    "ｊ": "j",
    "Ｇ": "G",
    "，": "comma",
    "。": "full_stop",
    "：": "colon",
    "\u3000": "space",
    "！": "exclamation_mark",
    "１": "1",
    "【": "left_square_bracket",
    "～": "tilde",
    "；": "semicolon",
    "j": "j",
}


@pytest.mark.parametrize(("typed", "key"), SIGNS.items())
def test_full_width_is_the_key_it_was_typed_with(typed: str, key: str) -> None:
    assert narrow(events.Key(_character_to_key(typed), typed)).key == key


@pytest.mark.parametrize("typed", ["好的", "好", "wozhidao", "eee哦", "ejt"])
def test_text(typed: str) -> None:
    assert is_text(typed)


@pytest.mark.parametrize("typed", ["e", "jj", "jjjjjj", "gg", "dd", "？", "。"])
def test_keys(typed: str) -> None:
    assert not is_text(typed)


async def test_full_width_keys_work_in_the_list(world: World) -> None:
    async with sit_down(world) as agent:
        first = agent.screen.queue.cursor
        await comes(agent, "ｊ")
        assert agent.screen.queue.cursor != first
        await comes(agent, "？")
        assert agent.app.screen is not agent.screen


@pytest.mark.parametrize("typed", ["emtxn", "e好的", "resolve them", "dasddsa"])
async def test_a_committed_text_does_nothing_in_the_list(world: World, typed: str) -> None:
    async with sit_down(world) as agent:
        before = agent.sees()
        await comes(agent, typed)
        await agent.press("escape")
        assert not world.sent() and agent.screen.current is None
        assert agent.app.screen is agent.screen and len(agent.notices()) == 1
        assert agent.sees().splitlines()[0] == before.splitlines()[0]


async def test_it_goes_to_the_open_chats_reply(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("focus_queue")
        await comes(agent, "好的e马上")
        assert agent.screen.composer.text == "好的e马上" and agent.screen.composer.has_focus
        assert not world.sent()


async def test_one_letter_is_still_a_command(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("focus_queue")
        await agent.press("n")
        assert agent.screen.composer.note
