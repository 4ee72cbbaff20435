"""Macros from the command line: new, edit, test, import, export, stats."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import msgspec
import pytest

from agent_tui import bootstrap, paths
from agent_tui.macros import library, linting
from tests.cli.conftest import Cli, Server

MACRO = """\
---
title: Greeting
lang: en
short: hi
tests:
  - given: {customer.name: Emma}
    expect: [Emma]
---
Hi {{ customer.name | default("there") }}
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one macro."""
    path = tmp_path / "data" / "macros" / "greet.en.md"
    path.parent.mkdir(parents=True)
    path.write_text(MACRO)
    return tmp_path / "data"


def editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """Make `code` the editor: it gets the file as `path`."""
    script = tmp_path / "editor.py"
    script.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{code}\n")
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")


# --- new, edit, test -----------------------------------------------------------------------------


def test_new_makes_a_file_that_passes_lint(cli: Cli, data: Path) -> None:
    where = ("--data", str(data))
    text = ("--from-text", "{{ customer.name }}，运费由店铺承担。")
    done = cli("macros", "new", "退货运费", *text, "--folder", "returns", *where)
    path = data / "macros" / "returns" / "退货运费.md"
    assert (done.code, done.out) == (0, f"{path}\n")
    (macro,), problems = linting.lint(path.parent)
    assert not problems and (macro.head.short, macro.head.lang) == ("thyf", "zh")
    assert cli("macros", "new", "退货运费", *text, "--folder", "returns", *where).code == 2
    bad = cli("macros", "new", "Bad", "--from-text", "{{ nobody }}", *where)
    assert bad.code == 2 and "unknown variable nobody" in bad.err
    assert cli("macros", "new", "Second", "--short", "hi", *where).code == 2, "/hi is taken"


def test_new_without_a_folder_of_a_shop_is_ones_own(
    cli: Cli, own_place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = cli("macros", "new", "Thanks", "--from-text", "-", stdin="Thank you!\n")
    assert done.out == f"{own_place / 'config' / 'macros' / 'thanks.md'}\n"
    found = {each["id"]: each for each in cli("macros", "list", "--json").json()}
    assert found["personal/thanks"]["scope"] == "personal"
    assert cli("macros", "render", "/t").out == "Thank you!\n"


def test_edit_replaces_only_what_passes_lint(
    cli: Cli, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = data / "macros" / "greet.en.md"
    where = ("--data", str(data))
    editor(monkeypatch, tmp_path, "path.write_text(path.read_text().replace('name', 'nmae'))")
    done = cli("macros", "edit", "/hi", *where)
    assert done.code == 1 and f"{path}:9: unknown variable" in done.out
    assert path.read_text() == MACRO
    draft = path.with_name(".greet.en.md")
    assert "nmae" in draft.read_text(), "what was typed is kept"
    editor(monkeypatch, tmp_path, "path.write_text(path.read_text().replace('nmae', 'name')+'!')")
    done = cli("macros", "edit", "greet.en", *where)
    assert done.code == 0 and path.read_text() == MACRO + "!" and not draft.exists()
    assert cli("macros", "edit", "nothing", *where).code == 3


def test_test_shows_the_text_and_what_is_missing(cli: Cli, data: Path) -> None:
    path = data / "macros" / "greet.en.md"
    done = cli("macros", "test", str(path))
    assert done.code == 0 and "Hi Emma" in done.out
    path.write_text(MACRO.replace("[Emma]", "[Emma, Bob]"))
    done = cli("macros", "test", str(data / "macros"))
    assert (done.code, done.out) == (1, f"{path}:6: test 1 lacks “Bob”\n")
    (test,) = cli("macros", "test", str(data / "macros"), "--json").json()
    assert (test["missing"], test["line"], test["text"]) == (["Bob"], 6, "Hi Emma")
    path.write_text(MACRO.replace("name", "nmae"))
    assert cli("macros", "test", str(data / "macros")).code == 1
    assert cli("macros", "test", "/nothing").code == 3
    assert "韩女士" in cli("macros", "test", "/ts2").out


# --- import --------------------------------------------------------------------------------------

CHATWOOT = [
    {
        "id": 7,
        "account_id": 1,
        "short_code": "Greet_1",
        "content": "Hi {{contact.name}}, {{agent.name}} here. Plan: {{contact.custom.plan}}",
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
    },
    {"id": 8, "account_id": 1, "short_code": "bye", "content": "再见，{{contact.first_name}}"},
]
ZENDESK = {
    "macros": [
        {
            "id": 25,
            "title": "Refunds::Money is back",
            "active": True,
            "description": "after the refund",
            "restriction": {"type": "Group", "id": 4},
            "actions": [
                {"field": "status", "value": "solved"},
                {"field": "priority", "value": "high"},
                {"field": "set_tags", "value": "refund done"},
                {"field": "assignee_id", "value": "296220096"},
                {
                    "field": "comment_value_html",
                    "value": "<p>Hi {{ticket.requester.first_name}},</p><p>it is <b>done</b>: "
                    "{{ticket.id}}<script>x()</script></p>",
                },
            ],
        },
        {"id": 26, "title": "Off", "active": False, "actions": []},
        {
            "id": 27,
            "title": "Only actions",
            "active": True,
            "actions": [{"field": "status", "value": "open"}],
        },
        {
            "id": 28,
            "title": "Note",
            "active": True,
            "actions": [
                {"field": "comment_value", "value": ["channel:all", "look at this"]},
                {"field": "comment_mode_is_public", "value": "false"},
            ],
        },
        {
            "id": 29,
            "title": "Logic",
            "active": True,
            "actions": [{"field": "comment_value", "value": "{% if ticket.x %}a{% endif %}"}],
        },
    ],
    "next_page": None,
    "count": 5,
}
ZAMMAD = (
    "id,name,keywords,content,note,active,foreign_id,groups\n"
    '1,Sorry,"sorry,apology","<div>Dear #{ticket.customer.firstname},<br>about #{ticket.number}'
    '</div>","be kind",true,,Users~~~Sales\n'
    "2,Old,,<div>x</div>,,false,,\n"
)
LHC = (
    "id,msg,title,explain,fallback_msg,position,delay,department_id,auto_send,user_id,languages,"
    "disabled,unique_id,tags_plain\n"
    '3,"Hi {nick}, [b]welcome[/b] {plan}",Welcome,first words,Hello,0,0,0,0,0,'
    '"[{""languages"":[""zh-cn""],""message"":""{nick}您好"",""fallback_message"":""""}]",'
    '0,abc,"hello,first"\n'
    "4,gone,Gone,,,0,0,0,0,0,,1,def,\n"
)


