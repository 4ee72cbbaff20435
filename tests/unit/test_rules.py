"""Rules for question types: words, pinyin, order, circumstances, and what is wrong with a list."""

from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui import config, lang, paths
from agent_tui.desk import reasons
from agent_tui.domain.lexicon import LONGEST, Lexicon, endings
from agent_tui.domain.model import Channel, Priority
from agent_tui.domain.rule_checks import check
from agent_tui.domain.rules import Asked, Example, Matched, Rule, Rules
from agent_tui.domain.why import Because, Why
from agent_tui.errors import ConfigError
from agent_tui.knowledge.spelling import spelling
from agent_tui.server.setup import TEAMS
from agent_tui.toml_lines import line_of

SHIPPED = paths.shipped() / "config.toml"
REFUND = Rule("refund", any=("退款", "refund"), type="refund", team="refunds")
DELIVERY = Rule("delivery", any=("快递", "parcel"), type="delivery", priority=Priority.HIGH)


def stands(word: str, line: str) -> bool:
    return bool(Lexicon([word], spelling()).found(line))


def classify(*rules: Rule, lines: tuple[str, ...] = (), **asked: object) -> Matched | None:
    return Rules(rules, spelling()).classify(Asked(lines, **asked))  # type: ignore[arg-type]


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("refund", "I want a REFUND!"),
        ("refund", "two refunds, please"),
        ("refund", "they refunded only half"),
        ("refund", "your refund's late"),
        ("return", "I returned it"),
        ("cancel", "it was cancelled; canceling it"),
        ("ship", "has it shipped? when is shipping"),
        ("exchange", "we are exchanging it"),
        ("reply", "nobody replies"),
        ("where is my order", "So: where is my  order?"),
        ("wrong item", "you sent wrong items"),
        ("doesn't work", "it doesn\u2019t work"),
        ("退款", "我要退款，谢谢"),
        ("退款", "我要ｒｅｆｕｎｄ還是退款"),
        ("換貨", "能换货吗"),
        ("换货", "可以換貨嗎"),
        ("退", "退了吧"),
        ("APP打不开", "手机app打不开了"),
        ("12315", "打12315"),
    ],
)
def test_a_word_is_found(word: str, line: str) -> None:
    assert stands(word, line)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("turn", "return returned"),
        ("refund", "nonrefundable prefund"),
        ("sue", "an issue"),
        ("fee", "the feed"),
        ("car", "he cared"),
        ("rat", "at these rates"),
        ("us", "I used it"),
        ("where is my order", "where is the order my"),
        ("APP打不开", "snapp打不开"),
        ("退款", "退一下款"),
        ("refund", "see https://shop.example/refund?refund=1"),
        ("refund", "x" * LONGEST + " refund"),
    ],
)
def test_a_word_is_not_found(word: str, line: str) -> None:
    assert not stands(word, line)


def test_what_follows_a_link_counts() -> None:
    assert stands("退款", "https://shop.example/a退款")


@pytest.mark.parametrize("word", ["ship", "stop", "plan"])
def test_a_short_closed_word_doubles_its_last_letter(word: str) -> None:
    assert word + word[-1] + "ing" in endings(word)
    assert word + "ing" not in endings(word)


@given(st.text(max_size=40), st.text(max_size=200))
def test_no_text_is_too_odd(word: str, line: str) -> None:
    Lexicon([word], spelling()).found(line)


# --- pinyin ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("退款", "wo yao tuikuan"),
        ("退款", "wo yao tui kuan"),
        ("退款", "woyaotuikuan"),
        ("退款", "TuiKuan!"),
        ("退款", "tui-kuan ma"),
        ("退款", "我yao tuikuan"),
        ("退款", "tuikuanma?"),
        ("退款", "ok tuikuan"),
        ("重新", "chongxin fa yi ge"),
        ("地址", "dizhi cuo le"),
        ("贵的", "guide ma, tai guide le"),
        ("換貨", "huanhuo"),
    ],
)
def test_pinyin_is_understood(word: str, line: str) -> None:
    assert stands(word, line)


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("退款", "tuikuang"),
        ("退款", "tu ikuan"),
        ("退款", "tuik uan"),
        ("退款", "wo yao xtuikuan"),
        ("退款", "wo yao tuikuanx"),
        ("退款", "tui, kuan"),
        ("装", "yao zhuang"),
        ("重新", "zhongxin"),
        ("立刻", "like ma"),  # too short
        ("贵的", "I would like a user guide"),
        ("贵的", "guide"),
        ("那么", "What is the name of the game?"),
        ("慢着", "the manzhe company sent nothing"),
    ],
)
def test_what_is_not_that_pinyin(word: str, line: str) -> None:
    assert not stands(word, line)


