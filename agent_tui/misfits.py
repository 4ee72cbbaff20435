"""What does not fit its type, in both languages: msgspec says it in English only."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from agent_tui.lang import Both

_TYPES = {
    "int": "整数",
    "float": "数",
    "str": "文字",
    "bool": "true 或 false",
    "array": "列表",
    "object": "表",
    "date": "日期",
    "null": "空",
}
_SAID = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Object contains unknown field `(.+?)`", "没有 {} 这一项"),
        (r"Object missing required field `(.+?)`", "缺少 {}"),
        (r"Expected `(.+?)`, got `(.+?)`", "应是{}，写的是{}"),
        (r"Expected `(.+?)` of length (\S+ \d+)", "{}的长度应 {}"),
        (r"Expected `(.+?)` ([<>]=? \S+)", "应是{}，{}"),
        (r"Expected `(.+?)` matching regex (.+)", "应是{}，形如 {}"),
        (r"Invalid enum value (.+)", "没有 {} 这个值"),
    )
)
_PLACE = re.compile(r"at `(?:key` in `)?\$\.?([^`]*)`")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_ANY = "[...]"  # what msgspec says instead of a table's key
_UNKNOWN = re.compile(r"unknown field `(.+?)`")


def explained(message: str, kind: Any = None) -> Both:
    """msgspec's `message`, without the place, in both languages; and what could be there instead,
    where one of a few is meant and `kind` is what was read."""
    what = message.partition(" - at `")[0]
    for pattern, words in _SAID:
        found = pattern.search(what)
        if found:
            values = allowed(kind, place(message)) if what.startswith("Invalid enum") else []
            zh, en = words.format(*map(_named, found.groups())), what
            if values:
                zh, en = (
                    f"{zh}，可以是 {'、'.join(values)}",
                    f"{en}: it is one of {', '.join(values)}",
                )
            return Both(zh, en)
    return Both(what, what)


def place(message: str) -> str:
    """Where it is that msgspec's `message` speaks of, as "routing.teams[...].assign"; or empty."""
    found = _PLACE.search(message)
    return found[1] if found else ""


def whole(place: str, data: Any, fails: Callable[[Any], bool]) -> str:
    """`place`, with the keys that msgspec does not say. `fails` tells whether `data`, of which only
    one key is left in such a table, still does not fit."""
    head, gap, rest = place.partition(_ANY)
    if not gap:
        return place
    steps = [name or int(number) for name, number in _STEP.findall(head)]
    table = data
    for step in steps:
        table = table[step]
    for key in table:
        one = _only(data, steps, key)
        if fails(one):
            return whole(f"{head}.{key}{rest}", one, fails)
    return place


def _only(data: Any, steps: Sequence[str | int], key: str) -> Any:
    if not steps:
        return {key: data[key]}
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[steps[0]] = _only(data[steps[0]], steps[1:], key)
    return copy


def allowed(kind: Any, place: str) -> list[str]:
    """The values that may stand at `place` of a `kind`; none where they are not numbered. Those of
    an empty text are left out: that is what stands there by itself."""
    found: dict[str, None] = {}
    for each in _at(kind, place):
        if get_origin(each) is Literal:
            found |= dict.fromkeys(str(value) for value in get_args(each) if value)
        elif isinstance(each, type) and issubclass(each, Enum):
            found |= dict.fromkeys(str(one.value) for one in each)
    return list(found)


def fields(kind: Any, place: str) -> list[str]:
    """The keys that may stand in the table at `place` (as msgspec says it) of a `kind`."""
    tables = (each for each in _at(kind, place) if _is_struct(each))
    return [field.encode_name for each in tables for field in msgspec.structs.fields(each)]


def _at(kind: Any, place: str) -> list[Any]:
    """What may stand at `place`, and what that is made of."""
    found = list(_parts(kind))
    for name, _ in _STEP.findall(place):
        if name:  # a list's number, or a table's key, leads to nothing that is not there already
            found = [
                part
                for each in found
                if _is_struct(each)
                for field in msgspec.structs.fields(each)
                if field.encode_name == name
                for part in _parts(get_type_hints(each, include_extras=True)[field.name])
            ]
    return found


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _parts(kind: Any) -> Iterator[Any]:
    """A type, and every type that it is made of, down to structs."""
    yield kind
    if get_origin(kind) is not Literal:
        for part in get_args(kind):
            yield from _parts(part)


def unknown(message: str) -> str:
    """The key that msgspec's `message` does not know, if that is what it says."""
    found = _UNKNOWN.search(message)
    return found.group(1) if found else ""


def nearest(key: str, known: Iterable[str]) -> str:
    """What was probably meant by `key`; empty if nothing is near."""
    return next(iter(difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)), "")


def keys(kind: Any) -> Iterator[str]:
    """Every key that may be written in a struct type, also in the structs within it."""
    if _is_struct(kind):
        for field in msgspec.structs.fields(kind):
            yield field.encode_name
            yield from keys(field.type)
    for part in get_args(kind):
        yield from keys(part)


def _named(words: str) -> str:
    """`int | null` as 整数或空; what is no type stays."""
    parts = words.split(" | ")
    return "或".join(_TYPES.get(part, part) for part in parts)
