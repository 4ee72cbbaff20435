"""Grey text at the cursor of the composer."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key

from agent_tui.desk.finding import Finding
from agent_tui.domain.ids import ConversationId
from agent_tui.orders.model import Item, Order
from tests.tui.driver import Person, World, sit_down


async def ready(agent: Person, key: str = "c1") -> None:
    """The completion knows what the cache holds, and a chat is open."""
    await agent.until(lambda: agent.screen.ghosts.known)
    agent.screen.open(ConversationId(key))
    await agent.pilot.pause()


async def writes(agent: Person, text: str) -> None:
    """As a terminal hands over what an input method commits."""
    before = len(agent.screen.composer.text)
    for char in text:
        agent.app.post_message(
            events.Key("ctrl+j" if char == "\n" else _character_to_key(char), char)
        )
    await agent.until(lambda: len(agent.screen.composer.text) == before + len(text))
    await agent.pilot.pause()


def offered(agent: Person) -> str:
    offer = agent.screen.composer.offer
    return (offer.text or offer.shown) if offer is not None else ""


async def test_tab_takes_the_rest_of_a_sentence(world: World) -> None:
    world.article("freight", "运费", "质量问题的运费由青禾承担。无理由退货的运费自理。")
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "质量问题的运费")
        assert offered(agent) == "由青禾承担。"
        assert "质量问题的运费由青禾承担。" in agent.sees() and "Tab 取灰字" in agent.sees()
        await agent.press("tab")
        assert agent.screen.composer.text == "质量问题的运费由青禾承担。"
        assert offered(agent) == "无理由退货的运费自理。"
        await agent.press("right")
        assert agent.screen.composer.text.endswith("承担。无理")
        await agent.press("enter")
        assert world.sent()[-1].command.text.endswith("无理")  # type: ignore[union-attr]


async def test_a_late_answer_takes_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.article("gloves", "手套尺码", "手套有三个尺码。")
    world.article("freight", "运费", "质量问题的运费由青禾承担。")
    gate, search = threading.Event(), Finding.search

    def held(self: Finding, *args: Any, **more: Any) -> Any:
        gate.wait(20)
        return search(self, *args, **more)

    async with sit_down(world) as agent:
        await ready(agent)
        monkeypatch.setattr(Finding, "slow", property(lambda self: True))
        monkeypatch.setattr(Finding, "search", held)
        await writes(agent, "??手套")
        await agent.press("tab")  # it is to be taken once it is there
        agent.screen.composer.load("")
        await writes(agent, "质量问题的运费")
        assert offered(agent) == "由青禾承担。"
        gate.set()
        looking = [each for each in agent.app.workers if each.group == "answers"]
        await agent.until(lambda: all(each.is_finished for each in looking))
        await agent.pilot.pause()
        assert looking and agent.screen.composer.text == "质量问题的运费"


async def test_ctrl_right_takes_a_clause_and_arrows_choose_another(world: World) -> None:
    world.article("a", "一", "今天一定为您加急处理，明天上午发出。")
    world.article("b", "二", "今天一定为您联系仓库。")
    world.article("c", "三", "今天一定为您联系仓库。")
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "今天一定为您")
        assert offered(agent) == "联系仓库。"
        await agent.press("down")
        assert offered(agent) == "加急处理，明天上午发出。"
        await agent.press("ctrl+right")
        assert agent.screen.composer.text == "今天一定为您加急处理，"


async def test_a_question_becomes_its_best_answer(world: World) -> None:
    world.article("gloves", "手套怎么洗", "手套用冷水手洗。")
    world.article("secret", "手套怎么洗内部", "不要说", audience="internal")
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "您好。\n??shoutao")
        await agent.until(lambda: "手套怎么洗: 手套用冷水手洗。" in offered(agent))
        await agent.press("enter")
        assert agent.screen.composer.text == "您好。\n手套用冷水手洗。" and not world.sent()
        await writes(agent, "\n？？☂☂☂")
        await agent.until(lambda: "没有找到" in offered(agent))
        await agent.press("enter")
        assert not world.sent() and "没有找到" in agent.notices()


async def test_a_doubled_question_mark_behind_words_is_sent(world: World) -> None:
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "真的吗??")
        await agent.press("enter")
        assert world.sent()


async def test_an_emoji_by_its_name(world: World) -> None:
    async with sit_down(world) as agent:
        await ready(agent)
        for typed in (":weixiao", "：微笑", ":smile"):
            await writes(agent, typed)
            await agent.press("tab")
        assert agent.screen.composer.text == "😊" * 3
        agent.screen.composer.load("")
        for typed in ("好的:weixiao", "好的：weixiao", "好的：微笑"):
            await writes(agent, typed)
            await agent.press("tab")
        assert agent.screen.composer.text == "好的😊" * 3
        for prose in ("颜色：红", "尺码：L", "note:smile"):
            await writes(agent, f" {prose}")
            offer = agent.screen.composer.offer
            assert offer is None or not offer.take, prose
        await writes(agent, " 时间:10")
        assert agent.screen.composer.offer is None or not agent.screen.composer.offer.take


async def test_a_short_name_shows_its_macro(world: World) -> None:
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "/thl")
        assert offered(agent).startswith("c  → 退货流程: 王女士")
        await agent.press("tab")
        assert "退货流程" in agent.sees() and not agent.screen.composer.text


async def test_what_was_sent_is_offered_to_the_next_customer_without_the_first(
    world: World,
) -> None:
    async with sit_down(world) as agent:
        await ready(agent, "c1")
        await writes(agent, "王女士您好，订单号2231889900771的青瓷杯子已经补发。辛苦您稍等两天。")
        await agent.press("enter")
        agent.screen.open(ConversationId("c3"))
        await writes(agent, "小鹿您好，")
        assert offered(agent) == "订单号"
        await writes(agent, "订单号8844220011的青瓷")
        assert offered(agent) == "杯子已经补发。"
        await agent.press("tab")
        assert offered(agent) == "辛苦您稍等两天。"


async def test_what_was_corrected_is_not_offered_as_it_was(world: World) -> None:
    def known(agent: Person) -> str:
        completing = agent.screen.ghosts._completing
        parts = completing.completer._parts if completing and completing.completer else ()
        return "".join(part.text for part in parts)

    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "紫砂壶今天补发到杭洲。")
        await agent.press("enter")
        await agent.until(lambda: "杭洲" in known(agent))
        line = agent.desk.transcript(ConversationId("c1"))[-1]
        agent.desk.writing.edit(ConversationId("c1"), line.message, "紫砂壶今天补发到杭州。")
        await agent.until(lambda: "杭洲" not in known(agent))
        assert "杭州" in known(agent)


async def test_several_macros_stack_at_the_cursor(world: World) -> None:
    world.article("a", "甲", "第一条。")
    async with sit_down(world) as agent:
        await ready(agent)
        await writes(agent, "??甲")
        await agent.press("tab")
        await agent.until(lambda: agent.screen.composer.text == "第一条。")
        await writes(agent, "\n??甲")
        await agent.press("tab", "f2")
        lines = agent.screen.composer.text.split("\n")
        assert lines[:2] == ["第一条。", "第一条。"] and len(lines) > 2


async def test_what_has_no_room_is_not_on_offer(world: World) -> None:
    long = "，".join(["很长的一句话说个不停"] * 12) + "。"
    world.article("a", "甲", f"开头几个字{long}")
    async with sit_down(world, size=(80, 24)) as agent:
        await ready(agent)
        await writes(agent, "开头几个字")
        text = offered(agent)
        assert text and len(text) < len(long) and text.endswith("，")
        seen = agent.sees().replace("\n", "").replace(" ", "").replace("│", "")
        assert text[:12] in agent.sees() and text[-6:-1] in seen


async def test_a_note_is_not_completed_from_replies(world: World) -> None:
    world.article("freight", "运费", "质量问题的运费由青禾承担。")
    async with sit_down(world) as agent:
        await ready(agent)
        await agent.does("note")
        await writes(agent, "质量问题的运费")
        assert not offered(agent)


ORDER = "2231889900771"


async def sold(agent: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The open chat's customer bought something."""
    order = Order(ORDER, items=(Item("青瓷马克杯 350ml"),))
    monkeypatch.setattr(agent.desk, "orders", lambda key: (order,))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("订单2231889900717请查收", f"订单{ORDER}请查收"),
        ("订单223188990071", f"订单{ORDER}"),
        ("您的青词马克杯", "您的青瓷马克杯"),
    ],
)
async def test_a_slip_is_marked_and_tab_mends_it(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: str, meant: str
) -> None:
    async with sit_down(world) as agent:
        await ready(agent)
        await sold(agent, monkeypatch)
        await writes(agent, typed)
        composer = agent.screen.composer
        assert offered(agent).strip().startswith("←")
        assert any("underline" in str(span.style) for span in composer.get_line(0).spans)
        await agent.press("tab")
        assert composer.text == meant
        assert not any("underline" in str(span.style) for span in composer.get_line(0).spans)