RISKY = "贵的 那么 立刻 他们 买的 龙的 陈年 男的 嫦娥 差额 妹的 很多 蛋糕 安排 烂的 三个"
ENGLISH = """
Can you change the size of the same pan?
Here is a long line of fine wine glasses
Hang on, my machine died
I like the china plates you made
The guide says take one and date the page
Please manage the same issue again
She can come and see the house
Do the women have a nice banana cake recipe
Make a case, name a price, be done
Take me to the game page
My mate gave me the code by phone
Language change needs a minute
Nine men ran
Sure, the lane is wide open
He lied about the due date
The fan began to hang again
Long time no see, man
Is the orange one made in China?
Could someone locate the gate?
Pin me the menu page
I have seen the sane side
""".strip().splitlines()


@pytest.mark.parametrize("line", ENGLISH)
def test_english_is_not_read_as_pinyin(line: str) -> None:
    words = [word for rule in shipped().rules for word in rule.words if not word.isascii()]
    assert Lexicon([*words, *RISKY.split()], spelling()).found(line) == frozenset()


def test_without_a_spelling_only_the_text_itself_counts() -> None:
    bare = Rules([REFUND])
    assert bare.classify(Asked(("我要退款",))) is not None
    assert bare.classify(Asked(("tuikuan",))) is None