def table(cli: Cli, *arguments: str) -> list[tuple[str, str]]:
    done = cli("macros", "import", *arguments, "--json")
    return [(each["outcome"], each["path"] or each["why"]) for each in done.json()]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """What four products export."""
    root = tmp_path / "exports"
    root.mkdir()
    (root / "chatwoot.json").write_text(json.dumps(CHATWOOT))
    (root / "zendesk.json").write_text(json.dumps(ZENDESK))
    (root / "zammad.csv").write_text(ZAMMAD)
    (root / "lhc.csv").write_text(LHC)
    (root / "chatwoot.csv").write_text('short_code,content\nthanks,"谢谢，{{contact.name}}"\n')
    return root


def test_dry_run_first(cli: Cli, data: Path, exports: Path) -> None:
    source = str(exports / "chatwoot.json")
    done = cli("macros", "import", source, "--data", str(data), "--dry-run")
    assert done.code == 0 and "nothing was written" in done.err
    assert [line.split(": ")[1].split()[0] for line in done.out.splitlines()] == ["new", "new"]
    assert "to be filled in: contact_custom_plan" in done.out
    asked = cli("macros", "import", source, "--data", str(data))
    assert asked.code == 2 and "nothing is written yet" in asked.err
    assert [path.name for path in (data / "macros").rglob("*.md")] == ["greet.en.md"]


