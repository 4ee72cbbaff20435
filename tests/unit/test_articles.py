"""Articles survive being written: as files, and as tables and JSON that are imported again."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent_tui import frontmatter
from agent_tui.domain.model import Article
from agent_tui.errors import ContentError
from agent_tui.knowledge import articles, exporting, importing
from agent_tui.knowledge.articles import lines_of, one_line
from agent_tui.knowledge.importing import plan
from agent_tui.text import clean

# Anything may be typed or pasted; what YAML, Markdown and CSV give a meaning comes often.
CHARS = st.one_of(
    st.characters(),
    st.sampled_from("\n\r\t -:#[]{}&*!|>'\"%@`,;?=\\~。，\u200b\ufeff\x85\u2028\x00"),
)
MARKED = st.sampled_from(
    [
        "---",
        "## 内部",
        "\n## Internal\n",
        "\\## Internal",
        "true",
        "no",
        "null",
        "2026-01-01",
        "1e3",
    ]
)
TEXTS = st.lists(st.one_of(st.text(CHARS, max_size=30), MARKED), max_size=5).map("".join)
DAYS = st.one_of(st.just(""), st.dates().map(datetime.date.isoformat))


@st.composite
def any_article(draw: st.DrawFn) -> Article:
    """An article as `parse` may give one: cleaned, with a title and a text."""
    return Article(
        id="a/b",
        title=draw(TEXTS.map(one_line).filter(bool)),
        body=clean(draw(TEXTS)).strip() or "x",
        lang=draw(st.sampled_from(["zh", "en"])),
        category="a",
        questions=lines_of(draw(st.lists(TEXTS, max_size=3))),
        tags=lines_of(draw(st.lists(TEXTS, max_size=3))),
        audience=draw(st.sampled_from(["public", "internal"])),
        owner=one_line(draw(TEXTS)),
        internal=clean(draw(TEXTS)).strip(),
        valid_from=draw(DAYS),
        valid_to=draw(DAYS),
    )


def same(one: Article, other: Article) -> bool:
    """Equal but for the version."""
    return msgspec.structs.replace(one, version="") == msgspec.structs.replace(other, version="")


@given(any_article(), TEXTS.map(one_line))
@example(Article(id="a/b", title="- x: y #", body="## 内部\n\n---", lang="zh", category="a"), "")
def test_what_is_written_reads_the_same(article: Article, source: str) -> None:
    text = articles.write(article, source)
    assert same(articles.parse("a/b", text), article)
    assert articles.head_of(text)[0].source == source


@given(TEXTS, TEXTS)
def test_any_title_and_body_survive_front_matter(title: str, body: str) -> None:
    data, text, _ = frontmatter.split(frontmatter.join({"title": one_line(title)}, clean(body)))
    assert data == {"title": one_line(title)}
    assert text.strip("\n") == clean(body).strip("\n")


def test_a_file_as_a_person_would_write_it() -> None:
    article = Article(
        id="returns/freight",
        title="退货运费由谁承担？",
        body="由店铺承担。",
        lang="zh",
        category="returns",
        questions=("运费谁出", "yes: or no"),
        tags=("运费", "12315"),
        owner="售后",
        internal="先看订单。",
        valid_to="2026-12-31",
    )
    assert articles.write(article, "zendesk:7") == (
        "---\n"
        "title: 退货运费由谁承担？\n"
        "lang: zh\n"
        "questions:\n"
        "  - 运费谁出\n"
        '  - "yes: or no"\n'
        'tags: [运费, "12315"]\n'
        "audience: public\n"
        "owner: 售后\n"
        "valid: {to: 2026-12-31}\n"
        'source: "zendesk:7"\n'
        "---\n"
        "由店铺承担。\n"
        "\n"
        "## 内部\n"
        "先看订单。\n"
    )


def test_the_shipped_files_stay_as_they_are() -> None:
    """Rewriting them would change nothing that is read."""
    from agent_tui import paths

    found, _ = articles.load(paths.shipped() / "kb")
    assert found
    for article in found:
        assert same(articles.parse(article.id, articles.write(article)), article)


# --- out and in again ----------------------------------------------------------------------------

CASES = [
    Article(
        id="returns/freight", title="运费", body='甲\n\n- 乙, "丙"', lang="zh", category="returns"
    ),
    Article(
        id="returns/Freight two.en",
        title="=1+1",
        body="=cmd|' /C calc'!A0\n\n## Internal\nx",
        lang="en",
        category="returns",
        questions=("a; b", "c|d"),
        tags=("one, two",),
        audience="internal",
        owner="lee",
        internal="+1\n\n2",
        valid_from="2026-01-02",
        valid_to="2026-12-31",
    ),
    Article(id="loose", title="单独一篇", body="007", lang="zh", tags=("1", "2.0")),
    Article(id="12", title="一个数", body="1e3", lang="zh"),
]


def again(tmp_path: Path, name: str, content: bytes) -> list[Article]:
    """What importing `content` into an empty kb/ makes."""
    (tmp_path / name).write_bytes(content)
    kb = tmp_path / "kb"
    kb.mkdir()
    for step in plan.plan(importing.read(tmp_path / name), kb):
        assert step.kind == "new", step
        assert plan.apply(step, kb) is None
    # A second time nothing is left to do.
    steps = list(plan.plan(importing.read(tmp_path / name), kb))
    assert {step.kind for step in steps} == {"same"}
    return articles.load(kb)[0]


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_exported_and_imported_again(tmp_path: Path, form: str) -> None:
    make: Any = getattr(exporting, f"to_{form}")
    found = again(tmp_path, f"kb.{form}", make([exporting.record(each) for each in CASES]))
    expected = sorted(CASES, key=lambda each: each.id)
    assert [msgspec.structs.replace(a, version="") for a in sorted(found, key=lambda a: a.id)] == (
        expected
    )


@given(st.lists(any_article(), min_size=1, max_size=3))
def test_any_article_survives_a_table(tmp_path_factory: Any, found: list[Article]) -> None:
    folder = tmp_path_factory.mktemp("round")
    named = [msgspec.structs.replace(each, id=f"a/{at}") for at, each in enumerate(found)]
    content = exporting.to_csv([exporting.record(each) for each in named])
    for one, other in zip(again(folder, "kb.csv", content), named, strict=True):
        assert same(one, other)


def test_a_text_too_long_for_a_cell_is_not_cut(tmp_path: Path) -> None:
    article = msgspec.structs.replace(CASES[0], body="x" * (exporting.CELL + 1))
    with pytest.raises(ContentError, match="returns/freight"):
        exporting.to_xlsx([exporting.record(article)])
