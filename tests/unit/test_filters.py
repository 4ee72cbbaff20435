"""The filter language: what each key means, what is wrong where, what may come next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent_tui.domain import durations, sla
from agent_tui.domain.filter_keys import KEYS, Takes
from agent_tui.domain.filters import HELP, FilterError, View, complete, parse
from agent_tui.domain.ids import AgentId, MessageId
from agent_tui.domain.model import (
    Channel,
    Clock,
    Conversation,
    Delivery,
    DeliveryState,
    Priority,
    RunningClock,
    Status,
)
from agent_tui.domain.policy import Policy
from agent_tui.errors import EXIT_USAGE
from agent_tui.lang import Both
from tests import factories as f
from tests.unit.strategies import conversations as any_conversations
from tests.unit.strategies import raw_texts

ANNA, BO = AgentId("anna"), AgentId("bo")
POLICY = Policy()
VIEW = View.over(
    f.NOW,
    POLICY,
    ANNA,
    agents=[f.agent(), f.agent("bo", "王芳"), f.agent("bob", "Bob"), f.agent("lee", "王芳")],
    teams=[
        f.team(),
        f.team("refunds", "退款", "Refunds"),
        f.team("logistics", "物流", "Logistics"),
    ],
    inboxes=[f.inbox(), f.inbox("post", Channel.MAIL, title_zh="邮局", title_en="Post")],
    types={"refund": Both("退款", "refund"), "return": Both("退货", "return")},
)
FAILED = Delivery(MessageId("m1"), DeliveryState.FAILED, f.NOW - f.HOUR)


def ago(ms: int, **more: Any) -> Conversation:
    """A customer waits for so long."""
    return f.conversation(messages=1, waiting=1, waiting_since=f.NOW - ms, **more)


def passes(text: str, state: Conversation, view: View = VIEW) -> bool:
    return parse(text).matches(state, view)


# --- what each term means ------------------------------------------------------------------------

C = f.conversation
NAMED = f.customer("v7", "Ｌi 王女士", tags=("老客户", "Gold"))
ENGLISH = f.customer(language="en")
TABLE: list[tuple[str, Conversation, Conversation]] = [
    ("team:refunds", C(team="refunds"), C(team="refund")),
    ("team:REFUNDS", C(team="refunds"), C(team="logistics")),
    ("团队:退款", C(team="refunds"), C(team="after-sales")),
    ("team:Logistics", C(team="logistics"), C(team="refunds")),
    ("team:log,ref", C(team="refunds"), C(team="after-sales")),
    ("team:unheard", C(team="unheard"), C(team="unheard-of")),
    ("agent:anna", C(assignee=ANNA), C(assignee=BO)),
    ("assignee:ann", C(assignee=ANNA), C(assignee=BO)),
    ("agent:bo", C(assignee=BO), C(assignee=AgentId("bob"))),
    ("坐席:王芳", C(assignee=AgentId("lee")), C(assignee=ANNA)),
    ("agent:me", C(assignee=ANNA), C(assignee=BO)),
    ("坐席:我", C(assignee=ANNA), C()),
    ('agent:"me"', C(assignee=AgentId("me")), C(assignee=ANNA)),
    ("agent:me", C(assignee=ANNA), C(assignee=AgentId("me"))),
    ('agent:我,"me"', C(assignee=AgentId("me")), C(assignee=BO)),
    ("agent:none", C(), C(assignee=ANNA)),
    ("agent:bo,无", C(), C(assignee=ANNA)),
    ("type:refund", C(type="refund"), C(type="refunds")),
    ("type:ref", C(type="ref"), C(type="refund")),
    ("类型:退货", C(type="return"), C(type="refund")),
    ("type:配件", C(type="配件"), C(type="")),
    ("tag:vip", C(tags=("VIP",)), C(tags=("vip-old",))),
    ("tag:gold", C(customer=NAMED), C()),
    ("标签：急，“a b”", C(tags=("A B",)), C(tags=("a",))),
    ("priority:high,urgent", C(priority=Priority.URGENT), C()),
    ("优先级:低", C(priority=Priority.LOW), C(priority=Priority.HIGH)),
    ("status:等客户", C(status=Status.PENDING), C()),
    ("状态:搁置", C(status=Status.SNOOZED), C()),
    ("channel:mail", C(channel=Channel.MAIL), C()),
    ("渠道:企业微信", C(channel=Channel.WECOM), C(channel=Channel.WECHAT)),
    ("inbox:post", C(inbox="post"), C()),
    ("收件箱:邮局", C(inbox="post"), C()),
    ("customer:li", C(customer=NAMED), C()),
    ("客户:王女", C(customer=NAMED), C(customer=f.customer(name="王先生"))),
    ("customer:V7", C(customer=NAMED), C(customer=f.customer("v77", "x"))),
    ("tier:gold", C(customer=f.customer(tier="Gold")), C(customer=NAMED)),
    (
        "language:zh",
        C(customer=f.customer(language="zh-TW")),
        C(customer=f.customer(language="en")),
    ),
    ("语言:en", C(customer=ENGLISH), C()),
    ("reason:REFUND", C(reason='matched "refund" in line 1'), C()),
    ("id:C7,c8", C("c7"), C("c77")),
    ("assigned", C(assignee=BO), C()),
    ("-已分配", C(), C(assignee=BO)),
    ("mine", C(assignee=ANNA), C(assignee=BO)),
    ("unread", C(messages=3, waiting=2, read_no=1), C(messages=3, waiting=2, read_no=3)),
    ("unread", C(messages=1, waiting=1), C(messages=1)),
    ("rating", C(rating=5), C()),
    ("评价<3", C(rating=2), C(rating=3)),
    ("rating<3", C(rating=1), C()),
    ("late", ago(180 * f.SECOND), ago(179 * f.SECOND)),
    ("超时", ago(f.DAY, channel=Channel.MAIL), ago(f.HOUR, channel=Channel.MAIL)),
    ("waiting", ago(0), C()),
    ("waiting", C(deliveries=(FAILED,)), ago(5, status=Status.RESOLVED)),
    ("vip", C(customer=f.customer(tier="vip")), C(tags=("VIP",))),
    ("complaint", C(type="complaint"), C(type="return")),
    ("投诉", C(tags=("投诉",)), C(preview="我要投诉")),
    ("failed", C(deliveries=(FAILED,)), C()),
    ("open", C(), C(status=Status.PENDING)),
    ("pending", C(status=Status.PENDING), C()),
    ("snoozed", C(status=Status.SNOOZED), C()),
    ("已解决", C(status=Status.RESOLVED), C()),
    ("waiting>5m", ago(5 * f.MINUTE + 1), ago(5 * f.MINUTE)),
    ("waiting>=5m", ago(5 * f.MINUTE), ago(5 * f.MINUTE - 1)),
    ("等待＜1小时30分", ago(90 * f.MINUTE - 1), ago(90 * f.MINUTE)),
    ("waiting<=30s", ago(30 * f.SECOND), C()),
    ("waiting=5m", ago(6 * f.MINUTE - 1), ago(6 * f.MINUTE)),
    ("waiting=5m", ago(5 * f.MINUTE), ago(5 * f.MINUTE - 1)),
    ("waiting≥5分钟", ago(5 * f.MINUTE), C()),
    ("due<1m", ago(121 * f.SECOND), ago(120 * f.SECOND)),
    ("due<-1m", ago(241 * f.SECOND), ago(240 * f.SECOND)),
    ("due=-1m", ago(270 * f.SECOND), ago(300 * f.SECOND)),
    ("due>1h", C(clocks=(RunningClock(Clock.FOLLOW_UP, f.NOW + f.DAY),)), C()),
    ("age>1天", C(opened_at=f.NOW - f.DAY - 1), C(opened_at=f.NOW - f.DAY)),
    ("idle>2h", C(last_at=f.NOW - 3 * f.HOUR), C(opened_at=f.NOW - 3 * f.HOUR)),
    ("messages>=20", C(messages=20), C(messages=19)),
    ("消息数=0", C(), C(messages=1)),
    ("unread>2", C(messages=9, waiting=3), C(messages=9, waiting=2)),
    ("li", C(customer=NAMED), C()),
    ("快递", C(preview="我的快递"), C(preview="退款")),
    ("“我 的”", C(subject="我 的"), C(preview="我", subject="的")),
    ('"a  b"', C(preview="a b"), C(preview="ab")),
    ('"or"', C(preview="or else"), C(preview="else")),
    ("gold", C(customer=NAMED), C()),
    ("急", C(tags=("加急",)), C()),
    ("C7", C("xc7"), C()),
    ("ＡＢ", C(preview="xab"), C(preview="a b")),
    ("好，吗", C(preview="你好，吗"), C(preview="你好吗")),
    ('"vip"', C(preview="our VIP lounge"), C(customer=f.customer(tier="VIP"))),
    ("a b", C(preview="b a"), C(preview="a")),
    ("a and b", C(preview="b a"), C(preview="a")),
    ("-快递 -退款", C(preview="好"), C(preview="退款")),
    ("--assigned", C(assignee=BO), C()),
    ("team:refunds or assigned", C(assignee=BO), C()),
    ("（team:refunds 或 team:logistics） －assigned", C(team="logistics"), C(team="after-sales")),
    (
        "(team:refunds or team:logistics) -assigned",
        C(team="refunds"),
        C(team="refunds", assignee=BO),
    ),
    ("-(assigned tag:a)", C(assignee=BO), C(assignee=BO, tags=("a",))),
    ("", C(), C()),
]


@pytest.mark.parametrize(("text", "one", "other"), TABLE)
def test_what_passes(text: str, one: Conversation, other: Conversation) -> None:
    for written in (text, str(parse(text))):
        assert passes(written, one)
        assert not passes(written, other) or not text


def test_every_key_is_in_the_table_and_has_a_line_of_help() -> None:
    said = {
        str(parse(text)).strip("-(").split(":")[0].split(">")[0].split("<")[0].split("=")[0]
        for text, _, _ in TABLE
    }
    assert {key.name for key in KEYS} <= said
    assert [name for name, _ in HELP] == [key.name for key in KEYS]
    assert all(doc.zh and doc.en for _, doc in HELP)


def test_every_alias_means_its_key() -> None:
    for key in KEYS:
        ways = [name + ("" if key.takes is Takes.NOTHING else "\0") for name in key.names]
        texts = {str(parse(way.replace("\0", key.example[len(key.name) :]))) for way in ways}
        assert texts == {str(parse(key.example))}
        if key.alone:
            assert {str(parse(name)) for name in key.names} == {key.name}


def test_nothing_narrows_nothing() -> None:
    assert not parse(" \u3000")
    assert parse("-assigned")
    assert parse(" x ").text == " x "


def test_nobody_is_asking() -> None:
    view = replace(VIEW, me=None)
    assert not passes("mine", C(), view)
    assert not passes("agent:me", C(), view)


def test_a_beginning_that_fits_two_is_nobody() -> None:
    view = View(f.NOW, POLICY, names={"anna": "A", "anton": "B", "bo": "C"})
    assert not passes("agent:an", C(assignee=ANNA), view)
    assert passes("agent:ann", C(assignee=ANNA), view)


def test_an_id_goes_before_a_name() -> None:
    view = View(f.NOW, POLICY, names={"bo": "Bo", "b2": "BO"})
    assert passes("agent:bo", C(assignee=BO), view)
    assert not passes("agent:bo", C(assignee=AgentId("b2")), view)


def test_a_team_does_not_stand_in_an_agents_way() -> None:
    view = View.over(f.NOW, POLICY, agents=[f.agent("reed", "退款")], teams=[f.team("refunds")])
    assert passes("team:re", C(team="refunds"), view)
    assert not passes("team:退款", C(team="reed"), view)


def test_one_filter_serves_many_views() -> None:
    narrow = parse("team:退款")
    other = View(f.NOW, POLICY, names={"t1": "退款 / Refunds"})
    for _ in range(2):
        assert narrow.matches(C(team="refunds"), VIEW)
        assert not narrow.matches(C(team="t1"), VIEW)
        assert narrow.matches(C(team="t1"), other)
        assert not narrow.matches(C(team="refunds"), other)


def test_time_goes_on_for_the_same_conversation() -> None:
    late, state = parse("late"), ago(179 * f.SECOND)
    assert not late.matches(state, VIEW)
    assert late.matches(state, replace(VIEW, now=f.NOW + f.SECOND))


def test_another_shop_has_other_deadlines() -> None:
    late, state = parse("late"), ago(2 * f.MINUTE)
    assert not late.matches(state, VIEW)
    assert late.matches(state, replace(VIEW, policy=Policy(first_reply=60)))


def test_one_way_of_writing() -> None:
    assert (
        str(parse("（团队：“refunds”  或  ((vip)) or -(-未读)）"))
        == "team:refunds or vip or unread"
    )
    assert str(parse(" ".join(["(a)"] * 50))) == " ".join("a" * 50)


@pytest.mark.parametrize(
    ("text", "strangers"),
    [
        ("team:refunds,退款,log agent:bob,me,none,王芳 tag:zz", []),
        ("-(team:nosuch or agent:anna,ghost) vip", [("team", "nosuch"), ("agent", "ghost")]),
        ("team:anna", [("team", "anna")]),
        ("type:refund,退货,RETURN", []),
        ("-类型:地址,refund type:refun", [("type", "地址"), ("type", "refun")]),
        ('agent:"me" agent:b', [("agent", "me"), ("agent", "b")]),
    ],
)
def test_who_is_not_known_can_be_told(text: str, strangers: list[tuple[str, str]]) -> None:
    assert parse(text).strangers(VIEW) == strangers


def test_any_type_may_be_where_none_are_known() -> None:
    assert parse("type:nosuch").strangers(View.over(f.NOW, POLICY)) == []


@pytest.mark.parametrize(
    ("text", "passing", "strangers"),
    [
        ("id:c7f", ["c7f0"], []),
        ("id:C7", ["c7"], []),
        ("id:c8", [], [("id", "c8")]),
        ("id:c8a,c7f", ["c7f0", "c8a1"], []),
        ("id:x", [], []),
    ],
)
def test_an_id_may_be_its_beginning_if_no_other_begins_so(
    text: str, passing: list[str], strangers: list[tuple[str, str]]
) -> None:
    chats = ["c7", "c7f0", "c8a1", "c8b2"]
    view = View.over(f.NOW, POLICY, agents=[f.agent("x1")], chats=chats)
    found = parse(text)
    assert [key for key in chats if found.matches(f.conversation(key), view)] == passing
    assert found.strangers(view) == strangers


# --- any filter, against a reading of its own ----------------------------------------------------

Oracle = Callable[[Conversation], bool]


def left(c: Conversation) -> int:
    deadline = sla.due(c, POLICY)
    return 10**15 if deadline is None else deadline.at - f.NOW


ATOMS: list[tuple[str, Oracle]] = [
    ("team:refunds", lambda c: c.team == "refunds"),
    ("团队：物流，售后", lambda c: c.team in ("logistics", "after-sales")),
    ("tag:vip", lambda c: "vip" in [tag.lower() for tag in c.tags + c.customer.tags]),
    ("agent:bo,none", lambda c: c.assignee in (BO, None)),
    ("assigned", lambda c: bool(c.assignee)),
    ("status:open,pending", lambda c: c.status in (Status.OPEN, Status.PENDING)),
    ("late", lambda c: left(c) <= 0),
    ("due<=2m", lambda c: left(c) <= 2 * f.MINUTE),
    ("waiting>5m", lambda c: c.waiting_since is not None and f.NOW - c.waiting_since > 300_000),
    ("messages<3", lambda c: c.messages < 3),
    ("快", lambda c: "快" in c.preview),
    ('"a b"', lambda c: "a b" in c.preview),
    ("or-", lambda c: "or-" in c.preview),
]
states = st.builds(
    lambda team, assignee, status, waited, messages, preview, tags: f.conversation(
        team=team,
        assignee=assignee,
        status=status,
        waiting_since=None if waited is None or status is Status.RESOLVED else f.NOW - waited,
        messages=messages,
        preview=preview,
        tags=tags,
    ),
    team=st.sampled_from(["refunds", "logistics", "after-sales", "x"]),
    assignee=st.sampled_from([None, ANNA, BO]),
    status=st.sampled_from(Status),
    waited=st.none() | st.sampled_from([0, 59_999, 60_000, 60_001, 180_000, 300_000, 300_001]),
    messages=st.integers(1, 4),
    preview=st.sampled_from(["", "快 or-", "a b", "a  b", "慢"]),
    tags=st.sampled_from([(), ("VIP",), ("x",)]),
)


def negated(one: tuple[str, Oracle]) -> tuple[str, Oracle]:
    text, oracle = one
    return f"-{text}", lambda c: not oracle(c)


def joined(many: list[tuple[str, Oracle]], either: bool) -> tuple[str, Oracle]:
    text = (" 或 " if either else "\u3000").join(each for each, _ in many)
    oracles = [oracle for _, oracle in many]
    return f"({text})", lambda c: (any if either else all)(oracle(c) for oracle in oracles)


filters = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: (
        st.builds(negated, inner)
        | st.builds(joined, st.lists(inner, min_size=1, max_size=3), st.booleans())
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("text", ['-"asigned"', "asigned", "-cup", "--asigned"])
def test_what_was_meant_as_text(text: str) -> None:
    if text.startswith("--"):
        with pytest.raises(FilterError):
            parse(text)
    else:
        assert parse(str(parse(text))).matches(C(preview="cup"), VIEW) is (text == '-"asigned"')


@given(filters, st.lists(states, max_size=5))
def test_any_filter_passes_what_it_says(one: tuple[str, Oracle], found: list[Conversation]) -> None:
    text, oracle = one
    narrow = parse(text)
    again = parse(str(narrow))
    assert str(again) == str(narrow)
    for state in found:
        assert narrow.matches(state, VIEW) == again.matches(state, VIEW) == oracle(state)


# --- what is wrong, and where --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("temm:x", "temm", "did you mean team?"),
        ("team:x -asigned", "-asigned", "did you mean -assigned?"),
        ("-解决", "-解决", "did you mean -已解决?"),
        ("vip 优先:高", "优先", "did you mean 优先级?"),
        ("https://x", "https", "quotes"),
        ("team>5", ">", "team:x"),
        ("waiting:5m", ":", "waiting>5m"),
        ("-late:yes", ":", "write late or -late"),
        ("status:opne", "opne", "did you mean open?"),
        ("status:open,zz", "zz", "open, pending, snoozed, resolved"),
        ('priority:"hgih"', '"hgih"', "did you mean high?"),
        ("channel:微", "微", "did you mean 微信?"),
        ("waiting>5", "5", "30s, 5m, 2h, 1d"),
        ("waiting>5x", "5x", "30s, 5m, 2h, 1d"),
        ("waiting>9999999999m", "9999999999m", "30s"),
        ("messages>5m", "5m", "messages>5"),
        ("messages>1,2", ",", "messages>5"),
        ('tag:a "b c', '"b c', "close the quote"),
        ("tag:a 标签：“b", "“b", "close the quote"),
        ('""', '""', "remove"),
        ("(a or b", "(", "add a )"),
        ("a（b", "（", "add a )"),
        ("a)", ")", "quotes"),
        ("a ()", "()", "remove"),
        ("(" * 40 + "a" + ")" * 40, "(", "remove"),
        ("team:", "team:", "team:x"),
        ("team: refunds", "team:", "team:x"),
        ("tag:a,,b", ",", "tag:x"),
        ("waiting>", "waiting>", "waiting>5m"),
        ("a waiting > 5m", ">", "without spaces"),
        ("a -", "-", "-assigned"),
        ("a - b", "-", "-assigned"),
        ("or a", "or", "(A or B)"),
        ("(a 或)", "或", "(A or B)"),
        ("a or or b", "or", "(A or B)"),
        ("a b or c", "or", "(A or B) C"),
        ("a or b c", "or", "(A or B) C"),
        ("团队:退款，标签:vip", "标签:vip", "not by commas"),
    ],
)
def test_an_error_has_a_place_and_a_way_out(text: str, place: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    error = caught.value
    assert error.text == text
    assert text[error.at : error.at + error.length] == place
    assert hint in error.hint.en
    assert error.what.zh and error.what.en and error.hint.zh
    assert error.exit_code == EXIT_USAGE
    assert str(error.title).endswith(error.caret())


def test_the_second_of_two_is_pointed_at() -> None:
    with pytest.raises(FilterError) as caught:
        parse("tag:a,,b")
    assert caught.value.at == 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a status:x", "a status:x\n         ^"),
        ("团队:退款 优先：高", "团队:退款 优先：高\n          ^^^^"),
        ("快\t递\n\x1b[1m team:", "快 递 [1m team:\n          ^^^^^"),
        ("“快", "“快\n^^^"),
    ],
)
def test_the_caret_stands_beneath_the_place(text: str, expected: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.caret() == expected


WORDS = "team 团队 waiting vip open status status:open messages>3 agent:me tag:a or 或 and x -3 5分"
SIGNS = ':：>＞<=()（）-－"“”,， \u3000'
PIECES = st.sampled_from([*WORDS.split(), *SIGNS])
texts = st.lists(PIECES, max_size=12).map("".join) | raw_texts


@given(texts, any_conversations)
def test_any_text_is_a_filter_or_an_error_within_it(text: str, state: Conversation) -> None:
    try:
        narrow = parse(text)
    except FilterError as error:
        assert 0 <= error.at < error.at + error.length <= len(text)
        assert error.caret().endswith("^")
        return
    again = parse(str(narrow))
    assert str(again) == str(narrow)
    assert bool(again) == bool(narrow) == bool(text.strip())
    assert narrow.matches(state, VIEW) == again.matches(state, VIEW)


@given(st.integers(-(10**6), 10**6), st.sampled_from("smhd"))
def test_a_length_reads_as_it_is_written(count: int, unit: str) -> None:
    found = durations.parse(f"{count}{unit}")
    assert found is not None
    assert str(found) == f"{count}{unit}"
    assert found.ms == count * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] * 1000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h30m", 5400),
        ("1天2小时", 93600),
        ("０", 0),
        ("-1m30s", -90),
        *((wrong, None) for wrong in ("2 h", "m", "", "1.5h", "30m1h", "٥m")),
    ],
)
def test_lengths(text: str, seconds: int | None) -> None:
    found = durations.parse(text)
    assert (None if found is None else found.ms) == (None if seconds is None else seconds * 1000)


# --- what may come next --------------------------------------------------------------------------

KNOWN = {
    "team": [("refunds", "退款"), ("after-sales", "售后/After-sales")],
    "tag": [("vip", "VIP"), ("a b", "a b"), ('c"d', "?")],
    "agent": [("anna", "Anna"), ("me", "Mel")],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("te|", ["team:"]),
        ("-wai|", ["-waiting", "-waiting>"]),
        ("a (ass|", ["a (assignee:", "a (assigned"]),
        ("团|", ["团队:"]),
        ("t|em:x", ["team:x", "type:x", "tag:x", "tier:x"]),
        ("team:|", ["team:refunds", "team:after-sales"]),
        ("团队：退|", ["团队：refunds"]),
        ("team:re|xyz -vip", ["team:refunds -vip"]),
        ("team:aft|", ["team:after-sales"]),
        ("team:refunds,|", ["team:refunds,after-sales"]),
        ("tag:|", ["tag:vip", 'tag:"a b"']),
        ('tag:"a|', ['tag:"a b"']),
        ('tag:"a|"', ['tag:"a b"']),
        ("agent:m|", ["agent:me", 'agent:"me"']),
        ("agent:我|", ["agent:me"]),
        ("status:搁|", ["status:snoozed"]),
        ("priority:|", [f"priority:{each}" for each in Priority]),
        ("due<1|", ["due<1m", "due<15m", "due<1h", "due<1d"]),
        ("zzz|", []),
        ("zzz:|", []),
        ("team>|", []),
        ('"te|', []),
        ("late:|", []),
    ],
)
def test_what_may_come_next(text: str, expected: list[str]) -> None:
    at = text.index("|")
    whole = text.replace("|", "")
    offered = complete(whole, at, KNOWN)
    assert [whole[: one.start] + one.insert + whole[one.end :] for one in offered] == expected


def test_everything_is_offered_at_the_beginning_and_can_be_read() -> None:
    offered = [one.insert for one in complete("", 0, {})]
    assert {key.name for key in KEYS} == {each.rstrip(":>") for each in offered}
    assert all(parse(each) for each in offered if each[-1] not in ":>")


@given(texts, st.integers(-2, 60))
def test_what_is_offered_fits_wherever_the_caret_is(text: str, caret: int) -> None:
    for one in complete(text, caret, KNOWN):
        assert 0 <= one.start <= max(0, min(caret, len(text))) <= one.end <= len(text)


# --- speed ---------------------------------------------------------------------------------------


class Counted(Mapping[str, str]):
    """Names that count how often they are gone through."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self.read = 0

    def __getitem__(self, key: str) -> str:
        return self._names[key]

    def __iter__(self) -> Iterator[str]:
        self.read += 1
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def test_names_are_looked_up_once_for_a_list() -> None:
    names = Counted({"refunds": "退款"})
    view = View(f.NOW, POLICY, names=names)
    narrow = parse("team:退款")
    assert all(narrow.matches(C(f"c{n}", team="refunds"), view) for n in range(50))
    assert names.read == 1


@pytest.mark.parametrize(
    "text",
    [
        "team:refunds waiting>5m tag:vip -assigned",
        "快递 -team:after-sales 3 unread",
    ],
)
def test_ten_thousand_in_50_ms(text: str) -> None:
    many = [
        replace(
            ago(n % 900 * f.SECOND, team=("refunds", "logistics")[n % 2], tags=("vip",) * (n % 3)),
            id=f"01J8ZC{n:020}",
            preview=f"您好，我的快递到哪了？已经等了 {n} 天，请尽快处理一下！",
        )
        for n in range(10_000)
    ]
    narrow = parse(text)
    took = []
    for _ in range(9):
        started = time.process_time()
        passed = sum(narrow.matches(each, VIEW) for each in many)
        took.append(time.process_time() - started)
    assert 0 < passed < len(many)
    assert min(took) < 0.05


def test_what_is_looked_for_as_text_can_be_told() -> None:
    assert parse('team:refunds 未分配 -"two words" waiting>5m').words() == ["未分配", "two words"]
    assert parse("-assigned").words() == []
