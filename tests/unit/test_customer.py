"""A customer's orders, past chats and notes as the cache holds them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from agent_tui.desk.customer import Customers
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Conversation, MessageKind
from agent_tui.orders.model import Item, Order, OrdersAnswer
from agent_tui.store import migrations
from agent_tui.store.cache import Cache, Changes
from tests import factories as f

C1, C2 = ConversationId("c1"), ConversationId("c2")
GLASS = Order("223104588921", 2, "shipped", (Item("玻璃杯", 2),), "58.00", tracking="73120001")
LAMP = Order("223099120077", 1, "refunded", (Item("台灯"), Item("灯泡", 3), Item("线")))
ANSWER = OrdersAnswer("v1", (GLASS, LAMP), f.NOW)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """With one conversation of customer v1."""
    found = Cache(tmp_path / "cache.db")
    found.apply([f.recorded(f.opened(), 1), f.recorded(f.wrote(), 2)], "f:2:x", 0)
    yield found
    found.close()


def feed(cache: Cache, seq: int, body: e.FeedEvent, conversation: str = "c1") -> None:
    cache.apply([f.recorded(body, seq, conversation=conversation)], f"f:{seq}:x", 0)


def state(cache: Cache, key: ConversationId = C1) -> Conversation:
    found = cache.conversation(key)
    assert found is not None
    return found


# --- the cache -----------------------------------------------------------------------------------


def test_an_answer_is_kept_and_replaced(cache: Cache) -> None:
    assert cache.orders(C1) is None
    assert cache.save_orders(C1, ANSWER)
    assert cache.orders(C1) == ANSWER
    assert cache.save_orders(C1, replace(ANSWER, orders=()))
    assert cache.orders(C1) == OrdersAnswer("v1", at=f.NOW)


@pytest.mark.parametrize(("key", "customer"), [("c9", "v1"), ("c1", "v2")])
def test_an_answer_that_comes_too_late(cache: Cache, key: str, customer: str) -> None:
    """The chat went, or became another customer's, while the server was asked."""
    assert not cache.save_orders(ConversationId(key), replace(ANSWER, customer=customer))
    assert cache.orders(ConversationId(key)) is None


def test_an_answer_of_a_careless_server_is_cleaned(cache: Cache) -> None:
    odd = Order("1\x1b[2J\u202e", items=(Item("a\x9b\x07"),), carrier="\u200b中通")
    cache.save_orders(C1, replace(ANSWER, orders=(odd,)))
    found = cache.orders(C1)
    assert found is not None
    assert found.orders == (Order("1[2J", items=(Item("a"),), carrier="中通"),)


def test_a_chat_that_leaves_takes_everything_along(cache: Cache) -> None:
    cache.save_orders(C1, ANSWER)
    feed(cache, 3, f.opened(), "c2")
    assert cache.past(state(cache, C2), 5)[1] == 1
    feed(cache, 4, e.ConversationLeft(C1))
    assert cache.orders(C1) is None
    assert cache.past(state(cache, C2), 5) == ([], 0)


def test_a_chat_that_comes_again_keeps_them(cache: Cache) -> None:
    cache.save_orders(C1, ANSWER)
    feed(cache, 3, f.entered(state(cache)))
    assert cache.orders(C1) == ANSWER


def test_a_flipped_bit_is_not_shown(cache: Cache) -> None:
    cache.save_orders(C1, ANSWER)
    other = sqlite3.connect(cache.path)
    other.execute("UPDATE orders SET body = replace(body, '58.00', '59.00')")
    other.commit()
    other.close()
    assert cache.orders(C1) is None
    assert cache.cursor() is None, "the cache is fetched again"


def test_an_older_file_gets_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path, isolation_level=None) as db:
        migrations.migrate(db, migrations.CACHE[:4], 0)
        rows = [(key, f.conversation(key, last_at=f.NOW + n)) for n, key in enumerate("abc")]
        for key, each in rows:
            raw = msgspec.json.encode(each)
            db.execute("INSERT INTO conversation VALUES (?, 1, ?, 0)", (key, raw))
        db.execute("INSERT INTO conversation VALUES ('odd', 1, x'00', 0)")
        migrations.migrate(db, migrations.CACHE, 4)
        found = db.execute("SELECT conversation FROM person ORDER BY last_at").fetchall()
    db.close()
    assert [key for (key,) in found] == ["a", "b", "c"]


# --- what is made of it --------------------------------------------------------------------------


def test_which_order_the_chat_is_about(cache: Cache) -> None:
    cache.save_orders(C1, ANSWER)
    customers = Customers(cache, lambda: f.NOW)
    assert customers.values(state(cache))["order.no"] == GLASS.no
    says = (
        ("单号223099120077的灯", LAMP),
        ("2230991200771 和 1223104588921", LAMP),  # parts of other numbers
        ("物流 73120001。", GLASS),
        ("223099120077 不对，是 223104588921", GLASS),
    )
    for seq, (text, order) in enumerate(says, 3):
        feed(cache, seq, f.wrote(f"m{seq}", text))
        assert customers.by_place(state(cache))[0] == order, text
    feed(cache, 9, e.NoteAdded(MessageId("n"), "223099120077", f.agent().id))
    assert customers.named(state(cache)) == GLASS, "a note is not said to the customer"


def test_what_macros_are_given(cache: Cache) -> None:
    customers = Customers(cache, lambda: f.NOW)
    assert customers.values(state(cache)) == {}
    cache.save_orders(C1, replace(ANSWER, orders=(LAMP,)))
    customers.changed(Changes(frozenset({C1})))
    found = customers.values(state(cache))
    assert (found["order.item"], found["order.status"]) == ("台灯、灯泡等", "已退款")
    english = replace(state(cache), customer=f.customer(language="en"))
    assert customers.values(english)["order.item"] == "台灯, 灯泡…"
    assert customers.values(english)["order.status"] == "refunded"
    cache.save_orders(C1, ANSWER)
    customers.changed(Changes(all=True))
    assert customers.values(state(cache))["order.amount"] == "58.00", "as a slot for a sum takes it"


def test_fields_that_can_be_inserted(cache: Cache) -> None:
    cache.save_orders(C1, ANSWER)
    found = {
        each.name or each.value: each.value
        for each in Customers(cache, lambda: f.NOW).fields(state(cache))
    }
    assert found["customer.name"] == "王女士" and found["order.amount"] == "¥58.00"
    assert found["order.item"] == "玻璃杯 x2" and "customer.contact" not in found
    assert sum(value.startswith("订单 ") for value in found.values()) == 2


def test_past_chats_and_notes_are_the_same_persons(cache: Cache) -> None:
    for number in range(2, 10):
        feed(cache, number * 10, f.opened(), f"c{number}")
        note = e.NoteAdded(MessageId(f"n{number}"), f"note {number}", f.agent().id)
        feed(cache, number * 10 + 1, note, f"c{number}")
    feed(cache, 95, e.NoteRemoved(MessageId("n9"), 1), "c9")
    feed(cache, 96, f.opened(f.customer("v2")), "c20")
    card = Customers(cache, lambda: f.NOW).card(state(cache))
    assert card.past_count == 8 and len(card.past) == 5
    assert all(each.customer.id == "v1" and each.id != C1 for each in card.past)
    assert all(note.kind is MessageKind.NOTE and note.text != "note 9" for note in card.notes)
    assert 0 < len(card.notes) <= 3
