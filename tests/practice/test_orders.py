"""What scripted customers bought fits what they say, and reaches the agent as a shop's would."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from agent_tui.orders.source import open_source
from agent_tui.practice import cast, orders
from agent_tui.practice.orders import Books, moment
from agent_tui.practice.scenario import Scenario, load_all
from agent_tui.practice.script import Script
from agent_tui.settings.server import Orders
from tests.factories import DAY, NOW
from tests.practice.play import LONG, eventually, hosting

SCENARIOS = {each.id: each for each in load_all()}
NUMBER = re.compile(r"(?<!\d)22[23]\d{9}(?!\d)")  # of an order, as customers write it
UNNUMBERED = {"are_you_there", "size_advice"}  # they ask about no order, or do not say which


def told(scenario: Scenario, seed: int) -> tuple[str, list[tuple[str | int, ...]]]:
    """Everything that a customer may say, and what the books have of them."""
    part = next(p for _, p in cast.trickle((scenario,), seed)) if seed else None
    part = part or cast.as_written(scenario, seed)
    script = Script(scenario, part)
    beats = ("open", *(step.id for step in scenario.steps))
    said = "\n".join(line.text for beat in beats for line in script.lines(beat))
    return said, list(orders.lines(scenario, part, "v1", NOW))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_the_numbers_that_customers_give_are_in_the_books(name: str, seed: int) -> None:
    scenario = SCENARIOS[name]
    said, rows = told(scenario, seed)
    assert rows == told(scenario, seed)[1], "the same part bought the same things"
    given = set(NUMBER.findall(said))
    assert given <= {row[1] for row in rows}
    assert bool(given) == (name not in UNNUMBERED)
    assert all(0 < int(row[2]) <= NOW and row[4] for row in rows)
    assert "#" not in str(rows) and "{" not in str(rows)


def test_the_broken_glasses_arrived_yesterday() -> None:
    _, (glass, *_) = told(SCENARIOS["broken_glass"], 0)
    assert glass[4] == "竹节玻璃杯（四只装）" and glass[3] == "delivered"
    assert NOW - 2 * DAY < int(glass[-1]) < NOW


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("10m", 600_000, 600_000),
        ("3d", 3 * DAY, 3 * DAY),
        ("3d 00:00", 3 * DAY, 4 * DAY),
        ("Sunday 20:14", 0, 8 * DAY),
        ("the weekend 20:14", 0, 8 * DAY),
    ],
)
def test_moments(text: str, least: int, most: int) -> None:
    assert least <= NOW - moment(text, NOW) <= most


def test_the_books_are_a_source(tmp_path: Path) -> None:
    scenario = SCENARIOS["broken_glass"]
    books = Books(tmp_path, lambda: NOW)
    books.sell(scenario, cast.as_written(scenario, 7), "v1")
    source = open_source(Orders(source=f"sqlite:{tmp_path / orders.FILE}", by=("id",)))
    assert source is not None
    last, before = source.find("v1")
    assert (last.no, last.amount, last.state) == ("223104588921", "58.00", "delivered")
    assert [item.count for item in before.items] == [1, 2] and before.amount == "407.00"
    assert source.find("v2") == ()
    source.close()


def test_the_books_stay_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "KEPT", 3)
    for number in range(9):
        scenario = SCENARIOS["broken_glass"]
        Books(tmp_path, lambda: NOW).sell(scenario, cast.as_written(scenario, 7), f"v{number}")
    with sqlite3.connect(tmp_path / orders.FILE) as db:
        (count,) = db.execute("SELECT count(*) FROM orders").fetchone()
    db.close()
    assert count <= 6


def test_a_demo_knows_its_customers_orders(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    (root / "server").mkdir()
    (root / "server" / "config.toml").touch()  # as earlier versions made it
    with hosting(root, "--kind=demo", "--seed=7", "--pace=0.02") as host:
        assert eventually(lambda: "王女士" in host.snapshot(), LONG)
        key = host.snapshot()["王女士"]["state"]["id"]
        answer = host.http.get(f"/v1/conversations/{key}/orders").json()
        assert answer["orders"][0]["no"] == "223104588921"
        host.stop()
