"""Who types in or looks at the open chat, in its header; and that this agent looks."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.protocol import Presence
from agent_tui.tui import onlookers
from tests.tui.driver import Person, World, sit_down

C1, C2 = ConversationId("c1"), ConversationId("c2")


@dataclass
class Heard:
    """The sync side, which only notes what it is told."""

    said: list[tuple[str, bool]] = field(default_factory=list)

    def viewing(self, conversation: ConversationId, looking: bool) -> None:
        self.said.append((conversation, looking))

    def typing(self, conversation: ConversationId) -> None:
        pass

    def look_up(self, conversation: ConversationId) -> None:
        pass

    def ring(self) -> None:
        pass

    def close(self) -> None:
        pass


def somebody(agent: str, *, typing: bool, seconds: int, world: World) -> Presence:
    return Presence(C1, AgentId(agent), typing, world.clock.now + seconds * 1000)


def header(agent: Person) -> str:
    return agent.sees().split("\n")[0]


async def test_the_header_tells_who_types_and_who_looks(world: World) -> None:
    async with sit_down(world, size=(160, 36)) as agent:
        await agent.does("next_urgent")
        view = agent.screen.view
        view.presence(somebody("zhang", typing=False, seconds=45, world=world))
        await agent.pilot.pause()
        assert "张敏 在看" in header(agent) and "web" in header(agent)
        view.presence(somebody("", typing=True, seconds=6, world=world))
        view.presence(somebody("zhang", typing=True, seconds=6, world=world))
        await agent.pilot.pause()
        assert "客户正在输入… · 张敏正在输入…" in header(agent)
        world.clock.now += 7_000
        view.header()
        await agent.pilot.pause()
        assert "张敏 在看" in header(agent) and "输入" not in header(agent)
        view.presence(somebody("zhang", typing=False, seconds=0, world=world))
        await agent.pilot.pause()
        assert "在看" not in header(agent)


async def test_only_a_chat_that_is_stayed_in_is_told_and_leaving_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    async with sit_down(world) as agent:
        monkeypatch.setattr(agent.app, "_port", heard)
        looks = agent.screen.view.onlookers
        await agent.does("next_urgent")
        await agent.does("next_urgent")  # passed through
        key = agent.screen.current
        heard.said.clear()  # the clock of the screen may have ticked meanwhile
        monkeypatch.setattr(looks, "told", None)
        looks.tick()
        looks.tick()
        assert heard.said == [(key, True)]
        monkeypatch.setattr(onlookers, "TELL_EVERY", 0.0)
        looks.tick()
        assert heard.said == [(key, True)] * 2
        monkeypatch.setattr(onlookers, "AWAY_SECONDS", -1.0)  # nobody has pressed a key for long
        looks.tick()
        looks.tick()
        assert heard.said[2:] == [(key, False)]
        monkeypatch.setattr(agent.app, "_port", None)
