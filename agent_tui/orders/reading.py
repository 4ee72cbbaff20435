"""A shop's rows -> orders: names of columns, moments, amounts, states. Everything is cleaned.

A row is one line of an order; rows of the same number are one order. A value that cannot be read is
left out, never guessed, and a row without a number is none.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from agent_tui.lang import Both
from agent_tui.orders import words
from agent_tui.orders.model import Item, Order
from agent_tui.orders.source import SourceBroken
from agent_tui.text import clean_line

# Field -> what its column may be called where the settings do not say.
COLUMNS: dict[str, tuple[str, ...]] = {
    "no": ("no", "order_no", "order", "order_id", "订单号", "订单编号"),
    "customer": (
        "customer",
        "customer_id",
        "contact",
        "客户",
        "客户编号",
        "买家",
        "手机号",
        "邮箱",
    ),
    "placed_at": ("placed_at", "created_at", "ordered_at", "下单时间", "订单创建时间"),
    "state": ("state", "status", "状态", "订单状态"),
    "item": ("item", "product", "title", "商品", "商品名称", "宝贝标题"),
    "count": ("count", "quantity", "qty", "数量", "商品数量"),
    "price": ("price", "unit_price", "单价", "商品单价"),
    "amount": ("amount", "total", "paid", "金额", "实付", "实付金额", "订单金额"),
    "currency": ("currency", "币种"),
    "carrier": ("carrier", "courier", "快递", "快递公司", "物流公司"),
    "tracking": ("tracking", "tracking_no", "运单号", "快递单号", "物流单号"),
    "eta": ("eta", "expected", "预计送达"),
    "delivered_at": ("delivered_at", "签收时间"),
}
NEEDED = ("no", "customer")
LINE, NUMBER = 120, 64  # characters of a name, and of a number
MOST_ITEMS = 50
MOST_AMOUNT = Decimal(10) ** 12
_MOMENT = re.compile(
    r"\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?\s*\Z"
)
# Spreadsheets keep long numbers whole as ="2231..." or behind an apostrophe.
_WRAPPED = re.compile(r"""=?\s*["'](.*?)["']?\s*\Z""", re.DOTALL)
_CURRENCIES = {"¥": "CNY", "￥": "CNY", "元": "CNY", "$": "USD", "€": "EUR", "£": "GBP"}
_AMOUNT = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def places(heads: Sequence[str], named: Mapping[str, str], what: str) -> dict[str, int]:
    """Field -> which of `heads` it is. `named` are those that the settings name.

    Raises SourceBroken, naming `what`, if a needed or a named column is not there.
    """
    known = {clean_line(head, LINE).strip().casefold(): at for at, head in enumerate(heads)}
    found: dict[str, int] = {}
    for field, usual in COLUMNS.items():
        names = (named[field],) if field in named else usual
        at = next((known[name.casefold()] for name in names if name.casefold() in known), None)
        if at is not None:
            found[field] = at
        elif field in named or field in NEEDED:
            shown = "、".join(clean_line(head, 20) for head in heads[:30])
            raise SourceBroken(
                "unreadable",
                Both(f"{what} 没有列 {names[0]}", f"{what} has no column {names[0]}"),
                Both(
                    f"现有：{shown}；在 [orders.columns] 里写明 {field} 是哪一列",
                    f"there are: {shown}; say in [orders.columns] which one {field} is",
                ),
            )
    return found


def normal(key: str) -> str:
    """A customer's key as it is compared: addresses in small letters, phone numbers as digits."""
    key = _unwrapped(key).strip()
    if "@" in key:
        return key.casefold()
    digits = re.sub(r"[\s()（）.+-]", "", key)
    if not (digits.isascii() and digits.isdecimal() and len(digits) >= 7):
        return key
    for prefix in ("0086", "86"):
        rest = digits.removeprefix(prefix)
        if rest != digits and len(rest) == 11 and rest.startswith("1"):
            return rest
    return digits


def orders(
    rows: Iterable[Mapping[str, object]], *, states: Mapping[str, str], currency: str, limit: int
) -> tuple[Order, ...]:
    """The orders in `rows`, newest first, at most `limit`. `states`: the shop's word -> a code."""
    lines: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        no = line(row.get("no"), NUMBER)
        if no:
            lines.setdefault(no, []).append(row)
    found = [_order(no, rows, states, currency) for no, rows in lines.items()]
    found.sort(key=lambda each: (each.placed_at, each.no), reverse=True)
    return tuple(found[:limit])


def _order(
    no: str, rows: list[Mapping[str, object]], states: Mapping[str, str], currency: str
) -> Order:
    def first(field: str, limit: int = LINE) -> str:
        return next(filter(None, (line(row.get(field), limit) for row in rows)), "")

    amount, sign = money(first("amount"))
    sign = sign or money(first("price"))[1]
    items = tuple(filter(None, map(_item, rows[:MOST_ITEMS])))
    state = first("state", 40)
    mapped = {word.casefold(): code for word, code in states.items()}
    return Order(
        no=no,
        placed_at=moment(first("placed_at")),
        state=words.code_of(mapped.get(state.casefold(), state)),
        items=items,
        amount=amount or (_sum(items) if len(items) == len(rows) else ""),
        currency=first("currency", 8).upper() or sign or currency,
        carrier=first("carrier", 40),
        tracking=first("tracking", NUMBER),
        eta=day(first("eta", 40)),
        delivered_at=moment(first("delivered_at")),
    )


def _item(row: Mapping[str, object]) -> Item | None:
    name, price = line(row.get("item"), LINE), line(row.get("price"), 40)
    return Item(name, count(row.get("count")), money(price)[0]) if name else None


def _sum(items: tuple[Item, ...]) -> str:
    """What the items cost, if every price is known."""
    if not items or not all(item.price for item in items):
        return ""
    return _decimal(sum((Decimal(item.price) * item.count for item in items), Decimal(0)))


# --- values --------------------------------------------------------------------------------------


def line(value: object, limit: int) -> str:
    """A value as one clean line; numbers without the .0 that spreadsheets give them."""
    if value is None or isinstance(value, bool | bytes):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return clean_line(_unwrapped(str(value)[: limit * 20]), limit)


def _unwrapped(text: str) -> str:
    wrapped = _WRAPPED.match(text.strip())
    return wrapped[1] if wrapped else text


def count(value: object) -> int:
    """A whole number from 1 up; 1 for what is none."""
    text = line(value, 12).lstrip("x×*").strip()
    return max(1, min(int(text), 1_000_000)) if text.isascii() and text.isdecimal() else 1


def money(text: str) -> tuple[str, str]:
    """(decimal text, currency if a sign tells it) of "¥1,024.00"; empty for what is no amount."""
    currency = next((code for sign, code in _CURRENCIES.items() if sign in text), "")
    numbers = _AMOUNT.findall(text)
    if len(numbers) != 1:
        return "", ""
    try:
        value = Decimal(numbers[0].replace(",", ""))
    except InvalidOperation:
        return "", ""
    return (_decimal(value), currency) if abs(value) < MOST_AMOUNT else ("", "")


def _decimal(value: Decimal) -> str:
    return f"{value:.2f}"


def moment(text: str) -> int:
    """A date, a date with a time (of this machine's zone if it names none), or seconds or
    milliseconds since 1970 -> ms; 0 for anything else."""
    if text.isascii() and text.isdecimal():
        number = int(text[:16])
        at = number if number > 10**11 else number * 1000
        return at if 10**11 <= at < 10**13 else 0
    fit = _MOMENT.match(text)
    if not fit:
        return 0
    year, month, date, hour, minute, second, zone = fit.groups()
    try:
        parts = (int(year), int(month), int(date), int(hour or 0), int(minute or 0))
        plain = datetime.datetime(*parts, int(second or 0))  # noqa: DTZ001 -- its zone is set below
        plain = plain.replace(tzinfo=_zone(zone)) if zone else plain.astimezone()
        return int(plain.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return 0


def _zone(text: str) -> datetime.timezone:
    if text == "Z":
        return datetime.UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    away = datetime.timedelta(hours=hours, minutes=minutes)
    return datetime.timezone(-away if text[0] == "-" else away)


def day(text: str) -> str:
    """An ISO date if `text` begins with a date or is a moment; else the text as it is."""
    fit = _MOMENT.match(text)
    if fit:
        return f"{int(fit[1]):04}-{int(fit[2]):02}-{int(fit[3]):02}"
    at = moment(text)
    if at:
        return datetime.datetime.fromtimestamp(at / 1000).astimezone().date().isoformat()
    return text
