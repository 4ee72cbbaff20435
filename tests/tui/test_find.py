"""The find pane: likely answers, results as one types, and what is done with them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from rich.cells import cell_len

from agent_tui.desk import finding
from agent_tui.desk.finding import Finding
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.commands import text_of
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.knowledge.entry import Entry, Hit
from agent_tui.tui import finds, misses
from agent_tui.tui.screens.article import ArticleScreen
from tests.tui.driver import Person, World, sit_down
from tests.tui.test_tasks import burst


def wrote(text: str, number: int = 0) -> e.CustomerWrote:
    return e.CustomerWrote(message=MessageId(f"later{number}"), text=text)


def body_of(agent: Person, key: str) -> str:
    article = agent.desk.directory.article(key)
    assert article is not None
    return article.body


async def test_the_likely_answers_stand_numbered_and_only_public(world: World) -> None:
    world.article("secret", "运费谁出", "不要说出去", audience="internal")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        assert len(agent.finds()) == 3 and "运费谁出" not in agent.finds()
        assert [line[0][0] for line in agent.rows() if line[0][0].strip()] == [
            "1 ",
            "2 ",
            "3 ",
        ]


@pytest.mark.parametrize(("key", "place"), [("alt+1", 0), ("ctrl+x", 0), ("alt+2", 1)])
@pytest.mark.parametrize("focus", ["composer", "queue", "find"])
async def test_one_key_inserts_a_likely_answer(
    world: World, key: str, place: int, focus: str
) -> None:
    world.article("freight", "运费谁出", "运费由我们出。")
    world.article("freight2", "运费谁出呢", "第二条。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        row = agent.screen.find.rows[place]
        assert isinstance(row, Hit) and row.entry.kind == "article"
        if focus != "composer":
            await agent.does("focus_queue" if focus == "queue" else "find")
        await agent.press(key)
        assert agent.screen.composer.text == body_of(agent, row.entry.id)
        assert agent.screen.composer.has_focus


async def test_what_is_not_valid_today_is_marked_and_never_sent_at_once(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。", valid_to="2020-01-01")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("青禾保养卡")
        assert "不在有效期" in agent.pane()
        await agent.press("ctrl+s")
        assert not world.sent() and agent.screen.composer.text == "擦干即可。"


async def test_what_hardly_fits_is_no_likely_answer(world: World) -> None:
    world.chat("c0", "急", "刚装好一天就报 F001 错误", tier="VIP")
    async with sit_down(world) as agent:
        agent.screen.open(ConversationId("c0"))
        assert agent.finds() == [] and "没有把握的答案" in agent.pane()
        await agent.press("alt+1")
        assert agent.screen.composer.text == ""


async def test_in_80_columns_the_answers_are_one_line_above_the_reply(world: World) -> None:
    world.chat("c0", "急", "运费谁出", tier="VIP")
    async with sit_down(world, size=(80, 24)) as agent:
        agent.screen.open(ConversationId("c0"))
        await agent.pilot.pause()
        assert "Alt+1 退货运费由" in agent.sees() and "3 " in agent.sees()
        await agent.does("find")
        assert "知识库与宏" in agent.sees()
        await agent.press("escape")
        await agent.press("alt+1")
        assert "退货原因" in agent.screen.composer.text


async def test_one_likely_answer_has_the_line_above_the_reply_to_itself(world: World) -> None:
    world.chat("c0", "急", "之前买的那台要维修，找谁")
    async with sit_down(world, size=(80, 24)) as agent:
        agent.screen.open(ConversationId("c0"))
        await agent.pilot.pause()
        assert agent.finds() == ["小家电保修多久，坏了怎么修"]
        assert "1 小家电保修多久，坏了怎么修" in agent.sees()


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("tuihuo", "查找"),
        ("退货", "查找"),
        ("tuihou", "查找 · 没有一样的，只有相近的"),
        ("fanxian", "查找 · 没有一样的，只有相近的"),
        ("热水器 对比", "查找 · 没有很像的"),
        ("F001", "查找 · 没有这样的知识或宏"),
        ("?F001", "只查知识 · 没有这样的知识或宏"),
        ("@F001", "只查往来"),
        ("", "可能的答案 · Alt+1 2 3 插入"),
    ],
)
async def test_the_title_says_what_the_finds_are_worth(
    world: World, typed: str, title: str
) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks(typed)
        assert agent.pane().split("\n")[0] == title


async def test_what_hardly_fits_takes_two_keys(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("find")
        await agent.types("热水器 对比")
        await agent.press("enter")
        assert agent.screen.composer.text == ""
        assert "再按一次" in agent.sees()
        await agent.press("enter")
        assert agent.screen.composer.text


async def test_what_fits_badly_is_dim(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("热水器 对比")
        assert agent.finds()
        assert "find--title" not in {name for line in agent.rows() for _, name in line}
        await agent.asks("退货")
        assert "find--title" in {name for line in agent.rows() for _, name in line}


async def test_escape_brings_the_likely_answers_back(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        before = agent.finds()
        await agent.asks("发票")
        await agent.press("escape")
        assert agent.screen.composer.has_focus
        assert agent.finds() == before and agent.screen.find.query_text == ""


async def test_ctrl_x_still_cuts_a_selection(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("abc")
        await agent.press("shift+left", "shift+left", "ctrl+x")
        assert agent.screen.composer.text == "a"


async def test_a_new_article_reaches_the_open_chat(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        agent.app.bridge.change(world.article("fresh", "运费谁出", "新的说法"))
        await agent.until(lambda: agent.desk.finding.entry("article", "fresh"))
        await agent.asks("运费谁出")
        assert "运费谁出" in agent.finds()
        await agent.press("escape")
        await agent.asks("青禾专属词")
        assert "青禾专属词" not in agent.finds()
        agent.app.bridge.change(world.article("word", "青禾专属词", "解释"))
        await agent.until(lambda: agent.finds()[:1] == ["青禾专属词"])
        assert agent.screen.find.query_text == "青禾专属词"


async def test_answers_follow_the_customer_but_not_under_the_highlight(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        before = agent.finds()
        await agent.hears(world.feed([("c1", wrote("能开发票吗", 1))]))
        after = agent.finds()
        assert after != before and any("发票" in title for title in after)
        assert agent.screen.composer.has_focus
        await agent.does("find")
        await agent.press("down")
        await agent.hears(world.feed([("c1", wrote("什么时候发货", 2))]))
        assert agent.finds() == after and agent.screen.find.hits.at == 1
        await agent.press("enter")
        assert any("发货" in title for title in agent.finds())


async def test_a_large_index_is_announced_while_it_is_built(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MANY", 20)
    monkeypatch.setattr(finding, "FIRST", 10)
    async with sit_down(world, indexed=False) as agent:
        await agent.until(lambda: "正在建立索引… · 可查" in agent.sees())
        assert agent.desk.finding.size
        await agent.until(lambda: not agent.desk.finding.building, seconds=60)
        await agent.until(lambda: "正在建立索引" not in agent.sees())
        await agent.asks("运费险")
        assert agent.finds()


async def test_what_matched_is_marked_and_another_question_shown(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("tuihuo")
        drawn = agent.rows()
        assert "退货" in {text for line in drawn for text, name in line if name == "find--match"}
        await agent.asks("运费谁出")
        assert "1 ? 退货运费由谁承担" in agent.pane()
        second = agent.rows()[1]
        assert "".join(text for text, _ in second).strip() == "运费谁出"


@pytest.mark.parametrize(
    ("typed", "kind"), [("/", "macro"), ("／", "macro"), ("、", "macro"), ("?", "article")]
)
async def test_a_prefix_narrows_and_backspace_widens(world: World, typed: str, kind: str) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("退货")
        kinds = {row.entry.kind for row in agent.screen.find.rows if isinstance(row, Hit)}
        assert kinds == {"macro", "article"}
        await agent.does("find")
        await burst(agent, *typed, *"退货")
        assert {row.entry.kind for row in agent.screen.find.rows if isinstance(row, Hit)} == {kind}
        assert "只查" in agent.pane()
        await agent.press("home", "delete")
        assert len(agent.finds()) and "只查" not in agent.pane()


@pytest.mark.parametrize("slow", [False, True])
async def test_the_macro_prefix_alone_lists_them_by_key(
    world: World, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a search is done beside the screen: nothing of it may read the cache there."""
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        monkeypatch.setattr(type(agent.desk.finding), "too_many", lambda self, searches: slow)
        await agent.asks("/")
        await agent.until(lambda: agent.rows() and "F2" in agent.rows()[0][-1][0])
        assert "{{" not in agent.pane() and "王女士" in agent.pane()  # filled in, not the template


