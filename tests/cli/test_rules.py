"""`rules test`, `rules explain` and `rules list`."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_tui import paths
from tests.cli.conftest import Cli

RULES = """\
[[rules]]
name = "refund"
any = ["退款", "refund"]
type = "refund"
team = "refunds"
examples = [
  { text = "我要退款", type = "refund", team = "refunds" },
  { text = "hello", type = "refund" },
]

[[rules]]
name = "vip"
customer_tags = ["VIP"]
any = ["refund", "parcel"]
type = "delivery"
priority = "high"
tags = ["hot"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A config.toml with two rules and an example that fails."""
    path = tmp_path / "config.toml"
    path.write_text(RULES, "utf-8")
    return path


def test_what_is_shipped_passes(cli: Cli) -> None:
    done = cli("rules", "test")
    assert (done.code, done.out) == (0, "")
    assert ", 0 failed" in done.err


def test_a_failing_example_is_named(cli: Cli, file: Path) -> None:
    done = cli("rules", "test", str(file))
    assert done.code == 1
    assert done.out == f"{file}:8: 'hello' should give refund, gave nothing\n"
    assert "2 rules, 2 examples, 1 failed" in done.err
    found = cli("rules", "test", str(file.parent), "--json")
    assert found.code == 1
    assert found.json()["failures"] == [
        {"line": 8, "rule": "refund", "text": "hello", "expected": "refund", "got": ""}
    ]


def test_the_servers_own_file_comes_first(
    cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(paths, "data_home", lambda: tmp_path)
    (tmp_path / "server").mkdir()
    file.rename(tmp_path / "server" / "config.toml")
    assert len(cli("rules", "list", "--json").json()) == 2


def test_a_word_out_of_reach_is_a_warning(cli: Cli, file: Path) -> None:
    file.write_text(RULES.replace('"hello", type = "refund"', '"hello"'), "utf-8")
    done = cli("rules", "test", str(file))
    assert done.code == 0
    assert f"{file}:14: warning: 'refund' is never reached" in done.err


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("[[rules]]", "[[rules", "at line 1"),
        ("customer_tags", "customer_tag", ":13: unknown key rules[1].customer_tag"),
        ('"vip"', '"refund"', ":12: rules[1].name"),
    ],
)
def test_a_file_that_cannot_be_used(
    cli: Cli, file: Path, wrong: str, right: str, said: str
) -> None:
    file.write_text(RULES.replace(wrong, right), "utf-8")
    done = cli("rules", "test", str(file))
    assert done.code == 78
    assert said in done.err


def test_no_such_file(cli: Cli, tmp_path: Path) -> None:
    assert cli("rules", "test", str(tmp_path / "none.toml")).code == 3


def test_a_line_is_explained(cli: Cli, file: Path) -> None:
    done = cli("rules", "explain", "my parcel", "--tag", "vip", "--config", str(file))
    assert done.out.splitlines() == [
        "delivery high  matched 'parcel' in line 1 (rule vip)",
        "  refund             none of its words is there",
        "* vip                matched 'parcel' in line 1 (rule vip)",
    ]
    found = cli("rules", "explain", "-", "--config", str(file), "--json", stdin="hi\nwo tuikuan\n")
    assert found.json()["reason"] == "matched|退款|2|refund"
    assert found.json()["rules"][1] == {
        "rule": "vip",
        "matched": False,
        "decides": False,
        "failed": "customer_tags",
        "why": "the customer's tags are -",
    }


def test_nothing_matches(cli: Cli, file: Path) -> None:
    done = cli("rules", "explain", "hello", "--config", str(file))
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "no rule matches: it goes to the inbox's team",
    )


def test_an_unknown_channel(cli: Cli) -> None:
    done = cli("rules", "explain", "hello", "--channel", "pigeon")
    assert done.code == 2
    assert "there are: web, mail" in done.err


def test_the_rules_are_listed_in_order(cli: Cli, file: Path) -> None:
    assert cli("rules", "list", str(file), "--json").json()[1] == {
        "name": "vip",
        "type": "delivery",
        "team": "",
        "priority": "high",
        "tags": ["hot"],
        "words": 2,
        "examples": 0,
    }
    assert cli("rules", "list", str(file)).out.splitlines()[0].startswith("refund ")
