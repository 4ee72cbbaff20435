"""Text fields: nothing covers what is written; the terminal's cursor stands where one writes."""

from __future__ import annotations

import pytest
from textual.geometry import Offset
from textual.widgets import Input

from agent_tui.domain.ids import ConversationId
from agent_tui.tui.widgets.composer import Composer
from tests.tui.driver import Person, World, sit_down

SMALL = (80, 24)
ADVICE = (
    "实在抱歉让您收到这样的杯子。请您先拍两张照片：\n1. 外箱和里面的照片\n2. 玻璃、陶瓷类的碎片"
    "请用纸包好，小心别划到手，放在原来的盒子里面就可以了\n3. 您的投诉 1 小时内会到主管手里，"
    "然后我们会马上给您补发。收到照片以后就安排。"
)


def lines_of(composer: Composer) -> list[str]:
    """The lines of its text, as it breaks them."""
    return [part.rstrip() for line in composer.wrapped_document.lines for part in line]


async def opened(agent: Person, text: str = "") -> Composer:
    agent.screen.open(ConversationId("c1"))
    await agent.pilot.pause()
    if text:
        agent.screen.composer.put_block(text)
        await agent.press()
    return agent.screen.composer


@pytest.mark.parametrize("more", range(8))
async def test_nothing_covers_a_letter(world: World, more: int) -> None:
    async with sit_down(world, size=SMALL) as agent:
        composer = await opened(agent, ADVICE + "\n好" * more)
        for _ in range(2):
            below = lines_of(composer)[composer.scroll_offset.y :][: composer.size.height]
            seen = agent.sees()
            assert [line for line in below if line not in seen] == []
            await agent.press("x")


async def test_a_long_draft_says_that_more_is_above(world: World) -> None:
    async with sit_down(world, size=SMALL) as agent:
        composer = await opened(agent, "一\n" * 8 + "九")
        assert composer.size.height == 9
        assert not composer.scroll_offset.y and not composer.show_vertical_scrollbar
        composer.put_block("\n十\n十一")
        await agent.press()
        assert composer.show_vertical_scrollbar
        seen = [(composer.cursor_location, composer.scroll_offset.y)]
        for key in ("ctrl+home", "ctrl+end"):
            await agent.press(key)
            seen.append((composer.cursor_location, composer.scroll_offset.y))
        assert seen == [((10, 2), 2), ((0, 0), 0), ((10, 2), 2)]


async def test_grey_text_below_a_full_field_is_seen(world: World) -> None:
    world.article("far", "远", "今天一定为您联系仓库" + "并且加急处理" * 6 + "。")
    async with sit_down(world, size=SMALL) as agent:
        await agent.until(lambda: agent.screen.ghosts.known)
        composer = await opened(agent, "一\n" * 9)
        await agent.types("今天一定为您")
        assert composer.offer is not None
        assert composer._below and composer._below in agent.sees()


async def test_chinese_breaks_anywhere_but_before_a_full_stop(world: World) -> None:
    async with sit_down(world, size=SMALL) as agent:
        composer = await opened(agent, "3. 您的投诉 1 小时内会到" + "主管手里" * 10)
        first, *_ = lines_of(composer)
        assert first.startswith("3. 您的投诉 1 小时内会到主管")
        composer.load("字" * (composer.wrap_width // 2) + "。")
        assert lines_of(composer)[1] == "字。"
        for count in range(60):
            composer.load("word" * 5 + " " * count + "字" * 30 + " " * count)
            lines = [part for line in composer.wrapped_document.lines for part in line]
            assert "".join(lines) == composer.text
            assert composer.cursor_screen_offset.x < composer.content_region.right


# --- the terminal's own cursor, where an input method opens its window ---------------------------


def painted(agent: Person) -> Offset | None:
    """Where the focused field's cursor is, light on a dark theme; None while it blinks."""
    field = agent.app.focused
    assert field is not None
    left, top, width, height = field.content_region
    strips = agent.app.screen._compositor.render_strips()
    for y in range(top, top + height):
        x = 0
        for segment in strips[y]:
            back = segment.style.bgcolor if segment.style else None
            if left <= x < left + width and back and back.triplet and min(back.triplet) > 0x80:
                return Offset(x, y)
            x += segment.cell_length
    return None


async def stands_right(agent: Person) -> None:
    """The terminal's cursor is where the painted one is."""
    told = agent.app.cursor_position
    await agent.until(lambda: painted(agent))
    assert told == painted(agent), agent.sees()


async def test_the_cursor_is_where_one_writes(world: World) -> None:
    async with sit_down(world, size=SMALL) as agent:
        composer = await opened(agent)
        await stands_right(agent)
        await agent.does("find")
        assert isinstance(agent.app.focused, Input)
        await stands_right(agent)
        await agent.types("杯子ab")
        await stands_right(agent)
        await agent.press("left", "left", "left")
        await stands_right(agent)
        await agent.press("escape")
        assert composer.has_focus
        await stands_right(agent)
        composer.put_block(ADVICE)
        await agent.press()
        await stands_right(agent)
        await agent.press("ctrl+home")
        await stands_right(agent)
        composer.load("一\n二\n三\n四")
        await agent.press()
        await stands_right(agent)
        await agent.press("enter")
        assert not composer.text
        await stands_right(agent)
        await agent.does("find")
        composer.load("别处")  # what changes elsewhere does not take it away
        await agent.press()
        await stands_right(agent)


async def test_the_cursor_is_in_a_dialogue_at_once(world: World) -> None:
    async with sit_down(world, size=SMALL) as agent:
        await opened(agent)
        await agent.does("assign")
        assert isinstance(agent.app.focused, Input)
        await stands_right(agent)
        await agent.types("张")  # the list shrinks
        await agent.press()
        await stands_right(agent)
