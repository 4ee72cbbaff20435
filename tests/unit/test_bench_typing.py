"""What counts the keys must itself be right: the model, the shortest way, and no look ahead."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(autouse=True)
def bench_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Hi you.", 7),
        ("您好", 7),
        ("退款，已办。", 16),
        ("好👨‍👩‍👧\n", 6),
        ("OK订单", 2 + 8),
        ("", 0),
    ],
)
def test_keys_by_hand(text: str, count: int) -> None:
    """您好: ninhao and a key that commits it; an emoji and a new line are a key each."""
    from writing.keys import by_hand

    assert by_hand(text) == count


def offers(known: str) -> object:
    """Grey text from one known text that must begin as what was written."""

    def ways(before: str) -> Sequence[str]:
        return [known[len(before) :]] if before and known.startswith(before) else []

    return ways


@pytest.mark.parametrize(
    ("known", "keys", "how"),
    [
        ("We are sorry, but no.", 2, "all"),  # W, Tab
        ("We are sorry, but nXXX", 2 + 1 + 3, "clause"),  # W, Ctrl+right, a word, three typed
        ("We are sorry, but no", 2 + 1, "all"),
        ("We are sorry, and so on.", 2 + 7, "clause"),  # W, Ctrl+right, and the rest is typed
        ("We have", 2 + 1 + 18, "word"),
        ("nothing alike", 21, "typed"),
    ],
)
def test_the_shortest_way(known: str, keys: int, how: str) -> None:
    from writing.agent import write

    text = "We are sorry, but no."
    written = write(text, offers(known))  # type: ignore[arg-type]
    assert written.by_hand == 21
    assert written.keys <= keys and (written.keys == keys or how == "word")
    assert how == "word" or written.ways[how]
    assert sum(written.came.values()) == len(text)
    assert sum(written.ways.values()) == written.keys


def test_the_engine_is_never_shown_what_is_still_to_come() -> None:
    from writing.agent import write

    asked: list[str] = []

    def spy(before: str) -> Sequence[str]:
        asked.append(before)
        return ["zz"]

    text = "您好，订单已发"
    write(text, spy)
    assert asked and all(text.startswith(before) and len(before) < len(text) for before in asked)


def test_another_offer_costs_the_keys_that_lead_to_it() -> None:
    from writing.agent import write

    def three(before: str) -> Sequence[str]:
        return [] if before else ["one", "two", "sixteen"]

    assert write("sixteen", three).keys == 3
    assert write("one", three).keys == 1


def test_values_are_new_each_time_and_reach_the_index_only_after(tmp_path: Path) -> None:
    from writing.replies import read
    from writing.shop import Shop

    path = tmp_path / "scripts.jsonl"
    row = {
        "reply": "青瓷编号[产品名称]今天发出。",
        "lang": "zh",
        "title": "发货",
        "file": "shop.md",
    }
    path.write_text(json.dumps(row), "utf-8")
    (one,), (other,) = list(read([path], 1)), list(read([path], 2))
    assert one.template == other.template and one.text != other.text and "[" not in one.text
    shop = Shop(0.15)
    assert not shop.offers("青瓷编号", "zh")
    shop.learn(one)
    assert shop.offers("青瓷编号", "zh") == [one.text.removeprefix("青瓷编号")]
    library = Shop(0.15, [one])
    assert not library.offers("青瓷编号", "zh")  # a slot: nobody knows
    assert library.offers("今天发", "zh") == ["出。"]
    jump = library.by_search(other)
    assert jump is not None and jump[0] == other.text and jump[1] > 4
