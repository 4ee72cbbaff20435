"""Orders on an agent's machine: fetched when a chat is looked at, there without a network, gone
with the chat."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, MessageId, TeamId
from agent_tui.store.cache import Cache
from tests.driver import Serving, Visitor, conversation_of, make_folder, until
from tests.flow.workstation import Workstation

CONFIG = """\
[orders]
source = "csv:orders.csv"
by = ["id"]
keep_seconds = 0.0
"""
DeskOf = Callable[..., Workstation]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server with the shop's books beside it."""
    found = Serving(make_folder(tmp_path / "data", CONFIG)).start()
    yield found
    found.close()


def write(serving: Serving, *rows: str, at: float = 1e9) -> None:
    path = serving.folder.root / "orders.csv"
    path.write_text("\n".join(("no,customer,placed_at,item,tracking,amount", *rows, "")), "utf-8")
    os.utime(path, (at, at))


def come(serving: Serving, *texts: str) -> tuple[ConversationId, Visitor]:
    visitor = serving.visitor()
    for text in texts:
        visitor.say(text)
    return conversation_of(serving, visitor), visitor


def looks(desk: Workstation, key: ConversationId) -> None:
    """The chat comes to the agent's screen."""
    desk.until(lambda now: now.conversation(key) and desk.links[-1:] == ["online"])
    assert desk._link is not None
    desk._link.look_up(key)


def test_orders_come_and_stay_without_a_network(serving: Serving, desk_of: DeskOf) -> None:
    key, visitor = come(serving, "在吗")
    write(
        serving,
        f"2231,{visitor.customer},2026-11-18,\x1b[2J玻璃杯,73120001,58",
        f"2230,{visitor.customer},2026-11-02,台灯,73120002,99",
    )
    anna = desk_of().connect()
    assert anna.desk.orders(key) == ()
    looks(anna, key)
    first, second = anna.until(lambda desk: desk.orders(key))
    assert (first.no, first.items[0].name, second.no) == ("2231", "[2J玻璃杯", "2230")
    later = anna.again()
    assert [order.no for order in later.desk.orders(key)] == ["2231", "2230"]
    later.close()


def test_what_the_chat_names_is_what_macros_say(serving: Serving, desk_of: DeskOf) -> None:
    key, visitor = come(serving, "在吗")
    write(
        serving,
        f"223100001,{visitor.customer},2026-11-18,玻璃杯,73120001,58",
        f"223100002,{visitor.customer},2026-11-02,台灯,73120002,99",
    )
    anna = desk_of().connect()
    looks(anna, key)
    anna.until(lambda desk: desk.orders(key))

    def order() -> str:
        anna.pump()
        state = anna.desk.conversation(key)
        assert state is not None
        return anna.desk.customers.values(state)["order.no"]

    assert order() == "223100001", "the last one"
    visitor.say("是这单：223100002，不是2231000019")
    anna.until(lambda desk: order() == "223100002")
    visitor.say("快递73120001到哪了")
    anna.until(lambda desk: order() == "223100001")


def test_a_snapshot_keeps_them_and_a_chat_that_leaves_takes_them(
    serving: Serving, desk_of: DeskOf
) -> None:
    (stays, visitor), (goes, other) = come(serving, "在吗"), come(serving, "你好")
    write(serving, f"1,{visitor.customer},,a,,1", f"2,{other.customer},,b,,1")
    anna = desk_of().connect()
    for key in (stays, goes):
        looks(anna, key)
    anna.until(lambda desk: desk.orders(stays) and desk.orders(goes))
    anna.disconnect()
    serving.agent("root").applied(goes, c.Assign(team=TeamId("logistics")))
    cache = Cache(anna.profile.cache)
    cache.forget_place()  # the next sync takes a snapshot
    anna.connect()
    anna.until(lambda desk: desk.conversation(goes) is None)
    assert len(anna.desk.orders(stays)) == 1
    assert cache.orders(goes) is None, "nothing outside the scope is there"
    cache.close()


def test_orders_of_another_record_are_not_shown(serving: Serving, desk_of: DeskOf) -> None:
    """Two records turn out to be one person's: what was known of the first is asked for anew."""
    (key, visitor), (_, other) = come(serving, "在吗"), come(serving, "你好")
    write(serving, f"1,{visitor.customer},,a,,1", f"2,{other.customer},,b,,1")
    anna = desk_of().connect()
    looks(anna, key)
    anna.until(lambda desk: [order.no for order in desk.orders(key)] == ["1"])
    merge = c.MergeCustomer(into=other.customer)  # type: ignore[arg-type]
    serving.agent("lee").applied(key, merge)
    anna.until(lambda desk: desk.orders(key) == ())
    looks(anna, key)
    anna.until(lambda desk: [order.no for order in desk.orders(key)] == ["2"])


def test_a_source_that_fails_is_told_and_costs_nothing(serving: Serving, desk_of: DeskOf) -> None:
    key, visitor = come(serving, "在吗")
    anna = desk_of().connect()
    looks(anna, key)

    def failing() -> int:
        state = anna.desk.conversation(key)
        answer = anna.desk.customers.answer(state) if state else None
        return answer.failing_since if answer else 0

    assert anna.until(lambda desk: failing()) > 0
    anna.sends(key, "您好")
    anna.until(lambda desk: visitor.texts() == ["在吗", "您好"])


def test_past_chats_and_their_notes(serving: Serving, desk_of: DeskOf) -> None:
    visitor = serving.visitor()
    visitor.say("杯子碎了")
    first = conversation_of(serving, visitor)
    bo = serving.agent("bo")
    bo.applied(first, c.AddNote(MessageId("note1"), "已补发一只"))
    visitor_elsewhere = Visitor(serving.base, "parcels", load_token=serving._load)
    visitor_elsewhere.say("快递呢")
    second = conversation_of(serving, visitor_elsewhere)
    merge = c.MergeCustomer(into=visitor.customer)  # type: ignore[arg-type]
    serving.agent("root").applied(second, merge)
    desk = desk_of("bo").connect()
    state = desk.until(
        lambda now: (
            (found := now.conversation(second))
            and found.customer.id == visitor.customer
            and now.conversation(first)
            and found
        )
    )
    card = desk.desk.customers.card(state)
    assert (card.past_count, [each.id for each in card.past]) == (1, [first])
    assert [note.text for note in card.notes] == ["已补发一只"]


def test_a_shop_that_never_answers_costs_no_chat_a_second(tmp_path: Path) -> None:
    """Its HTTP service takes the request and says nothing: replies go out meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        config = f"""\
[orders]
source = "http://127.0.0.1:{port}/orders/{{customer}}"
by = ["id"]
timeout = 1.0
"""
        serving = Serving(make_folder(tmp_path / "other", config)).start()
        anna = Workstation.of(serving, tmp_path / "anna").connect()
        try:
            chats = [come(serving, f"在吗 {number}") for number in range(6)]
            for key, _ in chats:
                looks(anna, key)
            for key, _ in chats:
                anna.sends(key, "您好")
            for number, (_, visitor) in enumerate(chats):
                until(lambda v=visitor, n=number: v.texts() == [f"在吗 {n}", "您好"])  # type: ignore[misc]

            def troubles() -> set[str]:
                states = [anna.desk.conversation(key) for key, _ in chats]
                found = [anna.desk.customers.answer(each) for each in states if each]
                return {each.trouble if each else "" for each in found}

            anna.until(lambda desk: troubles() == {"timeout"})
        finally:
            anna.close()
            serving.close()
