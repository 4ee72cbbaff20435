"""What rows become: tables in any encoding, Markdown, help centres, and a second import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui import charset, lang, paths
from agent_tui.domain.model import Article
from agent_tui.errors import ContentError, NotFound
from agent_tui.knowledge import articles, importing
from agent_tui.knowledge.importing import plan
from agent_tui.knowledge.importing.markup import to_markdown
from agent_tui.knowledge.importing.plan import Step, slug

FAQ = "标题,问题,答案,标签,分类\n退货运费,谁出运费；运费谁付,由店铺承担,运费、退货,售后\n"
TRADITIONAL = "標題,答案\n退貨運費由誰承擔,由店鋪承擔，七天內辦理\n"


class House:
    """A kb/ to import into, and a place for sources."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kb = root / "kb"
        self.kb.mkdir()
        lang.use("en")

    def source(self, name: str, content: str | bytes | dict[str, Any] | list[Any]) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict | list):
            content = json.dumps(content, ensure_ascii=False)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def steps(self, source: Path, form: Any = "auto", **options: str) -> list[Step]:
        """What becomes of each row; nothing is written."""
        columns = {"title": options.pop("title")} if "title" in options else {}
        return list(plan.plan(importing.read(source, form, columns), self.kb, **options))

    def said(self, source: Path, form: Any = "auto", **options: str) -> list[str]:
        return [
            " ".join(filter(None, (s.place, s.kind, s.path, ",".join(s.changes), str(s.why or ""))))
            for s in self.steps(source, form, **options)
        ]

    def take(self, source: Path, form: Any = "auto", **options: str) -> None:
        """Import for good."""
        for step in self.steps(source, form, **options):
            assert plan.apply(step, self.kb) is None

    def article(self, key: str) -> Article:
        return articles.parse(key, (self.kb / f"{key}.md").read_text("utf-8"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


# --- tables --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_in_any_encoding_and_with_any_delimiter(
    house: House, codec: str, delimiter: str
) -> None:
    source = house.source("faq.csv", FAQ.replace(",", delimiter).encode(codec))
    house.take(source)
    found = house.article("售后/退货运费")
    assert (found.title, found.body, found.lang) == ("退货运费", "由店铺承担", "zh")
    assert found.questions == ("谁出运费", "运费谁付")
    assert found.tags == ("运费", "退货")
    assert house.said(source) == ["faq.csv:2 same 售后/退货运费.md"]


def test_csv_in_big5(house: House) -> None:
    house.take(house.source("faq.csv", TRADITIONAL.encode("big5")))
    assert house.article("退貨運費由誰承擔").body == "由店鋪承擔，七天內辦理"


@pytest.mark.parametrize(
    "text", ["退货运费由谁承担", "收到的商品有破损怎么办", "您好，请问几天能到"]
)
def test_gb18030_is_not_taken_for_big5(text: str) -> None:
    assert charset.guess(text.encode("gb18030")) == "gb18030"


@pytest.mark.parametrize("text", ["退貨運費由誰承擔", "收到的商品有破損怎麼辦", "請問幾天能到"])
def test_big5_is_not_taken_for_gb18030(text: str) -> None:
    assert charset.guess(text.encode("big5")) == "big5"


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_not(data: bytes) -> None:
    name = charset.guess(data)
    if name is None:
        with pytest.raises(ValueError, match="not a text"):
            charset.decode(data)
    else:
        text, _ = charset.decode(data)
        assert "\0" not in text and "\r" not in text


def test_what_becomes_of_each_row(house: House) -> None:
    source = house.source(
        "faq.csv",
        "title,answer,lang,status,audience,valid_to\n"
        'Refunds,"two\nlines",en,,,\n'
        ",no title,en,,,\n"
        "Nothing,,en,,,\n"
        "\n"
        "Draft,x,en,draft,,\n"
        "Bonjour,x,fr,,,\n"
        "Refunds,again,en,,,\n"
        "Odd,x,en,,vip,\n"
        "Late,x,en,,,soon\n"
        "Dated,x,en,,internal,2026/12/31\n"
        "Long,x,en,,,,too,many\n",
    )
    assert house.said(source) == [
        "faq.csv:2 new refunds.en.md",
        "faq.csv:4 skipped the title is empty",
        "faq.csv:5 skipped there is no text",
        "faq.csv:7 skipped a draft",
        "faq.csv:8 skipped language fr: there are zh and en only",
        "faq.csv:9 skipped is the same article as faq.csv:2",
        "faq.csv:10 skipped audience vip: there are public and internal only",
        "faq.csv:11 skipped soon is not a date",
        "faq.csv:12 new dated.en.md",
        "faq.csv:13 skipped has 8 cells, the headings 6",
    ]
    house.take(source)
    dated = house.article("dated.en")
    assert (dated.audience, dated.valid_to) == ("internal", "2026-12-31")


def test_a_table_of_questions_and_answers(house: House) -> None:
    house.take(house.source("qa.csv", "问题,答案\n怎么退货|能退吗,七天内可退\n"), category="售后")
    found = house.article("售后/怎么退货")
    assert (found.title, found.questions) == ("怎么退货", ("能退吗",))


def test_a_numbered_table_keeps_its_files(house: House) -> None:
    house.take(house.source("faq.csv", "编号,标题,答案\n81,退货,七天\n"))
    again = house.source("later.csv", "编号,标题,答案\n81,怎么退货,七天\n82,退货,另一篇\n")
    assert house.said(again) == [
        "later.csv:2 update 退货.md title",
        "later.csv:3 new 退货-82.md",
    ]


def test_columns_with_names_of_their_own(house: House) -> None:
    source = house.source("odd.csv", "Betreff,text\nHello,there\n")
    with pytest.raises(ContentError, match="names no column of titles") as error:
        house.said(source)
    assert "--map title=COLUMN" in str(error.value.hint)
    assert house.said(source, title="Betreff") == ["odd.csv:2 new hello.en.md"]
    with pytest.raises(ContentError, match="has no column Titel"):
        house.said(source, title="Titel")


def test_a_workbook(house: House) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "FAQ"
    for row in (
        ["标题", "答案", "标签"],
        ["电话", 400123, "a，b"],
        [None, None, None],
        ["空", None, None],
    ):
        sheet.append(row)
    book.create_sheet("notes").append(["something else"])
    source = house.root / "faq.xlsx"
    book.save(source)
    assert house.said(source) == [
        "faq.xlsx[FAQ]:2 new 电话.md",
        "faq.xlsx[FAQ]:4 skipped there is no text",
        "faq.xlsx[notes] skipped this sheet has no column of titles",
    ]
    house.take(source)
    assert house.article("电话").body == "400123"
    assert house.article("电话").tags == ("a", "b")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"\xd0\xcf\x11\xe0old or locked", "no XLSX file"),
        ("a.xlsx", b"PK\x03\x04 cut off", "no XLSX file"),
        ("a.csv", b"\x89PNG\0\0\0\1", "not a text file"),
        ("a.csv", b"", "names no column of titles"),
        ("a.json", b"{", "a.json"),
        ("a.json", b"{}", "is not understood"),
        ("a.pdf", b"%PDF", "of no known format"),
    ],
)
def test_a_source_that_is_none(house: House, name: str, content: bytes, said: str) -> None:
    with pytest.raises(ContentError, match=said):
        house.said(house.source(name, content))


