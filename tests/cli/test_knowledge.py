"""The knowledge base from the command line: search, lint, new, edit, import, export, stats."""

from __future__ import annotations

import csv
import io
import sys
from pathlib import Path

import pytest

from agent_tui.errors import WireError
from agent_tui.lang import Both
from tests.cli.conftest import Cli, Server
from tests.cli.test_terminal import PROGRAM, running

ARTICLE = (
    "---\ntitle: Drones\nlang: en\nquestions: [do you fly]\ntags: [air]\n---\nWe do not fly.\n"
)
MACRO = "---\ntitle: Drone greeting\nlang: en\nshort: fly\n---\nDear customer, no drones.\n"
FAQ = "title,answer\nRefunds,In 3 days.\nFreight,The shop pays.\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A data folder with one article and one macro."""
    for name, text in (("kb/air/drones.md", ARTICLE), ("macros/greet.md", MACRO)):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path / "data"


@pytest.fixture
def faq(tmp_path: Path) -> Path:
    """A table to import."""
    path = tmp_path / "faq.csv"
    path.write_text(FAQ)
    return path


def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Make `code` the editor: it gets the file as `path`."""
    script = tmp_path / "editor.py"
    script.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{code}\n")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")


# --- search, lint, stats -------------------------------------------------------------------------


def test_search_what_is_shipped(cli: Cli) -> None:
    hits = cli("kb", "search", "退货运费谁出", "--limit", "3", "--lang", "zh", "--json").json()
    assert len(hits) == 3
    assert hits[0]["lang"] == "zh"
    assert hits[0]["score"] >= hits[1]["score"] >= hits[2]["score"]
    assert any("运费" in hit["title"] for hit in hits)


def test_search_a_folder(cli: Cli, files: Path) -> None:
    where = ("--data", str(files))
    (hit, *_) = cli("kb", "search", "do you fly", *where, "--json").json()
    assert (hit["kind"], hit["id"], hit["body"]) == ("article", "air/drones", "We do not fly.")
    assert hit["matched"] == "do you fly" and sum(hit["why"].values()) > 50
    assert "Drones" in cli("kb", "search", "drones", *where).out
    nothing = cli("kb", "search", "zzzzqqqq", *where)
    assert (nothing.code, nothing.out) == (0, "") and "nothing found" in nothing.err
    assert cli("kb", "search", "x", "--data", str(files / "none")).code == 3


def test_search_one_kind_and_say_why(cli: Cli, files: Path) -> None:
    where = ("--data", str(files))
    for kind in ("article", "macro"):
        hits = cli("kb", "search", "drone", "--kind", kind, *where, "--json").json()
        assert {hit["kind"] for hit in hits} == {kind}
    lines = cli("kb", "search", "drones", "--kind", "article", "--explain", *where).out.splitlines()
    assert len(lines) == 2 and "“Drones”" in lines[1] and "name +" in lines[1]


def test_search_what_the_server_published(cli: Cli, boss: Server) -> None:
    cli("queue")
    assert cli("kb", "search", "发票", "--json").json()
    assert cli("kb", "stats", "--json").json()["articles"] >= 80


def test_lint(cli: Cli, files: Path) -> None:
    root = files / "kb"
    (root / "bad.md").write_text("---\ntitel: x\n---\ntext\n")
    (root / "old.md").write_text("---\ntitle: x\nvalid: {to: 2020-01-01}\n---\ntext\n")
    done = cli("kb", "lint", str(root))
    assert (done.code, done.out) == (
        1,
        f"{root}/bad.md:2: unknown key titel: did you mean title?\n"
        f"{root}/old.md:3: warning: expired since 2020-01-01\n",
    )
    assert "2 files, 1 problems, 1 warnings" in done.err
    found = cli("kb", "lint", str(root), "--json").json()
    assert [(each["severity"], each["line"]) for each in found] == [("error", 2), ("warning", 3)]
    (root / "bad.md").unlink()
    assert cli("kb", "lint", str(root)).code == 0
    assert cli("kb", "lint", str(root), "--strict").code == 1
    assert cli("kb", "lint", str(root / "nowhere")).code == 3


def test_what_is_shipped_has_no_errors(cli: Cli) -> None:
    done = cli("kb", "lint", "--json")
    assert done.code == 0
    assert {each["severity"] for each in done.json()} <= {"warning"}


def test_stats(cli: Cli, files: Path) -> None:
    text = "---\ntitle: x\naudience: internal\nvalid: {to: 2020-01-01}\n---\ntext\n"
    (files / "kb" / "old.md").write_text(text)
    assert cli("kb", "stats", "--data", str(files), "--json").json() == {
        "articles": 2,
        "languages": {"en": 1, "zh": 1},
        "categories": {"": 1, "air": 1},
        "audiences": {"internal": 1, "public": 1},
        "expired": ["old"],
        "without_questions": ["old"],
        "used": None,
    }
    assert "by language: en 1, zh 1" in cli("kb", "stats", "--data", str(files)).out


# --- new, edit -----------------------------------------------------------------------------------


def test_new_makes_a_file_and_never_overwrites(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files)
    root = files / "kb"
    done = cli("kb", "new", "--title", "Refund: when?", "--category", "Money back")
    path = root / "money-back" / "refund-when.en.md"
    assert (done.code, done.out) == (0, f"{path}\n")
    assert 'title: "Refund: when?"\nlang: en\n' in path.read_text()
    # What is new lacks its text, and nothing else.
    assert cli("kb", "lint", str(root)).out == (
        f"{path}:1: there is no text that a customer may get\n"
    )
    path.write_text("mine")
    again = cli("kb", "new", "money-back/refund-when.en")
    assert again.code == 2 and path.read_text() == "mine"
    assert cli("kb", "new", "returns/运费").out == f"{root}/returns/运费.md\n"
    assert cli("kb", "new", "../../outside").out == f"{root}/outside.md\n"
    assert cli("kb", "new").code == 2


def test_no_folder_to_work_in(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("kb", "new", "x")
    assert done.code == 3 and str(tmp_path / "kb") in done.err and "--data" in done.err
    assert cli("kb", "edit", "x", "--data", str(tmp_path / "none")).code == 3


@pytest.mark.parametrize(
    "wanted", ["air/drones", "kb/air/drones.md", "Drones", "dornes", "do you fly?"]
)
def test_edit_finds_the_article(
    cli: Cli, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    editor(monkeypatch, tmp_path, "path.write_text(path.read_text() + 'Never.')")
    done = cli("kb", "edit", wanted, "--data", str(files))
    assert (done.code, done.out) == (0, "")
    assert (files / "kb/air/drones.md").read_text() == ARTICLE + "Never."


def test_edit_asks_when_several_are_meant(
    cli: Cli, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(monkeypatch, tmp_path, "path.write_text('touched')")
    (files / "kb" / "two.md").write_text(ARTICLE.replace("Drones", "Drones at night"))
    (files / "kb" / "three.md").write_text(ARTICLE.replace("Drones", "Drones by day"))
    done = cli("kb", "edit", "drones b", "--data", str(files))
    assert done.code == 2 and "air/drones  Drones" in done.err and "two  Drones at" in done.err
    assert cli("kb", "edit", "something else entirely", "--data", str(files)).code == 3


def test_edit_says_what_is_wrong(
    cli: Cli, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(monkeypatch, tmp_path, "path.write_text('---\\ntitel: x\\n---\\n')")
    done = cli("kb", "edit", "drones", "--data", str(files))
    path = files / "kb" / "air" / "drones.md"
    assert (done.code, done.out) == (
        1,
        f"{path}:2: unknown key titel: did you mean title?\n",
    )
    editor(monkeypatch, tmp_path, "sys.exit(3)")
    assert "ended with 3" in cli("kb", "edit", "air/drones", "--data", str(files)).err
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    assert "VISUAL" in cli("kb", "edit", "air/drones", "--data", str(files)).err
    long = cli("kb", "edit", "很长的问题" * 30, "--data", str(files))
    assert long.code == 3 and "there is no article 很长" in long.err
    monkeypatch.setenv("VISUAL", "vi 'half")
    done = cli("kb", "edit", "air/drones", "--data", str(files))
    assert done.code == 1 and "agent-tui: vi 'half: No such file" in done.err
    monkeypatch.delenv("VISUAL")
    monkeypatch.delenv("EDITOR", raising=False)
    assert cli("kb", "edit", "air/drones", "--data", str(files)).code == 2


@pytest.mark.terminal
def test_edit_with_somebody_there(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of several is asked, and a broken file is offered again until it is right."""
    code = "path.write_text('---\\ntitel: x\\n---\\n' if 'Never' in path.read_text() else GOOD)"
    good = ARTICLE.replace("do you fly", "can it fly").replace("Drones", "Drones, two")
    editor(monkeypatch, tmp_path, f"GOOD = {good!r}\n{code}")
    other = files / "kb" / "night.md"
    other.write_text(ARTICLE.replace("Drones", "Drones, two") + "Never.")
    command = [*PROGRAM, "kb", "edit", "drones t", "--data", str(files)]
    with running(command, tmp_path) as (terminal, child):
        terminal.reads("which one?")
        number = next(line for line in terminal.seen.splitlines() if "night" in line)[0]
        terminal.types(f"{number}\n")
        terminal.reads("night.md:2: unknown key titel")
        terminal.reads("open it again? [y/N]")
        terminal.types("y\n")
        assert child.wait(40) == 0
    assert other.read_text() == good


