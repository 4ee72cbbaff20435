"""Telephone, identity and bank card numbers, also spelled with spaces, dashes or Chinese digits."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from agent_tui.desk.guarding.folding import DIGITS, Folded

_D = "0-9" + "".join(DIGITS)
_RUN = re.compile(rf"[{_D}](?:[ \-._·/*~—–,，、|\n]{{0,3}}[{_D}x])+")
_GROUP = re.compile(rf"[{_D}x]+")
_AS_DIGIT = str.maketrans(DIGITS)
_USUAL = ((3, 4, 4), (3, 8), (7, 4), (4, 4, 4, 4), (4, 4, 4, 4, 3), (6, 8, 4))
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LETTERS = "10x98765432"
_MOST_GROUPS = 40
_LEAST = 11
# Beginnings of bank cards, and how many digits those have.
_CARDS = re.compile(
    r"62\d{14,17}|4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|35\d{14}|3[47]\d{13}|9558\d{15}|60\d{14,17}"
)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_PLACES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
_ORDER_WORDS = re.compile(
    r"(?:订单|单号|运单|快递|物流|编号|流水|order|tracking|parcel)[^,。!?\n]{0,8}$"
)


class NumberKind(StrEnum):
    """Whose number it looks like."""

    MOBILE = "mobile"
    IDENTITY = "identity"
    CARD = "card"


class Number(NamedTuple):
    """A number, its digits, and where it stands."""

    kind: NumberKind
    digits: str
    start: int
    end: int


def find(folded: Folded) -> Iterator[Number]:
    """Every such number in a text."""
    for run in _RUN.finditer(folded.plain):
        if run.end() - run.start() >= _LEAST:
            yield from _in_run(folded, run)


def _in_run(folded: Folded, run: re.Match[str]) -> Iterator[Number]:
    groups = list(_GROUP.finditer(folded.plain, run.start(), run.end()))[:_MOST_GROUPS]
    taken = -1
    for first, begin in enumerate(groups):
        if begin.start() < taken:
            continue
        digits = ""
        for last in range(first, len(groups)):
            digits += groups[last][0].translate(_AS_DIGIT)
            if len(digits) > 19:
                break
            kind = _kind(digits) if len(digits) >= _LEAST else None
            if kind is None or not _fits(folded.plain, groups[first : last + 1]):
                continue
            if kind is NumberKind.CARD and _ORDER_WORDS.search(folded.plain[: begin.start()]):
                continue
            taken = groups[last].end()
            yield Number(kind, digits, *folded.in_plain(begin.start(), taken))
            break


def _fits(plain: str, groups: list[re.Match[str]]) -> bool:
    """Whether pieces are one number: cut as people do, or all by the same sign."""
    if len(groups) == 1 or tuple(len(group[0]) for group in groups) in _USUAL:
        return True
    between = {plain[a.end() : b.start()] for a, b in itertools.pairwise(groups)}
    return len(between) == 1


def _kind(digits: str) -> NumberKind | None:
    if len(digits) == 11 and _MOBILE.fullmatch(digits):
        return NumberKind.MOBILE
    if len(digits) == 18 and is_identity(digits):
        return NumberKind.IDENTITY
    if _CARDS.fullmatch(digits) and luhn(digits):
        return NumberKind.CARD
    return None


def is_identity(digits: str) -> bool:
    """Whether 18 signs are a Chinese identity number: place, date and check sign (GB 11643)."""
    if not digits[:17].isascii() or not digits[:17].isdigit() or not _PLACES.match(digits):
        return False
    year, month, day = int(digits[6:10]), int(digits[10:12]), int(digits[12:14])
    if not (1900 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return digits[17] == _LETTERS[total % 11]


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of a card number (ISO/IEC 7812)."""
    if not digits.isdigit():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
