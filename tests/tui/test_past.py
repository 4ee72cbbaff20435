"""Past conversations in the find pane."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from agent_tui.domain.finding import Found
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.store.history import History
from tests.tui.driver import NOW, Person, World, sit_down

LONG = [f"第 {number} 句闲话，和正事没有关系" for number in range(60)]


def past(agent: Person) -> list[Found]:
    return [row for row in agent.screen.find.rows if isinstance(row, Found)]


@pytest.fixture
def known(world: World) -> World:
    """An earlier chat in which a strange word was said, long ago in its lines."""
    world.chat("c7", "周先生", "我的紫砂壶漏水", *LONG)
    return world


async def test_messages_come_below_after_a_pause_and_open_their_line(known: World) -> None:
    async with sit_down(known) as agent:
        await agent.does("next_urgent")
        await agent.asks("紫砂壶漏水")
        await agent.until(lambda: past(agent))
        assert "离线：只有本机的消息" in agent.pane()
        for _ in agent.finds()[1:]:
            await agent.press("down")
        assert "我的紫砂壶漏水" in agent.pane() and "打开会话" in agent.sees()
        await agent.press("ctrl+s")
        assert not known.sent()
        await agent.press("enter")
        assert agent.screen.current == "c7"
        assert agent.screen.composer.text == "" and agent.screen.composer.has_focus
        assert "我的紫砂壶漏水" in agent.sees()  # far above the end of the chat
        transcript = agent.screen.transcript
        lines = (transcript.line(at, 50) for at in range(transcript.line_count()))
        marked = [pieces for pieces, background in lines if background == "transcript--found"]
        assert any("紫砂壶" in text for pieces in marked for text, _ in pieces)


async def test_the_prefix_leaves_messages_only_and_enter_waits_for_them(known: World) -> None:
    async with sit_down(known) as agent:
        await agent.does("next_urgent")
        await agent.asks("@紫砂壶")
        await agent.press("enter")
        await agent.until(lambda: agent.screen.current == "c7")
        assert agent.screen.composer.text == ""


async def test_one_character_is_not_looked_up(known: World) -> None:
    async with sit_down(known) as agent:
        await agent.does("next_urgent")
        await agent.asks("@壶")
        await agent.until(lambda: "没有找到" in agent.pane())
        assert agent.finds() == [] and not agent.screen.searching._past.busy


async def test_a_message_that_is_not_here_is_only_shown(
    known: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sit_down(known) as agent:
        await agent.does("next_urgent")
        elsewhere = Found(
            conversation=ConversationId("gone"),
            no=3,
            name="远方",
            at=NOW,
            kind=MessageKind.CUSTOMER,
            author="v",
            text="紫砂壶在别处",
            online=True,
        )

        class There:
            found = (elsewhere,)
            notes: tuple[Both, ...] = ()

        port = agent.app.history()
        assert port is not None
        monkeypatch.setattr(port, "server", lambda query, limit: There, raising=False)
        monkeypatch.setattr(agent.app, "history", lambda: port)
        agent.app.link = "online"
        await agent.asks("@紫砂壶")
        await agent.until(lambda: len(past(agent)) == 2)
        await agent.press("down", "enter")
        assert agent.screen.current == "c1"
        assert any("不在本机" in notice for notice in agent.notices())
        assert agent.screen.composer.text == ""


async def test_late_messages_are_dropped(known: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, begun = threading.Event(), threading.Event()
    started: list[str] = []
    ended: list[str] = []
    answer = History.answer

    def slow(self: History, query: str, *args: Any, **more: Any) -> Any:
        started.append(query)
        try:
            found = answer(self, query, *args, **more)
            begun.set()
            gate.wait(20)
            return found
        finally:
            ended.append(query)

    async with sit_down(known) as agent:
        await agent.does("next_urgent")
        monkeypatch.setattr(History, "answer", slow)
        await agent.asks("紫砂壶")
        await agent.until(begun.is_set)
        await agent.asks("发票抬头")
        shown: list[Any] = []
        show = agent.screen.find.show

        def noting(rows: Any, *notes: Any, **how: Any) -> None:
            shown.extend(rows)
            show(rows, *notes, **how)

        agent.screen.find.show = noting  # type: ignore[method-assign]
        gate.set()
        await agent.until(lambda: "发票抬头" in ended and len(ended) == len(started))
        await agent.until(lambda: not agent.screen.searching._past.busy)
        await agent.pilot.pause()
        assert not any(isinstance(row, Found) for row in shown)


async def test_a_filter_that_is_no_date_is_explained(known: World) -> None:
    async with sit_down(known) as agent:
        await agent.does("next_urgent")
        await agent.asks("@before:xx 紫砂壶")
        await agent.until(lambda: "第 1 个字符" in agent.pane())