# --- import, export ------------------------------------------------------------------------------


def test_import(cli: Cli, files: Path, faq: Path) -> None:
    where = (str(faq), "--data", str(files))
    root = files / "kb"
    dry = cli("kb", "import", *where, "--dry-run", "--category", "faq")
    expected = f"faq.csv:2: new {root}/faq/refunds.en.md\nfaq.csv:3: new {root}/faq/freight.en.md\n"
    assert (dry.code, dry.out) == (0, expected)
    assert "nothing was written" in dry.err and not (root / "faq").exists()

    done = cli("kb", "import", *where, "--category", "faq")
    assert (done.code, done.out) == (0, expected)
    assert "2 new, 0 to update, 0 the same, 0 skipped" in done.err
    again = cli("kb", "import", *where, "--category", "faq")
    assert again.out == expected.replace("new", "same")


def test_import_changes_nothing_unless_told_to(cli: Cli, files: Path, faq: Path) -> None:
    where = ("kb", "import", str(faq), "--data", str(files))
    cli(*where)
    faq.write_text(FAQ.replace("3 days", "5 days"))
    path = files / "kb" / "refunds.en.md"
    before = path.read_text()

    kept = cli(*where)
    assert f"faq.csv:2: update {path} (body) (with --update)\n" in kept.out
    assert "--update takes it" in kept.err and path.read_text() == before
    alone = cli(*where, "--update")
    assert alone.code == 2 and "--yes" in alone.err and path.read_text() == before
    dry = cli(*where, "--update", "--dry-run")
    assert f"faq.csv:2: update {path} (body)\n" in dry.out and path.read_text() == before

    done = cli(*where, "--update", "--yes", "--json")
    assert done.json()[0] == {
        "outcome": "update",
        "place": "faq.csv:2",
        "path": "refunds.en.md",
        "changes": ["body"],
        "why": "",
    }
    assert "5 days" in path.read_text()


