"""What the screen says about itself: the keys of where one is, and words that fit."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from agent_tui.desk.reasons import CATEGORIES, word
from agent_tui.desk.rows import View
from agent_tui.domain import events as e
from agent_tui.domain.ids import TeamId
from agent_tui.domain.model import Role, Team
from agent_tui.tui import lookup
from agent_tui.tui.likely import ANSWERED, NEW, USUAL
from agent_tui.tui.listing import NOBODY
from agent_tui.tui.widgets.keyline import ending, within
from tests.tui.driver import ME, World, sit_down
from tests.tui.test_macros import open_chat, replied
from tests.tui.test_suggest import suggested

BOTH = pytest.mark.parametrize("language", ["zh", "en"])
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)])


@BOTH
@SIZES
async def test_the_filter_box_names_its_own_keys(
    world: World, language: str, size: tuple[int, int]
) -> None:
    async with sit_down(world, language=language, size=size) as agent:
        await agent.does("next_urgent")  # whose likely answers have keys in the find pane
        await agent.does("filter")
        line = agent.sees().split("\n")[-1]
        assert ("Enter 到列表" if language == "zh" else "Enter to the list") in line
        assert not any(key in line for key in ("Ctrl+S", "Ctrl+Y", "→"))
        await agent.press("f1")
        assert ("不筛选" if language == "zh" else "no filter") in agent.sees()


async def test_the_keys_of_a_review_fit_and_the_way_out_stays(world: World) -> None:
    async with sit_down(world, language="en", size=(80, 24)) as agent:
        await agent.hears(world.feed([("c2", suggested())]))
        await agent.does("review_suggestions")
        assert "a publish · e edit first · d decline · o chat · space scrolls · Esc close" in (
            agent.sees()
        )
        await agent.pilot.resize_terminal(60, 24)
        await agent.pilot.pause()
        seen = agent.sees()
        assert "a publish" in seen and "… · Esc close" in seen


@pytest.mark.parametrize("columns", [60, 80, 120])
async def test_a_flow_says_the_next_step_whatever_the_width(world: World, columns: int) -> None:
    replied(world, "c2", "complaints/complaint-3-solution.en")
    async with sit_down(world, language="en", size=(columns, 24)) as agent:
        await agent.hears(world.feed([("c2", e.TypeSet("complaint"))]))
        await open_chat(agent, "c2")
        await agent.until(lambda: "Alt+C" in agent.sees())
        assert "Alt+C → promise to follow up " in agent.sees()
        assert ("complaint 3/4" in agent.sees()) == (columns > 60)


@BOTH
async def test_the_find_pane_s_words_fit(world: World, language: str) -> None:
    async with sit_down(world, language=language) as agent:
        find = agent.screen.find
        for title in (USUAL, NEW, ANSWERED):
            find.set_title(str(title))
            assert cell_len(str(title)) <= find.content_size.width
            assert agent.pane().split("\n")[0] == str(title)
        words = "知识库与宏  / 宏 ? 知识 @ 往来" if language == "zh" else "/ macro ? article @ chat"
        assert words in agent.sees()
        agent.screen.panes.widen_side(-100)  # as narrow as it gets
        await agent.pilot.pause()
        find.set_title(str(ANSWERED))
        assert agent.pane().split("\n")[0] == (
            "Alt+1 2 3 仍可插入" if language == "zh" else "still Alt+1 2 3"
        )
        await agent.until(lambda: find.box.placeholder.endswith("…"))


def test_what_gives_way_and_what_stays() -> None:
    assert within("a yes · b no · c so · Esc back", 30) == "a yes · b no · c so · Esc back"
    assert within("a yes · b no · c so · Esc back", 29) == "a yes · b no · … · Esc back"
    assert within("a yes · b no · c so · Esc back", 26) == "a yes · … · Esc back"
    assert (
        ending("投诉 3/4：方案与时限", "Alt+C → 回访承诺", 30) == "投诉 3/4：… · Alt+C → 回访承诺"
    )
    assert ending("投诉 3/4：方案与时限", "Alt+C → 回访承诺", 20) == "Alt+C → 回访承诺"
    assert ending("", "Alt+C → 回访承诺", 10) == "Alt+C →…"


@BOTH
async def test_the_wallboard_says_which_page_and_how_to_leave(world: World, language: str) -> None:
    world.feed([(None, e.AgentSaved(replace(ME, role=Role.ADMIN)))])  # who sees every team
    async with sit_down(world, language=language, size=(80, 24)) as agent:
        await agent.does("wallboard")
        leave = "Esc 返回" if language == "zh" else "Esc back"
        await agent.until(lambda: leave in agent.sees().split("\n")[0])
        assert "1/1" not in agent.sees() and "page" not in agent.sees()
        more = [
            Team(TeamId(f"t{number}"), f"团队{number}", f"Team {number}") for number in range(4)
        ]
        await agent.hears(world.feed([(None, e.TeamSaved(team)) for team in more]))
        pages = (
            ["第 1/2 页 · 共 6", "第 2/2 页"]
            if language == "zh"
            else ["page 1 of 2 · 6", "page 2 of 2"]
        )
        for page in pages * 2:
            while page not in agent.sees().split("\n")[0]:  # it is drawn once a second
                await agent.pilot.pause(0.1)
            assert agent.sees().split("\n")[0].rstrip().endswith(leave)
            world.clock.now += 10_000


@BOTH
async def test_without_a_chat_nothing_is_offered(world: World, language: str) -> None:
    replied(world, "c1", "complaints/complaint-1-listen")  # used: it would stand first
    async with sit_down(world, language=language) as agent:
        assert agent.finds() == [] and agent.pane() == ("查找" if language == "zh" else "Find")
        await agent.does("answer_1")
        assert agent.notices() == ["先打开一个会话" if language == "zh" else "open a chat first"]
        await agent.asks("/")
        assert agent.finds(), "asked for, macros are listed all the same"
        await open_chat(agent, "c2")
        assert agent.finds()


@BOTH
async def test_categories_are_in_the_reader_s_language(world: World, language: str) -> None:
    async with sit_down(world, language=language, size=(160, 40)) as agent:
        await agent.asks("? 退货" if language == "zh" else "? refund")
        labels = {line[-1][0] for line in agent.rows()}
        assert ("退货" in labels and "returns" not in labels) == (language == "zh")
        assert word(CATEGORIES, "our-own") == "our-own"


@pytest.mark.parametrize(("keys", "done"), [("d", "declined"), ("a", "published")])
async def test_what_was_published_or_declined_is_said(world: World, keys: str, done: str) -> None:
    async with sit_down(world, language="en") as agent:
        await agent.hears(world.feed([("c2", suggested())]))
        await agent.does("review_suggestions")
        await agent.press(keys)
        if keys == "d":
            await agent.press("enter")  # no reason
        assert f"{done}: 青禾保养卡" in agent.notices()


async def test_what_has_not_left_is_called_the_same_everywhere(world: World) -> None:
    async with sit_down(world, grace=5.0, size=(160, 40)) as agent:
        await agent.does("next_urgent")
        await agent.types("hello")
        await agent.press("enter")
        assert "Ctrl+Z 撤回" in agent.sees().split("\n")[-1]
        assert "收回" not in agent.sees()


@pytest.mark.parametrize("text", ["打印", "优惠券", "weather", "print", "发工资", "asdf"])
def test_what_no_command_is_called_finds_none(text: str) -> None:
    assert lookup.found(text) == []


@pytest.mark.parametrize("text", ["找客户", "查客户", "find customer"])
async def test_a_customer_is_found_with_the_filter(world: World, text: str) -> None:
    assert lookup.found(text)[0].id == "filter"
    async with sit_down(world) as agent:
        await agent.does("filter")
        await agent.types("小鹿")
        await agent.press("enter")
        assert "小鹿" in agent.sees() and "王女士" not in agent.sees()


@BOTH
async def test_an_empty_view_says_so(world: World, language: str) -> None:
    async with sit_down(world, language=language, size=(80, 24)) as agent:
        for view, words in NOBODY.items():
            if view in (View.TEAM, View.ALL):
                continue  # all three chats are there
            agent.screen.listing.set_view(view)
            await agent.pilot.pause()
            assert f" {words} " in agent.sees() and "F12" in agent.sees()


@BOTH
async def test_side_by_side_names_the_width_that_it_needs(world: World, language: str) -> None:
    async with sit_down(world, language=language, size=(150, 36)) as agent:
        await agent.does("tiles")
        [said] = agent.notices()
        needed = next(int(word) for word in said.replace("，", " ").split() if word.isdigit())
        await agent.pilot.resize_terminal(needed - 1, 36)
        await agent.does("tiles")
        assert not agent.screen.tiles.on
        await agent.pilot.resize_terminal(needed, 36)
        await agent.does("tiles")
        assert agent.screen.tiles.on
