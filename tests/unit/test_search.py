"""The search finds what is meant: in Chinese, pinyin, English, and with slips."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_tui import paths
from agent_tui.desk.entries import entries
from agent_tui.knowledge import articles, han, passages, rows, simplified
from agent_tui.knowledge.entry import Context, Entry, Hit
from agent_tui.knowledge.grams import Gram, pieces
from agent_tui.knowledge.index import Key, SearchIndex, StaleIndex
from agent_tui.knowledge.spelled import Spelled
from agent_tui.knowledge.verbatim import verbatim
from agent_tui.macros import library
from agent_tui.macros.library import Library


@functools.cache
def shipped() -> SearchIndex:
    found, _ = articles.load(paths.shipped() / "kb")
    macros, _ = library.load(paths.shipped() / "macros")
    return SearchIndex.build(entries(found, Library(macros)))


def index(*titles: str, **more: str) -> SearchIndex:
    return SearchIndex.build(Entry("article", title, title, **more) for title in titles)  # type: ignore[arg-type]


def titles(hits: list[Hit]) -> list[str]:
    return [hit.entry.title for hit in hits]


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("退货运费谁出", "zh", "returns/return-freight"),
        ("7天无理由", "zh", "returns/seven-day-return"),
        ("怎么退货", "zh", "returns/return-process"),
        ("多久发货", "zh", "delivery/when-shipped"),
        ("物流不动了", "zh", "delivery/tracking-not-moving"),
        ("衣服小了想换大一码", "zh", "returns/exchange"),
        ("付款失败", "zh", "payment/payment-failed"),
        ("电子发票", "zh", "invoices/e-invoice"),
        ("运费险", "zh", "service/freight-insurance"),
        ("收到货是坏的", "zh", "quality/broken-on-arrival"),
        ("客服几点上班", "zh", "service/service-hours"),
        ("who pays return shipping", "en", "returns/return-freight.en"),
        ("change the address", "en", "orders/change-address.en"),
        ("tracking not moving", "en", "delivery/tracking-not-moving.en"),
        ("refund not arived", "en", "refunds/refund-timing.en"),
        ("dishwasher safe", "en", "product/dishwasher-microwave.en"),
    ],
)
def test_customers_words_find_the_article(query: str, language: str, expected: str) -> None:
    hits = [hit.entry for hit in shipped().search(query, context=Context(language=language))]
    assert expected in [entry.id for entry in hits if entry.kind == "article"][:5]


@pytest.mark.parametrize(
    "query",
    [
        *(
            "退货运费由谁承担",
            "运费",
            "货运",
            "退貨運費",
            "退或运费",
            "退货运废",
            "货退运费",
            "退运费",
        ),
        *("tuihuoyunfei", "tuihuo yunfei", "thyf", "tuihyf", "tui货yunfei", "tuihuoyunfie"),
        *("TUIHUO", "ｔｕｉｈｕｏ", "tuihouyunfei", "承担退货", "退货，运费？"),
    ],
)
def test_one_title_by_many_ways_to_type_it(query: str) -> None:
    many = index(
        "退货运费由谁承担", "尺码怎么选", "发票抬头", "会员积分规则", "Return policy", "换货流程"
    )
    assert titles(many.search(query))[0] == "退货运费由谁承担"


@pytest.mark.parametrize(
    "query",
    [
        *(
            "Who pays return freight",
            "retrun freight",
            "freight return",
            "freigt",
            "return freihgt",
        ),
        *("rtrn freight", "returnfreight", "Ｒｅｔｕｒｎ ｆｒｅｉｇｈｔ", "wprf", "return fre"),
    ],
)
def test_an_english_title_with_slips(query: str) -> None:
    many = index(
        "Who pays return freight", "Size chart", "Invoices", "Gift cards", "退货运费由谁承担"
    )
    assert titles(many.search(query))[0] == "Who pays return freight"


def test_homophones_in_words_are_read_as_people_read_them() -> None:
    many = index("银行卡退款", "调整订单", "重新发货", "单先生的订单")
    for query, expected in (
        ("yinhang", "银行卡退款"),
        ("tiaozheng", "调整订单"),
        ("cxfh", "重新发货"),
        ("shanxiansheng", "单先生的订单"),
    ):
        assert titles(many.search(query))[0] == expected


def test_codes_and_order_numbers_are_exact() -> None:
    many = index("保修 QH-2043B", "保修 QH-2043C", "订单 202611020001", "订单 202611020002")
    assert titles(many.search("qh-2043c"))[0] == "保修 QH-2043C"
    assert titles(many.search("202611020002"))[0] == "订单 202611020002"
    best = many.search("202611020009")
    assert not best or best[0].score < many.search("202611020002")[0].score / 1.5


def test_what_was_matched_is_marked() -> None:
    hit = index("退货运费由谁承担").search("yunfei")[0]
    assert [hit.name[begin:end] for begin, end in hit.spans] == ["运费"]
    hit = index("Who pays return freight").search("freight")[0]
    assert [hit.name[begin:end] for begin, end in hit.spans] == ["freight"]


def test_other_questions_tags_and_texts_find_too() -> None:
    many = SearchIndex.build(
        [
            Entry("article", "a", "售后政策", ("寄回去的钱谁出",), ("运费险",), "七天内可以退换"),
            Entry("article", "b", "尺码"),
        ]
    )
    for query in ("寄回去的钱", "运费险", "七天内可以退换"):
        hit = many.search(query)[0]
        assert hit.entry.id == "a"
    assert many.search("寄回去的钱")[0].name == "寄回去的钱谁出"


def test_other_words_for_the_same_thing() -> None:
    assert (
        titles(index("价格优惠咨询", "尺码推荐", "发票").search("能便宜点吗"))[0] == "价格优惠咨询"
    )


def test_context_moves_up_and_says_why() -> None:
    both = SearchIndex.build(
        [Entry("article", "zh", "VIP", language="zh"), Entry("article", "en", "VIP", language="en")]
    )
    for language in ("zh", "en"):
        hit = both.search("vip", context=Context(language=language))[0]
        assert hit.entry.language == language
        assert dict(hit.why)["language"] > 0
        assert sum(points for _, points in hit.why) == pytest.approx(hit.score, abs=30)
    used = Context(uses={("article", "en"): 1.0})
    assert both.search("vip", context=used)[0].entry.id == "en"
    assert [hit.entry.id for hit in both.search("", context=used)] == ["en"]
    assert both.search("") == []


def test_what_no_longer_holds_goes_down() -> None:
    both = SearchIndex.build(
        [
            Entry("article", "old", "双11 满减", valid_to="2026-11-12"),
            Entry("article", "b", "双11 满减券"),
        ]
    )
    assert both.search("双11 满减")[0].entry.id == "old"
    hits = both.search("双11 满减", context=Context(today="2026-11-13"))
    assert [hit.entry.id for hit in hits] == ["b", "old"]
    assert dict(hits[1].why)["expired"] < 0


def test_only_what_the_filter_lets_through() -> None:
    found = shipped().search("退货", where=lambda entry: entry.kind == "macro")
    assert found
    assert {hit.entry.kind for hit in found} == {"macro"}
    assert len(shipped().search("退货", 3)) == 3


@pytest.mark.parametrize(
    "query", ["", " ", "?!。", "\0", "a" * 5000, "退" * 3000, "🙂", "ﷺ", "\ud800"]
)
def test_any_query_is_answered(query: str) -> None:
    shipped().search(query)
    SearchIndex().search(query)
    SearchIndex.build([]).search(query)
    index("", "???", "🙂", "\ud800").search(query)


TEXT = st.text(alphabet="退货运费尺码abc 1２３é한語🙂/%\n", max_size=12)
ENTRY = st.builds(
    Entry,
    kind=st.sampled_from(("article", "macro")),
    id=st.sampled_from("abcdefgh"),
    title=TEXT,
    questions=st.lists(TEXT, max_size=2).map(tuple),
    body=TEXT,
)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.lists(ENTRY, max_size=4),
            st.lists(st.tuples(st.sampled_from(("article", "macro")), st.sampled_from("abcdefgh"))),
            st.booleans(),
        ),
        max_size=5,
    ),
    query=TEXT,
)
def test_updates_equal_an_index_built_anew(steps: list, query: str) -> None:  # type: ignore[type-arg]
    known: dict[Key, Entry] = {}
    changing = SearchIndex()
    for fresh, removed, merge in steps:
        gone = [key for key in removed if key not in {entry.key for entry in fresh}]
        changing = changing.updated(fresh, gone, merge=merge)
        for key in gone:
            known.pop(key, None)
        known |= {entry.key: entry for entry in fresh}
        assert {entry.key: entry for entry in changing} == known
        assert len(changing) == len(known)
    for key in known:
        assert changing.entry(key) == known[key]
    found = {hit.entry.key for hit in changing.search(query, 50)}
    assert found <= known.keys()


def test_a_saved_index_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    shipped().save(folder)
    loaded = SearchIndex.load(folder)
    for query in ("退货", "thyf", "invoice", "怎么还没发货"):
        assert loaded.search(query) == shipped().search(query)
    loaded.update([Entry("article", "new", "量子退货")])
    loaded.save(folder)
    assert titles(SearchIndex.load(folder).search("量子"))[0] == "量子退货"


@pytest.mark.parametrize("damage", ["format", "entries.bin", "names.rows.npy", "segment.norms.npy"])
def test_a_broken_index_is_built_again(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "index"
    shipped().save(folder)
    file = folder / damage
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(StaleIndex):
        SearchIndex.load(folder)
    with pytest.raises(StaleIndex):
        SearchIndex.load(tmp_path / "nothing")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="退货運费银行重新abeingsd sz 1２３é한語🙂/%\n\0", max_size=20))
def test_one_text_is_taken_apart_as_many_are(text: str) -> None:
    one, many = Spelled(text), rows.rows([text])
    assert one.text == many.chars.tobytes().decode("utf-16-le") == han.fold(text)
    assert bytes(one.letters) == many.letters.tobytes()
    for gram in Gram:
        assert sorted(one.pieces(gram)) == sorted(pieces(many, gram).keys.tolist())
    assert sorted(one.terms()) == sorted(passages.terms(many).keys.tolist())


@pytest.mark.parametrize(
    ("query", "name", "held"),
    [
        ("tuihuo", "怎么退货", True),
        ("tui huo", "怎么退货", True),
        ("thyf", "退货运费由谁承担", True),
        ("thyunf", "退货运费由谁承担", True),
        ("yinhang", "银行卡信息", True),
        ("refun", "When will my refund arrive", True),
        ("huan fapiao", "发票抬头", True),  # most of it
        ("tuihou", "怎么退货", False),
        ("fanxian", "用了发现有质量问题怎么处理", False),
        ("anzhuang", "订单状态分别是什么意思", False),  # begins amid a syllable
        ("refnud", "When will my refund arrive", False),
        ("退或", "怎么退货", True),  # characters cannot tell
        ("", "怎么退货", True),
    ],
)
def test_what_only_resembles_a_name_is_told_apart(query: str, name: str, held: bool) -> None:
    assert verbatim(query, name) is held


def test_a_hit_in_the_text_is_no_resemblance() -> None:
    entry = Entry("article", "a", "保温杯", body="The thermos keeps tea warm.")
    [hit] = SearchIndex.build([entry]).search("thermos")
    assert hit.verbatim
    [hit] = SearchIndex.build([entry]).search("baowenbie")
    assert not hit.verbatim


@pytest.mark.parametrize(
    ("asked", "idle"),
    [("这三款热水器有什么差别", "积分有什么用"), ("装好就报错了，为什么", "优惠券为什么用不了")],
)
def test_words_that_only_join_a_question_find_little(asked: str, idle: str) -> None:
    hits = {hit.name: hit.score for hit in shipped().search(asked)}
    assert hits.get(idle, 0.0) < 15.0
    assert shipped().search(idle)[0].name == idle


def test_delivered_is_signed_for() -> None:
    hits = shipped().search("显示已送达，可没人给我打电话", context=Context(language="zh"))
    assert hits[0].entry.id == "delivery/signed-not-received"


def test_both_foldings_agree_on_chinese_and_full_width_text() -> None:
    fold = simplified.folding().fold
    chars = [chr(code) for code in (*range(0x2E80, 0xA4D0), *range(0xFF00, 0xFFF0))]
    letters = [each for each in chars if han.spelled(each).isalnum()]
    assert len(letters) > 25_000
    assert {"雜", "Ａ", "ｶ", "９"} <= set(letters)
    assert [each for each in letters if han.fold(each) != fold(each)] == []
