"""Dialogues under bouncing keys."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import OptionList

from agent_tui.desk.guarding.findings import Finding, Kind
from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both
from agent_tui.macros.model import Slot
from agent_tui.tui import notices
from agent_tui.tui.palette import PaletteScreen
from agent_tui.tui.screens.guard import GuardScreen
from agent_tui.tui.screens.pick import SlotForm
from agent_tui.tui.screens.tray import TrayScreen
from tests.tui.driver import Person, World, sit_down

OPENED = {
    "assign": ["enter"],
    "tag": ["enter"],
    "set_priority": ["1"],
    "help": ["escape"],
    "board": ["escape"],
    "wallboard": ["escape"],
}


def bounce(agent: Person, key: str) -> None:
    """Three of a key, faster than anything is drawn."""
    for _ in range(3):
        character = "\r" if key == "enter" else key if len(key) == 1 else None
        agent.app.post_message(events.Key(key, character))


@pytest.mark.parametrize("intent", OPENED)
async def test_a_bouncing_key_closes_a_dialogue_only(world: World, intent: str) -> None:
    world.online("zhang")
    async with sit_down(world) as agent:
        await agent.does(intent)
        await agent.until(lambda: agent.app.screen is not agent.app.workstation)
        bounce(agent, *OPENED[intent])
        await agent.until(lambda: agent.app.screen is agent.app.workstation)
        await agent.pilot.pause(0.1)
        assert agent.app.screen is agent.app.workstation


async def test_a_bouncing_enter_confirms_a_dry_run_once(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("space", "space")
        await agent.does("resolve_next")
        bounce(agent, "enter")
        await agent.until(lambda: agent.app.screen is agent.app.workstation)
        await agent.pilot.pause(0.1)
        assert agent.app.screen is agent.app.workstation
        assert len(world.sent()) == 2


# --- in a low terminal ---------------------------------------------------------------------------

LOW = (80, 24)


@pytest.mark.parametrize("intent", ["macros", "tag", "set_type"])
async def test_a_long_list_leaves_the_keys_in_sight(world: World, intent: str) -> None:
    async with sit_down(world, size=LOW) as agent:
        await agent.does("next_urgent")
        await agent.does(intent)
        assert "Enter 选定 · Esc 返回" in agent.sees()


async def test_the_highlight_of_the_palette_stays_in_sight(world: World) -> None:
    async with sit_down(world, size=LOW) as agent:
        await agent.does("palette")
        assert isinstance(agent.app.screen, PaletteScreen)
        listed = agent.app.screen.query_one(OptionList)
        assert listed.virtual_size.height == listed.option_count  # none is wrapped
        for _ in range(20):
            await agent.press("down")
            listed = agent.app.screen.query_one(OptionList)
            assert listed.highlighted is not None
            title = listed.get_option_at_index(listed.highlighted).prompt
            assert str(title).split()[0] in agent.sees()


async def test_many_findings_leave_the_keys_in_sight(world: World) -> None:
    found = [Finding(Kind.ABSOLUTE, n, n + 1, Both(f"第 {n} 处", f"place {n}")) for n in range(20)]
    async with sit_down(world, size=LOW) as agent:
        agent.app.push_screen(GuardScreen("x" * 40, found))
        await agent.until(lambda: "y 仍然发送" in agent.sees())


async def test_a_macro_that_asks_much_can_be_filled_in(world: World) -> None:
    slots = {f"s{n}": Slot(prompt=f"第 {n} 项", pattern=r"\d{2}") for n in range(12)}
    async with sit_down(world, size=LOW) as agent:
        agent.app.push_screen(SlotForm("很长的宏", slots, {}))
        for number in range(12):
            await agent.until(lambda at=number: f"第 {at} 项" in agent.sees())  # type: ignore[misc]
            await agent.types("x")
            await agent.press("enter")
            seen = agent.sees()
            assert "要填 2 位数字" in seen and "很长的宏" in seen and "Esc 返回" in seen
            await agent.press("backspace")
            await agent.types("12")
            await agent.press("enter")
        assert agent.app.screen is agent.screen


async def test_a_full_tray_leaves_the_keys_in_sight(world: World) -> None:
    async with sit_down(world, size=LOW) as agent:
        for number in range(9):  # of chats that are gone
            agent.desk.drafts.save(ConversationId(f"gone{number}"), "half a sentence")
        agent.screen.show_tray()
        await agent.until(lambda: isinstance(agent.app.screen, TrayScreen))
        await agent.until(lambda: "Esc 关闭" in agent.sees())


# --- notices -------------------------------------------------------------------------------------


async def test_a_notice_stands_once_and_beside_the_dialogue(world: World) -> None:
    async with sit_down(world, size=LOW) as agent:
        agent.screen.doing.say(Both("刚才的事", "what was said"), seconds=60)
        await agent.until(lambda: "刚才的事" in agent.sees())
        await agent.does("palette")
        await agent.until(lambda: "刚才的事" in agent.sees())
        assert agent.sees().count("刚才的事") == 1
        assert "刚才的事" in "".join(agent.sees().split("\n")[:3])
        await agent.press("escape")
        await agent.until(lambda: "刚才的事" in "".join(agent.sees().split("\n")[-6:]))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_an_address_in_a_notice_is_whole(world: World, size: tuple[int, int]) -> None:
    address = "http://127.0.0.1:40121/chat?inbox=web"
    said = f"顾客页面：{address}"
    async with sit_down(world, size=size, band="练习", notice=said) as agent:
        for here in (False, True):
            if here:
                await agent.does("next_urgent")
                await agent.types("half a reply")
                agent.screen.doing.say(Both(said, said), seconds=60)
            await agent.until(lambda: address in agent.sees())
            lines = agent.sees().split("\n")
            [at] = [row for row, line in enumerate(lines) if address in line]
            assert 1 < at < 5, "below the header, above what is written"
            assert "我的 0" in agent.sees() and "王女士" in lines[3]
        assert "half a reply" in agent.sees()
        agent.app.clear_notifications()
        await agent.until(lambda: address not in agent.sees())
        agent.screen.doing.say(Both("短", "short"), seconds=60)
        await agent.until(lambda: "▌ 短" in "\n".join(agent.sees().split("\n")[-5:]))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_no_line_of_a_notice_is_cut(world: World, size: tuple[int, int]) -> None:
    said = (
        "with the reply: -tag photos asked, type quality, priority high, follow-up",
        "发送时：-标签待照片、类型质量、优先级高、回访",
    )
    texts = [*said, *(said[0][:end] + "." for end in range(20, 48)), "紧急" * 20 + "尾"]
    async with sit_down(world, size=size) as agent:
        for text in texts:
            agent.screen.doing.say(Both(text, text), seconds=60)
            end = text[-2:].strip()
            await agent.until(lambda end=end: _noticed(agent).endswith(end))  # type: ignore[misc]
            agent.app.clear_notifications()
            await agent.until(lambda: not agent.screen.query("Toast"))


def _noticed(agent: Person) -> str:
    """The only notice, as it is seen."""
    places = [toast.region for toast in agent.screen.query("Toast")]
    lines = agent.sees().split("\n")
    return "".join(line[1:35].strip(" │") for at in places for line in lines[at.y : at.bottom])


async def test_what_is_undone_does_not_offer_its_undo(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("claim")
        assert any("Ctrl+Z 撤销" in each for each in agent.notices())
        await agent.does("undo")
        [said] = agent.notices()
        assert said.startswith("已撤销")


async def test_a_list_says_that_one_types_and_says_nothing_twice(world: World) -> None:
    async with sit_down(world, language="en") as agent:
        await agent.does("next_urgent")
        await agent.does("set_type")
        assert "type to narrow" in agent.sees()
        lines = [line.split("│")[-2].strip() for line in agent.sees().split("\n") if "size" in line]
        assert "size" in lines and "size  size" not in lines
        assert "address change  address_change" in agent.sees()


async def test_textual_calls_its_notices_so(world: World) -> None:
    async with sit_down(world) as agent:
        [rack] = agent.screen.query_children(notices.RACK)
        agent.screen.doing.say(Both("看", "look"))
        await agent.until(lambda: rack.children)
        assert [each.css_path_nodes[-1] for each in rack.query("Toast")]