def test_no_arrays_are_loaded_for_it() -> None:
    code = (
        "import sys\n"
        "from agent_tui.domain.rules import Asked, Rule, Rules\n"
        "from agent_tui.knowledge.spelling import spelling\n"
        "rules = Rules([Rule('r', any=('退款',), type='refund')], spelling())\n"
        "assert 'agent_tui.domain.lexicon' not in sys.modules\n"
        "assert not vars(spelling())\n"
        "assert rules.classify(Asked(('tuikuan',)))\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# --- rules ----------------------------------------------------------------------------------------


def test_the_first_rule_that_matches_decides() -> None:
    both = ("快递太慢，退款",)
    assert classify(REFUND, DELIVERY, lines=both) == Matched(
        "refund", "refund", "refunds", None, (), "退款", 1
    )
    got = classify(DELIVERY, REFUND, lines=both)
    assert got == Matched("delivery", "delivery", "", Priority.HIGH, (), "快递", 1)
    assert classify(REFUND, DELIVERY, lines=("在吗",)) is None


def test_the_line_is_told() -> None:
    got = classify(REFUND, lines=("hello", "are you there", "my refund"))
    assert got is not None
    assert (got.word, got.line) == ("refund", 3)


def test_all_words_may_stand_in_different_lines() -> None:
    rule = Rule("late", any=("late", "慢"), all=("order",), type="delivery")
    got = classify(rule, lines=("about my order", "it is late"))
    assert got is not None
    assert (got.word, got.line) == ("late + order", 2)
    assert classify(rule, lines=("it is late",)) is None
    assert classify(rule, lines=("my order",)) is None


def test_only_the_line_with_an_unwanted_word_does_not_count() -> None:
    rule = Rule("return", any=("return",), none=("return key",), type="return")
    assert classify(rule, lines=("the return key",)) is None
    got = classify(rule, lines=("the return key sticks", "so I return it"))
    assert got is not None
    assert got.line == 2


@pytest.mark.parametrize(
    ("field", "wanted", "there", "other"),
    [
        ("inbox", ("web",), "web", "mail"),
        ("channel", (Channel.WEB,), Channel.WEB, Channel.MAIL),
        ("customer_tags", ("VIP", "b2b"), ("new", "vip"), ("new",)),
        ("tier", ("gold",), "Gold", "silver"),
        ("language", ("en",), "en", "zh"),
        ("order", ("paid",), "paid", ""),
    ],
)
def test_circumstances_narrow_a_rule(
    field: str, wanted: tuple[str, ...], there: object, other: object
) -> None:
    rule = Rule("narrow", type="x", **{field: wanted})  # type: ignore[arg-type]
    assert classify(rule, lines=("hi",), **{field: there}) == Matched("narrow", "x")
    assert classify(rule, lines=("hi",), **{field: other}) is None
    assert classify(rule, lines=("hi",)) is None


def test_every_rule_is_explained() -> None:
    rules = [
        Rule("paid", any=("hi",), order=("paid",), type="a"),
        Rule("gone", any=("bye",), type="b"),
        Rule("both", any=("hi",), all=("there",), type="c"),
        Rule("not", any=("hi",), none=("hi",), type="d"),
        Rule("first", any=("hi",), type="e"),
        Rule("second", any=("hi",), type="f"),
    ]
    tried = Rules(rules, spelling()).explain(Asked(("hi",), order="shipped"))
    assert [(each.failed, each.detail) for each in tried] == [
        ("order", "shipped"),
        ("any", ""),
        ("all", "there"),
        ("none", "hi"),
        ("", ""),
        ("", ""),
    ]
    assert [each.rule for each in tried if each.decides] == ["first"]


def test_an_example_that_comes_out_otherwise_fails() -> None:
    examples = (
        Example("refund", type="refund", team="refunds"),
        Example("refund", type="refund", team="complaints"),
        Example("refund", type="refund", priority=Priority.HIGH),
        Example("hello", type="refund"),
        Example("hello"),
        Example("refund"),
    )
    rule = Rule("refund", any=("refund",), type="refund", team="refunds", examples=examples)
    failed = [each.place for each in Rules([rule], spelling()).failures()]
    assert failed == [f"rules[0].examples[{n}]" for n in (1, 2, 3, 5)]


# --- what is wrong with a list --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "place", "what", "hint"),
    [
        ([REFUND, REFUND], "rules[1].name", "taken by rules[0]", "another name"),
        ([Rule("all", type="x")], "rules[0]", "no condition", "any or all"),
        ([Rule("no", none=("x",), type="x")], "rules[0]", "no condition", "any or all"),
        ([Rule("idle", any=("x",))], "rules[0]", "gives nothing", "type, team"),
        ([Rule("dots", any=("x", "？"), type="x")], "rules[0].any[1]", "no word", "write a word"),
        ([Rule("twice", any=("x", "x"), type="x")], "rules[0].any[1]", "twice", "remove one"),
        (
            [Rule("never", any=("b", "a b"), none=("b",), type="x")],
            "rules[0].any[0]",
            "never counts",
            "one of them",
        ),
        (
            [Rule("typo", any=("x",), team="refund")],
            "rules[0].team",
            "no team refund",
            "did you mean refunds?",
        ),
        (
            [Rule("e", any=("x",), type="x", examples=(Example("x", team="zzz"),))],
            "rules[0].examples[0].team",
            "no team zzz",
            "complaints, ",
        ),
        (
            [REFUND, Rule("late", any=("退款进度", "refund status"), type="y")],
            "rules[1]",
            "never reached: refund",
            "before refund",
        ),
        (
            [REFUND, Rule("late", any=("x",), all=("refund",), type="y")],
            "rules[1]",
            "never reached",
            "before refund",
        ),
    ],
)
def test_a_mistake_is_named(rules: list[Rule], place: str, what: str, hint: str) -> None:
    lang.use("en")
    found = check(rules, [team.id for team in TEAMS], spelling())
    assert any(
        each.place == place and what in each.what.en and hint in each.hint.en and not each.warning
        for each in found
    ), found


def test_circumstances_alone_are_a_condition() -> None:
    assert check([Rule("web", inbox=("web",), type="x")]) == []


def test_a_word_that_never_counts_is_a_warning() -> None:
    lang.use("en")
    (found,) = check([REFUND, Rule("late", any=("slow", "refund is slow"), type="y")])
    assert (found.place, found.warning) == ("rules[1].any[1]", True)


@pytest.mark.parametrize(
    "earlier",
    [
        Rule("r", any=("退款",), none=("慢",), type="x"),
        Rule("r", any=("退款",), inbox=("web",), type="x"),
        Rule("r", any=("退款",), all=("订单",), type="x"),
    ],
)
def test_a_narrower_rule_before_takes_not_everything(earlier: Rule) -> None:
    assert check([earlier, Rule("later", any=("退款太慢",), type="y")]) == []


# --- what is shipped ------------------------------------------------------------------------------


def shipped() -> Rules:
    return Rules(config.load(SHIPPED).rules, spelling())


def test_the_shipped_examples_pass() -> None:
    rules = shipped()
    assert list(rules.failures()) == []
    texts = [each.text for rule in rules.rules for each in rule.examples]
    chinese = sum(not text.isascii() for text in texts)
    assert (chinese >= 40, len(texts) - chinese >= 25) == (True, True)
    assert all(rule.examples for rule in rules.rules)


