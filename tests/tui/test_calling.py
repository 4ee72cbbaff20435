"""Noting a telephone call at the workstation."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, InboxId
from agent_tui.domain.model import Channel, Customer, Inbox
from agent_tui.tui import calling
from agent_tui.tui.alsocalled import ALSO_CALLED
from agent_tui.tui.screens.call import CallScreen
from agent_tui.tui.widgets.composer import Composer
from tests.tui.driver import ME, Person, World, sit_down


def world_with(tmp_path: Path, *lines: str) -> World:
    """Phone inboxes called `lines`, and a chat."""
    world = World(tmp_path)
    for line in lines:
        inbox = Inbox(line, Channel.PHONE, "after-sales", f"热线 {line}", f"Line {line}")  # type: ignore[arg-type]
        world.feed([(None, e.InboxSaved(inbox))])
    world.chat("c1", "王女士", "在吗")
    return world


def phoned(world: World, key: str, number: str, name: str, said: str, *, done: int = 0) -> None:
    """A call that came home: mine, and if it was noted here, with the number `done`."""
    customer = Customer(f"v{key}", name, contact=number)  # type: ignore[arg-type]
    opened = e.ConversationOpened(
        customer=customer,
        inbox="phone",  # type: ignore[arg-type]
        channel=Channel.PHONE,
        team="after-sales",  # type: ignore[arg-type]
        visitor=customer.id,
    )
    wrote = e.CustomerWrote(message=f"{key}-1", text=said)  # type: ignore[arg-type]
    world.feed([(key, opened), (key, wrote), (key, e.Claimed(AgentId(ME.id), 1))], done)


async def fills_in(agent: Person, number: str, name: str, said: str) -> None:
    """The form, from its first field."""
    await agent.types(number)
    await agent.press("enter")
    await agent.types(name)
    await agent.press("enter")
    await agent.types(said)
    await agent.press("ctrl+s")


async def test_a_call_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PATIENCE_SECONDS", 5.0)
    world = world_with(tmp_path, "phone")
    async with sit_down(world) as agent:
        await agent.does("phone_note")
        assert "热线 phone" in agent.sees() and "客户说了什么" in agent.sees()
        await fills_in(agent, "138 0013 8000", "Li", "refund?")
        [order] = world.sent()
        command = order.command
        assert isinstance(command, c.NoteCall)
        assert (command.number, command.name) == ("138 0013 8000", "Li")
        assert (command.text, command.inbox) == ("refund?", "phone")
        assert "已记下" in agent.notices()
        # It comes home, and opens.
        phoned(world, order.conversation, "13800138000", "Li", "refund?")
        from agent_tui.store.cache import Changes

        await agent.hears(Changes(frozenset({order.conversation})))
        await agent.until(lambda: agent.screen.current == order.conversation)


async def test_without_a_server_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PATIENCE_SECONDS", 0.1)
    world = world_with(tmp_path, "phone")
    async with sit_down(world, language="en") as agent:
        await agent.does("phone_note")
        assert "what the customer said" in agent.sees()
        await fills_in(agent, "400123456", "", "hello")
        await agent.until(lambda: any("appears once" in each for each in agent.notices()))
        assert agent.screen.current is None and len(world.sent()) == 1


async def test_what_is_missing_is_said(tmp_path: Path) -> None:
    world = world_with(tmp_path, "phone")
    async with sit_down(world) as agent:
        await agent.does("phone_note")
        await fills_in(agent, "12", "", "")
        assert "3 到 20 位" in agent.sees()
        agent.app.screen.query_one("#call-number").value = "400123456"  # type: ignore[attr-defined]
        await agent.press("ctrl+s")
        assert "还没写" in agent.sees()
        await agent.press("escape")
        assert "丢掉" in agent.sees()
        await agent.press("y")
        assert not isinstance(agent.app.screen, CallScreen) and world.sent() == []


async def test_they_call_again(tmp_path: Path) -> None:
    world = world_with(tmp_path, "phone")
    phoned(world, "c7", "13800138000", "李先生", "想退货")
    async with sit_down(world) as agent:
        agent.screen.open("c7")  # type: ignore[arg-type]
        await agent.press()
        assert "不会发给客户" in str(agent.screen.query_one(Composer).border_title)
        await agent.press("escape")
        await agent.does("phone_note")
        form = agent.app.screen
        assert isinstance(form, CallScreen)
        await agent.types("still")
        await agent.press("ctrl+s")
        [order] = world.sent()
        assert order.conversation == "c7"
        assert isinstance(order.command, c.NoteCall) and order.command.number == "13800138000"
        assert agent.screen.current == "c7" and "still" in agent.sees()


async def test_a_reply_is_noted_not_sent(tmp_path: Path) -> None:
    world = world_with(tmp_path, "phone")
    phoned(world, "c7", "13800138000", "李先生", "想退货")
    reply = e.ReplySent(message="r1", text="已登记", author=ME.id, epoch=1)  # type: ignore[arg-type]
    world.feed([("c7", reply)])
    for language, noted, label in (("zh", "✓ 已记", "不会发给客户"), ("en", "✓ noted", "nothing")):
        async with sit_down(world, language=language) as agent:
            agent.screen.open("c7")  # type: ignore[arg-type]
            await agent.press()
            assert noted in agent.sees() and label in agent.sees()
            agent.screen.open("c1")  # type: ignore[arg-type]
            await agent.press()
            assert label not in agent.sees()


async def test_one_of_several_lines_is_chosen(tmp_path: Path) -> None:
    world = world_with(tmp_path, "phone", "phone-2")
    async with sit_down(world) as agent:
        await agent.does("phone_note")
        assert "哪条电话线" in agent.sees()
        await agent.types("phone-2")
        await agent.press("enter")
        await fills_in(agent, "400123456", "", "hello")
        [order] = world.sent()
        assert isinstance(order.command, c.NoteCall) and order.command.inbox == "phone-2"


async def test_without_a_phone_inbox_it_says_so(tmp_path: Path) -> None:
    async with sit_down(world_with(tmp_path)) as agent:
        await agent.does("phone_note")
        assert any("电话收件箱" in each for each in agent.notices())
        assert not isinstance(agent.app.screen, CallScreen)


@pytest.mark.parametrize("typed", ["记电话", "jdh", "phone", "telephone", "来电"])
async def test_it_is_found_in_the_palette(tmp_path: Path, typed: str) -> None:
    assert "phone_note" in ALSO_CALLED
    async with sit_down(world_with(tmp_path, "phone")) as agent:
        await agent.does("palette")
        await agent.types(typed)
        await agent.press("enter")
        assert isinstance(agent.app.screen, CallScreen)


def test_a_call_does_not_wait_behind_a_reply_in_its_grace(tmp_path: Path) -> None:
    """What waits there becomes a draft if the program dies, and a call has no place for one."""
    world = world_with(tmp_path, "phone")
    phoned(world, "c7", "13800138000", "李先生", "想退货")
    desk = world.desk()
    try:
        desk.grace.ms = 3000
        assert desk.writing.send(ConversationId("c7"), "已登记") is None
        key, command = desk.writing.call(InboxId("phone"), "13800138000", "还有")
        assert key == "c7" and desk.do(key, command) is None
        assert [order.command for order in world.sent()] == [command]
    finally:
        desk.close()


def test_a_call_that_came_home_is_shown_once(tmp_path: Path) -> None:
    """Also by a desk that has not heard of it yet, and reads the conversation from the cache."""
    world = world_with(tmp_path, "phone")
    desk = world.desk()
    try:
        key, command = desk.writing.call(InboxId("phone"), "13800138000", "想退货")
        assert desk.do(key, command) is None and desk.conversation(key) is None
        [order] = world.sent()
        phoned(world, key, "13800138000", "李先生", "想退货", done=order.number)
        state = desk.conversation(key)
        assert state is not None and state.messages == 1
        assert [line.message.text for line in desk.transcript(key)] == ["想退货"]
    finally:
        desk.close()
