"""Bad article files: the exact line for each, and the rest keeps working."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from agent_tui import lang, paths
from agent_tui.domain.model import Article
from agent_tui.knowledge import articles
from agent_tui.knowledge.figures import conflict, figures
from agent_tui.knowledge.lint import lint

TODAY = datetime.date(2026, 11, 22)
GOOD = "---\ntitle: Good\nlang: en\n---\nfine\n"


class Folder:
    """A kb/ with one good article, and what its lint says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("good", text=GOOD)

    def write(self, name: str, head: str = "title: x", body: str = "text", text: str = "") -> Path:
        path = self.root / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"---\n{head}\n---\n{body}\n", "utf-8")
        return path

    def raw(self, name: str, data: bytes) -> None:
        (self.root / f"{name}.md").write_bytes(data)

    def said(self, language: lang.Language = "en") -> list[str]:
        """Every finding; the good article is found whatever lies beside it."""
        lang.use(language)
        found, problems = lint(self.root, TODAY)
        assert "good" in {article.id for article in found}
        return [f"{'warning: ' if each.warning else ''}{each}" for each in problems]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --- files that cannot be read -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no front matter", "x.md:1: the first line must be ---"),
        ("---\ntitle: x\n", "x.md:3: the closing --- is missing"),
        ("---\ntitle: x\ntags: [a\n---\n", "x.md:4: bad YAML: "),
        ("---\ntitle: x\ntitel: y\n---\n", "x.md:3: unknown key titel: did you mean title?"),
        ("---\ntitle: x\nlang: fr\n---\n", "x.md:3: lang: Invalid enum value 'fr'"),
        ("---\nlang: zh\ntitle: ' '\n---\n", "x.md:3: the title is empty"),
    ],
)
def test_broken_front_matter(folder: Folder, text: str, said: str) -> None:
    folder.write("x", text=text)
    (problem,) = folder.said()
    assert problem.startswith(said)


def test_a_10_mb_article(folder: Folder) -> None:
    folder.raw("big", GOOD.encode() + b"x" * 10_000_000)
    assert folder.said() == ["big.md:0: the file has 10.0 MB, over 1 MB: split it into several"]


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"---\ntitle: a\0\n---\n"])
def test_a_binary_file(folder: Folder, data: bytes) -> None:
    folder.raw("picture", data)
    assert folder.said() == ["picture.md:0: not a text file"]


@pytest.mark.parametrize(
    ("codec", "text", "name"),
    [
        ("gb18030", "---\ntitle: 退货运费\n---\n由店铺承担\n", "GB18030"),
        ("big5", "---\ntitle: 退貨運費\n---\n由店鋪承擔\n", "Big5"),
        ("utf-16", "---\ntitle: 退货运费\n---\n由店铺承担\n", "UTF-16"),
        ("cp1252", "---\ntitle: it’s café time\n---\nyes\n", "Windows-1252"),
    ],
)
def test_not_utf8(folder: Folder, codec: str, text: str, name: str) -> None:
    folder.raw("x", text.encode(codec))
    assert folder.said() == [
        f"x.md:0: not UTF-8, looks like {name}: convert it with iconv -f {name} -t UTF-8, "
        "or take it in with kb import"
    ]


def test_a_file_that_vanishes_while_it_is_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder.write("later")
    parse = articles.parse

    def removing(key: str, text: str) -> Article:
        gone.unlink(missing_ok=True)
        return parse(key, text)

    monkeypatch.setattr(articles, "parse", removing)
    assert folder.said() == ["later.md:0: it vanished while it was read"]


def test_links_in_a_circle_and_to_nothing(folder: Folder) -> None:
    (folder.root / "sub").mkdir()
    (folder.root / "sub" / "up").symlink_to(folder.root)
    (folder.root / "itself.md").symlink_to(folder.root / "itself.md")
    (folder.root / "nothing.md").symlink_to(folder.root / "not-there.md")
    assert folder.said() == [
        "itself.md:0: a link that leads in a circle",
        "nothing.md:0: a link to a file that is not there",
        "sub/up:0: a link that leads in a circle",
    ]


