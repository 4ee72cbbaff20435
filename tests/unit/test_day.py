"""A small day through the real rules is as it should be, and its judge finds every seeded bug."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def playing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The bench's package, which is none of the project's."""
    monkeypatch.syspath_prepend(str(BENCH))
    import playing.day

    yield playing.day
    for name in [name for name in sys.modules if name.split(".")[0] == "playing"]:
        del sys.modules[name]


def small(playing: Any, agents: int = 12) -> Any:
    """Few agents, who have more to do at noon than they can."""
    found = playing.read(BENCH / "days" / "double-peak.toml")
    people = replace(found.agents, number=agents)
    return replace(found, conversations=50 * agents, agents=people, arrivals=(1, 6, 6, 1, 1))


def judged(playing: Any, fault: str = "", agents: int = 12) -> Any:
    return playing.play_and_judge(small(playing, agents), seed=3, fault=fault)


def test_a_day_is_as_it_should_be(playing: Any) -> None:
    found = judged(playing)
    assert found.verdict.findings == []
    checked = found.verdict.checked
    for what in (
        "chats left waiting after a round",
        "chats given to an agent",
        "breaches of first_reply",
        "warnings of next_reply",
        "breaches of solution",
        "exceptions: it came back from this one",
    ):
        assert checked[what] > 0, what


def test_the_same_seed_gives_the_same_log(playing: Any) -> None:
    first, again = judged(playing), judged(playing)
    assert first.house.log.digest() == again.house.log.digest()
    other = playing.play_and_judge(small(playing), seed=9)
    assert other.house.log.digest() != first.house.log.digest()


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ("Lifo", "out of order"),
        ("OneTooMany", "over capacity"),
        ("OneTooFew", "unassigned"),
        ("Mixed", "not theirs"),
        ("Forgetful", "lost"),
        ("Lost", "lost"),
        ("Dropped", "clock missed"),
        ("Doubled", "clock twice"),
        ("TooEarly", "clock not due"),
    ],
)
def test_a_seeded_bug_is_found(playing: Any, fault: str, finding: str) -> None:
    assert judged(playing, agents=4).verdict.findings == []
    assert judged(playing, fault, agents=4).verdict.wrong[finding] > 0


def test_a_real_server_plays_it_too(playing: Any) -> None:
    from playing.real import play_for_real

    model = small(playing)
    few = replace(model, conversations=25, agents=replace(model.agents, number=2), arrivals=(1,))
    found = play_for_real(few, 1, postgresql=False)
    assert found.verdict.findings == []
    assert found.verdict.checked["chats left waiting after a round"] > 0
    assert found.verdict.checked["chats given to an agent"] >= 25


def test_chance_is_the_chats_own(playing: Any) -> None:
    model = small(playing)
    few, many = (playing.visits(model, 1, number) for number in (50, 100))
    assert set(few) <= set(many)