def test_each_product_is_read(cli: Cli, data: Path, exports: Path) -> None:
    files = [str(exports / name) for name in ("chatwoot.json", "zendesk.json")]
    files += [str(exports / name) for name in ("zammad.csv", "lhc.csv", "chatwoot.csv")]
    found = table(cli, *files, "--data", str(data), "--yes")
    assert found == [
        ("new", "imported/greet_1.en.md"),
        ("new", "imported/bye.md"),
        ("new", "refunds/money-is-back.en.md"),
        ("skipped", "switched off"),
        ("skipped", "only actions, no text"),
        ("skipped", "an internal note, no reply"),
        ("skipped", "holds logic, rewrite it by hand: {% if ticket.x %}"),
        ("new", "imported/sorry.en.md"),
        ("skipped", "switched off"),
        ("new", "imported/welcome.en.md"),
        ("new", "imported/welcome.md"),
        ("skipped", "switched off"),
        ("new", "imported/thanks.md"),
    ]
    macros, problems = linting.lint(data / "macros")
    assert not [problem for problem in problems if not problem.warning]
    texts = {macro.id: macro for macro in macros}
    refund = texts["refunds/money-is-back.en"]
    assert refund.body == "Hi {{ customer.name }},\n\nit is done: {{ ticket_id }}"
    done = [str(each.status or each.priority or each.tag) for each in refund.head.actions]
    assert done == ["resolved", "high", "refund", "done"]
    assert (refund.head.note, refund.head.source) == ("after the refund", "zendesk:25")
    assert texts["imported/greet_1.en"].head.short == "greet1"
    sorry = texts["imported/sorry.en"]
    assert sorry.body == "Dear {{ customer.name }},\nabout {{ ticket_number }}"
    assert sorry.head.tags == ("sorry", "apology")
    assert texts["imported/welcome"].body == "{{ customer.name }}您好"
    assert texts["imported/welcome.en"].body == "Hi {{ customer.name }}, welcome {{ plan }}"


def test_again_it_is_the_same_and_changes_wait_for_update(
    cli: Cli, data: Path, exports: Path
) -> None:
    source = exports / "chatwoot.json"
    where = ("--data", str(data), "--yes")
    assert {kind for kind, _ in table(cli, str(source), *where)} == {"new"}
    assert {kind for kind, _ in table(cli, str(source), *where)} == {"same"}
    path = data / "macros" / "imported" / "bye.md"
    path.write_text(path.read_text().replace("short: bye", "short: bye\nkey: F9"), "utf-8")
    source.write_text(json.dumps([CHATWOOT[0], CHATWOOT[1] | {"content": "回见"}]))
    assert table(cli, str(source), *where) == [
        ("same", "imported/greet_1.en.md"),
        ("update", "imported/bye.md"),
    ]
    assert "再见" in path.read_text()
    table(cli, str(source), *where, "--update")
    assert "回见" in path.read_text() and "key: F9" in path.read_text()


