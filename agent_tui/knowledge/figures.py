"""Figures in answers: what is promised in days, hours or yuan, and who pays; to compare answers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

import msgspec

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "半": 0.5,
}
# Longer words first: 个工作日 is not a 日. Each kind is compared with itself only.
_UNITS = {
    "working day": r"个?工作[日天]|(?:working|business) days?",
    "month": r"个月|months?",
    "week": r"个?(?:周|星期)(?![一二三四五六日天])|weeks?",
    "hour": r"个?(?:小时|钟头)|hours?|hrs?",
    "minute": r"分钟|minutes?|mins?",
    "day": r"[天日](?!元)|days?",
    "year": r"年(?!\d)|years?",
    "%": r"%|percent",
    "yuan": r"元|块钱|yuan|rmb|cny",
    "kg": r"公斤|千克|kg",
}
_NUMBER = r"(?:\d+(?:\.\d+)?|[零一二两三四五六七八九十百半]+)"
_FIGURE = re.compile(
    rf"(?<![\d.a-z第这那前每])(?P<low>{_NUMBER})(?:\s*(?:[-–—~至到]|to)\s*(?P<high>{_NUMBER}))?[\s-]*"
    rf"(?:{'|'.join(f'(?P<u{at}>{words})' for at, words in enumerate(_UNITS.values()))})"
    r"(?![a-z])"
)
# 11 月 2 日 and the like are dates, not spans.
_DATE = re.compile(r"(?:\d{4}\s*年\s*)?\d{1,2}\s*月\s*\d{1,2}\s*[日号]|\d{4}\s*年|[一二三]月")
_SHOP, _BUYER = "shop", "buyer"
_BEAR = "(?:承担|支付|负担|出|付(?!款))"
_BORNE = "(?:paid|borne|covered) by"
_PAYERS = {
    _SHOP: re.compile(
        rf"由?(?:本?店铺?|商家|卖家|我们|我方)(?:来|全额|全部)?{_BEAR}"
        rf"|{_BORNE} (?:us|the (?:shop|seller|store|merchant))|at our (?:cost|expense)"
    ),
    _BUYER: re.compile(
        rf"由?(?:买家|顾客|客户|消费者|用户|您)(?:自行|自己|来|全额)?{_BEAR}"
        rf"|{_BORNE} (?:you|the (?:buyer|customer))"
        r"|at (?:your|the buyer's) (?:own )?(?:cost|expense)"
    ),
}


class Figure(msgspec.Struct, frozen=True):
    """A figure as it stands in a text, and the 1-based line on which it stands."""

    value: str
    said: str
    line: int


Figures = Mapping[str, Mapping[str, Figure]]  # by unit, then by value


def figures(text: str) -> Figures:
    """The figures in `text`, each where it stands first; `payer` is a unit of its own."""
    found: dict[str, dict[str, Figure]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        plain = _DATE.sub(lambda date: " " * len(date.group()), _folded(line))
        for unit, value, said in (*_spans(plain), *_payers(plain)):
            found.setdefault(unit, {}).setdefault(value, Figure(value, said, number))
    return found


def conflict(ours: Figures, theirs: Figures) -> tuple[Figure, Figure] | None:
    """A figure of each that the other lacks, of the same unit; None if the two may both be right.

    One that only says more than the other does not contradict it.
    """
    for unit in sorted(ours.keys() & theirs.keys()):
        here = [figure for value, figure in ours[unit].items() if value not in theirs[unit]]
        there = [figure for value, figure in theirs[unit].items() if value not in ours[unit]]
        if here and there:
            return here[0], there[0]
    return None


def _folded(line: str) -> str:
    """Half-width and lower case, character for character."""
    return "".join(_narrow(char) for char in line)


def _narrow(char: str) -> str:
    if char.isascii():
        return char.lower()
    narrow = unicodedata.normalize("NFKC", char)
    return narrow.lower() if len(narrow) == 1 else char


def _spans(line: str) -> Iterator[tuple[str, str, str]]:
    for match in _FIGURE.finditer(line):
        unit = next(name for at, name in enumerate(_UNITS) if match[f"u{at}"])
        low, high = _value(match["low"]), _value(match["high"] or "")
        if low is not None:
            value = f"{low:g}" if high is None else f"{low:g}-{high:g}"
            yield unit, value, match.group().strip()


def _payers(line: str) -> Iterator[tuple[str, str, str]]:
    for payer, pattern in _PAYERS.items():
        match = pattern.search(line)
        if match:
            yield "payer", payer, match.group()


def _value(number: str) -> float | None:
    """The value of digits or of Chinese numerals below 1,000; None for what is neither."""
    if not number:
        return None
    if number[0].isascii():
        return float(number)
    total, last = 0.0, 0.0
    for char in number:
        if char in "十百":
            total += (last or 1) * (10 if char == "十" else 100)
            last = 0
        elif last:
            return None  # 七八天: about so many
        else:
            last = _DIGITS[char]
    return total + last