def test_full_width_prefixes_mean_the_same() -> None:
    assert [finds.asked(text).only for text in ("？a", "＠a", "／a", " @ a", "a?")] == [
        finds.Only.ARTICLES,
        finds.Only.PAST,
        finds.Only.MACROS,
        finds.Only.PAST,
        finds.Only.ALL,
    ]


@pytest.mark.parametrize("width", range(14, 60, 3))
def test_rows_never_leave_the_pane(width: int) -> None:
    title = "退货运费Return freight由谁承担👨\u200d👩\u200d👧"
    entry = Entry("article", "a", title, label="after-sales", audience="internal")
    hits = [
        Hit(entry, 50, title, "退货运费freight"),
        Hit(entry, 50, "另一种问法" * 9, "问法"),
        Hit(Entry("macro", "m", title, label="F3 /thh"), 50, title, "退货"),
    ]
    for hit in hits:
        for line in finds.lines_of(hit, 1, width):
            assert cell_len("".join(text for text, _ in line)) <= width


# --- a slow search -------------------------------------------------------------------------------


class Gate:
    """Lets searches go on one by one."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.asked: list[str] = []


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Every search runs beside the screen and waits for the gate."""
    gate = Gate()
    search = Finding.search

    def waiting(self: Finding, query: str, *args: Any, **more: Any) -> Any:
        gate.asked.append(query)
        gate.open.wait(10)
        return search(self, query, *args, **more)

    monkeypatch.setattr(Finding, "slow", property(lambda self: True))
    monkeypatch.setattr(Finding, "search", waiting)
    yield gate
    gate.open.set()