def test_the_shipped_rules_fit_the_shipped_teams_and_types() -> None:
    rules = shipped().rules
    assert check(rules, [team.id for team in TEAMS], spelling()) == []
    assert {rule.team for rule in rules} == {team.id for team in TEAMS}
    assert {rule.type for rule in rules} <= set(reasons.TYPES)


# --- in config.toml -------------------------------------------------------------------------------

GOOD = """\
[shop]
name = "x"

[[rules]]
name = "one"
any = [
  "a", "aa",
  "aaa",
]
type = "x"
examples = [
  { text = "a", type = "x" },
  { text = "b", typ = "x" },
]

[[rules]]  # the second
name = "two"
any = ["b"]
type = "y"
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("shop.name", 2),
        ("shop.any", 1),
        ("rules[0]", 4),
        ("rules[0].any", 6),
        ("rules[0].any[1]", 7),
        ("rules[0].any[2]", 8),
        ("rules[0].any[3]", 6),
        ("rules[1].any[0]", 18),
        ("rules[0].examples[1]", 13),
        ("rules[0].examples[1].typ", 13),
        ("rules[1].type", 19),
        ("rules[1].nothing", 16),
        ("rules[7]", 0),
        ("elsewhere.x", 0),
        ("", 0),
    ],
)
def test_the_line_of_a_place(place: str, line: int) -> None:
    assert line_of(GOOD, place) == line


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ('typ = "x"', 'typ = "x"', ":13: unknown key rules[0].examples[1].typ"),
        ('any = ["b"]', "any = 3", ":18: rules[1].any: Expected `array`"),
        ('name = "two"\n', "", ":16: rules[1]: Object missing required field `name`"),
        ('type = "y"', 'typ = "y"', ":19: unknown key rules[1].typ"),
        ('name = "two"', 'name = "one"', ":17: rules[1].name: the name one is taken"),
        ('type = "y"', 'priority = "hihg"', ":19: rules[1].priority: Invalid enum value"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(wrong: str, right: str, said: str) -> None:
    lang.use("en")
    fine = GOOD if "examples" in said else GOOD.replace("typ =", "type =")
    text = fine.replace(wrong, right)
    with pytest.raises(ConfigError) as caught:
        config.parse(tomllib.loads(text), "config.toml", text)
    assert f"config.toml{said}" in str(caught.value.title)


# --- reasons --------------------------------------------------------------------------------------


@given(st.from_regex(r"[a-z][a-z_]*", fullmatch=True), st.lists(st.text()))
def test_a_reason_is_read_back(code: str, values: list[str]) -> None:
    why = Why(code, tuple(values))
    assert Why.decode(why.encode()) == why


@pytest.mark.parametrize("text", ["plain", "a|b", "", "text|", "a\\|b", "|"])
def test_free_text_is_read_back(text: str) -> None:
    assert Why.decode(Why("text", (text,)).encode()) == Why("text", (text,))


@given(st.text())
def test_every_text_is_a_reason(text: str) -> None:
    assert Why.decode(Why.decode(text).encode()) == Why.decode(text)
    assert reasons.why(text) is not None


def test_a_reason_as_it_is_kept() -> None:
    matched = Matched("refund", "refund", word="退款", line=1)
    assert Why.matched(matched).encode() == "matched|退款|1|refund"
    assert Why.matched(Matched("vip", "x")) == Why("conditions", ("vip",))
    assert Why.decode("assigned by hand") == Why("text", ("assigned by hand",))


@pytest.mark.parametrize("code", list(Because))
def test_every_code_has_words(code: Because) -> None:
    assert code in reasons.ROUTED
    lang.use("en")
    said = reasons.why(Why(code, ("ONE", "TWO", "THREE")).encode())
    assert "ONE" in said
    assert "{" not in said


def test_reasons_in_words() -> None:
    lang.use("en")
    assert reasons.why("matched|refund|1|r") == "matched 'refund' in line 1 (rule r)"
    assert reasons.why("at_limit|4|refunds") == "all 4 refunds agents at their limit"
    assert reasons.why("matched|few") == "matched few"
    assert reasons.why("newer_code|a|b") == "newer_code a b"
    assert reasons.why("as people wrote") == "as people wrote"
    assert reasons.why("") == ""
