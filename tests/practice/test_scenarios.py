"""The shipped scenarios, and what the loader says of broken ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui.errors import ContentError
from agent_tui.practice import cast
from agent_tui.practice.scenario import Scenario, load, load_all
from agent_tui.practice.script import OTHERWISE, SILENCE, Part, Script
from agent_tui.text import clean, clean_line

SHIPPED = load_all()
MINIMAL = """\
title = "题"
title_en = "title"
name = "甲"
language = "zh"
mood = "calm"
open = ["{product} 呢"]
silence = []

[facts]
product = "杯子"

[[steps]]
id = "bye"
say = ["谢谢"]
ends = true
"""


def test_there_are_many_kinds_of_customers() -> None:
    assert len(SHIPPED) >= 8
    assert sum(each.language == "zh" for each in SHIPPED) >= 4
    assert sum(each.language == "en" for each in SHIPPED) >= 3
    moods = {each.mood for each in SHIPPED}
    assert {"calm", "angry", "worried", "cheerful"} <= moods
    assert len({each.name for each in SHIPPED}) == len(SHIPPED)
    assert any(each.tier == "VIP" for each in SHIPPED)


def test_six_come_at_once_and_the_others_within_minutes() -> None:
    assert sum(each.at <= 2 for each in SHIPPED) == 6
    assert max(each.at for each in SHIPPED) <= 300


@pytest.mark.parametrize("scenario", SHIPPED, ids=lambda each: each.id)
def test_every_line_survives_cleaning(scenario: Scenario) -> None:
    """What a customer says arrives as it was written, also for the varied ones."""
    parts = [cast.as_written(scenario, 1)]
    parts += [part for _, part in _some_look_alikes(scenario, 8)]
    for part in parts:
        script = Script(scenario, part)
        assert clean_line(part.name) == part.name
        beats = ["open", *(step.id for step in scenario.steps)]
        beats += [f"{OTHERWISE}-{i}" for i in range(len(scenario.otherwise))]
        beats += [f"{SILENCE}-{i}" for i in range(len(scenario.silence))]
        for beat in beats:
            assert script.lines(beat)
            for index, line in enumerate(script.lines(beat)):
                assert line.text.strip() and "{" not in line.text
                assert clean(line.text) == line.text
                assert len(f"{beat}/{index}") <= 64


def _some_look_alikes(scenario: Scenario, count: int) -> list[tuple[float, Part]]:
    trickle = cast.trickle([scenario], seed=3)
    return [next(trickle) for _ in range(count)]


def test_the_trickle_is_seeded_varied_and_slow() -> None:
    def first(seed: int, count: int = 40) -> list[tuple[float, Part]]:
        trickle = cast.trickle(SHIPPED, seed)
        return [next(trickle) for _ in range(count)]

    assert first(5) == first(5)
    assert first(5) != first(6)
    assert all(20 <= gap <= 120 for gap, _ in first(5))
    one_round = [part.scenario for _, part in first(5, len(SHIPPED))]
    assert len(set(one_round)) == len(SHIPPED)
    names = [part.name for _, part in first(5)]
    assert len(set(names)) == len(names) == 40, "a shop full of people, no two of one name"
    orders = [part.facts["order"] for _, part in first(5) if "order" in part.facts]
    assert all("#" not in order for order in orders) and len(set(orders)) >= 20


def test_a_scenario_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cups.toml"
    path.write_text(MINIMAL, "utf-8")
    found = load(path)
    assert found.id == "cups"
    script = Script(found, cast.as_written(found, 1))
    assert [line.text for line in script.lines("open")] == ["杯子 呢"]


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('mood = "calm"', 'mood = "sleepy"', "sleepy"),
        ('name = "甲"', 'nmae = "甲"', "nmae"),
        ("{product} 呢", "{price} 呢", "{price}"),
        ("ends = true", "", "ends"),
        ("ends = true", 'ends = true\nafter = ["nothing"]', "nothing"),
        ("ends = true", 'ends = true\nwhen = { asks = "weather" }', "weather"),
        ("[facts]", "[vary]\nsize = ['M']\n[facts]", "size"),
        ('title = "题"', "title = ", "Invalid"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(
    tmp_path: Path, was: str, becomes: str, said: str
) -> None:
    path = tmp_path / "cups.toml"
    assert was in MINIMAL
    path.write_text(MINIMAL.replace(was, becomes), "utf-8")
    with pytest.raises(ContentError) as caught:
        load(path)
    assert "cups.toml" in str(caught.value)
    assert said.casefold() in str(caught.value).casefold()


def test_a_step_twice_and_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ContentError):
        load_all(tmp_path)
    path = tmp_path / "cups.toml"
    path.write_text(MINIMAL + '\n[[steps]]\nid = "bye"\nsay = ["再见"]\n', "utf-8")
    with pytest.raises(ContentError, match="bye"):
        load(path)
