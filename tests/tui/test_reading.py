"""Reading a chat with the keys: a cursor over its messages, and what is done with them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agent_tui.domain import events as e
from agent_tui.tui.reading import quoted
from agent_tui.tui.widgets.transcript import CURSOR
from tests.tui.driver import ME, Person, World, sit_down

SIZES = [(80, 24), (120, 36)]
LONG = [f"第 {number} 句：我的包裹到哪里了，已经等了很久" for number in range(60)]


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


def answered(world: World, text: str, *, note: bool = False) -> None:
    """A colleague's words in the first chat."""
    if note:
        event: e.FeedEvent = e.NoteAdded(message="n1", text=text, author=ME.id)  # type: ignore[arg-type]
    else:
        event = e.ReplySent(message="r1", text=text, author=ME.id, epoch=1)  # type: ignore[arg-type]
    world.feed([("c1", event)])


def copied(agent: Person) -> str:
    return agent.app.clipboard


async def reads(agent: Person) -> Person:
    await agent.does("next_urgent")
    return await agent.does("read")


async def test_the_cursor_goes_over_messages_and_escape_gives_the_keys_back(
    world: World, size: tuple[int, int]
) -> None:
    async with sit_down(world, size=size) as agent:
        await reads(agent)
        assert agent.screen.transcript.has_focus
        assert f"{CURSOR} 运费谁出" in agent.sees()
        await agent.press("k")
        assert f"{CURSOR} 收到的杯子碎了" in agent.sees()
        await agent.press("down", "escape")
        assert agent.screen.composer.has_focus and CURSOR not in agent.sees()
        await agent.types("hi")
        assert agent.screen.composer.text == "hi"


async def test_enter_and_y_copy_the_message(world: World) -> None:
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("y")
        assert copied(agent) == "运费谁出"
        await agent.press("up", "enter")
        assert copied(agent) == "收到的杯子碎了，怎么退"


async def test_the_whole_chat_is_copied_without_notes(world: World) -> None:
    answered(world, "这位客户很急", note=True)
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("Y")
        lines = copied(agent).split("\n")
        assert [line.partition("] ")[2] for line in lines] == [
            "王女士: 收到的杯子碎了，怎么退",
            "王女士: 运费谁出",
        ]
        assert "1 条备注没有复制" in "".join(agent.notices())


async def test_space_begins_a_range(world: World) -> None:
    world.chat("c1", "王女士", *LONG[:5], tier="VIP")
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("space", "k", "k", "y")
        assert [line[-len(LONG[0]) :] for line in copied(agent).split("\n")] == LONG[2:5]
        await agent.press("y")
        assert copied(agent) == LONG[2]  # the range is gone, the cursor is where it was
        await agent.press("space", "escape", "y")
        assert copied(agent) == LONG[2] and agent.screen.transcript.has_focus


