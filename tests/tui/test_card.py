"""The customer's card: one key shows the last order, one inserts it, at every width."""

from __future__ import annotations

from typing import Any

import pytest

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Channel, Customer, Status
from agent_tui.orders.model import Item, Order, OrdersAnswer
from agent_tui.store.cache import Changes
from agent_tui.text import wrap
from agent_tui.tui.screens.pick import Picker
from tests.tui.driver import NOW, Person, World, sit_down

DAY = 86_400_000
GLASS = Order(
    no="223104588921",
    placed_at=NOW - 4 * DAY,
    state="delivered",
    items=(Item("玻璃杯", 2, "29.00"),),
    amount="58.00",
    carrier="中通",
    tracking="73120001",
    delivered_at=NOW - DAY,
)
LAMP = Order(
    no="223099120077",
    placed_at=NOW - 9 * DAY,
    state="shipped",
    items=(Item("台灯"),),
    amount="99.00",
    carrier="圆通",
    tracking="YT2",
    eta="2026-11-30",
)
SENTENCE = "订单 223104588921，玻璃杯 x2，¥58.00，已签收（中通 73120001）。"
OLDER = "订单 223099120077，台灯，¥99.00，运输中（圆通 YT2），预计 2026-11-30 送达。"
NARROW, MIDDLE, WIDE = (80, 24), (120, 36), (200, 60)


def knows(world: World, key: str, *orders: Order, **more: Any) -> Changes:
    """What the server said of a chat's customer."""
    answer = OrdersAnswer(f"v{key}", orders, NOW - 60_000, **more)
    assert world.cache.save_orders(ConversationId(key), answer)
    return Changes(frozenset({ConversationId(key)}))


@pytest.fixture
def shop(world: World) -> World:
    """王女士 has two orders, Tom one; of 小鹿 nothing is known yet."""
    knows(world, "c1", GLASS, LAMP)
    knows(world, "c2", LAMP)
    return world


def shows_glass(agent: Person) -> bool:
    seen = agent.sees()
    return all(
        word in seen for word in ("223104588921", "已签收", "玻璃杯 x2", "¥58.00", "73120001")
    )


async def test_what_the_customer_gave_is_on_the_card(shop: World) -> None:
    async with sit_down(shop, size=MIDDLE) as agent:
        await agent.does("next_urgent")
        assert "满意度" not in agent.sees()
        key = agent.screen.current
        rated = e.Rated(rating=2, comment="[b]等太久[/b]")
        await agent.hears(shop.feed([(key, rated)]))
        seen = agent.sees()
        assert "满意度 2/5 ★★☆☆☆" in seen and "[b]等太久[/b]" in seen


@pytest.mark.parametrize("size", [MIDDLE, WIDE])
async def test_the_last_order_is_there_without_a_key(shop: World, size: tuple[int, int]) -> None:
    async with sit_down(shop, size=size) as agent:
        await agent.does("next_urgent")
        assert shows_glass(agent)


@pytest.mark.parametrize("size", [NARROW, MIDDLE, WIDE])
async def test_one_key_shows_the_last_order(shop: World, size: tuple[int, int]) -> None:
    async with sit_down(shop, size=size) as agent:
        await agent.does("next_urgent")
        await agent.types("您好")
        keys = agent.keys
        await agent.does("show_card")
        assert agent.keys == keys + 1
        assert shows_glass(agent)
        await agent.types("呀")
        assert agent.screen.composer.text == "您好呀", "one goes on writing"
        await agent.press("escape")
        assert agent.screen.composer.has_focus
        assert shows_glass(agent) is (size != NARROW)


@pytest.mark.parametrize("size", [NARROW, MIDDLE])
async def test_one_key_from_the_list_and_the_card_follows(
    shop: World, size: tuple[int, int]
) -> None:
    async with sit_down(shop, size=size) as agent:
        agent.screen.queue.move_to(ConversationId("c1"))
        await agent.does("show_card")
        assert shows_glass(agent)
        assert agent.screen.queue.has_focus and agent.screen.current is None
        agent.screen.queue.move_to(ConversationId("c3"))
        await agent.press("up", "down")
        cursor = agent.screen.queue.cursor
        state = agent.desk.conversation(cursor) if cursor else None
        assert state is not None
        assert agent.sees().count(state.customer.name) >= 2, "in the list and on the card"
        await agent.press("escape")
        assert agent.screen.queue.has_focus
        await agent.does("show_card")
        await agent.press("enter")
        assert agent.screen.current == cursor
        assert agent.screen.composer.has_focus and agent.screen.transcript.display
        assert not agent.screen.has_class("-card")


async def test_what_comes_is_seen_beside_the_list_too(shop: World) -> None:
    async with sit_down(shop, size=NARROW) as agent:
        await agent.does("next_urgent")
        await agent.press("escape")
        agent.screen.queue.move_to(ConversationId("c3"))
        await agent.does("show_card")
        assert "还没查到" in agent.sees()
        await agent.hears(knows(shop, "c3", LAMP))
        assert "223099120077" in agent.sees()


async def test_find_takes_the_cards_place(shop: World) -> None:
    async with sit_down(shop, size=NARROW) as agent:
        await agent.does("next_urgent")
        await agent.does("show_card")
        await agent.does("find")
        assert agent.screen.find.has_focus_within
        assert agent.screen.find.region.height > 5


async def test_nothing_is_markup_and_nothing_moves_a_terminal(shop: World) -> None:
    odd = Order("[/b]", state="[red]", items=(Item("[@click=app.quit]x[/]"),), carrier="[/]")
    knows(shop, "c1", odd)
    async with sit_down(shop) as agent:
        await agent.does("next_urgent")
        assert "[@click=app.quit]x[/]" in agent.sees()
        await agent.does("insert_order")
        assert "[/b]" in agent.screen.composer.text


