"""What does not fit its type, in both languages: msgspec says it in English only."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args

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
_UNKNOWN = re.compile(r"unknown field `(.+?)`")


def explained(message: str) -> Both:
    """msgspec's `message`, without the place, in both languages."""
    for pattern, words in _SAID:
        found = pattern.search(message)
        if found:
            return Both(words.format(*map(_named, found.groups())), message)
    return Both(message, message)


def unknown(message: str) -> str:
    """The key that msgspec's `message` does not know, if that is what it says."""
    found = _UNKNOWN.search(message)
    return found.group(1) if found else ""


def nearest(key: str, known: Iterable[str]) -> str:
    """What was probably meant by `key`; empty if nothing is near."""
    return next(iter(difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)), "")


def keys(kind: Any) -> Iterator[str]:
    """Every key that may be written in a struct type, also in the structs within it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield field.encode_name
            yield from keys(field.type)
    for part in get_args(kind):
        yield from keys(part)


def _named(words: str) -> str:
    """`int | null` as 整数或空; what is no type stays."""
    parts = words.split(" | ")
    return "或".join(_TYPES.get(part, part) for part in parts)
