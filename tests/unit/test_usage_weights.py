"""What is used often and lately comes first, one's own use before colleagues'."""

from __future__ import annotations

from collections.abc import Mapping

from agent_tui.knowledge import usage
from agent_tui.knowledge.entry import Context, Entry, Kind
from agent_tui.knowledge.index import SearchIndex
from agent_tui.store.usage import Use

NOW = 1_800_000_000_000
DAY = usage.DAY_MS


def weights(*uses: Use) -> Mapping[tuple[Kind, str], float]:
    return usage.weights(uses, "me", NOW)


def test_own_recent_and_frequent_use_weighs_more() -> None:
    found = weights(
        Use("article:mine", "me", 5, NOW),
        Use("article:theirs", "bo", 5, NOW),
        Use("article:old", "me", 5, NOW - 60 * DAY),
        Use("macro:often", "me", 50, NOW),
        Use("page:unknown", "me", 5, NOW),
        Use("nothing", "me", 5, NOW),
    )
    assert sorted(found, key=lambda key: -found[key]) == [
        ("macro", "often"),
        ("article", "mine"),
        ("article", "theirs"),
        ("article", "old"),
    ]
    assert all(0 < weight < 1 for weight in found.values())


def test_a_clock_that_went_back_does_no_harm() -> None:
    assert weights(Use("article:a", "me", 1, NOW + DAY)) == weights(Use("article:a", "me", 1, NOW))


def test_the_used_one_of_two_that_fit_alike_comes_first() -> None:
    index = SearchIndex.build(Entry("article", key, "退货说明") for key in "abc")
    uses = weights(Use(usage.source("article", "c"), "bo", 3, NOW))
    assert index.search("退货", context=Context(uses=uses))[0].entry.id == "c"
