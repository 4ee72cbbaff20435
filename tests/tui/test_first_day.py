"""What newcomers stumbled over on their first day (docs/first-day.md)."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MacroSource, Status
from agent_tui.domain.why import Because, Why
from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.tui import fitting, likely, lookup
from agent_tui.tui.screens.pick import Picker
from agent_tui.tui.tour import STEPS
from tests.factories import replied
from tests.tui.driver import Person, World, sit_down
from tests.tui.test_find import wrote
from tests.tui.test_ghost import offered, ready, writes
from tests.tui.test_ring import assigned
from tests.tui.test_tour import at_step, says


def status_line(agent: Person) -> str:
    return agent.sees().split("\n")[-1]


# --- the composer --------------------------------------------------------------------------------


async def test_a_draft_is_cleared_and_comes_back_with_what_it_came_from(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.press("f2")
        composer = agent.screen.composer
        text = composer.text
        for back in ("undo", "clear_draft"):
            await agent.does("clear_draft")
            assert not composer.text and not agent.screen.inserting.left(text)
            await agent.does(back)
            assert composer.text == text and agent.screen.inserting.left(text)


async def test_the_usual_keys_edit_a_line(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("one two")
        await agent.press("ctrl+w")
        assert agent.screen.composer.text == "one "
        await agent.press("home")
        await agent.types("x")
        await agent.press("end", "ctrl+u")
        assert agent.screen.composer.text == ""
        assert agent.app.screen is agent.screen


async def test_a_reply_that_came_back_is_undone_and_redone(world: World) -> None:
    async with sit_down(world, grace=3.0) as agent:
        await agent.does("next_urgent")
        await agent.types("hello")
        await agent.press("enter")
        await agent.does("undo")
        assert agent.screen.composer.text == "hello"
        await agent.does("undo")
        assert agent.screen.composer.text == ""
        await agent.does("clear_draft")
        assert agent.screen.composer.text == "hello"


# --- likely answers ------------------------------------------------------------------------------


async def test_answers_stay_until_the_customer_writes_and_then_are_called_new(
    world: World,
) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        before = agent.finds()
        agent.app.bridge.change(world.article("fresh", "运费谁出", "新的说法"))
        await agent.until(lambda: agent.desk.finding.entry("article", "fresh"))
        agent.screen.searching.indexed()
        assert agent.finds() == before and "新的可能答案" not in agent.pane()
        await agent.hears(world.feed([("c1", wrote("运费谁出呢", 1))]))
        assert "运费谁出" in agent.finds() and "新的可能答案" in agent.pane()


async def test_a_key_does_not_take_an_answer_that_came_under_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likely, "GLANCE", 60.0)
    async with sit_down(world, quiet_seconds=60.0) as agent:
        await agent.does("next_urgent")
        await agent.hears(world.feed([("c1", replied()), ("c1", wrote("能开发票吗", 1))]))
        await agent.does("answer_1")
        assert not agent.screen.composer.text and "刚变" in agent.notices()[-1]
        monkeypatch.setattr(likely, "GLANCE", 0.0)
        await agent.does("answer_1")
        assert "发票" in agent.screen.composer.text


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_answers_stay_with_the_question_and_are_dim_once_it_is_answered(
    world: World, size: tuple[int, int]
) -> None:
    async with sit_down(world, size=size) as agent:
        await agent.does("next_urgent")
        before = agent.finds()
        await agent.hears(world.feed([("c1", wrote("有人在吗，我是老会员了……", 1))]))
        assert agent.finds()[0] == before[0] and "会员" not in "".join(agent.finds())
        before = agent.finds()
        await agent.types("我们出")
        await agent.press("enter")
        assert agent.finds() == before and "已回复" in agent.pane()
        assert agent.screen.find.hits.has_class("-answered")
        await agent.does("answer_1")
        assert agent.screen.composer.text
        await agent.does("clear_draft")
        await agent.hears(world.feed([("c1", replied()), ("c1", wrote("能开发票吗", 2))]))
        await agent.until(lambda: not agent.screen.find.hits.has_class("-answered"))
        assert "发票" in "".join(agent.finds())


async def test_nobody_who_waits_is_said_goodbye_to(world: World) -> None:
    world.chat("c0", "急", "道别 再见", tier="VIP")
    async with sit_down(world) as agent:
        agent.screen.open(ConversationId("c0"))
        assert "道别" not in agent.finds()
        await agent.asks("道别")
        assert "道别" in agent.finds()


async def test_what_is_not_for_this_chat_is_no_likely_answer(world: World) -> None:
    head = "title: 保养卡\nwhen: {status: resolved}"
    card = MacroSource("shop/card", f"---\n{head}\n---\n保养卡请收好，祝您生活愉快\n")
    world.feed([(None, e.MacroSaved(card))])
    world.chat("c0", "急", "保养卡", tier="VIP")
    async with sit_down(world) as agent:
        agent.screen.open(ConversationId("c0"))
        assert "保养卡" not in agent.finds()
        await agent.asks("保养卡")
        assert "保养卡" in agent.finds()


async def test_what_is_complete_is_not_gone_on_with(world: World) -> None:
    world.article("freight", "运费", "质量问题的运费由青禾承担。无理由退货的运费自理。")
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "质量问题的运费由青禾承担。")
        assert not offered(agent)
        await agent.does("clear_draft")
        agent.screen.composer.put_block("质量问题的运费")
        assert not offered(agent)
        await writes(agent, "由")
        assert offered(agent) == "青禾承担。"


# --- the status line -----------------------------------------------------------------------------


async def test_no_key_is_named_that_has_nothing_to_take(world: World) -> None:
    world.chat("c0", "急", "刚装好一天就报 F001 错误", tier="VIP")
    async with sit_down(world) as agent:
        agent.screen.open(ConversationId("c0"))
        await agent.pilot.pause()
        assert "Alt+1" not in status_line(agent)
        agent.screen.open(ConversationId("c1"))
        await agent.pilot.pause()
        assert "Alt+1" in status_line(agent)


@pytest.mark.parametrize("width", [40, 48, 56, 80, 120])
async def test_hints_are_whole_or_not_there(world: World, width: int) -> None:
    async with sit_down(world, language="en", grace=3.0, size=(width, 24)) as agent:
        await agent.does("next_urgent")
        await agent.types("hello")
        await agent.press("enter")
        line = status_line(agent)
        assert ("takes" in line) == ("~3 s, Ctrl+Z takes it back" in line)
        seen = agent.sees()
        assert seen.count("Ctrl+Z t") == seen.count("Ctrl+Z takes it back")
        parts = line.split("│")[-1].split("·")
        assert all(part.strip() and not part.strip().endswith("+") for part in parts)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_in_80_columns_the_line_says_why_somebody_waits(world: World, language: str) -> None:
    why = Why(Because.AT_LIMIT, ("4", "after-sales"))
    world.feed([("c1", e.HeldInQueue(why.encode()))])
    async with sit_down(world, size=(80, 24), language=language) as agent:
        full = Both("售后 的 4 人都满了", "all 4 After-sales agents at their limit")
        assert str(full) in status_line(agent)


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_in_80_columns_the_line_names_a_key(world: World, language: str) -> None:
    world.chat("c0", "急", "一", "二", "三", tier="VIP")
    world.feed([("c0", e.TypeSet("complaint"))])
    async with sit_down(world, size=(80, 24), language=language) as agent:
        agent.screen.queue.move_to(ConversationId("c0"))
        await agent.pilot.pause()
        line = status_line(agent)
        assert "Ctrl+N" in line and ("首次响应" if language == "zh" else "first reply") in line


# --- lists ---------------------------------------------------------------------------------------


async def test_whom_to_assign_to_says_who_is_there(world: World) -> None:
    assigned(world, "c2", agent="zhang")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("assign")
        assert isinstance(agent.app.screen, Picker)
        assert "张敏  @zhang · 下线 1/" in agent.sees()


async def test_a_filter_that_nothing_passes_any_more_says_how_to_end_it(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("filter")
        await agent.types("tom")
        await agent.press("enter")
        await agent.does("resolve_next")
        await agent.press("enter")  # nobody has answered it
        await agent.press("escape")
        assert "没有符合筛选的会话" in agent.sees()
        await agent.press("escape")
        assert "没有符合筛选的会话" not in agent.sees() and agent.screen.queue.order()


async def test_a_chat_that_comes_back_says_so_beside_the_cursor(world: World) -> None:
    for number in range(20):
        world.chat(f"m{number}", f"客户{number:02}", "在吗")
    assigned(world, "c3")
    asleep = e.StatusSet(Status.SNOOZED, until=world.clock.now + 60_000)
    world.feed([("c3", asleep)])
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.press("end")
        row = agent.screen.queue.row_at_cursor()
        await agent.hears(world.feed([("c3", e.StatusSet(Status.OPEN))]))
        assert row is not None and any("小鹿" in notice for notice in agent.notices())
        await agent.until(lambda: "搁置的会话" in agent.sees())
        assert row.name in agent.sees()


# --- learning ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("canned", "macros"),
        ("template", "macros"),
        ("话术", "macros"),
        ("huashu", "macros"),
        ("模板", "macros"),
        ("keys", "help"),
        ("vim", "help"),
        ("快捷键", "help"),
        ("transfer", "assign"),
        ("撤回", "undo"),
        ("稍后", "snooze"),
    ],
)
def test_other_programs_words_are_known(typed: str, meant: str) -> None:
    assert lookup.found(typed)[0].id == meant


async def test_help_begins_with_the_keys_of_where_one_is(world: World) -> None:
    async with sit_down(world) as agent:
        tops = []
        for intent in ("help", "next_urgent"):
            await agent.does(intent)
            if intent == "next_urgent":
                await agent.does("help")
            page = str(agent.app.screen.query_one("#help-keys", Static).content)
            tops.append(page.split("\n\n")[0])
            await agent.press("escape")
        assert "认领" in tops[0] and "Alt+Z" not in tops[0]
        assert "Enter" in tops[1] and "Alt+Z" in tops[1]


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_tour_counts_its_steps_and_looks_for_what_fits(
    world: World, language: str
) -> None:
    async with sit_down(world, tour="offer", language=language) as agent:
        assert f" {len(STEPS)} " in says(agent)
        await agent.screen.action_intent("tour")
        await agent.press("ctrl+n", "f2", "enter")
        await at_step(agent, 4)
        wanted = next(
            row.entry
            for row in agent.screen.find.rows
            if isinstance(row, Hit) and row.entry.kind == "article"
        )
        typed = fitting.query(agent.screen)
        assert f"?{typed}" in says(agent)
        await agent.asks(f"?{typed}")
        assert agent.finds()[0] == wanted.title
        for _ in range(5):
            await agent.screen.action_intent("tour_skip")
        assert "Ctrl+N" in says(agent) and "F1" in says(agent)


# --- two languages -------------------------------------------------------------------------------


async def test_what_is_found_in_english_reaches_a_chinese_customer_in_chinese(
    world: World,
) -> None:
    async with sit_down(world, language="en") as agent:
        await agent.does("next_urgent")
        await agent.asks("?return shipping")
        find = agent.screen.find
        place = next(
            at
            for at, row in enumerate(find.rows)
            if isinstance(row, Hit) and row.entry.id.endswith(".en")
        )
        row = find.rows[place]
        assert isinstance(row, Hit)
        twin = agent.desk.directory.article(row.entry.id.removesuffix(".en"))
        find.move(place)
        await agent.press("ctrl+s")
        assert twin is not None and agent.screen.composer.text == twin.body and not world.sent()


async def test_tags_and_macros_have_english_names(world: World) -> None:
    async with sit_down(world, language="en") as agent:
        await agent.does("next_urgent")
        await agent.does("macros")
        assert "Ask for the order number" in agent.sees()
        await agent.press("escape")
        await agent.does("tag")
        await agent.types("refund")
        await agent.press("enter")
        state = agent.desk.conversation(ConversationId("c1"))
        assert state is not None and state.tags == ("退款",)
        await agent.does("show_card")
        assert "refund" in agent.sees()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_answers_are_named_in_the_language_of_the_screen(
    world: World, size: tuple[int, int]
) -> None:
    async with sit_down(world, language="en", size=size) as agent:
        await agent.does("next_urgent")
        assert agent.finds() and all(title.isascii() for title in agent.finds())
        assert agent.finds()[0][:8] in agent.sees()
        await agent.does("answer_1")
        assert not agent.screen.composer.text.isascii()
