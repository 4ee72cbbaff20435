"""What may be written next in a filter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from agent_tui.domain.filter_keys import BY_NAME, COMPARED, KEYS, Choice, Key, Takes, fold
from agent_tui.domain.filter_syntax import PLAIN, Value, written
from agent_tui.lang import Both

LENGTHS = ("1m", "3m", "5m", "15m", "30m", "1h", "1d")
_NUMBERS = ("0", "1", "3", "10")
_NAME = r'[^\s"():<>=≥≤]*'
_PLACE = re.compile(
    rf"""(?:^|(?<=[\s()"]))-*
    (?P<name>{_NAME})
    (?:(?P<sign>>=|<=|[:<>=≥≤])(?P<before>(?:(?:"[^"]*"|[^\s"(),]*),)*)(?P<part>"[^"]*|[^\s"(),]*))?\Z
    """,
    re.VERBOSE,
)
_REST = re.compile(r'[^\s"(),:<>=≥≤]*')


class Completion(msgspec.Struct, frozen=True):
    """What may stand from `start` to `end` (characters) instead, and how it is shown in a list."""

    start: int
    end: int
    insert: str
    shown: Both


def complete(
    text: str, caret: int, values: Mapping[str, Sequence[tuple[str, str]]]
) -> list[Completion]:
    """What may be meant at `caret` (characters from the left), in the order in which it is offered.

    `values` are those that the caller knows, by key: what is written, and a label. Behind a key's
    colon its values are offered, else keys and flags. Never raises.
    """
    caret = max(0, min(caret, len(text)))
    plain = text.translate(PLAIN)
    place = _place(plain[:caret])
    if place is None:
        return []
    key = BY_NAME.get(fold(place["name"]))
    part = place["part"] if place["sign"] else place["name"]
    start = caret - len(part)
    rest = _REST.match(plain, caret)
    end = rest.end() if rest else caret
    if part.startswith('"'):
        end += plain.startswith('"', end)
    elif not place["sign"] and plain[end : end + 1] in tuple(":<>=≥≤"):
        end += 1  # the operator of a key that is written anew
    begun = fold(part.removeprefix('"'))
    if place["sign"] is None:
        return [Completion(start, end, insert, shown) for insert, shown in _keys(begun)]
    if key is None or place["sign"] not in (*key.operators, "≥", "≤"):
        return []
    used = {fold(each.strip('"')) for each in place["before"].split(",")}
    return [
        Completion(start, end, insert, shown)
        for insert, shown in _values(key, values.get(key.name, ()), begun)
        if fold(insert.strip('"')) not in used
    ]


def _place(left: str) -> re.Match[str] | None:
    """What is being written at the end of `left`; None within the quotes of a word."""
    # Far back there is nothing that matters, but for whether a quote is open.
    tail = left[-400:]
    place = _PLACE.search(tail)
    if place is None:
        return None
    within = left.count('"') % 2 == 1
    return place if within == bool(place["part"] and place["part"].startswith('"')) else None


def _keys(begun: str) -> Iterator[tuple[str, Both]]:
    for key in KEYS:
        name = next((each for each in key.names if fold(each).startswith(begun)), None)
        if name is None:
            continue
        shown = Both(f"{name}  {key.doc.zh}", f"{name}  {key.doc.en}")
        if key.alone:
            yield name, shown
        if key.takes is not Takes.NOTHING:
            yield f"{name}{'>' if key.takes in COMPARED else ':'}", shown


def _values(key: Key, told: Sequence[tuple[str, str]], begun: str) -> Iterator[tuple[str, Both]]:
    if key.takes in COMPARED:
        amounts = LENGTHS if key.takes is Takes.AGE else _NUMBERS
        yield from ((each, Both(each, each)) for each in amounts if each.startswith(begun))
        return
    for choice in key.choices:
        if any(each.startswith(begun) for each in (*choice.spellings, fold(choice.shown.en))):
            yield choice.value, _labelled(choice)
    for value, label in told:
        if not value or '"' in value.translate(PLAIN):
            continue  # it cannot be written
        if any(fold(each).startswith(begun) for each in (value, label, *label.split("/"))):
            # What reads as a word of the language is told from it by quotes.
            name = Value(value, quoted=any(fold(value) in each.spellings for each in key.choices))
            yield written(name), Both(*(f"{value}  {label}" if label != value else value,) * 2)


def _labelled(choice: Choice) -> Both:
    value, shown = choice.value, choice.shown
    return Both(*(each if each == value else f"{value}  {each}" for each in (shown.zh, shown.en)))