def test_no_source(house: House) -> None:
    with pytest.raises(NotFound):
        house.said(house.root / "nothing.csv")


def test_json_lines(house: House) -> None:
    source = house.source(
        "x.jsonl", '{"title": "a", "reply": "x"}\n\nbroken\n[1]\n{"title": "b"}\n'
    )
    found = house.said(source, lang="zh")
    assert [each.split(": ")[0] for each in found] == [
        "x.jsonl:1 new a.md",
        "x.jsonl:3 skipped not understood",
        "x.jsonl:4 skipped not understood",
        "x.jsonl:5 skipped there is no text",
    ]


# --- Markdown ------------------------------------------------------------------------------------


def test_a_folder_of_markdown(house: House) -> None:
    for name, text in {
        "returns/Freight.md": "# Who pays\n\nWe do.\n\n## Internal\nAsk first.\n",
        "returns/own.en.md": "---\ntitle: Own\ntags: a, b\nauthor: lee\nlayout: post\n---\nText\n",
        "loose-name.md": "只有正文",
        "old.md": "---\ntitle: Old\ndraft: true\n---\nx\n",
        "broken.md": "---\ntitle: [\n---\nx\n",
        ".hidden.md": "x",
        "picture.png": "x",
    }.items():
        house.source(f"docs/{name}", text)
    house.source("docs/gb.md", "# 国标\n\n编码".encode("gb18030"))
    broken, *others = house.said(house.root / "docs", category="faq")
    assert broken.startswith("broken.md:3 skipped bad YAML")
    assert others == [
        "gb.md new faq/gb.md",
        "loose-name.md new faq/loose-name.md",
        "old.md skipped a draft",
        "returns/Freight.md new returns/Freight.md",
        "returns/own.en.md new returns/own.en.md",
    ]
    house.take(house.root / "docs", category="faq")
    freight = house.article("returns/Freight")
    assert (freight.title, freight.body, freight.internal) == ("Who pays", "We do.", "Ask first.")
    own = house.article("returns/own.en")
    assert (own.lang, own.tags, own.owner) == ("en", ("a", "b"), "lee")
    assert house.article("faq/gb").title == "国标"
    assert house.article("faq/loose-name").title == "loose name"


