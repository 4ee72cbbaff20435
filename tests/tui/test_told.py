"""The agent is told: what reaches the terminal, through the program as it runs."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agent_tui.config import Config
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Status
from agent_tui.settings.workstation import Told
from agent_tui.tui.app import WorkstationApp
from agent_tui.tui.terminal import Terminal
from tests.tui.driver import ME, Person, World, sit_down
from tests.tui.test_ring import assigned


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes to the terminal past the screen, as soon as somebody sits down."""
    found: list[str] = []
    monkeypatch.setattr(Terminal, "_write", lambda self, data: found.append(data))
    monkeypatch.setattr(WorkstationApp, "bell", lambda self: found.append("\x07"))
    for name in ("TMUX", "TERM_PROGRAM", "KITTY_WINDOW_ID", "KONSOLE_VERSION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return found


def told(**settings: Any) -> Config:
    return Config(told=Told(**settings))


def away(agent: Person) -> None:
    """Nobody pressed a key for long."""
    agent.app._last_key = -(10**6)


async def seconds_pass(agent: Person, count: float) -> None:
    agent.world.clock.now += int(count * 1000)
    agent.screen.told.tick()
    await agent.pilot.pause()


async def test_bell_notification_title_and_flash(world: World, written: list[str]) -> None:
    async with sit_down(world) as agent:
        assert written == ["\x1b[22;2t\x1b]2;agent-tui\x07"]
        del written[:]
        away(agent)
        await agent.hears(world.chat("c8", "新客", "在吗"))
        assert written == [
            "\x07",
            "\x1b]9;agent-tui: 1 新会话\x07",
            "\x1b]2;(1*) agent-tui\x07",
        ]
        queue = agent.screen.queue
        backgrounds = {
            queue.line(number, 30)[1]
            for number in range(queue.line_count())
            if "新客" in "".join(text for text, _ in queue.line(number, 30)[0])
        }
        assert backgrounds == {"queue--flash"}
        await agent.until(lambda: not queue._flashing)
    assert written[-1] == "\x1b[23;2t"


async def test_time_runs_out(world: World, written: list[str]) -> None:
    assigned(world, "c1")
    async with sit_down(world, config=told(new=False)) as agent:
        away(agent)
        del written[:]
        await seconds_pass(agent, 100)
        assert "快超时" in "".join(written) and "!" in written[-1]
        del written[:]
        await seconds_pass(agent, 100)
        assert "超时" in "".join(written) and "!!" in written[-1]
        del written[:]
        await seconds_pass(agent, 60)
        assert written[0] == "\x07"  # again: nobody looked
        for key in ("c1", "c2", "c3"):
            agent.screen.open(key)  # type: ignore[arg-type]
            await agent.press("escape")
            await seconds_pass(agent, 0)
        del written[:]
        away(agent)
        await seconds_pass(agent, 600)
        assert "\x07" not in written


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"bell": False}, "\x1b]9;"),
        ({"notify": "off"}, "\x07"),
        ({"notify": "osc777", "bell": False}, "\x1b]777;notify;agent-tui;1 新会话\x07"),
        ({"new": False}, ""),
    ],
)
async def test_each_way_can_be_switched_off(
    world: World, written: list[str], settings: dict[str, Any], expected: str
) -> None:
    config = told(title=False, flash=False, **settings)
    async with sit_down(world, config=config) as agent:
        away(agent)
        await agent.hears(world.chat("c8", "新客", "在吗"))
        assert len(written) == bool(expected) and "".join(written).startswith(expected)
        assert not agent.screen.queue._flashing


async def test_quiet_hours_leave_the_title(world: World, written: list[str]) -> None:
    async with sit_down(world, config=told(quiet="00:00-23:59")) as agent:
        away(agent)
        del written[:]
        await agent.hears(world.chat("c8", "新客", "在吗"))
        agent.screen.told.ring()
        assert written == ["\x1b]2;(1*) agent-tui\x07"]


async def test_a_customer_cannot_reach_the_terminal(world: World, written: list[str]) -> None:
    async with sit_down(world, config=told(customer_text=True)) as agent:
        away(agent)
        del written[:]
        await agent.hears(world.chat("c8", "新\x1b]0;owned\x07;客", "a\x9b31m;\x1b\\b"))
        notice = next(data for data in written if data.startswith("\x1b]9;"))
        assert "新" in notice
        assert notice.count("\x1b") == 1 and notice.count("\x07") == 1 and "\x9b" not in notice


async def test_own_deeds_are_not_told(world: World, written: list[str]) -> None:
    async with sit_down(world) as agent:
        del written[:]
        away(agent)
        agent.desk.do("c3", c.Claim())  # type: ignore[arg-type]
        await seconds_pass(agent, 10)
        assert agent.desk.conversation("c3").assignee == ME.id  # type: ignore[union-attr, arg-type]
        assert "\x07" not in written


async def test_whoever_works_on_a_chat_is_not_told_of_it(world: World, written: list[str]) -> None:
    assigned(world, "c1", "c2")
    async with sit_down(world) as agent:
        await agent.press("1")
        agent.app._last_key = time.monotonic()
        await seconds_pass(agent, 80)  # each of them waits for more than 100 s now
        assert written.count("\x07") == 1 and not any("\x1b]9" in data for data in written)
        assert agent.screen.told._telling._open == {"c2": "warning", "c3": "warning"}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_customer_of_mine_who_writes_again_is_told_as_that(
    world: World, language: str
) -> None:
    assigned(world, "c1")
    async with sit_down(world, language=language) as agent:
        await agent.hears(world.feed([("c1", e.StatusSet(Status.RESOLVED))]))
        agent.app._last_key = time.monotonic()
        world.clock.now += 20_000
        back: list[tuple[str | None, e.FeedEvent]] = [
            ("c1", e.Reopened(was=Status.RESOLVED, fresh=True)),
            ("c1", e.CustomerWrote(message=MessageId("m9"), text="还有一件事")),
        ]
        await agent.hears(world.feed(back))
        agent.screen.told.tick()
        name = agent.desk.conversation(ConversationId("c1")).customer.name  # type: ignore[union-attr]
        said = {"zh": f"{name} 又来消息了", "en": f"{name} wrote again"}[language]
        assert any(said in each for each in agent.notices())
        assert not any("分给" in each or "assigned" in each for each in agent.notices())
        await agent.hears(world.chat("c8", "新客", "在吗"))
        world.clock.now += 20_000
        await agent.hears(
            world.feed([("c8", e.Assigned(agent=ME.id, team="after-sales", epoch=1))])  # type: ignore[arg-type]
        )
        agent.screen.told.tick()
        said = {"zh": "分给你的会话：新客", "en": "assigned to you: 新客"}[language]
        assert said in agent.notices()
