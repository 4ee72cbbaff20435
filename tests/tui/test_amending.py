"""Other words for what was sent: `e` on a line of one's own."""

from __future__ import annotations

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Status
from agent_tui.tui.screens.amend import AmendScreen
from agent_tui.tui.screens.guard import GuardScreen
from agent_tui.tui.screens.writing import Lines
from tests.tui.driver import COLLEAGUE, ME, Person, World, sit_down

C1 = ConversationId("c1")
SIZES = [(80, 24), (120, 36)]
SAID = "今天发货，预计 2 天"


def answered(
    world: World, text: str = SAID, *, author: AgentId = ME.id, note: bool = False
) -> MessageId:
    """Somebody's words in the first chat, under an id of their own."""
    key = MessageId(f"r{world.seq}")
    event: e.FeedEvent = e.ReplySent(message=key, text=text, author=author, epoch=1)
    if note:
        event = e.NoteAdded(message=key, text=text, author=author)
    world.feed([("c1", event)])
    return key


async def amends(agent: Person) -> Person:
    """Opens the chat and the dialogue on its last line."""
    agent.screen.open(C1)
    await agent.pilot.pause()
    await agent.does("read")
    return await agent.press("e")


def asked(agent: Person) -> bool:
    return isinstance(agent.app.screen, AmendScreen)


def box(agent: Person) -> str:
    return agent.app.screen.query_one(Lines).text


@pytest.mark.parametrize("size", SIZES)
async def test_e_corrects_what_was_sent_and_keeps_all_else(
    world: World, size: tuple[int, int]
) -> None:
    key = answered(world)
    async with sit_down(world, size=size) as agent:
        agent.screen.open(C1)
        await agent.types("half a draft")
        await amends(agent)
        assert asked(agent) and box(agent) == SAID
        seen = agent.sees()
        assert "修改" in seen and "王女士" in seen and "Ctrl+S 保存" in seen
        await agent.types(" ok")
        await agent.press("ctrl+s")
        assert not asked(agent) and agent.screen.transcript.has_focus
        assert [order.command for order in world.sent()] == [c.EditMessage(key, 3, f"{SAID} ok")]
        seen = agent.sees()
        assert f"{SAID} ok" in seen and "✓ 已发 · 修改待发" in seen
        edited = e.MessageEdited(key, 3, f"{SAID} ok")
        await agent.hears(world.feed([("c1", edited)], done=1))
        assert "✓ 已发 · 已修改" in agent.sees()
        await agent.press("escape")
        assert agent.screen.composer.has_focus
        assert agent.screen.composer.text == "half a draft"


async def test_its_key_is_named_where_it_corrects_something(world: World) -> None:
    answered(world)
    world.feed([("c1", e.CustomerWrote(MessageId("link"), "https://shop.example/1"))])
    async with sit_down(world, size=(80, 24)) as agent:
        agent.screen.open(C1)
        await agent.does("read")
        keys = agent.sees().splitlines()[-1]
        assert "e 修改" not in keys and "o 打开" in keys
        await agent.press("k")
        keys = agent.sees().splitlines()[-1]
        assert "e 修改" in keys and "o 打开" not in keys


@pytest.mark.parametrize("size", SIZES)
async def test_long_wide_hostile_words_stay_in_the_dialogue(
    world: World, size: tuple[int, int]
) -> None:
    words = "青禾保温杯\x1b[31m [b]碎了[/b] 👩‍💻 " * 60
    answered(world, words)
    async with sit_down(world, size=size) as agent:
        await amends(agent)
        seen = agent.sees()
        assert "[b]碎了[/b]" in box(agent) and "\x1b" not in box(agent)
        assert "Ctrl+S 保存 · Esc 返回" in seen and "已修改" in seen
        await agent.press("ctrl+s")
        assert "还没有改动" in agent.sees()
        agent.app.screen.query_one(Lines).text = "换一个新的。\n" * 200
        await agent.press("ctrl+s")
        (order,) = world.sent()
        assert c.text_of(order.command) == "换一个新的。\n" * 200


async def test_leaving_asks_only_when_something_was_changed(world: World) -> None:
    answered(world)
    async with sit_down(world) as agent:
        await amends(agent)
        await agent.press("escape")
        assert not asked(agent) and agent.screen.transcript.has_focus
        await agent.press("e", "x", "escape")
        assert "丢掉改动" in agent.sees()
        await agent.press("n")
        assert asked(agent) and box(agent) == f"{SAID}x"
        await agent.press("escape", "y")
        assert agent.app.screen is agent.screen and world.sent() == []


async def test_an_empty_text_is_none(world: World) -> None:
    answered(world, "x")
    async with sit_down(world) as agent:
        await amends(agent)
        await agent.press("backspace", "space", "ctrl+s")
        assert asked(agent) and "还没有写内容" in agent.sees()


@pytest.mark.parametrize("author", ["customer", "colleague"])
async def test_others_words_are_theirs(world: World, author: str) -> None:
    if author == "colleague":
        answered(world, author=COLLEAGUE.id)
    async with sit_down(world) as agent:
        await amends(agent)
        name = "张敏" if author == "colleague" else "王女士"
        assert not asked(agent) and f"这是 {name} 写的" in "".join(agent.notices())


async def test_in_a_resolved_chat_notes_only(world: World) -> None:
    answered(world)
    note = answered(world, "看一下", note=True)
    world.feed([("c1", e.StatusSet(Status.RESOLVED))])
    async with sit_down(world) as agent:
        await amends(agent)
        await agent.types("!")
        await agent.press("ctrl+s")
        assert [order.command for order in world.sent()] == [c.EditMessage(note, 4, "看一下!")]
        assert "备注 · 修改待发" in agent.sees()
        await agent.press("k", "e")
        assert not asked(agent) and "会话已解决，回复不能再改" in "".join(agent.notices())


async def test_it_is_looked_at_as_before_it_left(world: World) -> None:
    key = answered(world, "全网")
    async with sit_down(world) as agent:
        await amends(agent)
        agent.app.screen.query_one(Lines).insert("最低价")
        await agent.press("ctrl+s")
        assert isinstance(agent.app.screen, GuardScreen) and "绝对化用语" in agent.sees()
        await agent.press("escape")
        assert asked(agent) and box(agent) == "全网最低价"
        await agent.press("ctrl+s", "y")
        assert [order.command for order in world.sent()] == [c.EditMessage(key, 3, "全网最低价")]


async def test_undo_brings_the_words_of_before_back(world: World) -> None:
    answered(world)
    async with sit_down(world) as agent:
        await amends(agent)
        await agent.types(" no")
        await agent.press("ctrl+s")
        assert f"{SAID} no" in agent.sees()
        await agent.does("undo")
        assert f"{SAID} no" not in agent.sees()
        texts = [c.text_of(order.command) for order in world.sent()]
        assert texts == [f"{SAID} no", SAID]


async def test_a_reply_in_its_grace_is_taken_back_instead(world: World) -> None:
    async with sit_down(world, grace=60) as agent:
        agent.screen.open(C1)
        await agent.types("hi")
        await agent.press("enter")
        await amends(agent)
        assert not asked(agent) and "撤回来改" in "".join(agent.notices())


async def test_from_the_palette_it_is_ones_last(world: World) -> None:
    answered(world)
    world.feed([("c1", e.CustomerWrote(MessageId("late"), "在吗"))])
    async with sit_down(world, language="en") as agent:
        agent.screen.open(C1)
        await agent.does("palette")
        await agent.types("edit message")
        await agent.press("enter")
        assert asked(agent) and box(agent) == SAID and "Edit the reply of" in agent.sees()