def test_what_is_shipped_can_be_imported_whole(house: House) -> None:
    house.take(paths.shipped() / "kb")
    before, _ = articles.load(paths.shipped() / "kb")
    after, problems = articles.load(house.kb)
    assert problems == []
    assert [plan.differences(a, b) for a, b in zip(before, after, strict=True)] == [()] * len(after)


def test_paths_stay_inside(house: House) -> None:
    rows = [
        {"id": "../../etc/passwd", "title": "one", "body": "x"},
        {"id": "/a/../b", "title": "two", "body": "x"},
        {"id": "a\\b:c", "title": "three", "body": "x"},
        {"title": "four", "body": "x", "category": "../up"},
        {"title": "con", "body": "x"},
        {"title": "???", "body": "x"},
    ]
    assert house.said(house.source("x.json", rows), lang="zh") == [
        "x.json[1] new etc/passwd.md",
        "x.json[2] new a/b.md",
        "x.json[3] new a-b-c.md",
        "x.json[4] new up/four.md",
        "x.json[5] new con-.md",
        "x.json[6] new article.md",
    ]
    for step in house.steps(house.source("x.json", rows)):
        assert (house.kb / step.path).resolve().is_relative_to(house.kb)


@given(st.text(max_size=300))
def test_a_slug_is_a_file_name(title: str) -> None:
    name = slug(title)
    assert name and "/" not in name and not name.startswith(".") and len(name.encode()) <= 181
    assert slug(name.rstrip("-")).rstrip("-") == name.rstrip("-")


# --- help centres --------------------------------------------------------------------------------

ZENDESK = {
    "articles": [
        {
            "id": 35467,
            "title": "Refund times",
            "body": "<h2>When?</h2><p>Within <b>3 days</b>.</p>",
            "locale": "en-us",
            "label_names": ["refund", "money"],
            "section_id": 98,
            "draft": False,
            "user_segment_id": None,
            "updated_at": "2026-01-02T03:04:05Z",
        },
        {
            "id": 35467,
            "title": "退款时间",
            "body": "<p>3 天</p>",
            "locale": "zh-cn",
            "section_id": 98,
        },
        {
            "id": 35467,
            "title": "退款時間",
            "body": "<p>3 天</p>",
            "locale": "zh-tw",
            "section_id": 98,
        },
        {
            "id": 2,
            "title": "Refund times",
            "body": "<p>other</p>",
            "locale": "en-us",
            "section_id": 98,
        },
        {"id": 3, "title": "Later", "body": "<p>x</p>", "locale": "en-us", "draft": True},
        {"id": 4, "title": "Remboursement", "body": "<p>x</p>", "locale": "fr"},
        {"id": 5, "title": "Staff only", "body": "x", "locale": "en-us", "user_segment_id": 7},
        {"id": 6, "title": "Members", "body": "x", "locale": "en-us", "user_segment_id": 8},
        {"id": 7, "title": "Empty", "body": None, "locale": "en-us"},
    ],
    "sections": [{"id": 98, "name": "Money back", "category_id": 1}],
    "categories": [{"id": 1, "name": "Returns / refunds"}],
    "user_segments": [{"id": 8, "user_type": "signed_in_users"}],
    "next_page": None,
}


