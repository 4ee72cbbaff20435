"""The transcript keeps its place, whatever comes, goes or changes around it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.store.cache import Changes
from agent_tui.tui.widgets.transcript import Transcript
from tests.tui.driver import ME, Person, World, sit_down

CHAT = ConversationId("c1")
MANY = 800


def said(number: int) -> str:
    """Texts of very different heights, in both languages."""
    chance = random.Random(number)
    words = "我的包裹到哪里了" if number % 2 else "where is my parcel now "
    return f"#{number:04} " + words * chance.randint(1, 12) + "\n" * chance.randint(0, 2)


@pytest.fixture
def long(world: World) -> World:
    world.chat("c1", "王女士", *map(said, range(MANY)), tier="VIP")
    return world


def rows(transcript: Transcript) -> list[str]:
    """What stands in the rows of the transcript that are in sight."""
    height = transcript.size.height
    seen = range(
        transcript.first_line, min(transcript.first_line + height, transcript.line_count())
    )
    return ["".join(text for text, _ in transcript.line(row, 0)[0]) for row in seen]


def true_rows(transcript: Transcript) -> Iterator[str]:
    """Every row, with nothing guessed."""
    for index in range(len(transcript.lines)):
        for line in transcript.make(index).lines:
            yield "".join(text for text, _ in line.pieces)


def counts(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Which messages are wrapped from now on."""
    made: set[int] = set()
    make = Transcript.make

    def counted(self: Transcript, index: int) -> object:
        made.add(index)
        return make(self, index)

    monkeypatch.setattr(Transcript, "make", counted)
    return made


async def scrolled(agent: Person, pages: int) -> list[str]:
    await agent.does("next_urgent")
    for _ in range(pages):
        await agent.does("page_up")
    return rows(agent.screen.transcript)


