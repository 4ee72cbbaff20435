"""How sentences are completed, and what never is."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from agent_tui.knowledge.completion import REPLY, Completer, Ghost, Moment, Text
from agent_tui.knowledge.masking import MARKS, NAME, VALUE, mask
from agent_tui.knowledge.pieces import clause, cut, word

REPLIES = [
    "您好，订单已经发出，预计三天内送达。请您留意短信。",
    "您好，退款已经提交，预计两天内到账。",
    "I'm sorry about the delay. Your parcel leaves tomorrow.",
]


ANYWHERE = Moment()


def best(completer: Completer, before: str, moment: Moment = ANYWHERE) -> str:
    found = completer.complete(before, 1, moment)
    return found[0].text if found else ""


@pytest.fixture(params=["indexed", "learnt"])
def completer(request: pytest.FixtureRequest) -> Completer:
    """The same, known from the start or learnt since."""
    texts = [Text(reply) for reply in REPLIES]
    if request.param == "indexed":
        return Completer(texts)
    found = Completer()
    found.learn(texts)
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{REPLY}您好，订单", "已经发出，预计三天内送达。"),
        ("别的话。退款已经", "提交，预计两天内到账。"),  # begun in the middle
        ("预计三天内送达。", "请您留意短信。"),  # the next sentence
        ("i'm sorry about the d", "elay."),  # case
        ("您好,订单", "已经发出，预计三天内送达。"),  # full width or not
        ("about the delay.", " Your parcel leaves tomorrow."),
        ("没有人说过的", ""),
        ("", ""),
    ],
)
def test_the_rest_of_a_sentence(completer: Completer, before: str, after: str) -> None:
    assert best(completer, before) == after


def test_a_word_is_not_begun_inside_another(completer: Completer) -> None:
    completer.learn([Text("This relationship is over.")])
    assert best(completer, "we ship") == ""


def test_ways_on_differ_from_their_first_character(completer: Completer) -> None:
    found = completer.complete("您好，", 5)
    assert {ghost.text[0] for ghost in found[:2]} == {"订", "退"}
    assert 0.6 < sum(ghost.share for ghost in found) < 1


def test_what_is_said_more_often_comes_first(completer: Completer) -> None:
    completer.learn([Text("您好，换货已经提交。")] * 3)
    assert best(completer, "您好，") == "换货已经提交。"


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        (Moment("en"), "two hours."),
        (Moment("zh"), "一天。"),
        (Moment(type="refund"), "三天。"),
        (Moment(sources=frozenset({"macro:m"})), "四天。"),
    ],
)
def test_what_fits_the_chat_comes_first(moment: Moment, after: str) -> None:
    completer = Completer(
        [
            Text("OK: two hours.", language="en"),
            Text("OK: 一天。", 1.1, language="zh"),
            Text("OK: 三天。", type="refund"),
            Text("OK: 四天。", source="macro:m"),
        ]
    )
    assert best(completer, "OK: ", moment) == after


def test_nothing_goes_on_beyond_a_mark_but_behind_it(completer: Completer) -> None:
    completer.learn([Text(f"运单{VALUE}今天签收，{NAME}请放心。")])
    assert best(completer, "您的运单") == ""
    assert best(completer, mask("您的运单 99887766554 今天")) == "签收，"
    assert best(completer, "今天签", Moment(name="小鹿")) == "收，小鹿请放心。"


def test_what_was_said_last_leads_to_what_came_next() -> None:
    completer = Completer([Text(f"我查一下，请稍等。{REPLY}让您久等了，已经查到。")])
    assert best(completer, f"我查一下，请稍等。{REPLY}") == "让您久等了，已经查到。"


def test_learning_does_not_forget_and_merging_changes_nothing(completer: Completer) -> None:
    completer.learn([Text("新的一句话说完了。")])
    merged = completer.merged()
    for before in ("新的一句", "您好，订", "退款已经"):
        assert best(completer, before) == best(merged, before) != ""
    assert len(merged) == len(completer)


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=5))
def test_any_text_is_taken(before: str, texts: list[str]) -> None:
    completer = Completer([Text(text) for text in texts[:2]])
    completer.learn([Text(text) for text in texts[2:]])
    for ghost in completer.complete(mask(before), 3):
        assert isinstance(ghost, Ghost) and ghost.text.strip()
        assert not set(ghost.text) & {*MARKS, REPLY, "\0"}


# --- parts of it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("已经发出", "已经"),
        (" Your parcel", " Your "),
        ("好，谢谢", "好，"),
        ("48小时内", "48"),
        ("\n• 尺码", "\n• "),
        ("！再见", "！"),
    ],
)
def test_a_word(text: str, first: str) -> None:
    assert word(text) == first


def test_a_clause_and_what_fits() -> None:
    text = "已经发出，预计三天内送达。"
    assert clause(text) == "已经发出，" and clause("没有标点") == "没有标点"
    assert cut(text, 80) == text
    assert cut(text, 14) == "已经发出，"
    assert cell_len(cut(text, 7)) <= 7 and text.startswith(cut(text, 7))


# --- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("订单2231889900771已发货", "2231889900771"),
        ("运单号 SF1234567890123 在途", "SF1234567890123"),
        ("请拨打 138 1234 5678 联系", "138 1234 5678"),
        ("电话：021-6123-4567。", "6123"),
        ("发到 wang@example.com 了", "wang@example.com"),
        ("已退 ¥58.50 给您", "58.50"),
        ("已退58元给您", "58"),
        ("We refunded $12.99 today", "12.99"),
        ("寄到浙江省杭州市西湖区文三路 90 号 3 楼，请查收", "文三路"),
        ("收件人：赵铁柱，请核对", "赵铁柱"),
        ("尊敬的欧阳先生，您好", "欧阳"),
        ("王女士您好", "王"),
        ("Dear Thomas, hello", "Thomas"),
        ("Hi Anna Lee! Thanks", "Anna"),
        ("We ship to 12 Baker Street, London", "Baker"),
        ("See https://track.example/AB12?c=99", "track.example"),
        ("小鹿，马上给您发", "小鹿"),
        ("Your code is A1B2C3D4E5", "A1B2C3D4E5"),
        ("兑换码A1B2C3D4E5已发", "A1B2C3D4E5"),
    ],
)
def test_what_belongs_to_one_customer_is_masked(text: str, gone: str) -> None:
    found = mask(text, ("小鹿",))
    assert gone not in found and set(found) & set(MARKS)
    assert mask(found, ("小鹿",)).strip(MARKS) != text


@pytest.mark.parametrize(
    "text",
    [
        "48小时内发货，7天无理由退换。",
        "亲，您好！这位顾客的问题我来处理。",
        "Hello there, thank you for your patience.",
        "我们9:00到24:00在线，双11也在。",
        "尺码 M 适合 165 以下",
    ],
)
def test_what_belongs_to_nobody_stays(text: str) -> None:
    assert mask(text, ("小鹿",)) == text


def test_no_customer_is_offered_to_another() -> None:
    """500 replies with somebody's data, and every place at which something could be offered."""
    draw = random.Random(5)
    completer = Completer()
    secrets: set[str] = set()
    names = ["欧阳娜", "小鹿", "Robert Paulson", "陈晓东", "mia"]
    for _ in range(500):
        name, number = draw.choice(names), str(draw.randrange(10**11, 10**12))
        phone, money = (
            f"1{draw.randrange(10**9, 10**10)}",
            f"{draw.randrange(10, 99)}.{draw.randrange(10, 99)}元",
        )
        house = f"南京路{draw.randrange(100, 999)}号"
        text = draw.choice(
            [
                f"{name}您好，订单{number}已经发出，电话{phone}，请留意。",
                f"Hi {name}, your order {number} was sent.",
                f"已为{name}退款{money}，原路返回。",
                f"请寄到上海市{house}，{name}收，{phone}。",
            ]
        )
        secrets |= {number, phone, money, house, *name.split()}
        completer.learn([Text(mask(text, (name,)))])
    whole = "".join(part.text for part in completer._parts)
    offered = {
        ghost.text
        for at in range(2, len(whole))
        for ghost in completer.complete(whole[max(0, at - 12) : at], 3, Moment(name="小新"))
    }
    assert len(offered) > 20
    for secret in secrets:
        shown = [each for each in offered if re.search(rf"{re.escape(secret)}(?!\w)", each)]
        assert not shown and not re.search(rf"{re.escape(secret)}(?![\w])", whole), shown
