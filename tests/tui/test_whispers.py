"""What a colleague notes in one's chat is said at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, MessageId, TeamId
from tests.tui.driver import COLLEAGUE, ME, World, sit_down


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[World]:
    """Two chats of mine, and one of a colleague's, each with a note."""
    world = World(tmp_path)
    for key, name, owner in (("a", "王女士", ME), ("b", "Tom", ME), ("c", "小鹿", COLLEAGUE)):
        world.chat(key, name, "在吗")
        world.feed([(key, e.Assigned(owner.id, TeamId("after-sales"), 1)), note(key, "old")])
    yield world


def note(key: str, text: str, author: AgentId = COLLEAGUE.id) -> tuple[str, e.NoteAdded]:
    return key, e.NoteAdded(message=MessageId(f"{key}-{text}"), text=text, author=author)


async def test_a_whisper_is_heard(desk: World) -> None:
    async with sit_down(desk) as agent:
        assert not agent.notices()
        await agent.hears(desk.feed([note("b", "look at the freight")]))
        assert agent.notices() == ["张敏 备注给你（Tom）：look at the freight"]


async def test_its_row_shows_it_until_the_chat_is_looked_at(desk: World) -> None:
    async with sit_down(desk) as agent:
        row = "[备注] 张敏: two"

        def shown() -> bool:
            agent.app.refresh()
            return row in agent.sees().replace("\n", "")

        await agent.hears(desk.feed([note("b", "one"), note("b", "two")]))
        await agent.until(shown)
        gone = e.NoteRemoved(message=MessageId("b-two"), no=4)
        await agent.hears(desk.feed([("b", gone)]))
        row = "[备注] 张敏: one"  # "two" is taken back
        await agent.until(shown)
        row = "[备注] 张敏: three"
        await agent.hears(desk.feed([note("b", "three")]))
        await agent.until(shown)
        agent.screen.open("b")  # type: ignore[arg-type]
        await agent.until(lambda: not shown())


async def test_what_is_no_whisper_is_not_said(desk: World) -> None:
    async with sit_down(desk) as agent:
        agent.screen.open("a")  # type: ignore[arg-type]
        await agent.pilot.pause()
        wrote = e.CustomerWrote(message=MessageId("b-2"), text="还在吗")
        seen, own, others = note("a", "seen"), note("b", "own", ME.id), note("c", "other")
        await agent.hears(desk.feed([seen, own, others, ("b", wrote)]))
        await agent.hears(desk.feed([note("c", "more")]))
        given = e.Assigned(ME.id, TeamId("after-sales"), 2)
        await agent.hears(desk.feed([("c", given)]))
        assert not any("备注给你" in each for each in agent.notices())
