"""Words for orders: states, money, one sentence for a customer. Each in the reader's language."""

from __future__ import annotations

import re

from agent_tui.lang import Both
from agent_tui.orders.model import Order

STATES: dict[str, Both] = {
    "unpaid": Both("待付款", "unpaid"),
    "paid": Both("已付款", "paid"),
    "packing": Both("备货中", "being packed"),
    "shipped": Both("运输中", "on its way"),
    "delivered": Both("已签收", "delivered"),
    "completed": Both("已完成", "completed"),
    "cancelled": Both("已取消", "cancelled"),
    "returning": Both("退货中", "being returned"),
    "refunding": Both("退款中", "being refunded"),
    "refunded": Both("已退款", "refunded"),
    "closed": Both("已关闭", "closed"),
}
# What shops write for the same, beside the words above.
_ALSO = {
    "待支付": "unpaid",
    "未付款": "unpaid",
    "pending": "unpaid",
    "待发货": "paid",
    "买家已付款": "paid",
    "processing": "packing",
    "配货中": "packing",
    "已发货": "shipped",
    "卖家已发货": "shipped",
    "派送中": "shipped",
    "in transit": "shipped",
    "in_transit": "shipped",
    "已送达": "delivered",
    "交易成功": "completed",
    "fulfilled": "completed",
    "complete": "completed",
    "canceled": "cancelled",
    "交易关闭": "closed",
}
_CODES = {
    word.casefold(): code for code, both in STATES.items() for word in (code, both.zh, both.en)
} | _ALSO
TROUBLE: dict[str, Both] = {
    "timeout": Both("查询超时", "it does not answer in time"),
    "unreachable": Both("连不上", "it cannot be reached"),
    "refused": Both("对方拒绝", "it refuses"),
    "unreadable": Both("内容看不懂", "what it says cannot be read"),
    "missing": Both("文件不在", "its file is not there"),
}
_SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "HKD": "HK$", "TWD": "NT$"}
IN_TRANSIT = frozenset({"", "paid", "packing", "shipped"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def code_of(word: str) -> str:
    """The code of STATES that a shop's word stands for; the word itself if there is none."""
    return _CODES.get(word.casefold(), word)


def state(code: str, language: str) -> str:
    """A state in a reader's language; the shop's own word if it is none of ours."""
    both = STATES.get(code)
    if both is None:
        return code
    return both.en if language == "en" else both.zh


def money(amount: str, currency: str) -> str:
    """¥58.00; empty if nothing is known."""
    if not amount:
        return ""
    sign = _SIGNS.get(currency)
    return f"{sign}{amount}" if sign else f"{amount} {currency}".strip()


def items(order: Order, language: str, *, counts: bool = True, most: int = 2) -> str:
    """What was bought: the first lines, with how many pieces of each where it is not one."""
    english = language == "en"
    shown = [
        each.name + (f" x{each.count}" if counts and each.count != 1 else "")
        for each in order.items[:most]
    ]
    more = ("…" if english else "等") if len(order.items) > most else ""
    return (", " if english else "、").join(shown) + more


def parcel(order: Order) -> str:
    """Carrier and tracking number, as far as they are known."""
    return " ".join(filter(None, (order.carrier, order.tracking)))


def is_late(order: Order, today: str) -> bool:
    """Whether the day on which it was expected is over, and it is on its way still. `today` is an
    ISO date; what the books write in another way is never late."""
    return order.state in IN_TRANSIT and bool(_DAY.fullmatch(order.eta)) and order.eta < today


def eta(order: Order, language: str, today: str) -> str:
    """The expected day; one that is over is no promise, and says so."""
    late = is_late(order, today)
    if language == "en":
        return f"{order.eta} (overdue)" if late else order.eta
    return f"{order.eta}（已过）" if late else order.eta


def sentence(order: Order, language: str, today: str) -> str:
    """The order in one sentence for its customer: number, items, amount, state, parcel, ETA."""
    english = language == "en"
    comma = ", " if english else "，"
    where, parcel_words = state(order.state, language), parcel(order)
    if parcel_words:
        where += f" ({parcel_words})" if english else f"（{parcel_words}）"
    expected = order.eta if order.state in IN_TRANSIT else ""
    if is_late(order, today):
        expected = f"was expected {expected}" if english else f"原定 {expected} 送达"
    elif expected:
        expected = f"expected {expected}" if english else f"预计 {expected} 送达"
    number = f"Order {order.no}" if english else f"订单 {order.no}"
    bought = (items(order, language), money(order.amount, order.currency))
    parts = (number, *bought, where.strip(), expected)
    return comma.join(part for part in parts if part) + ("." if english else "。")