async def test_enter_waits_for_what_was_typed_and_letters_for_enter(
    world: World, gate: Gate
) -> None:
    world.article("made", "青禾保养卡", "擦干即可。")
    async with sit_down(world) as agent:
        gate.open.set()
        await agent.does("next_urgent")
        await agent.pilot.pause(0.1)
        gate.open.clear()
        await agent.does("find")
        await burst(agent, *"青禾保养卡", "enter", *"ok")
        assert agent.screen.composer.text == ""
        gate.open.set()
        await agent.until(lambda: agent.screen.composer.text)
        await agent.until(lambda: agent.screen.composer.text == "擦干即可。ok")
        assert agent.screen.find.query_text == ""


async def test_late_results_are_dropped(world: World, gate: Gate) -> None:
    async with sit_down(world) as agent:
        gate.open.set()
        await agent.does("next_urgent")
        await agent.pilot.pause(0.1)
        gate.open.clear()
        await agent.does("find")
        shown: list[str] = []
        show = agent.screen.find.show

        def noting(*rows: Any, **how: Any) -> None:
            shown.append(agent.screen.find.query_text)
            show(*rows, **how)

        agent.screen.find.show = noting  # type: ignore[method-assign]
        await agent.types("发")
        await agent.types("票")
        gate.open.set()
        await agent.until(lambda: any("发票" in title for title in agent.finds()))
        assert shown == ["发票"]


async def test_a_burst_searches_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("find")
        asked: list[str] = []
        search = Finding.search

        def counting(self: Finding, query: str, *args: Any, **more: Any) -> Any:
            asked.append(query)
            return search(self, query, *args, **more)

        monkeypatch.setattr(Finding, "search", counting)
        for char in "发票":
            await agent.types(char)
        assert asked == ["发", "发票"]


# --- what is done with a row ---------------------------------------------------------------------


