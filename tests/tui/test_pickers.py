"""Small questions: how a choice is found, and what is said where none is."""

from __future__ import annotations

import pytest

from agent_tui.tui.screens.pick import Choice, Picker, matching
from agent_tui.tui.screens.suggest import LineScreen
from tests.tui.driver import World, sit_down

PEOPLE = [
    Choice("agent:zhang", "小张", "@zhang · 在线", "@zhang"),
    Choice("agent:wu", "吴桐", "@wu · 在线", "@wu"),
    Choice("投诉", "投诉"),
    Choice("物流", "物流"),
    Choice("invoice", "发票", "invoice", "发票"),
    Choice("vip", "VIP 回访"),
]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("xiaozhang", "小张"),
        ("xz", "小张"),
        ("zhang", "小张"),
        ("张", "小张"),
        ("tousu", "投诉"),
        ("ts", "投诉"),
        ("wul", "物流"),
        ("wu", "吴桐"),
        ("wu tong", "吴桐"),
        ("fap", "发票"),
        ("hf", "VIP 回访"),
        ("INV", "发票"),
    ],
)
def test_a_choice_is_found_as_it_is_spoken(typed: str, found: str) -> None:
    assert matching(PEOPLE, typed)[0].title == found


@pytest.mark.parametrize("typed", ["zhang,wu", "zzz", "投物"])
def test_what_is_none_of_them_is_not_found(typed: str) -> None:
    assert not matching(PEOPLE, typed)


async def test_where_nothing_fits_enter_keeps_it_open(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.does("next_urgent")
        await agent.does("assign")
        await agent.types("qqq")
        assert "没有匹配" in agent.sees()
        await agent.press("enter")
        assert isinstance(agent.app.screen, Picker) and not world.sent()
        await agent.press("backspace", "backspace", "backspace")
        assert "没有匹配" not in agent.sees() and "张敏" in agent.sees()


async def test_a_new_tag_says_that_it_is_taken_as_typed(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.does("next_urgent")
        await agent.does("tag")
        assert "没有的直接输入" in agent.sees()
        await agent.types("tousu")
        assert "投诉" in agent.sees() and "没有匹配" not in agent.sees()
        await agent.types("qq")
        assert "没有匹配：Enter 用输入的" in agent.sees()


async def test_a_line_to_type_names_its_keys(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        agent.app.push_screen(LineScreen("为什么"))
        await agent.until(lambda: "Enter 确定 · Esc 返回" in agent.sees())
