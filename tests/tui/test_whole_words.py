"""What is shown is what is meant: previews, facts of an article, notices."""

from __future__ import annotations

from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.macros.model import Action
from agent_tui.tui.inserting import actions_in_words
from tests.tui.driver import World, sit_down


async def test_the_preview_is_in_the_customers_language(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("down", "enter")  # Tom B.
        await agent.asks("?退货运费")
        find = agent.screen.find
        place = next(
            at
            for at, row in enumerate(find.rows)
            if isinstance(row, Hit) and row.entry.id == "returns/return-freight"
        )
        find.move(place)
        await agent.pilot.pause()
        twin = agent.desk.directory.article("returns/return-freight.en")
        assert twin is not None
        assert twin.body[:20] in agent.pane() and "按客户的语言" in agent.pane()
        await agent.press("enter")
        assert agent.screen.composer.text == twin.body


async def test_an_article_is_told_in_the_language_of_the_screen(world: World) -> None:
    world.article("x", "独家问题", "正文", category="product", owner="after-sales")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("?独家问题")
        await agent.press("ctrl+o")
        await agent.until(lambda: "分类 商品" in agent.sees())
        assert "负责人 售后" in agent.sees()


async def test_what_is_told_again_stands_once(world: World) -> None:
    async with sit_down(world) as agent:
        for _ in range(2):
            agent.screen.doing.say(Both("没有找到", "nothing found"), seconds=60)
            await agent.until(lambda: "没有找到" in agent.sees())
        await agent.pilot.pause()
        assert agent.notices() == ["没有找到"]


def test_what_a_macro_does_is_broken_after_its_parts() -> None:
    words = actions_in_words((Action(tag="待照片"), Action(status="pending")))
    assert words.zh == "+标签待照片、转为等客户"
