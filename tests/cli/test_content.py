"""macros and keys from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Server

MACRO = """\
---
title: Ask for the number
lang: en
short: num
ask:
  order_no: {prompt: number, pattern: '\\d{4}'}
---
Dear {{ customer.name | default("customer") }}, is it {{ order_no }}? {{ agent.name }}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with one macro."""
    path = tmp_path / "macros" / "ask" / "num.md"
    path.parent.mkdir(parents=True)
    path.write_text(MACRO)
    return tmp_path


def test_what_the_server_published(cli: Cli, boss: Server) -> None:
    cli("queue")
    assert len(cli("macros", "list", "--json").json()) >= 40


def test_lint_passes_what_is_shipped(cli: Cli) -> None:
    done = cli("macros", "lint", "--json")
    assert (done.code, done.json()) == (0, [])


def test_lint_names_file_and_line(cli: Cli, files: Path) -> None:
    macro = files / "macros" / "ask" / "bad.md"
    macro.write_text("---\ntitle: Bad\n---\nfine\n{{ customer.nmae }}\n")
    done = cli("macros", "lint", str(files / "macros"))
    assert done.code == 1
    assert done.out == f"{macro}:5: unknown variable customer.nmae; did you mean customer.name?\n"


def test_list_and_render(cli: Cli, files: Path) -> None:
    where = ("--data", str(files))
    assert cli("macros", "list", *where, "--json").json() == [
        {
            "id": "ask/num",
            "title": "Ask for the number",
            "lang": "en",
            "key": "",
            "short": "num",
            "scope": "all",
            "tags": [],
            "slots": ["order_no"],
        }
    ]
    given = ("--set", "order_no=1234", "--set", "agent.name=Li")
    for name in ("ask/num", "num", "/num"):
        done = cli("macros", "render", name, *given, *where)
        assert (done.out, done.err) == ("Dear customer, is it 1234? Li\n", "")
    left = cli("macros", "render", "num", *where, "--json").json()
    assert left["open"] == ["{{ order_no }}", "{{ agent.name }}"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nothing",), 3, "macros list"),
        (("num", "--set", "order_no=12"), 2, "must match"),
        (("num", "--set", "ordre=1234"), 2, "order_no"),
        (("num", "--set", "order_no"), 2, "order_no"),
    ],
)
def test_render_refusals(
    cli: Cli, files: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = cli("macros", "render", *arguments, "--data", str(files))
    assert done.code == code and words in done.err


def test_keys(cli: Cli, own_place: Path) -> None:
    found = cli("keys", "--json").json()
    ids = {each["id"] for each in found}
    assert len(ids) >= 20
    assert all(each["doc"] == each["doc_en"] and each["doc_zh"] for each in found)
    assert len(cli("keys").out.splitlines()) == len(found)
    (first, *_) = found
    config = own_place / "config"
    config.mkdir(exist_ok=True)
    (config / "config.toml").write_text(f'[keys]\n{first["id"]} = "shift+f12"\n')
    changed = {each["id"]: each["keys"] for each in cli("keys", "--json").json()[:1]}
    assert changed == {first["id"]: ["shift+f12"]}
