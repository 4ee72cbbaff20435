"""What is known of a conversation's customer beside the conversation: orders, past chats, notes."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation, Message, MessageKind
from agent_tui.lang import Both
from agent_tui.orders import words
from agent_tui.orders.model import Order, OrdersAnswer
from agent_tui.store.cache import Cache, Changes

RECENT = 200  # messages in which an order's number is looked for
PAST = 5  # chats whose notes are shown
NOTES = 3
# Also behind Chinese, which \b does not tell from a number.
_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{4,}")


class Card(msgspec.Struct, frozen=True):
    """A customer as the card shows them. `answer` is None until the server was asked once;
    `orders` begin with the one that the chat is about, `named` if it says so."""

    state: Conversation
    answer: OrdersAnswer | None
    orders: tuple[Order, ...]
    named: bool
    past: tuple[Conversation, ...]
    past_count: int
    notes: tuple[Message, ...]


class Field(NamedTuple):
    """A value that can be inserted, under the name that macros have for it, if they have one."""

    name: str
    title: Both
    value: str


class Customers:
    """Reads the cache, and remembers until something changes."""

    def __init__(self, cache: Cache, clock: Callable[[], int]) -> None:
        self._cache = cache
        self._clock = clock
        self._answers: dict[ConversationId, OrdersAnswer | None] = {}
        self._named: dict[tuple[ConversationId, int], Order | None] = {}

    def changed(self, changes: Changes) -> None:
        """Something came in."""
        if changes.all:
            self._answers.clear()
            self._named.clear()
        for key in changes.conversations:
            self._answers.pop(key, None)
        if changes.conversations:
            self._named.clear()

    def answer(self, state: Conversation) -> OrdersAnswer | None:
        """What the server said last; None if that was of another customer's record."""
        if state.id not in self._answers:
            self._answers[state.id] = self._cache.orders(state.id)
        found = self._answers[state.id]
        return found if found is not None and found.customer == state.customer.id else None

    def orders(self, state: Conversation) -> tuple[Order, ...]:
        """Newest first; () if none are known."""
        answer = self.answer(state)
        return answer.orders if answer is not None else ()

    def named(self, state: Conversation) -> Order | None:
        """The customer's order whose number, or parcel's number, was named last in the chat, by
        them or in a reply; None if none was."""
        orders = self.orders(state)
        if not orders:
            return None
        key = (state.id, state.version)
        if key not in self._named:
            self._named[key] = self._look(state.id, orders)
        return self._named[key]

    def _look(self, key: ConversationId, orders: tuple[Order, ...]) -> Order | None:
        numbers = {each.tracking.casefold(): each for each in orders if each.tracking}
        numbers |= {each.no.casefold(): each for each in orders}
        for message in self._cache.recent(key, RECENT):
            if message.removed or message.kind not in (MessageKind.CUSTOMER, MessageKind.REPLY):
                continue
            for found in reversed(_NUMBER.findall(message.text)):
                if (order := numbers.get(found.casefold())) is not None:
                    return order
        return None

    def by_place(self, state: Conversation) -> tuple[Order, ...]:
        """The orders as an agent wants them: the named one, then the others, newest first."""
        orders, named = self.orders(state), self.named(state)
        if named is None:
            return orders
        return (named, *(each for each in orders if each is not named))

    def values(self, state: Conversation) -> dict[str, str]:
        """Macros' `order.…`, in the customer's language: of the order that the chat names, else of
        the last one; none where no order is known. `order.amount` is the bare number."""
        orders = self.by_place(state)
        if not orders:
            return {}
        order, language = orders[0], state.customer.language
        return {
            "order.no": order.no,
            "order.item": words.items(order, language, counts=False),
            "order.status": words.state(order.state, language),
            "order.carrier": order.carrier,
            "order.tracking": order.tracking,
            "order.eta": words.eta(order, language, self._today()),
            "order.amount": order.amount,
        }

    def sentence(self, order: Order, language: str) -> str:
        """The order in one sentence, as things stand today."""
        return words.sentence(order, language, self._today())

    def is_late(self, order: Order) -> bool:
        """Whether it should have arrived by now."""
        return words.is_late(order, self._today())

    def _today(self) -> str:
        now = datetime.datetime.fromtimestamp(self._clock() / 1000, tz=datetime.UTC)
        return now.astimezone().date().isoformat()

    def card(self, state: Conversation) -> Card:
        """All of it, for one customer."""
        past, count = self._cache.past(state, PAST)
        keys = [each.id for each in past]
        return Card(
            state,
            self.answer(state),
            self.by_place(state),
            self.named(state) is not None,
            tuple(past),
            count,
            tuple(self._cache.notes(keys, NOTES)) if keys else (),
        )

    def fields(self, state: Conversation) -> list[Field]:
        """Every value of the card that may go into a reply, in the customer's language."""
        customer, language = state.customer, state.customer.language
        found = [
            Field("customer.name", Both("名字", "name"), customer.name),
            Field("customer.contact", Both("联系方式", "contact"), customer.contact),
            Field("customer.tier", Both("等级", "tier"), customer.tier),
        ]
        orders = self.by_place(state)
        if orders:
            order = orders[0]
            values = self.values(state)
            amount = words.money(order.amount, order.currency)
            values |= {"order.item": words.items(order, language, most=20), "order.amount": amount}
            found += [Field(name, _TITLES[name], value) for name, value in values.items()]
        found += [
            Field(
                "",
                Both(f"整句 {each.no[-4:]}", f"sentence {each.no[-4:]}"),
                self.sentence(each, language),
            )
            for each in orders
        ]
        return [each for each in found if each.value]


_TITLES = {
    "order.no": Both("订单号", "order number"),
    "order.item": Both("商品", "items"),
    "order.status": Both("订单状态", "order's state"),
    "order.carrier": Both("快递", "carrier"),
    "order.tracking": Both("运单号", "tracking number"),
    "order.eta": Both("预计送达", "expected"),
    "order.amount": Both("金额", "amount"),
}
