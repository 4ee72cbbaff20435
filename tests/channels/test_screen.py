"""At the workstation: the state stands at the message in words, and one key deals with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import DeliveryState
from tests.channels.conftest import Open
from tests.flow.workstation import Workstation
from tests.tui.driver import ME, World, sit_down

C1 = ConversationId("c1")
M1 = MessageId("r1")


def world_with(tmp_path: Path, state: DeliveryState, code: str = "", detail: str = "") -> World:
    """My chat with a reply whose delivery is in `state`."""
    world = World(tmp_path)
    world.chat("c1", "王女士", "在吗")
    reply = e.ReplySent(message=M1, text="您的包裹已发出", author=ME.id, epoch=1, pushed=True)
    changed = e.DeliveryChanged(M1, state, code, detail)
    world.feed([("c1", e.Claimed(AgentId(ME.id), 1)), ("c1", reply), ("c1", changed)])
    return world


@pytest.mark.parametrize(
    ("state", "code", "zh", "en"),
    [
        (DeliveryState.QUEUED, "unreachable", "» 正在送出", "» on its way"),
        (DeliveryState.FAILED, "refused", "✗ 发送失败", "✗ failed"),
        (DeliveryState.UNCERTAIN, "no_answer", "? 送达不明", "? uncertain"),
        (DeliveryState.SETTLED, "no_answer", "✓ 已处理", "✓ dealt with"),
        (DeliveryState.SENT, "", "✓ 已发", "✓ sent"),
    ],
)
async def test_each_state_has_a_sign_and_a_word(
    tmp_path: Path, state: DeliveryState, code: str, zh: str, en: str
) -> None:
    world = world_with(tmp_path, state, code, "15 s")
    trouble = state in (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
    for language, words in (("zh", zh), ("en", en)):
        async with sit_down(world, language=language) as agent:
            await agent.press("j")
            await agent.does("open_chat")
            seen = agent.sees()
            assert words in seen
            assert ("15 s" in seen) == bool(code)
            assert ("Ctrl+S" in seen) == trouble
            assert ("✗1" in seen) == trouble


async def test_send_again_asks_first_when_it_may_have_arrived(tmp_path: Path) -> None:
    world = world_with(tmp_path, DeliveryState.UNCERTAIN, "no_answer", "15 s")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("undelivered")
        assert "没送达 1" in agent.sees() and "您的包裹已发出" in agent.sees()
        await agent.press("r")
        assert "收到两次" in agent.sees()
        await agent.press("n")
        assert world.sent() == []
        await agent.press("r", "y")
        [order] = world.sent()
        assert order.command == c.RetryDelivery(M1)
        assert "» 正在送出" in agent.sees()


async def test_send_again_what_surely_failed_with_one_key(tmp_path: Path) -> None:
    world = world_with(tmp_path, DeliveryState.FAILED, "refused", "422")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("undelivered")
        await agent.press("r")
        assert [order.command for order in world.sent()] == [c.RetryDelivery(M1)]


async def test_settle_it_with_one_key_and_undo_that(tmp_path: Path) -> None:
    world = world_with(tmp_path, DeliveryState.UNCERTAIN, "no_answer", "15 s")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("undelivered")
        await agent.press("d")
        assert "✓ 已处理" in agent.sees()
        await agent.does("undo")
        assert "? 送达不明" in agent.sees()
        assert [order.command for order in world.sent()] == [
            c.SettleDelivery(M1),
            c.UnsettleDelivery(M1, DeliveryState.UNCERTAIN),
        ]


async def test_nothing_to_deal_with(tmp_path: Path) -> None:
    async with sit_down(world_with(tmp_path, DeliveryState.SENT)) as agent:
        await agent.press("j")
        await agent.does("open_chat")
        await agent.does("undelivered")
        assert "回复都已送达" in agent.notices()


def test_from_the_other_side_to_the_desk_and_back(opens: Open, tmp_path: Path) -> None:
    shop = opens().start()
    shop.receiver.script.append("cut")
    key = shop.customer()
    anna = Workstation.of(shop.serving, tmp_path / "profile").connect()
    try:
        anna.until(lambda desk: desk.conversation(key))
        anna.sends(key, "您好")
        anna.until(lambda desk: desk.transcript(key)[-1].state == "uncertain")
        [row] = anna.desk.queue.rows()
        assert row.undelivered == 1 and row.due is not None
        [line] = anna.desk.messages.undelivered(key)
        assert anna.desk.do(key, c.RetryDelivery(line.message.id)) is None
        assert anna.shows(key)[-1] == ("您好", "queued")
        anna._link.ring()  # type: ignore[union-attr]
        anna.until(lambda desk: desk.transcript(key)[-1].state == "sent")
    finally:
        anna.close()
    assert shop.receiver.seen() == [line.message.id] * 2
