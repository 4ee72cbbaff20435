"""An order as the card shows it. Times are integer milliseconds since the epoch, UTC."""

from __future__ import annotations

import msgspec


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of an order. `price` is of one piece, as decimal text ("29.00"); empty: unknown."""

    name: str
    count: int = 1
    price: str = ""


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """One order and its parcel.

    `state` is a code of `agent_tui.orders.words.STATES`, or the shop's own word. `amount` is what
    was paid in all, as decimal text in `currency` (ISO 4217). `eta` is an ISO date, or the
    carrier's own words. Empty text and a time of 0 are not known.
    """

    no: str
    placed_at: int = 0
    state: str = ""
    items: tuple[Item, ...] = ()
    amount: str = ""
    currency: str = "CNY"
    carrier: str = ""
    tracking: str = ""
    eta: str = ""
    delivered_at: int = 0


class Who(msgspec.Struct, frozen=True):
    """Under what a shop may know a customer: its own number for them, as the channel tells it
    (`external`), an address or a phone number, this program's record, the name in an inbox."""

    id: str
    external: str = ""
    contact: str = ""
    name: str = ""
    inbox: str = ""

    def key(self, by: str) -> str:
        """What to look for by one way of `config.Orders.by`; empty: there is none."""
        if by == "name":
            return f"{self.inbox}/{self.name}" if self.name else ""
        return {"id": self.id, "external": self.external, "contact": self.contact}.get(by, "")


class OrdersAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server knows of one conversation's customer, newest order first, as of `at`.

    `failing_since` is not 0 while the source gives no answer, `trouble` then says why (a code of
    `agent_tui.orders.words.TROUBLE`), and `orders` are the last that were known. `off`: the shop
    has no source. `customer` is the record whose orders they are.
    """

    customer: str
    orders: tuple[Order, ...] = ()
    at: int = 0
    failing_since: int = 0
    trouble: str = ""
    off: bool = False
