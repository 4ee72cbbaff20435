"""What does not fit its type is said in both languages."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest

from agent_tui import misfits

At_most = Annotated[int, msgspec.Meta(le=9)]
Short = Annotated[str, msgspec.Meta(min_length=2, pattern="^a")]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    until: str = ""


class Sample(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    many: At_most = 0
    short: Short | None = None
    tags: tuple[str, ...] = ()
    when: tuple[Inner, ...] = ()


@pytest.mark.parametrize(
    ("data", "zh"),
    [
        ({}, "缺少 title"),
        ({"title": 3}, "应是文字，写的是整数"),
        ({"title": "t", "many": 10}, "应是整数，<= 9"),
        ({"title": "t", "short": "a"}, "文字的长度应 >= 2"),
        ({"title": "t", "short": "bc"}, "应是文字，形如 '^a'"),
        ({"title": "t", "short": 1}, "应是文字或空，写的是整数"),
        ({"title": "t", "tags": "x"}, "应是列表，写的是文字"),
        ({"title": "t", "tag": "x"}, "没有 tag 这一项"),
    ],
)
def test_said_in_chinese(data: dict[str, object], zh: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(data, Sample)
    said = misfits.explained(str(raised.value))
    assert said.zh == zh
    assert misfits.explained("another day").zh == "another day"


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Choosing(msgspec.Struct):
    one: Literal["", "p", "q"] | None = None
    some: tuple[Colour, ...] = ()
    table: dict[str, Annotated[Colour, msgspec.Meta(description="any")]] = {}
    keyed: dict[Colour, int] = {}
    deep: dict[str, Choosing] = {}


@pytest.mark.parametrize(
    ("data", "said", "place"),
    [
        ({"one": "z"}, "没有 'z' 这个值，可以是 p、q", "one"),
        ({"some": ["red", "z"]}, "没有 'z' 这个值，可以是 red、blue", "some[1]"),
        ({"table": {"a": "red", "b": "z"}}, "没有 'z' 这个值，可以是 red、blue", "table.b"),
        ({"keyed": {"z": 1}}, "没有 'z' 这个值，可以是 red、blue", "keyed"),
        (
            {"deep": {"a": {}, "b": {"deep": {"c": {"one": "p"}, "d": {"one": "z"}}}}},
            "没有 'z' 这个值，可以是 p、q",
            "deep.b.deep.d.one",
        ),
    ],
)
def test_what_may_be_there_and_where(data: dict[str, object], said: str, place: str) -> None:
    def trouble(data: object) -> str:
        try:
            msgspec.convert(data, Choosing)
        except msgspec.ValidationError as error:
            return str(error)
        return ""

    message = trouble(data)
    assert misfits.explained(message, Choosing).zh == said
    found = misfits.whole(misfits.place(message), data, lambda each: trouble(each) == message)
    assert found == place


def test_the_key_that_was_meant() -> None:
    known = set(misfits.keys(Sample))
    assert known == {"title", "many", "short", "tags", "when", "until"}
    assert misfits.nearest("titel", known) == "title"
    assert misfits.nearest("zzz", known) == ""
    assert misfits.unknown("Object contains unknown field `titel` - at `$.a`") == "titel"
    assert misfits.unknown("Expected `int`, got `str`") == ""
