"""The search finds the shipped article that a customer's words ask for."""

from __future__ import annotations

import functools

import pytest

from agent_tui import paths
from agent_tui.desk.desk import entries
from agent_tui.knowledge import articles
from agent_tui.knowledge.finder import Entry, Finder
from agent_tui.macros import library
from agent_tui.macros.library import Library


@functools.cache
def finder() -> Finder:
    found, _ = articles.load(paths.shipped() / "kb")
    macros, _ = library.load(paths.shipped() / "macros")
    return Finder(entries(found, Library(macros)))


def entry(id: str, title: str, *names: str, body: str = "", lang: str = "zh") -> Entry:
    return Entry("article", id, title, (title, *names), body, lang, "")


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
    hits = [hit.entry for hit in finder().search(query, 20, language)]
    assert expected in [entry.id for entry in hits if entry.kind == "article"][:5]


def test_the_exact_title_comes_first() -> None:
    for title in ("退货运费由谁承担", "怎么换尺码或换颜色"):
        assert finder().search(title, 5, "zh")[0].entry.title == title


def test_a_macro_is_found_by_its_short_name() -> None:
    assert any(hit.entry.kind == "macro" for hit in finder().search("wddh", 5, "zh"))


def test_the_own_language_goes_first() -> None:
    search = Finder([entry("zh", "VIP"), entry("en", "VIP", lang="en")]).search
    assert [hit.entry.id for hit in search("vip", language="en")] == ["en", "zh"]
    assert [hit.entry.id for hit in search("vip", language="zh")] == ["zh", "en"]


@pytest.mark.parametrize("query", ["", "  ", "\n"])
def test_nothing_asked_nothing_found(query: str) -> None:
    assert list(finder().search(query)) == []
    assert list(Finder().search("x")) == []


def test_text_inside_counts_and_the_limit_holds() -> None:
    many = [entry(f"a{n}", f"标题{n}") for n in range(50)]
    hits = Finder([*many, entry("body", "别的", body="里面写着退换货")]).search("退换货")
    assert hits[0].entry.id == "body"
    assert len(finder().search("退货", 7)) == 7


def test_ranking_is_stable() -> None:
    first = [hit.entry.id for hit in finder().search("退款", 20, "zh")]
    assert first == [hit.entry.id for hit in finder().search("退款", 20, "zh")]
