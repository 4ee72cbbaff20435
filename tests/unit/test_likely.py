"""What is offered to chats of several messages, judged by hand (judged_chats.toml).

Hit@3 at the end of each chat: 1 of 40 when only the last message was asked, 40 of 40 now.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent_tui import paths
from agent_tui.desk.entries import of_article, of_macro
from agent_tui.desk.likely import Asked, Search, answers
from agent_tui.desk.messages import FIRST, LAST
from agent_tui.domain.ids import ConversationId
from agent_tui.knowledge import articles
from agent_tui.knowledge.entry import Context
from agent_tui.knowledge.index import SearchIndex
from agent_tui.macros import library
from tests.factories import replied, wrote
from tests.tui.driver import World

CHATS: Sequence[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("judged_chats.toml").read_text("utf-8")
)["chat"]
AT_END, ON_THE_WAY, BOTH = 0.95, 0.95, 0.75  # shares that must be reached
KEY = ConversationId("c1")


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    root = paths.shipped()
    found = [of_article(each) for each in articles.load(root / "kb")[0]]
    macros = [of_macro(each) for each in library.load(root / "macros")[0]]
    return SearchIndex.build([*found, *macros])


def test_what_was_judged_right_is_there(index: SearchIndex) -> None:
    known = {entry.id for entry in index}
    assert all(right in known for chat in CHATS for right in chat["right"])


@pytest.fixture(scope="module")
def offered(index: SearchIndex) -> Callable[..., list[str]]:
    """The first three for a chat's messages, without language."""

    def search(language: str) -> Search:
        context = Context(language=language)
        return partial(
            index.search, limit=12, where=lambda entry: not entry.internal, context=context
        )

    def offered(*says: str, opened: Sequence[str] = (), language: str = "zh") -> list[str]:
        hits = answers(search(language), Asked(says, tuple(opened)))[:3]
        return [hit.entry.id.removesuffix(".en") for hit in hits]

    return offered


def language_of(chat: dict[str, Any]) -> str:
    return str(chat.get("language", "zh"))


def fits(chat: dict[str, Any], offered: Sequence[str]) -> bool:
    return not set(chat["right"]).isdisjoint(offered)


def share(judged: Sequence[bool]) -> float:
    return sum(judged) / len(judged)


def test_the_right_answer_stays_among_three_whatever_is_said_while_waiting(
    offered: Callable[..., list[str]],
) -> None:
    at_end = [fits(chat, offered(*chat["says"], language=language_of(chat))) for chat in CHATS]
    on_the_way = [
        fits(chat, offered(*chat["says"][:count], language=language_of(chat)))
        for chat in CHATS
        for count in range(3, len(chat["says"]) + 1)
    ]
    assert share(at_end) >= AT_END and share(on_the_way) >= ON_THE_WAY


def test_a_second_question_stands_beside_the_first(offered: Callable[..., list[str]]) -> None:
    pairs = [
        (one, other)
        for one, other in pairwise(sorted(CHATS, key=language_of))
        if language_of(one) == language_of(other) and set(one["right"]).isdisjoint(other["right"])
    ]
    judged = [
        fits(one, found) and fits(other, found)
        for one, other in pairs
        for found in [offered(*one["says"][:4], *other["says"][:3], language=language_of(one))]
    ]
    assert share(judged) >= BOTH


def test_where_little_is_said_since_the_reply_the_opening_counts(
    offered: Callable[..., list[str]],
) -> None:
    opened = ("运费谁出", "收到的杯子碎了，怎么退？")
    assert "quality/broken-on-arrival" in offered("好的", opened=opened)
    assert "quality/broken-on-arrival" not in offered("对了，能开专票吗，公司采购", opened=opened)


@pytest.mark.parametrize("says", ["唉", "不急，您先忙。", "气死", "Unbelievable."])
def test_a_sigh_is_answered_by_nothing(says: str, offered: Callable[..., list[str]]) -> None:
    assert not offered(says, language="en" if says.isascii() else "zh")


# --- what a customer wants -----------------------------------------------------------------------


def test_what_is_asked_is_what_was_written_since_the_reply(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.chat("c1", "王女士", "你好", "杯子碎了\n\n怎么退", "在吗？ 有人吗")
    asked = Asked(("杯子碎了", "怎么退"))
    desk = world.desk()
    assert desk.messages.asked(KEY) == asked and not desk.messages.answered(KEY)
    desk.refresh(world.feed([("c1", replied())]))
    assert desk.messages.asked(KEY) == asked and desk.messages.answered(KEY)
    desk.refresh(world.feed([("c1", wrote("m8", "好的"))]))
    assert desk.messages.asked(KEY) == Asked(("好的",), asked.now)
    assert not desk.messages.answered(KEY)


def test_of_many_lines_the_first_and_the_last_are_asked(tmp_path: Path) -> None:
    world = World(tmp_path)
    lines = [f"第{number}件事" for number in range(40)]
    world.chat("c1", "王女士", *lines)
    found = world.desk().messages.asked(KEY).now
    assert list(found) == lines[:FIRST] + lines[-LAST:]