async def test_only_what_is_near_is_ever_wrapped(
    long: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = counts(monkeypatch)
    async with sit_down(long) as agent:
        before = await scrolled(agent, 1)
        assert 0 < len(made) < 200
        await agent.hears(long.feed([("c1", wrote("x", "news"))]))
        assert len(made) < 250 and rows(agent.screen.transcript) == before


async def test_paging_up_shows_every_row_once(long: World) -> None:
    async with sit_down(long, size=(80, 24)) as agent:
        await scrolled(agent, 0)
        transcript = agent.screen.transcript
        every = list(true_rows(transcript))
        step = transcript.size.height - 2
        assert rows(transcript) == every[-transcript.size.height :]
        for page in range(1, 40):
            await agent.pilot.press("pageup")
            end = len(every) - page * step
            assert rows(transcript) == every[end - transcript.size.height : end]


async def test_home_and_end_in_reading_are_the_true_ends(long: World) -> None:
    async with sit_down(long) as agent:
        await scrolled(agent, 0)
        await agent.does("read")
        await agent.press("home")
        transcript = agent.screen.transcript
        every = list(true_rows(transcript))
        assert [row.strip("▌ ") for row in rows(transcript)] == [
            row.strip() for row in every[: transcript.size.height]
        ]
        await agent.press("end", "escape")
        assert rows(transcript) == every[-transcript.size.height :]


def wrote(key: str, text: str) -> e.CustomerWrote:
    return e.CustomerWrote(message=key, text=text)  # type: ignore[arg-type]


async def test_scrolled_up_it_stays_when_messages_come(long: World) -> None:
    async with sit_down(long) as agent:
        before = await scrolled(agent, 7)
        for number in range(5):
            await agent.hears(long.feed([("c1", wrote(f"x{number}", "在吗\n" * number))]))
            assert rows(agent.screen.transcript) == before
        await agent.does("read")
        await agent.press("end", "escape")
        assert "在吗" in rows(agent.screen.transcript)[-2]


async def test_at_the_bottom_it_follows(long: World) -> None:
    async with sit_down(long) as agent:
        await scrolled(agent, 0)
        for number in range(3):
            await agent.hears(long.feed([("c1", wrote(f"x{number}", f"还在吗 {number}"))]))
            assert f"还在吗 {number}" in rows(agent.screen.transcript)[-1]


async def test_it_stays_when_older_messages_change(world: World) -> None:
    """The customer sees a hundred replies at once, and a note far above is taken back."""
    world.feed([("c1", e.Claimed(agent=ME.id, epoch=1))])
    note = e.NoteAdded(message="note", text="内部\n备注\n三行", author=ME.id)  # type: ignore[arg-type]
    world.feed([("c1", note)])
    for number in range(100):
        reply = e.ReplySent(message=f"r{number}", text=said(number), author=ME.id, epoch=1)  # type: ignore[arg-type]
        world.feed([("c1", reply)])
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        agent.screen.open(CHAT)
        for _ in range(4):
            await agent.does("page_up")
        before = [row.partition(" ✓")[0] for row in rows(agent.screen.transcript)]
        await agent.hears(world.feed([("c1", e.CustomerSaw(delivered=95, seen=95))]))
        after = rows(agent.screen.transcript)
        assert [row.partition(" ✓")[0].strip() for row in after] == [row.strip() for row in before]
        assert any("已读" in row for row in after)
        await agent.hears(world.feed([("c1", e.NoteRemoved(message="note", no=3))]))  # type: ignore[arg-type]
        assert rows(agent.screen.transcript) == after


async def test_another_width_keeps_the_text_at_the_top(long: World) -> None:
    async with sit_down(long) as agent:
        await scrolled(agent, 9)
        transcript = agent.screen.transcript
        while at_top(transcript)[1] < 20:  # the middle of a message
            transcript.scroll_lines(1)
        name, first, _ = at_top(transcript)
        before = rows(transcript)
        for width, height in ((80, 24), (200, 60), (100, 30), (120, 36)):
            await agent.pilot.resize_terminal(width, height)
            await agent.pilot.pause()
            same, start, end = at_top(transcript)
            assert same == name and start <= first < end
            every, seen = list(true_rows(transcript)), rows(transcript)
            assert any(every[at : at + len(seen)] == seen for at in range(len(every)))
            assert len(seen) == transcript.size.height
        assert rows(transcript) == before


def at_top(transcript: Transcript) -> tuple[str, int, int]:
    """The message at the top, and which part of its text stands there."""
    index, line = transcript.heights.at(transcript.first_line)
    drawn = transcript.block(index).lines[line]
    return transcript.name_of(index), drawn.at, drawn.at + drawn.size


async def test_a_reply_in_its_grace_counts_down_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        agent.desk.grace.ms = 3000
        await agent.types("hi")
        await agent.press("enter")
        assert "~ 3 秒后发出" in agent.sees()
        made = counts(monkeypatch)
        world.clock.now += 1100
        agent.screen.transcript.tick(world.clock.now)
        await agent.pilot.pause()
        assert "~ 2 秒后发出" in agent.sees()
        assert made == {len(agent.screen.transcript.lines) - 1}


async def test_what_was_held_stands_in_its_chat_until_it_is_dealt_with(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        agent.desk.grace.ms = 0
        await agent.types("too late")
        await agent.press("enter")
        order = world.sent()[-1]
        held = e.CommandRefused(world.outbox.client, order.number, "customer_wrote", True, CHAT)
        changes = world.feed([(None, held)], done=order.number)
        world.outbox.settle(order.number, world.cache.refusals(), world.clock.now)
        await agent.hears(changes | Changes(outbox=True))
        seen = agent.sees()
        assert "too late" in seen and "! 没有发出" in seen and "客户期间又写了 · " in seen
        agent.desk.tray.discard(agent.desk.tray.items[0])
        await agent.pilot.pause()
        assert "too late" not in agent.sees()


async def test_the_header_counts_what_came_beneath(long: World) -> None:
    async with sit_down(long, size=(160, 36)) as agent:
        await scrolled(agent, 3)
        assert "↓" not in agent.sees().split("\n")[0]
        for number in range(2):
            await agent.hears(long.feed([("c1", wrote(f"x{number}", "在吗"))]))
        assert "↓ 2 条新消息" in agent.sees().split("\n")[0]
        agent.screen.transcript.end()
        agent.screen.view.header()
        await agent.pilot.pause()
        assert "↓" not in agent.sees().split("\n")[0]