def test_a_link_to_a_folder_is_followed(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "there.md").write_text("---\ntitle: There\n---\nx\n")
    (folder.root / "shared").symlink_to(elsewhere)
    assert folder.said() == []
    assert {article.id for article in lint(folder.root)[0]} == {"good", "shared/there"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux only")
def test_a_file_whose_reading_fails(folder: Folder) -> None:
    (folder.root / "broken.md").symlink_to("/proc/self/mem")
    assert folder.said() == ["broken.md:0: cannot read: Input/output error"]


NOBODY = 65534


def test_an_unreadable_file_and_folder(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.root)  # whoever runs this may enter no folder above it
    folder.root.chmod(0o755)
    folder.root = Path()
    folder.write("secret").chmod(0)
    folder.write("locked/x").parent.chmod(0)
    user = os.geteuid()
    if user == 0:  # who may read everything
        os.seteuid(NOBODY)
    try:
        assert folder.said() == [
            "locked:0: cannot read: Permission denied",
            "secret.md:0: cannot read: Permission denied",
        ]
    finally:
        os.seteuid(user)
        Path("locked").chmod(0o700)


def test_a_pipe_is_not_waited_for(folder: Folder) -> None:
    os.mkfifo(folder.root / "pipe.md")
    assert folder.said() == ["pipe.md:0: not an ordinary file"]


def test_hidden_files_are_left_out(folder: Folder) -> None:
    folder.raw(".swap", b"\0")
    folder.write(".git/x", text="nothing")
    assert folder.said() == []


# --- what the files say --------------------------------------------------------------------------


def test_ids_that_differ_by_case_or_form_only(folder: Folder) -> None:
    folder.write("a/Refund", "title: one")
    folder.write("a/refund", "title: two")
    folder.write("a/caf\u00e9", "title: three")
    folder.write("a/cafe\u0301", "title: four")
    assert folder.said() == [
        "a/caf\u00e9.md:1: its name differs from a/cafe\u0301.md by case or Unicode form only",
        "a/refund.md:1: its name differs from a/Refund.md by case or Unicode form only",
    ]


def test_language_suffixes(folder: Folder) -> None:
    folder.write("a.en", "title: one")
    folder.write("b", "title: two\nlang: zh")
    folder.write("b.zh", "title: three\nlang: zh")
    folder.write("b.en", "title: four\nlang: en")
    assert folder.said() == [
        "a.en.md:1: its name says en, lang says zh",
        "b.zh.md:3: is the same article in the same language as b.md",
    ]


def test_the_same_title(folder: Folder) -> None:
    folder.write("a", "lang: zh\ntitle: 退货 流程")
    folder.write("b", "title: 退货流程？")
    folder.write("c", "title: 退货流程\nlang: en")
    assert folder.said() == ["b.md:2: has the same title as a.md:3"]
    assert folder.said("zh") == ["b.md:2: 标题与 a.md:3 相同"]


def test_the_same_question(folder: Folder) -> None:
    folder.write("a", "title: a\nquestions: [怎么退货, 别的]")
    folder.write("b", "title: b\nquestions:\n  - 另一个\n  - 怎么退货？")
    folder.write("c", "title: c\nquestions: [怎么退货]\nlang: en")
    folder.write("d", "title: d\nquestions: [怎么退货]\naudience: internal")
    assert folder.said() == ["warning: b.md:5: the question “怎么退货？” is in a.md:3 too"]


def test_empty_bodies(folder: Folder) -> None:
    folder.write("a", "title: a", "")
    folder.write("b", "title: b\naudience: internal", "")
    folder.write("c", "title: c\naudience: internal", "## Internal\nonly")
    assert folder.said() == [
        "a.md:1: there is no text that a customer may get",
        "b.md:1: there is no text",
    ]


def test_validity(folder: Folder) -> None:
    folder.write("a", "title: a\nvalid: {from: 2026-02-01, to: 2026-01-01}")
    folder.write("b", "title: b\nvalid: {to: 2026-11-21}")
    folder.write("c", "title: c\nvalid: {to: 2026-11-22}")
    folder.write("d", "title: d\nvalid: {from: 2027-01-01}")
    assert folder.said() == [
        "a.md:3: valid: from is after to",
        "warning: b.md:3: expired since 2026-11-21",
    ]


def test_contradictions(folder: Folder) -> None:
    folder.write("a", "title: 几天内可以退货\nquestions: [能退吗]", "你好。\n签收后 7 天内可退。")
    folder.write("b", "title: 退货期\nquestions: [能退吗？]", "签收后十五天内可退。")
    folder.write("c", "title: 多久能退货呢", "签收后 30 天内可退。")
    assert folder.said()[-1:] == ["warning: b.md:3: the question “能退吗？” is in a.md:3 too"]
    assert folder.said()[:-1] == [
        "warning: a.md:6: says “7 天”, but b.md:5 says “十五天” to the same question"
    ]


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("7 天内退", "15 天内退", ("7 天", "15 天")),
        ("七天", "7 天", None),
        ("reply in 2 hours", "reply in 24 hours", ("2 hours", "24 hours")),
        ("运费由店铺承担", "运费由买家承担", ("由店铺承担", "由买家承担")),
        ("3 天，VIP 1 天", "3 天", None),
        ("3 天，VIP 1 天", "3 天，VIP 2 天", ("1 天", "2 天")),
        ("3 天", "3 个工作日", None),
        ("1–3 天", "１-3天", None),
        ("三五天", "7 天", None),
        ("第一天", "7 天", None),
        ("11 月 2 日起", "11 月 3 日起", None),
        ("满 59 元", "over 69 yuan", ("59 元", "69 yuan")),
        ("paid by us", "paid by the buyer", ("paid by us", "paid by the buyer")),
    ],
)
def test_figures_that_cannot_both_be_right(
    one: str, other: str, clash: tuple[str, str] | None
) -> None:
    found = conflict(figures(one), figures(other))
    assert (found and (found[0].said, found[1].said)) == clash