async def test_a_quotation_goes_to_the_composers_cursor(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("you asked")
        await agent.does("read")
        await agent.press("q")
        assert agent.screen.composer.has_focus
        assert agent.screen.composer.text == "you asked\n「运费谁出」\n"


async def test_a_note_is_never_quoted_to_the_customer(world: World) -> None:
    answered(world, "别告诉客户", note=True)
    async with sit_down(world) as agent:
        await reads(agent)
        await agent.press("q")
        assert agent.screen.composer.text == "" and "不能引用" in "".join(agent.notices())
        await agent.press("escape")
        await agent.does("note")
        await agent.does("read")
        await agent.press("q")
        assert "别告诉客户" in agent.screen.composer.text


def test_quotations_in_both_styles() -> None:
    assert quoted("a\n\nb", corners=False) == "> a\n>\n> b"
    assert quoted("运费", corners=True) == "「运费」"
    assert len(quoted("长" * 5000, corners=True)) < 500


async def test_search_is_incremental_counted_and_goes_around(
    world: World, size: tuple[int, int]
) -> None:
    world.chat("c1", "王女士", "ＡＢＣ first", *LONG, "abc last", tier="VIP")
    async with sit_down(world, size=size) as agent:
        await agent.does("next_urgent")
        await agent.does("search_chat")
        await agent.types("Ab")
        assert "2/2" in agent.sees() and "abc last" in agent.sees()
        await agent.types("C")
        await agent.press("enter", "N")
        assert "ＡＢＣ first" in agent.sees() and agent.screen.transcript.has_focus
        assert hits(agent) == ["ＡＢＣ"]
        await agent.press("N")
        assert f"{CURSOR} abc last" in agent.sees()
        await agent.press("n", "y")
        assert copied(agent) == "ＡＢＣ first"


async def test_escape_in_the_search_leaves_the_place(world: World) -> None:
    world.chat("c1", "王女士", "紫砂壶", *LONG, tier="VIP")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("search_chat")
        await agent.types("紫砂")
        await agent.press("escape")
        assert agent.screen.composer.has_focus
        assert "紫砂壶" in agent.sees() and not hits(agent)
        await agent.does("search_chat")
        await agent.types("nowhere")
        assert "没有" in agent.sees()


@pytest.mark.parametrize("intent", ["read", "search_chat", "first_unread"])
async def test_from_the_list_it_opens_the_chat_under_the_cursor(world: World, intent: str) -> None:
    async with sit_down(world) as agent:
        assert agent.screen.current is None
        await agent.does(intent)
        assert agent.screen.current == "c1" and agent.screen.transcript.lines


async def test_another_chat_ends_the_search(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("search_chat")
        await agent.types("e")
        await agent.does("next_urgent")
        assert agent.screen.current != "c1" and not hits(agent)
        assert agent.screen.composer.has_focus
        assert not agent.screen.query_one("#search").display


async def test_the_first_unread_message_is_one_key_away(world: World) -> None:
    world.feed([("c1", e.Claimed(agent=ME.id, epoch=1)), ("c1", e.MarkedRead(no=2))])
    for number, text in enumerate(LONG):
        world.feed([("c1", e.CustomerWrote(message=f"x{number}", text=text))])  # type: ignore[arg-type]
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert LONG[0] not in agent.sees()
        await agent.does("first_unread")
        assert f"{CURSOR} 第 0 句" in agent.sees() and "── 新消息 ──" in agent.sees()


async def test_hostile_text_is_read_copied_and_searched(
    world: World, size: tuple[int, int]
) -> None:
    texts = hostile()
    world.chat("c1", "王女士", *(text for text in texts if text.strip()), tier="VIP")
    async with sit_down(world, size=size) as agent:
        await reads(agent)
        await agent.press("home")
        for _ in texts:
            await agent.pilot.press("y", "j")
            assert "\x1b" not in copied(agent)
        await agent.press("slash")
        await agent.types("x]")
        await agent.press("enter", "n", "n", "Y", "escape")
        lines = agent.sees().split("\n")
        assert not any("\x1b" in line or "\u202e" in line for line in lines)
        assert agent.screen.composer.has_focus


def hostile() -> list[str]:
    """Our own, and those of a file that $AGENT_TUI_HOSTILE names (JSON lines)."""
    texts = ["[/b] [red]x[/]", "\x1b]52;c;x\x07", "👨\u200d👩\u200d👧 ❤\ufe0f", "שלום", "W" * 3000]
    texts += ["https://x.example.com/\x1b]8;;evil\x07", "é" + "\u0301" * 50, "\u202egnp.exe"]
    if path := os.environ.get("AGENT_TUI_HOSTILE"):
        texts += [json.loads(line)["text"] for line in Path(path).read_text().split("\n") if line]
    return texts


def hits(agent: Person) -> list[str]:
    """What is highlighted as found on the screen."""
    transcript = agent.screen.transcript
    rows = range(transcript.first_line, transcript.first_line + transcript.size.height)
    pieces = [transcript.line(row, 0)[0] for row in rows if row < transcript.line_count()]
    return [text for line in pieces for text, name in line if "transcript--hit" in name]