def test_a_zendesk_help_centre(house: House) -> None:
    source = house.source("zendesk.json", ZENDESK)
    place = "returns-refunds/money-back"
    assert house.said(source) == [
        f"zendesk.json: article 35467 new {place}/refund-times.en.md",
        f"zendesk.json: article 35467 new {place}/退款时间.md",
        f"zendesk.json: article 35467 new {place}/退款時間.md",
        f"zendesk.json: article 2 new {place}/refund-times-2.en.md",
        "zendesk.json: article 3 skipped a draft",
        "zendesk.json: article 4 skipped language fr: there are zh and en only",
        "zendesk.json: article 5 new staff-only.en.md",
        "zendesk.json: article 6 new members.en.md",
        "zendesk.json: article 7 skipped there is no text",
    ]
    house.take(source)
    found = house.article(f"{place}/refund-times.en")
    assert (found.body, found.tags) == ("## When?\n\nWithin **3 days**.", ("refund", "money"))
    assert 'source: "zendesk:35467"' in (house.kb / place / "refund-times.en.md").read_text()
    assert house.article("staff-only.en").audience == "internal"
    assert house.article("members.en").audience == "public"
    assert {step.kind for step in house.steps(source)} == {"same", "skipped"}


def test_an_article_keeps_its_file_when_its_title_changes(house: House) -> None:
    article = {"id": 1, "title": "Old", "body": "x", "locale": "en-us"}
    house.take(house.source("z.json", {"articles": [article]}))
    # Somebody here moves the file and adds what Zendesk does not know.
    moved = house.kb / "faq" / "moved.en.md"
    moved.parent.mkdir()
    text = (house.kb / "old.en.md").read_text().replace("lang: en", "lang: en\nquestions: [why]")
    moved.write_text(text)
    (house.kb / "old.en.md").unlink()
    again = house.source("z.json", {"articles": [article | {"title": "New", "body": "<p>y</p>"}]})
    assert house.said(again) == ["z.json: article 1 update faq/moved.en.md title,body"]
    house.take(again)
    found = house.article("faq/moved.en")
    assert (found.title, found.body, found.questions) == ("New", "y", ("why",))


CHATWOOT = {
    "payload": [
        {
            "id": 9,
            "slug": "1-how",
            "title": "How to pay",
            "content": "Use **any** card.",
            "description": "Paying",
            "status": "published",
            "updated_at": 1760000000,
            "meta": {"tags": ["card"]},
            "category": {"id": 2, "name": "Payment", "slug": "payment", "locale": "en"},
            "portal": {"slug": "help", "config": {"default_locale": "zh_CN"}},
        },
        {
            "id": 10,
            "title": "Soon",
            "content": "x",
            "status": "draft",
            "category": {"locale": "en"},
        },
        {"id": 11, "title": "Gone", "content": "x", "status": 2, "category": {"locale": "en"}},
        {
            "id": 12,
            "title": "支付",
            "content": "可以",
            "status": 1,
            "portal": {"config": {"default_locale": "zh_CN"}},
        },
    ],
    "meta": {"articles_count": 4, "current_page": 1},
}