@pytest.mark.terminal
@pytest.mark.parametrize(("key", "code", "text"), [("y", 0, "5 days"), ("n", 1, "3 days")])
def test_import_asks_before_it_changes(
    cli: Cli, files: Path, faq: Path, tmp_path: Path, key: str, code: int, text: str
) -> None:
    cli("kb", "import", str(faq), "--data", str(files))
    faq.write_text(FAQ.replace("3 days", "5 days"))
    command = [*PROGRAM, "kb", "import", str(faq), "--data", str(files), "--update"]
    with running(command, tmp_path) as (terminal, child):
        terminal.reads("change these files (1)? [y/N]")
        terminal.types(f"{key}\n")
        assert child.wait(40) == code
    assert text in (files / "kb" / "refunds.en.md").read_text()


def test_import_refusals(cli: Cli, files: Path, faq: Path) -> None:
    data = ("--data", str(files))
    assert cli("kb", "import", str(files / "kb" / "air"), *data).code == 2
    assert cli("kb", "import", str(faq.parent / "none.csv"), *data).code == 3
    assert cli("kb", "import", str(faq), *data, "--map", "titel=x").code == 2
    wrong = cli("kb", "import", str(faq), *data, "--map", "body=Antwort")
    assert wrong.code == 1 and "no column Antwort" in wrong.err and "title, answer" in wrong.err


@pytest.mark.parametrize("form", ["md", "csv", "xlsx", "json"])
def test_export_and_import_again(cli: Cli, files: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"out.{form}"
    assert cli("kb", "export", "--format", form, "--out", str(out), "--data", str(files)).code == 0
    held = cli("kb", "export", "--format", form, "--out", str(out), "--data", str(files))
    assert held.code == 2 and "--force" in held.err
    more = ("--out", str(out), "--data", str(files), "--force")
    assert cli("kb", "export", "--format", form, *more).code == 0
    (tmp_path / "fresh" / "kb").mkdir(parents=True)
    done = cli("kb", "import", str(out), "--data", str(tmp_path / "fresh"))
    assert done.code == 0 and "1 new" in done.err
    both = [
        cli("kb", "export", "--format", "json", "--data", str(root)).json()
        for root in (files, tmp_path / "fresh")
    ]
    assert both[0] == both[1] != []


def test_export_what_this_account_has(cli: Cli) -> None:
    done = cli("kb", "export")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) >= 80 and {"id", "title", "body"} <= rows[0].keys()
    assert cli("kb", "export", "--format", "md").code == 2


# --- figures of the server -----------------------------------------------------------------------


def test_leads_see_what_the_server_counted(boss: Server, cli: Cli) -> None:
    assert cli("queue").code == 0  # fills the cache
    found = cli("kb", "stats", "--days", "7", "--json").json()
    assert found["used"]["misses"] == []
    assert len(found["used"]["never"]) == found["articles"]


def test_without_a_line_what_is_cached_counts(
    boss: Server, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("queue").code == 0
    from agent_tui.sync.http import HttpWire

    async def unreachable(*_: object) -> None:
        raise WireError(Both("连不上", "no line"))

    monkeypatch.setattr(HttpWire, "knowledge_stats", unreachable)
    done = cli("kb", "stats")
    assert "no line: counted here only" in done.err
    assert "most used" in done.out


def test_the_versions_of_an_article(boss: Server, cli: Cli) -> None:
    found = cli("kb", "history", "returns/return-freight", "--json").json()
    assert [each["article"]["title"] for each in found["versions"]] == ["退货运费由谁承担"]
    assert "退货运费由谁承担" in cli("kb", "history", "returns/return-freight").out
    assert "nothing is known" in cli("kb", "history", "no/such").err
