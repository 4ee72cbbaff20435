"""kb, macros and keys from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Server

ARTICLE = "---\ntitle: Drones\nquestions: [do you fly]\ntags: [air]\n---\nWe do not fly.\n"
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
    """A folder with one article and one macro."""
    for name, text in (("kb/air/drones.md", ARTICLE), ("macros/ask/num.md", MACRO)):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def test_search_what_is_shipped(cli: Cli) -> None:
    hits = cli("kb", "search", "退货运费谁出", "--limit", "3", "--lang", "zh", "--json").json()
    assert len(hits) == 3
    assert {hit["lang"] for hit in hits} == {"zh"}
    assert hits[0]["score"] >= hits[1]["score"] >= hits[2]["score"]
    assert any("运费" in hit["title"] for hit in hits)


def test_search_a_folder(cli: Cli, files: Path) -> None:
    (hit, *_) = cli("kb", "search", "do you fly", "--data", str(files), "--json").json()
    assert (hit["kind"], hit["id"], hit["body"]) == ("article", "air/drones", "We do not fly.")
    assert "Drones" in cli("kb", "search", "drones", "--data", str(files)).out
    nothing = cli("kb", "search", "zzzzqqqq", "--data", str(files))
    assert (nothing.code, nothing.out) == (0, "") and "nothing found" in nothing.err
    assert cli("kb", "search", "x", "--data", str(files / "none")).code == 3


def test_search_what_the_server_published(cli: Cli, boss: Server) -> None:
    cli("queue")
    assert cli("kb", "search", "发票", "--json").json()
    assert len(cli("macros", "list", "--json").json()) >= 40


def test_lint_passes_what_is_shipped(cli: Cli) -> None:
    for kind in ("kb", "macros"):
        done = cli(kind, "lint", "--json")
        assert (done.code, done.json()) == (0, [])


def test_lint_names_file_and_line(cli: Cli, files: Path) -> None:
    macro = files / "macros" / "ask" / "bad.md"
    macro.write_text("---\ntitle: Bad\n---\nfine\n{{ customer.nmae }}\n")
    done = cli("macros", "lint", str(files / "macros"))
    assert done.code == 1
    assert done.out == f"{macro}:5: unknown variable customer.nmae; did you mean customer.name?\n"

    article = files / "kb" / "bad.md"
    article.write_text("---\ntitel: x\n---\ntext\n")
    (problem,) = cli("kb", "lint", str(files / "kb"), "--json").json()
    assert (problem["path"], problem["line"]) == (str(article), 2)
    assert cli("kb", "lint", str(files / "nowhere")).code == 3


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
