"""`history search` against a real server, with and without what is stored here."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest

from tests.cli.conftest import Cli, Server
from tests.cli.test_work import find, leave

_numbers = itertools.count(100)


class Told(NamedTuple):
    """A conversation that the cache holds."""

    name: str
    id: str


@pytest.fixture
def told(boss: Server, cli: Cli) -> Told:
    name = f"赫{next(_numbers)}"
    boss.says(name, "訂單 SF99887766 的運費誰出？", "第二句")
    return Told(name, str(find(cli, name)["id"]))


def test_search(told: Told, cli: Cli) -> None:
    done = cli("history", "search", f"运费 7766 with:{told.name}")
    assert done.code == 0, done.err
    assert done.out.startswith(told.id) and "訂單 SF99887766" in done.out and told.name in done.out
    (found,) = cli("history", "search", f"运费 7766 with:{told.name}", "--json").json()
    assert (found["conversation"], found["no"], found["online"]) == (told.id, 1, False)
    assert [found["text"][start:end] for start, end in found["spans"]] == ["7766", "運費"]


def test_one_side_only(told: Told, cli: Cli) -> None:
    (here,) = cli("history", "search", f"运费 with:{told.name}", "--local", "--json").json()
    (there,) = cli("history", "search", f"运费 with:{told.name}", "--server", "--json").json()
    assert (here["online"], there["online"]) == (False, True)
    assert here | {"online": True, "score": 0} == there | {"score": 0}
    done = cli("history", "search", "运费", "--local", "--server")
    assert done.code == 2 and "exclude" in done.err


def test_offline(told: Told, cli: Cli) -> None:
    leave("http://127.0.0.1:1")
    done = cli("history", "search", f"运费 with:{told.name}")
    assert done.code == 0 and done.out.startswith(told.id)
    assert "offline: only what is here" in done.err
    quiet = cli("history", "search", f"运费 with:{told.name}", "--local")
    assert quiet.out == done.out and quiet.err == ""


def test_explain(told: Told, cli: Cli) -> None:
    query = f'运费 7766 "第二句" from:customer with:{told.name} after:2026-01-01'
    done = cli("history", "search", query, "--explain")
    for words in ("运 费", "7766… | …7766", "第 二 句", "customer", told.name, "2026-01-01T00:00"):
        assert words in done.err
    assert "here: 0 found" in done.err and "server: 0 found" in done.err
    assert "nothing found" in done.err and done.out == ""


def test_limit(told: Told, cli: Cli) -> None:
    assert len(cli("history", "search", f"with:{told.name}", "--json").json()) == 2
    assert len(cli("history", "search", f"with:{told.name}", "--limit", "1", "--json").json()) == 1


def test_a_wrong_filter(told: Told, cli: Cli) -> None:
    done = cli("history", "search", "运费 before:someday")
    assert done.code == 2
    assert "character 4" in done.err and "before:2026-11-01" in done.err


def test_not_logged_in(cli: Cli) -> None:
    assert cli("history", "search", "x").code == 77