@pytest.mark.parametrize("size", [NARROW, MIDDLE, WIDE])
async def test_long_values_are_cut_and_the_amount_stays(shop: World, size: tuple[int, int]) -> None:
    long = Order(
        "9" * 60, state="状" * 40, items=(Item("很长的名字" * 20, 12),), amount="1234567.00"
    )
    knows(shop, "c1", long)
    async with sit_down(shop, size=size) as agent:
        await agent.does("next_urgent")
        await agent.does("show_card")
        assert "¥1234567.00" in agent.sees()


# --- what is known, and what is not --------------------------------------------------------------


async def test_not_looked_up_yet_none_and_off(shop: World) -> None:
    async with sit_down(shop) as agent:
        agent.screen.open(ConversationId("c3"))
        await agent.pilot.pause()
        assert "还没查到" in agent.sees()
        await agent.hears(knows(shop, "c3"))
        assert "没有订单" in agent.sees()
        await agent.hears(knows(shop, "c3", off=True))
        assert "订单" not in agent.sees().split("小鹿")[-1]


async def test_a_source_that_fails_is_told_with_what_was_known(shop: World) -> None:
    async with sit_down(shop) as agent:
        await agent.does("next_urgent")
        failing = {"failing_since": NOW - 120_000, "trouble": "timeout"}
        await agent.hears(knows(shop, "c1", GLASS, **failing))
        assert "起查不到：查询超时" in agent.sees() and shows_glass(agent)
        await agent.hears(knows(shop, "c1", **failing))
        assert "起查不到" in agent.sees() and "没有订单" not in agent.sees()


async def test_the_order_that_is_talked_of_comes_first(shop: World) -> None:
    async with sit_down(shop) as agent:
        await agent.does("next_urgent")
        says = e.CustomerWrote(message=MessageId("m9"), text="是223099120077这单")
        await agent.hears(shop.feed([("c1", says)]))
        assert "提到的订单" in agent.sees() and "预计 2026-11-30" in agent.sees()
        await agent.does("insert_order")
        assert agent.screen.composer.text == OLDER


async def test_who_it_is_and_what_was_before(world: World) -> None:
    customer = Customer(
        "vc1",  # type: ignore[arg-type]
        "王女士",
        tier="VIP",
        tags=("易碎",),
        contact="13800001111",
        since=1_700_000_000_000,
    )
    again = e.ConversationOpened(
        customer=customer,
        inbox="web",  # type: ignore[arg-type]
        channel=Channel.WEB,
        team="after-sales",  # type: ignore[arg-type]
        visitor=customer.id,
        subject="漏发盖子",
    )
    note = e.NoteAdded(MessageId("n1"), "已补发一只，别再收运费", "zhang")  # type: ignore[arg-type]
    world.feed([("old", again), ("old", note), ("old", e.StatusSet(Status.RESOLVED))])
    async with sit_down(world, size=WIDE) as agent:
        agent.screen.open(ConversationId("c1"))
        await agent.pilot.pause()
        seen = agent.sees()
        for words in ("VIP", "往来 1 次", "漏发盖子", "张敏 已补发一只"):
            assert words in seen, words
        agent.screen.open(ConversationId("c2"))
        await agent.pilot.pause()
        assert "往来 1 次" not in agent.sees()


# --- inserting -----------------------------------------------------------------------------------


async def test_one_key_inserts_the_order_and_again_the_next(shop: World) -> None:
    async with sit_down(shop) as agent:
        await agent.does("next_urgent")
        await agent.types("查到了")
        composer = agent.screen.composer
        await agent.does("insert_order")
        assert composer.text == f"查到了{SENTENCE}"
        await agent.does("insert_order")
        assert composer.text == f"查到了{OLDER}"
        await agent.does("insert_order")
        assert composer.text == f"查到了{SENTENCE}"
        await agent.types("好")
        await agent.does("insert_order")
        assert composer.text == f"查到了{SENTENCE}好{SENTENCE}", "what was written stays"


async def test_in_the_customers_language_from_the_list(shop: World) -> None:
    async with sit_down(shop) as agent:
        agent.screen.queue.move_to(ConversationId("c2"))
        await agent.does("insert_order")
        assert agent.screen.current == "c2"
        assert agent.screen.composer.text.startswith("Order 223099120077, 台灯, ¥99.00, on its way")


async def test_no_order_to_insert(shop: World) -> None:
    async with sit_down(shop) as agent:
        agent.screen.open(ConversationId("c3"))
        await agent.does("insert_order")
        assert agent.screen.composer.text == ""
        assert "没有查到订单" in agent.notices()


async def test_a_field_is_picked_and_goes_to_the_cursor(shop: World) -> None:
    async with sit_down(shop) as agent:
        await agent.does("next_urgent")
        await agent.types("您的运单")
        agent.screen.set_focus(agent.screen.queue)
        agent.screen.queue.move_to(ConversationId("c1"))
        await agent.press("I")
        assert isinstance(agent.app.screen, Picker)
        await agent.types("tracking")
        await agent.press("enter")
        assert agent.screen.composer.text == "您的运单73120001"


async def test_macros_are_filled_from_the_order(shop: World) -> None:
    async with sit_down(shop) as agent:
        await agent.does("next_urgent")
        macro = agent.desk.macros.library().all["quality/broken-on-arrival"]
        text = agent.screen.inserting.rendered(macro)
        assert "223104588921" in "".join(wrap(text, 500)) and "玻璃杯" in text


async def test_beside_the_list_there_is_one_border(world: World) -> None:
    async with sit_down(world, size=(80, 24)) as agent:
        await agent.does("show_card")
        seen = agent.sees()
        assert "状态" in seen and "编号 c1" in seen and "││" not in seen