def test_a_chatwoot_help_centre(house: House) -> None:
    source = house.source("chatwoot.json", CHATWOOT)
    assert house.said(source) == [
        "chatwoot.json: article 9 new payment/how-to-pay.en.md",
        "chatwoot.json: article 10 skipped a draft",
        "chatwoot.json: article 11 skipped archived",
        "chatwoot.json: article 12 new 支付.md",
    ]
    house.take(source)
    found = house.article("payment/how-to-pay.en")
    assert (found.body, found.tags) == ("Use **any** card.", ("card",))
    assert house.said(house.source("pages.json", [CHATWOOT, {"payload": []}]), "chatwoot")[0] == (
        "pages.json: article 9 same payment/how-to-pay.en.md"
    )


# --- HTML ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<h2>Head</h2><p>one<br>two</p><p>three</p>", "## Head\n\none\ntwo\n\nthree"),
        ("<p>a <b>bold </b>and <i>thin</i></p>", "a **bold** and *thin*"),
        ("<ul><li>a</li><li><p>b</p><ol><li>c</li></ol></li></ul>x", "- a\n- b\n  1. c\n\nx"),
        ("<ol start=3><li>c<li>d</ol>", "3. c\n4. d"),
        ('<a href="https://x.example/a b">go</a>', "[go](https://x.example/a%20b)"),
        ('<a href="javascript:alert(1)">go</a>', "go"),
        ('<img src="x" alt="a box"> <img>', "[picture: a box] [picture]"),
        (
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td><p>1</p></td><td>2"
            "</td></tr></table>",
            "a | b\n1 | 2",
        ),
        ("a<script>alert(1)</script><style>p{}</style>b", "ab"),
        ("&lt;b&gt; &amp; &nbsp; x", "<b> & x"),
        ("<blockquote><p>q</p><p>r</p></blockquote>s", "> q\n>\n> r\n\ns"),
        ("<pre>a\n  b</pre>", "```\na\n  b\n```"),
        ("<div><div>a</div></div><hr>b", "a\n\n---\n\nb"),
        ("<p></p><b></b>", ""),
        ("plain", "plain"),
        ("<b>never closed", "never closed"),
    ],
)
def test_html_as_markdown(html: str, expected: str) -> None:
    assert to_markdown(html) == expected


@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(
    ["<p>", "</p>", "<ul>", "<li>", "</ul>", "<b>", "</b>", "<td>", "<tr>", "</tr>", "<a href='x'>",
     "</a>", "<pre>", "</pre>", "<script>", "</script>", "<h1>", "</h1>", "<!--", "<ol start=x>"]
))).map("".join))  # fmt: skip
def test_any_html_gives_a_text(html: str) -> None:
    assert "<script>" not in to_markdown(html) or "<script" in html


# --- writing -------------------------------------------------------------------------------------


def test_what_changed_meanwhile_is_let_be(house: House) -> None:
    source = house.source("faq.csv", "title,body\nOne,x\nTwo,x\n")
    one, two = house.steps(source)
    house.take(source)
    assert str(plan.apply(one, house.kb)) == "the file is there meanwhile"
    changed = house.source("faq.csv", "title,body\nOne,y\n")
    (step,) = house.steps(changed)
    assert (step.kind, step.changes) == ("update", ("body",))
    (house.kb / "one.en.md").write_text("another hand")
    assert str(plan.apply(step, house.kb)) == "the file changed meanwhile"
    assert (house.kb / "one.en.md").read_text() == "another hand"
    assert [path.name for path in sorted(house.kb.iterdir())] == ["one.en.md", "two.en.md"]
    assert two.kind == "new"


def test_a_broken_file_is_not_written_over(house: House) -> None:
    (house.kb / "one.en.md").write_text("broken")
    source = house.source("faq.csv", "title,body\nOne,x\n")
    assert house.said(source) == ["faq.csv:2 skipped one.en.md is broken: see kb lint first"]


def test_titles_that_make_one_file_name_stay_apart(house: House) -> None:
    source = house.source("faq.csv", f"title,body\n{'a' * 70},x\n{'a' * 71},y\n")
    first, second = house.steps(source)
    assert (first.kind, second.kind) == ("new", "new")
    assert first.path != second.path
    house.take(source)
    assert [step.kind for step in house.steps(source)] == ["same", "same"]
