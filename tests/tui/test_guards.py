"""At the workstation: nothing leaves that should be looked at first, and what is asked is shown."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent_tui.config import Config
from agent_tui.desk.guarding.findings import Kind
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Status
from agent_tui.settings.workstation import Guards
from agent_tui.tui import sending
from agent_tui.tui.screens.guard import GuardScreen
from tests.tui.driver import COLLEAGUE, ME, Person, World, sit_down

C1 = ConversationId("c1")
BAD = "这是全网最低价"


def asked(agent: Person) -> bool:
    return isinstance(agent.app.screen, GuardScreen)


def sent(world: World) -> list[str]:
    return [text for order in world.sent() if (text := text_of(order.command))]


async def writes(agent: Person, text: str) -> None:
    """Opens the most urgent chat and writes there."""
    await agent.does("next_urgent")
    agent.screen.composer.put(text)
    await agent.pilot.pause()


async def hears(agent: Person, text: str, key: str = "c1") -> None:
    wrote = e.CustomerWrote(message=MessageId(f"late-{text}"), text=text)
    await agent.hears(agent.world.feed([(key, wrote)]))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_forbidden_word_is_shown_and_only_y_sends(
    world: World, size: tuple[int, int]
) -> None:
    async with sit_down(world, size=size) as agent:
        await writes(agent, BAD)
        await agent.press("enter")
        assert asked(agent) and not sent(world)
        seen = agent.sees()
        assert "绝对化用语" in seen and "全网最低" in seen and "y 仍然发送" in seen
        await agent.press("enter", "enter", "space", "s")
        assert asked(agent) and not sent(world)
        await agent.press("y")
        assert sent(world) == [BAD] and not asked(agent)
        assert agent.screen.composer.text == ""


async def test_a_lead_is_asked_before_writing_into_a_colleagues_chat(world: World) -> None:
    world.feed([("c1", e.Claimed(COLLEAGUE.id, 1))])
    async with sit_down(world) as agent:
        agent.screen.open(C1)
        agent.screen.composer.put("我来说一句")
        await agent.press("enter")
        assert asked(agent) and not sent(world)
        assert f"这是{COLLEAGUE.name}的会话" in agent.sees()
        await agent.press("y")
        assert sent(world) == ["我来说一句"]


async def test_escape_goes_back_to_the_place(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, f"您好\n{BAD}")
        await agent.press("enter")
        await agent.press("escape")
        assert not asked(agent) and not sent(world)
        composer = agent.screen.composer
        assert composer.has_focus and composer.selected_text == "全网最低"
        await agent.types("nice")  # what is typed takes its place
        await agent.press("enter")
        assert sent(world) == ["您好\n这是nice价"]


async def test_everything_is_shown_at_once(world: World) -> None:
    world.feed([("c1", e.Claimed(ME.id, 1)), ("c3", e.Claimed(ME.id, 1))])
    async with sit_down(world) as agent:
        await writes(agent, "小鹿您好，全网最低，加我微信，13812345678")
        assert agent.screen.current == C1
        await agent.press("enter")
        seen = agent.sees()
        for words in ("小鹿”是另一位客户", "绝对化用语", "站外联系方式", "没有过的手机号"):
            assert words in seen


async def test_another_chats_order_number_is_asked_about(world: World) -> None:
    world.feed([("c1", e.Claimed(ME.id, 1)), ("c2", e.Claimed(ME.id, 1))])
    wrote = e.CustomerWrote(message=MessageId("o"), text="my order is 20261122-0001")
    world.feed([("c2", wrote)])
    async with sit_down(world) as agent:
        agent.screen.open(C1)
        agent.screen.composer.put("订单 202611220001 已发出")
        await agent.press("enter")
        assert asked(agent) and "Tom B." in agent.sees()
        await agent.press("escape")
        await hears(agent, "我的订单是 202611220001")  # so it is this chat's as well
        await agent.press("enter")
        screen = agent.app.screen
        assert isinstance(screen, GuardScreen)
        assert [each.kind for each in screen.findings] == [Kind.STALE]


async def test_an_open_place_blocks_and_is_marked(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, "单号〔快递单号〕，请查收")
        await agent.press("enter")
        assert not asked(agent) and not sent(world)
        assert agent.screen.composer.selected_text == "〔快递单号〕"
        assert any("快递单号" in notice for notice in agent.notices())
        agent.screen.composer.load(f"{BAD} {{{{ x }}}}")
        await agent.press("enter")
        assert asked(agent)
        await agent.press("y")  # with an open place there is no such answer
        assert asked(agent) and not sent(world)


async def test_what_the_customer_wrote_meanwhile_is_shown(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, "好的，给您退款")
        await hears(agent, "算了不退了")
        await agent.press("enter")
        assert asked(agent) and not sent(world)
        assert "王女士: 算了不退了" in agent.sees()
        await agent.press("escape")
        await agent.press("enter")  # it was shown: its author knows
        assert sent(world) == ["好的，给您退款"]


async def test_more_that_comes_while_it_asks_is_asked_again(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, "好的，给您退款")
        await hears(agent, "算了不退了")
        await agent.press("enter")
        await hears(agent, "还是退吧")
        await agent.press("y")
        assert asked(agent) and not sent(world)
        assert "还是退吧" in agent.sees()
        await agent.press("y")
        assert sent(world) == ["好的，给您退款"]


async def test_who_writes_on_has_read_it(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, "好的")
        await hears(agent, "谢谢")
        world.clock.now += 2_000
        await agent.types("a")
        await agent.press("enter")
        assert asked(agent)  # two seconds are no look
        await agent.press("escape")
        await hears(agent, "再见")
        world.clock.now += 3_000
        await agent.types("b")
        await agent.press("enter")
        assert sent(world) == ["好的ab"]


async def test_who_begins_after_it_has_read_it(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await hears(agent, "在吗")
        await agent.types("yes")
        await agent.press("enter")
        assert sent(world) == ["yes"]


async def test_a_draft_that_lay_is_out_of_date(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, "好的，给您退款")
        await agent.does("next_in_list")
        await hears(agent, "算了不退了")
        await agent.does("previous_in_list")
        assert agent.screen.composer.text == "好的，给您退款"
        await agent.press("enter")
        assert asked(agent) and "算了不退了" in agent.sees()


async def test_also_after_the_program_was_started_anew(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, "好的，给您退款")
        agent.screen.chat.keep_draft()
    world.clock.now += 1_000
    wrote = e.CustomerWrote(message=MessageId("late"), text="算了不退了")
    world.feed([("c1", wrote)])
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert agent.screen.composer.text == "好的，给您退款"
        await agent.press("enter")
        assert asked(agent) and "算了不退了" in agent.sees()


async def test_a_colleagues_answer_is_shown(world: World) -> None:
    world.feed([("c1", e.Claimed(ME.id, 1))])
    async with sit_down(world) as agent:
        await writes(agent, "我来处理")
        answered = e.ReplySent(MessageId("z1"), "已经退款了", AgentId(COLLEAGUE.id), 1)
        await agent.hears(world.feed([("c1", answered)]))
        await agent.press("enter")
        assert asked(agent) and "张敏: 已经退款了" in agent.sees()


async def test_a_solved_chat_is_asked_about_in_the_same_place(world: World) -> None:
    world.feed([("c1", e.Claimed(ME.id, 1))])
    async with sit_down(world) as agent:
        await writes(agent, BAD)
        solved = e.StatusSet(Status.RESOLVED)
        await agent.hears(world.feed([("c1", solved)]))
        await agent.press("enter")
        seen = agent.sees()
        assert asked(agent) and "会话已解决" in seen and "绝对化用语" in seen
        await agent.press("enter")
        assert asked(agent)
        await agent.press("y")
        (order,) = world.sent()
        assert isinstance(order.command, c.SendReply) and order.command.force


async def test_notes_are_free(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("note")
        agent.screen.composer.put(f"客户说{BAD}，加微信")
        await agent.press("enter")
        assert sent(world) == [f"客户说{BAD}，加微信"]


async def test_a_letter_that_was_on_its_way_is_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SETTLE", 60.0)
    async with sit_down(world, quiet_seconds=60) as agent:
        await writes(agent, BAD)
        await agent.press("enter")
        screen = agent.app.screen
        assert isinstance(screen, GuardScreen)
        await agent.press("y", "y")
        assert asked(agent) and not sent(world)
        screen._settled_at = 0.0
        await agent.press("y")
        assert sent(world) == [BAD]


async def test_the_shop_may_switch_it_off(world: World) -> None:
    guards = Guards(stale=False, absolute=False, crossed=False, contacts=False, numbers=False)
    async with sit_down(world, config=replace(Config(), guards=guards)) as agent:
        await writes(agent, f"{BAD}，加我微信")
        await hears(agent, "等等")
        await agent.press("enter")
        assert sent(world) == [f"{BAD}，加我微信"]


async def test_send_and_next_asks_first(world: World) -> None:
    async with sit_down(world) as agent:
        await writes(agent, BAD)
        await agent.does("send_resolve_next")
        assert asked(agent) and agent.screen.current == C1
        await agent.press("y")
        assert agent.screen.current != C1
        (order,) = world.sent()
        assert isinstance(order.command, c.Batch)