def test_into_ones_own_folder(cli: Cli, own_place: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine.json"
    macro = {"id": "x/hey", "title": "Hey", "scope": "team:refunds", "body": "Hey!", "more": ""}
    source.write_text(json.dumps([macro]))
    assert table(cli, str(source), "--personal", "--yes") == [("new", "x/hey.md")]
    (path,) = (own_place / "config" / "macros").rglob("*.md")
    assert "scope: personal" in path.read_text()
    assert cli("macros", "import", str(source), "--personal", "--data", "x").code == 2


def test_an_id_leads_nowhere_else(cli: Cli, data: Path, tmp_path: Path) -> None:
    source = tmp_path / "bad.json"
    macro = {"id": "/../../etc/../a:b\u0007/x", "title": "X", "body": "x", "more": "", "lang": "zh"}
    source.write_text(json.dumps([macro]))
    assert table(cli, str(source), "--data", str(data), "--yes") == [("new", "etc/a-b/x.md")]


def test_doubles_are_refused(cli: Cli, data: Path, tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    rows = [
        "标题,话术,快捷码",
        "甲,一样的话,hi",
        "乙,一样的话。,hi",
        "丙,,",
        "丁,{{ 优惠 }}多多,hi",
    ]
    source.write_text("\n".join(rows) + "\n", "utf-8")
    found = table(cli, str(source), "--data", str(data), "--lang", "en", "--yes")
    assert found == [
        ("new", "imported/甲.en.md"),
        ("skipped", "has the same text as table.csv:2"),
        ("skipped", "there is no text"),
        ("new", "imported/丁.en.md"),
    ]
    first = (data / "macros" / "imported" / "甲.en.md").read_text("utf-8")
    assert "short" not in first, "/hi is another macro's"
    assert "{{ slot }}多多" in (data / "macros" / "imported" / "丁.en.md").read_text("utf-8")


def test_a_table_of_ones_own(cli: Cli, data: Path, tmp_path: Path) -> None:
    rows = [
        {"title": "发货", "section": "售中", "reply": "[客户姓名]，[订单号] 由 [快递] 送出"},
        {"title": "发货", "section": "售中", "reply": "今天发"},
        {"title": "发货", "section": "售中", "reply": "今天发"},
    ]
    source = tmp_path / "own.jsonl"
    source.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    asked = cli("macros", "import", str(source), "--data", str(data), "--dry-run")
    assert "is [客户姓名] a slot? --brackets" in asked.out
    where = ("--data", str(data), "--brackets", "--yes")
    kinds = [kind for kind, _ in table(cli, str(source), *where)]
    assert kinds == ["new", "new", "skipped"]
    found = {m.body: m for m in library.load(data / "macros" / "售中")[0]}
    assert set(found) == {"{{ customer.name }}，{{ order.no }} 由 {{ slot }} 送出", "今天发"}
    assert [slot.prompt for m in found.values() for slot in m.head.ask.values()] == ["快递"]
    assert [kind for kind, _ in table(cli, str(source), *where)] == ["same", "same", "skipped"]


def test_a_table_in_gb18030_as_excel_writes_it(cli: Cli, data: Path, tmp_path: Path) -> None:
    source = tmp_path / "话术.csv"
    source.write_bytes(
        "标题;话术;分类\n运费;{{contact.name}}，运费我们出。;售后/退货\n".encode("gb18030")
    )
    assert table(cli, str(source), "--data", str(data), "--yes") == [("new", "售后/退货/运费.md")]


def test_what_is_no_export_is_told(cli: Cli, data: Path, tmp_path: Path) -> None:
    for name, text in (
        ("a.json", '{"x": 1}'),
        ("b.csv", "p,q\n1,2\n"),
        ("c.json", "{"),
        ("d.z", ""),
    ):
        (tmp_path / name).write_text(text)
        done = cli("macros", "import", str(tmp_path / name), "--data", str(data))
        assert done.code == 1 and name in done.err
    assert cli("macros", "import", str(tmp_path / "no.csv"), "--data", str(data)).code == 3


# --- export, stats -------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "csv", "xlsx"])
def test_an_export_is_read_again_without_loss(cli: Cli, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"macros.{form}"
    shipped = paths.shipped()
    done = cli("macros", "export", "--format", form, "--out", str(out), "--data", str(shipped))
    assert done.code == 0, done.err
    assert cli("macros", "export", "--out", str(out), "--data", str(shipped)).code == 2
    target = tmp_path / "again" / "macros"
    target.mkdir(parents=True)
    done = cli("macros", "import", str(out), "--data", str(target.parent), "--yes", "--json")
    assert {each["outcome"] for each in done.json()} == {"new"}
    before, after = (library.load(root)[0] for root in (shipped / "macros", target))
    assert [(m.id, m.head, m.body) for m in after] == [(m.id, m.head, m.body) for m in before]


def test_export_to_stdout(cli: Cli, data: Path) -> None:
    (record,) = cli("macros", "export", "--data", str(data)).json()
    assert (record["id"], record["short"]) == ("greet.en", "hi")


def test_stats_tell_what_is_used_and_what_never(cli: Cli, boss: Server, data: Path) -> None:
    cli("queue")
    found = cli("macros", "stats", "--json").json()
    assert len(found) > 70 and {"id", "uses_7", "uses_30", "agents", "last_at"} <= set(found[0])
    done = cli("macros", "stats", "--data", str(data))
    assert done.out == "never used (1): greet.en\n"
    old = data / "macros" / "old.md"
    old.write_text("---\ntitle: old\nvalid: {to: 2020-01-01}\n---\nx\n")
    assert "expired: old (2020-01-01)" in cli("macros", "stats", "--data", str(data)).out


@pytest.mark.parametrize("command", ["edit", "test", "render"])
def test_a_name_that_no_file_can_have(cli: Cli, command: str) -> None:
    done = cli("macros", command, "很长的话" * 30)
    assert done.code == 3 and "there is no " in done.err


def test_stats_without_the_server_say_so_once(cli: Cli, boss: Server) -> None:
    cli("queue")
    profile = paths.default_profile()
    login = bootstrap.require_login(profile)
    bootstrap.write_login(profile, msgspec.structs.replace(login, url="http://127.0.0.1:1"))
    done = cli("macros", "stats", "--json")
    assert done.code == 0 and done.err.count("counted here only") == 1


def test_csv_has_headings_that_excel_shows(cli: Cli, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.csv"
    cli("macros", "export", "--format", "csv", "--out", str(out), "--data", str(data))
    raw = out.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0]["title"] == "Greeting" and "tests" in rows[0]["more"]