def test_near_titles_and_translations_are_compared(folder: Folder) -> None:
    folder.write("a", "title: How long does shipping take\nlang: en", "It takes 3 days.")
    folder.write("b", "title: How long does shipping takes\nlang: en", "It takes 5 days.")
    folder.write("c", "title: 保修", "保修 2 年。")
    folder.write("c.en", "title: Warranty\nlang: en", "The warranty is 1 year.")
    assert folder.said() == [
        "warning: a.md:5: says “3 days”, but b.md:5 says “5 days” to the same question",
        "warning: c.en.md:5: says “1 year”, but c.md:4 says “2 年” to the same question",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Monthly fees of the gold savings account", "Monthly fees of the silver savings account"),
        (
            "Monthly fees of the gold savings account",
            "Monthly fees of the gold plus savings account",
        ),
        ("Battery life of the Model 12 speaker", "Battery life of the Model 13 speaker"),
    ],
)
def test_two_things_of_nearly_one_title_are_not_compared(
    folder: Folder, one: str, other: str
) -> None:
    folder.write("a", f"title: {one}\nlang: en", "It is 3%.")
    folder.write("b", f"title: {other}\nlang: en", "It is 5%.")
    assert folder.said() == []


def test_dead_links(folder: Folder) -> None:
    body = "[ok](../good.md#top) [web](https://x.example/a.md) [here](#a)\n[no](other%20one.md)"
    folder.write("sub/a", "title: a", body)
    assert folder.said() == ["sub/a.md:5: the link other%20one.md leads nowhere"]
    folder.write("sub/other one", "title: b")
    assert folder.said() == []


@pytest.mark.parametrize("day", [TODAY, datetime.date(9999, 12, 31)])
def test_what_is_shipped_is_clean_on_any_day(day: datetime.date) -> None:
    found, problems = lint(paths.shipped() / "kb", day)
    assert len(found) >= 80
    assert problems == []
