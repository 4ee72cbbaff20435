"""A key in the list acts on the row under its cursor, and its dialogue says whose chat that is."""

from __future__ import annotations

import pytest

from agent_tui.desk.rows import View
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.tui.commands import BY_ID, INTENTS
from agent_tui.tui.screens.path import PathPrompt
from agent_tui.tui.screens.pick import Picker
from tests.tui.driver import Person, World, sit_down

OPEN, UNDER = ConversationId("c1"), ConversationId("c3")  # 王女士's, 小鹿's
# What is pressed behind the letter until something is done.
ACTS: dict[str, list[str]] = {
    "claim": [],
    "release": [],
    "assign": [*"tuik", "enter"],
    "tag": ["enter"],
    "untag": ["enter"],
    "set_type": ["enter"],
    "set_priority": ["1"],
    "snooze": ["1"],
    "cool_down": ["1", "enter"],
    "pending": ["enter"],
    "resolve_next": ["enter"],
    "take_over": [],
}
# These open it: what is written next is for it, too.
OPENS: dict[str, list[str]] = {"note": [], "macros": ["enter"], "insert_field": ["enter"]}
LOOKS = {"undelivered", "suggest_article"}
OWNERS = {"claim": None, "take_over": "zhang"}  # else mine


async def between(agent: Person, owner: str | None = "li") -> None:
    """One chat is open, and the cursor of the list stands on another."""
    world = agent.world
    for key in (OPEN, UNDER):
        if owner is not None:
            given = e.Assigned(agent=AgentId(owner), team=TeamId("after-sales"), epoch=1)
            await agent.hears(world.feed([(key, given)]))
        await agent.hears(world.feed([(key, e.Tagged("发票"))]))
    agent.screen.listing.set_view(View.ALL)
    agent.screen.open(OPEN)
    await agent.press("escape")
    agent.screen.queue.move_to(UNDER)
    assert agent.screen.current == OPEN and agent.screen.queue.has_focus


async def presses(agent: Person, intent: str, keys: list[str]) -> None:
    """The letter, then `keys` in its dialogues; the first of them names the customer."""
    await agent.press(BY_ID[intent].letters.split(",")[0])
    if isinstance(agent.app.screen, Picker):
        title = agent.app.screen.query_one("#pick-title").visual  # type: ignore[attr-defined]
        assert "小鹿" in str(title)
    await agent.press(*keys)


def test_every_letter_that_acts_on_a_chat_is_looked_at() -> None:
    acting = {intent.id for intent in INTENTS if intent.needs_chat and intent.letters}
    assert acting == {*ACTS, *OPENS, *LOOKS}


@pytest.mark.parametrize("intent", ACTS)
async def test_it_acts_on_the_row_under_the_cursor(world: World, intent: str) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await between(agent, OWNERS.get(intent, "li"))
        await presses(agent, intent, ACTS[intent])
        assert {order.conversation for order in world.sent()} == {UNDER}


@pytest.mark.parametrize("intent", OPENS)
async def test_it_writes_to_the_row_under_the_cursor(world: World, intent: str) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await between(agent)
        await presses(agent, intent, OPENS[intent])
        assert agent.screen.current == UNDER and agent.screen.composer.has_focus


async def test_a_file_goes_to_the_row_under_the_cursor(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await between(agent)
        await agent.does("attach")
        assert isinstance(agent.app.screen, PathPrompt) and agent.screen.current == UNDER


async def test_a_note_that_is_begun_is_called_so_in_the_list(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await between(agent)
        await agent.does("note")
        await agent.types("nihao")
        await agent.press("escape", "escape")
        await agent.until(lambda: "[备注草稿] nihao" in agent.sees())
        await agent.press("enter")
        await agent.types("qin")
        await agent.press("escape")
        await agent.until(lambda: "[草稿] qin" in agent.sees())


async def test_a_dialogue_on_marked_chats_says_how_many(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("space", "space", "z")
        assert "搁置到 · 2 个会话" in agent.sees()


async def test_who_is_out_gets_a_chat_only_when_one_is_sure(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.does("next_urgent")
        await agent.does("assign")
        await agent.press("enter")
        assert "张敏 已下线" in agent.sees() and not world.sent()
        await agent.press("escape")
        assert not world.sent()
        await agent.does("assign")
        await agent.press("enter", "enter")
        [order] = world.sent()
        assert order.command == c.Assign(agent=AgentId("zhang"))
        assert any("转给 张敏" in notice for notice in agent.notices())


@pytest.mark.parametrize(("to", "said"), [("zhang", "会话现在归张敏"), (None, "团队队列")])
async def test_who_loses_the_open_chat_is_told(world: World, to: str | None, said: str) -> None:
    def given(owner: str | None, epoch: int) -> e.Assigned:
        return e.Assigned(AgentId(owner) if owner else None, TeamId("after-sales"), epoch)

    world.feed([(OPEN, given("li", 1))])
    async with sit_down(world) as agent:
        agent.screen.open(OPEN)
        await agent.types("我看一下")
        await agent.hears(world.feed([(OPEN, given(to, 2))]))
        assert f"{said}，草稿还在" in agent.sees()


@pytest.mark.parametrize("intent", ACTS)
async def test_a_list_that_a_filter_left_empty_acts_on_nothing(world: World, intent: str) -> None:
    async with sit_down(world, size=(120, 36)) as agent:
        await between(agent, OWNERS.get(intent, "li"))
        await agent.does("filter")
        await agent.types("tag:nosuch")
        await agent.press("enter")
        assert agent.screen.queue.has_focus and not agent.screen.queue.order()
        before = len(world.sent())
        await agent.press(BY_ID[intent].letters.split(",")[0])
        assert agent.app.screen is agent.screen, "no dialogue"
        assert len(world.sent()) == before