@pytest.mark.parametrize(
    "typed", [f"订单{ORDER}", "订单99887766554433", "您的青瓷马克杯", "电话2231"]
)
async def test_what_is_right_or_unlike_anything_is_no_slip(
    world: World, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    async with sit_down(world) as agent:
        await ready(agent)
        await sold(agent, monkeypatch)
        await writes(agent, typed)
        assert not offered(agent).strip().startswith("←")


async def test_a_hundred_kilobytes_are_pasted_at_once(world: World) -> None:
    async with sit_down(world) as agent:
        await ready(agent)
        for text in ("长" * 40_000, "一行。\n" * 25_000):
            agent.screen.composer.load("")
            agent.screen.composer.post_message(events.Paste(text))
            await agent.until(lambda: len(agent.screen.composer.text) >= 40_000)
            assert agent.screen.composer.text == text
            await writes(agent, "还能打字")
            assert agent.screen.composer.text.endswith("还能打字")


async def test_a_long_text_is_taken_back_in_one_step(world: World) -> None:
    """The scroll bar goes with it, while the cursor still stands on a line that is gone."""
    async with sit_down(world, size=(120, 36)) as agent:
        await agent.does("next_urgent")
        agent.screen.composer.put("\n".join(f"line {n}" for n in range(30)))
        await agent.pilot.pause()
        agent.screen.composer.undo()
        await agent.pilot.pause()
        assert agent.screen.composer.text == ""
        assert agent.screen.composer.cursor_location == (0, 0)
