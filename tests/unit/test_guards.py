"""The guards: what passes, what is asked about, and where exactly it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.config import Config
from agent_tui.desk import guards
from agent_tui.desk.guarding.findings import Finding, Kind
from agent_tui.desk.guarding.folding import fold
from agent_tui.desk.guarding.names import is_han_name, is_latin_name
from agent_tui.desk.guarding.numbers import is_identity, luhn
from agent_tui.desk.guards import Here, Others, Rules, Whose
from tests import attempts

SETTINGS = Config().guards
RULES = Rules(promises=SETTINGS.promises)
HERE = Here(
    Whose(attempts.HERE, guards.numbers_of(["202611010007"], [attempts.SAID])),
    lambda: attempts.SAID,
)
OTHERS = Others(
    Whose(name, guards.numbers_of([number], [])) for name, number in attempts.OTHERS.items()
)


def found(text: str, rules: Rules = RULES, *, note: bool = False) -> list[Finding]:
    return guards.check(text, rules, HERE, OTHERS, note=note)


def pieces(text: str, rules: Rules = RULES) -> list[tuple[Kind, str]]:
    return [(each.kind, text[each.start : each.end]) for each in found(text, rules)]


def test_none_of_500_bad_attempts_passes() -> None:
    missed = [
        each
        for each in attempts.bad(seed=61, count=500)
        if not any(one.kind in each.kinds for one in found(each.text))
    ]
    assert missed == []


def test_of_2000_harmless_replies_hardly_any_is_asked_about() -> None:
    alarms = [
        (text, pieces(text)) for text in attempts.harmless(seed=62, count=2000) if found(text)
    ]
    assert len(alarms) <= 20, alarms[:5]


def test_lists_written_by_hand() -> None:
    assert [text for text in attempts.BAD_BY_HAND if not found(text)] == []
    assert [text for text in attempts.HARMLESS_BY_HAND if found(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "最近", "最快明天到", "第一次", "最后", "第一时间", "您最好先拍照", "最好用原包装寄回",
        "最新的物流", "最高可退 20 元", "100%棉", "可以用微信支付", "不能保证今天到货",
        "无法保证次日送达", "我们会尽快安排到货", "qq邮箱收到了吗", "第一步", "最合适的办法",
        "订单号 4000123412341234567", "不是全网最低价", "谢谢您", "Will you be at home?",
        "[图片]", "[微笑]", "加一下备注", "您的 V 领衬衫", "wx-200 型号",
    ],
)  # fmt: skip
def test_what_is_harmless(text: str) -> None:
    assert pieces(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "piece"),
    [
        ("单号是 {{ order.no }}。", Kind.SLOT, "{{ order.no }}"),
        ("请在〔几点〕前", Kind.SLOT, "〔几点〕"),
        ("这是全 网 最低价格", Kind.ABSOLUTE, "全 网 最低"),
        ("質量絕對最好", Kind.ABSOLUTE, "質量絕對最好"),
        ("加我微信聊", Kind.CONTACT, "加我微信"),
        ("加薇❤ 详谈", Kind.CONTACT, "加薇❤"),
        ("电话 １３８-１２３４-５６７８", Kind.CONTACT, "１３８-１２３４-５６７８"),
        ("号码 110101199003074258", Kind.IDENTITY, "110101199003074258"),
        ("卡号 6222 0212 3456 7890 128", Kind.CARD, "6222 0212 3456 7890 128"),
        ("陈先生您好", Kind.CROSSED, "陈先生"),
        ("Dear Oliver, thanks", Kind.CROSSED, "Oliver"),
        ("订单 2026 1119 0042", Kind.CROSSED, "2026 1119 0042"),
        ("保证明天到货", Kind.PROMISE, "保证明天到货"),
        ("it is guaranteed to last", Kind.PROMISE, "guaranteed to"),
    ],
)
def test_where_it_stands(text: str, kind: Kind, piece: str) -> None:
    assert (kind, piece) in pieces(text)


def test_findings_are_in_the_order_of_the_text_and_have_reasons() -> None:
    text = "陈先生，{{ x }}，全网最低价"
    assert [each.kind for each in found(text)] == [Kind.CROSSED, Kind.SLOT, Kind.ABSOLUTE]
    assert all(each.reason.zh and each.reason.en for each in found(text))


def test_what_the_chat_itself_has_is_not_crossed() -> None:
    here = Here(Whose("陈先生"), lambda: "收件人李雷，订单 88812345678901")
    for text in ("陈先生您好", "李雷的包裹", "订单 88812345678901"):
        assert guards.check(text, RULES, here, OTHERS) == []


def test_notes_may_say_what_customers_must_not_read() -> None:
    text = "客户要加微信，卡号 6222021234567890128，保证明天到货"
    assert found(text, note=True) == []
    assert [each.kind for each in found("陈先生 {{ x }}", note=True)] == [Kind.CROSSED, Kind.SLOT]


def test_the_shop_decides() -> None:
    text = "全网最低价，加我微信，热线 13812345678，内部价"
    assert {each.kind for each in found(text)} == {Kind.ABSOLUTE, Kind.CONTACT}
    off = Rules(absolute=False, contacts=False, numbers=False, crossed=False)
    assert found(text + "，陈先生，110101199003074258", off) == []
    most = Rules(long=10)
    assert not guards.check("十个字十个字十个字了", most, HERE, OTHERS)
    (long,) = guards.check("十个字十个字十个字了了", most, HERE, OTHERS)
    assert long.kind is Kind.LONG and long.reason.zh.startswith("有 11 个字")
    own = Rules(words=["内部*价"], allowed=["热线13812345678", "加我微信"])
    assert pieces(text, own) == [(Kind.ABSOLUTE, "全网最低"), (Kind.FORBIDDEN, "内部价")]
    assert pieces("{{ x }}", off) == [(Kind.SLOT, "{{ x }}")]


def test_names_that_are_words_are_no_names() -> None:
    assert all(map(is_han_name, ("王女士", "李雷", "小鹿", "欧阳修远", "小鹿妈妈", "陈先生")))
    assert not any(map(is_han_name, ("谢谢", "阳光", "王", "明天", "女士", "a王", "")))
    assert is_latin_name("Tom B.") and not is_latin_name("Al")


def test_check_digits() -> None:
    assert is_identity("110101199003074258") and not is_identity("110101199003074259")
    assert not is_identity("990101199003074258") and not is_identity("110101199013074258")
    assert luhn("6222021234567890128") and not luhn("6222021234567890129")


def test_folding_keeps_places() -> None:
    text = "ＡＢ\u200c① 微·信…ｖ❤️"
    folded = fold(text)
    assert (folded.plain, folded.tight) == ("ab1 微·信…v❤", "ab1微信v❤")
    assert text[slice(*folded.in_tight(3, 5))] == "微·信"
    assert text[slice(*folded.in_plain(0, 3))] == "ＡＢ\u200c①"


@given(st.text(max_size=300))
def test_any_text_has_findings_within_it(text: str) -> None:
    for each in found(text):
        assert 0 <= each.start < each.end <= len(text)