async def test_letters_behind_enter_go_on_in_the_reply(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("find")
        await burst(agent, *"青禾保养卡", "enter", *"ok")
        assert agent.screen.composer.text == "擦干即可。ok"


async def test_ctrl_s_sends_at_once_with_its_source(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("青禾保养卡")
        await agent.press("ctrl+s")
        [order] = world.sent()
        assert isinstance(order.command, c.SendReply)
        assert (order.command.text, order.command.sources) == ("擦干即可。", ("article:made",))
        assert agent.screen.composer.text == "" and agent.screen.composer.has_focus


async def test_ctrl_s_does_not_send_what_was_half_written(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("hm ")
        await agent.asks("青禾保养卡")
        await agent.press("ctrl+s")
        assert not world.sent()
        assert agent.screen.composer.text == "hm 擦干即可。"
        assert any("没有发" in notice for notice in agent.notices())


async def test_ctrl_s_with_an_open_slot_only_inserts(world: World) -> None:
    world.feed([(None, e.MacroSaved(macro("slot", "订单去向", "订单 {{ order.no }} 已发出")))])
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("/订单去向")
        assert agent.finds()[0] == "订单去向"
        await agent.press("ctrl+s")
        assert not world.sent()
        assert "{{ order.no }}" in agent.screen.composer.text
        assert any("还没填" in notice for notice in agent.notices())


def macro(key: str, title: str, body: str) -> Any:
    from agent_tui.domain.model import MacroSource

    return MacroSource(key, f"---\ntitle: {title}\n---\n{body}\n")


@pytest.mark.parametrize("key", ["right", "ctrl+o"])
async def test_the_whole_article_opens_and_its_enter_inserts(world: World, key: str) -> None:
    world.article("made", "青禾保养卡", "擦干即可。", internal="成本五元", tags=("保养",))
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("青禾保养卡")
        assert "仅供同事" in agent.pane() and "成本五元" in agent.pane()
        await agent.press(key)
        assert isinstance(agent.app.screen, ArticleScreen)
        seen = agent.sees()
        for words in ("可发给客户", "保养", "版本", "擦干即可", "成本五元", "仅供同事"):
            assert words in seen
        await agent.press("escape")
        assert agent.screen.find.box.has_focus and agent.screen.find.query_text
        await agent.press(key, "enter")
        assert agent.screen.composer.text == "擦干即可。"


async def test_right_moves_the_cursor_inside_the_query(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("发票")
        await agent.press("left", "right")
        assert agent.app.screen is agent.screen


async def test_ctrl_y_copies_the_text(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可。", internal="成本五元")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("青禾保养卡")
        await agent.press("ctrl+y")
        assert agent.app.clipboard == "擦干即可。"
        assert any("已复制" in notice for notice in agent.notices())


async def test_the_keys_are_in_the_status_line_and_in_help(world: World) -> None:
    async with sit_down(world, size=(140, 60)) as agent:
        await agent.does("next_urgent")
        await agent.asks("?发票")
        last = agent.sees().split("\n")[-1]
        for words in ("Enter 插入", "Ctrl+S 直接发", "看全文", "Ctrl+Y 复制", "Ctrl+E"):
            assert words in last
        await agent.does("help")
        assert "查找框：直接发出" in agent.sees() and "/ ? @" in agent.sees()


# --- where a reply came from ---------------------------------------------------------------------


async def test_sources_stay_with_their_chat_and_go_with_their_text(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可，不要泡水。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("青禾保养卡")
        await agent.press("enter")
        await agent.does("next_in_list")
        await agent.types("hello")
        await agent.press("enter")
        agent.screen.open(ConversationId("c1"))
        await agent.press("enter")
        replies = [order.command for order in world.sent()]
        assert [(text_of(r), r.sources) for r in replies if isinstance(r, c.SendReply)] == [
            ("hello", ()),
            ("擦干即可，不要泡水。", ("article:made",)),
        ]


async def test_a_text_that_was_taken_out_is_no_source(world: World) -> None:
    world.article("made", "青禾保养卡", "擦干即可，不要泡水。")
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.types("x")
        await agent.asks("青禾保养卡")
        await agent.press("enter", *["backspace"] * 10)
        await agent.press("enter")
        [order] = world.sent()
        assert order.command == c.SendReply(
            message=order.command.message,  # type: ignore[union-attr]
            text="x",
            epoch=0,
            seen=2,
            owner=None,
        )


async def test_a_macro_is_a_source_beside_its_actions(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.does("macro_f3")
        await agent.types("1234567890")
        await agent.press("enter", "enter")
        [order] = world.sent()
        assert isinstance(order.command, c.Batch)
        reply = order.command.parts[0]
        assert isinstance(reply, c.SendReply)
        assert reply.sources == ("macro:returns/return-process",)


# --- what was not found --------------------------------------------------------------------------


async def test_a_search_in_vain_is_reported_without_numbers(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("xqzvk 56789")
        assert agent.finds() == []
        await agent.until(lambda: "没有找到" in agent.pane())
        await agent.press("enter", "enter")
        assert {type(order.command) for order in world.outbox.pending()} <= {c.MarkRead}
        agent.app.remember()
        reports = [
            o.command for o in world.outbox.pending() if isinstance(o.command, c.ReportSearches)
        ]
        assert reports == [c.ReportSearches((("xqzvk #", 1),))]
        assert agent.desk.pending.unsent == 0


async def test_waiting_on_an_empty_result_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misses, "PAUSE_SECONDS", 0.0)
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("x")
        await agent.press("backspace")
        await agent.asks("xqzvk")
        await agent.press("escape")
        agent.app.remember()
        [report] = [
            o.command for o in world.outbox.pending() if isinstance(o.command, c.ReportSearches)
        ]
        assert report.misses == (("xqzvk", 1),)


async def test_passing_by_is_no_search_in_vain(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.does("next_urgent")
        await agent.asks("xqzvk")
        await agent.press(*["backspace"] * 5)
        agent.app.remember()
        assert not any(isinstance(o.command, c.ReportSearches) for o in world.outbox.pending())


async def test_from_the_list_one_types_into_the_box(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.asks("退货")
        assert agent.screen.find.query_text == "退货"
        assert agent.screen.composer.text == ""
