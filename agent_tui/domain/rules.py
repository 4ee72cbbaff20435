"""What a conversation is about: keywords and circumstances give type, team, priority and tags.

Rules are tried in their order and the first that matches decides everything; what it leaves empty
stays as it was. The examples beside a rule are tried against the whole list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Protocol

import msgspec
from msgspec import Meta

from agent_tui.domain.model import Channel, Priority

if TYPE_CHECKING:
    from agent_tui.domain.lexicon import Lexicon, Spell

MOST_LINES = 50  # lines that are looked at

Words = tuple[Annotated[str, Meta(min_length=1, max_length=80)], ...]


def _says(zh: str, en: str) -> Meta:
    return Meta(description=f"{zh} / {en}")


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line and what comes of it. What is left out is not compared; where type, team and priority
    all are, no rule may match."""

    text: Annotated[str, Meta(min_length=1), _says("客户说的话", "what the customer says")]
    type: Annotated[str, _says("应得的类型", "the type it must get")] = ""
    team: Annotated[str, _says("应得的团队", "the team it must get")] = ""
    priority: Annotated[Priority | None, _says("应得的优先级", "the priority it must get")] = None
    inbox: Annotated[str, _says("来自这个收件箱", "comes in here")] = ""
    channel: Annotated[Channel | None, _says("来自这个渠道", "comes this way")] = None
    customer_tags: Annotated[Words, _says("客户的标签", "the customer's tags")] = ()
    tier: Annotated[str, _says("客户等级", "the customer's tier")] = ""
    language: Annotated[str, _says("客户的语言", "the customer's language")] = ""
    order: Annotated[str, _says("订单状态", "the order's state")] = ""

    @property
    def expects_nothing(self) -> bool:
        """Whether no rule may match."""
        return not (self.type or self.team or self.priority)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a question is about. Rules are tried in their order; the first that matches decides.

    `any`, `all` and `none` are words, looked for in each line the customer wrote: Chinese anywhere
    and as full pinyin ("tui kuan"), other words whole, with their usual endings ("refunded"). Of
    each list of circumstances, `inbox` to `order`, one must be the conversation's; an empty list
    asks for nothing. `agent-tui rules test` and `agent-tui rules explain` try them.
    """

    name: Annotated[
        str, Meta(min_length=1, max_length=60), _says("名字，不重复", "its name, of its own")
    ]
    any: Annotated[Words, _says("某一行里有其中一个词", "one of these words stands in a line")] = ()
    all: Annotated[Words, _says("这些词都出现", "each of these stands in some line")] = ()
    none: Annotated[
        Words, _says("含其中一个词的行不算", "a line with one of these does not count")
    ] = ()
    inbox: Annotated[Words, _says("收件箱编号", "ids of inboxes")] = ()
    channel: Annotated[tuple[Channel, ...], _says("渠道", "channels")] = ()
    customer_tags: Annotated[
        Words, _says("客户有其中一个标签", "the customer has one of these tags")
    ] = ()
    tier: Annotated[Words, _says("客户等级", "the customer's tier")] = ()
    language: Annotated[Words, _says("客户的语言（zh、en）", "the customer's language")] = ()
    order: Annotated[
        Words,
        _says(
            "订单状态，如 paid、shipped；没有订单来源时不匹配",
            "the order's state, such as paid or shipped; without a source of orders it never fits",
        ),
    ] = ()
    type: Annotated[str, _says("问题类型", "question type")] = ""
    team: Annotated[str, _says("团队编号", "id of the team")] = ""
    priority: Annotated[Priority | None, _says("优先级", "priority")] = None
    tags: Annotated[Words, _says("给会话的标签", "tags for the conversation")] = ()
    examples: Annotated[
        tuple[Example, ...],
        _says("例子，agent-tui rules test 运行", "examples, run by `agent-tui rules test`"),
    ] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Every word it looks for."""
        return self.any + self.all + self.none


class Asked(msgspec.Struct, frozen=True):
    """What is known of a conversation: the customer's lines, oldest first, and the circumstances.

    `order` is the order's state in the shop's words, empty where it is not known.
    """

    lines: tuple[str, ...]
    inbox: str = ""
    channel: Channel | None = None
    customer_tags: tuple[str, ...] = ()
    tier: str = ""
    language: str = ""
    order: str = ""

    @classmethod
    def by(cls, example: Example) -> Asked:
        """What an example says."""
        return cls(
            (example.text,),
            example.inbox,
            example.channel,
            example.customer_tags,
            example.tier,
            example.language,
            example.order,
        )


class Matched(msgspec.Struct, frozen=True):
    """What a rule gives, and why: `word` was found in line `line` (from 1).

    Where several words were asked for, `word` has them with " + " between. It is empty, and `line`
    is 0, if the circumstances alone decided.
    """

    rule: str
    type: str = ""
    team: str = ""
    priority: Priority | None = None
    tags: tuple[str, ...] = ()
    word: str = ""
    line: int = 0


class Tried(msgspec.Struct, frozen=True):
    """One rule and one conversation. `failed` names the first field that did not fit, empty if all
    did; `detail`: what was there instead, or was missing. `decides`: it is the first that matched.
    """

    rule: str
    matched: Matched | None = None
    decides: bool = False
    failed: str = ""
    detail: str = ""


class Failure(msgspec.Struct, frozen=True):
    """An example that came out otherwise. `got` is None if no rule matched."""

    place: str
    rule: str
    example: Example
    got: Matched | None


class Classifier(Protocol):
    """Says what a conversation is about. Rules do; a trained one may take their place."""

    def classify(self, asked: Asked) -> Matched | None:
        """None if it cannot tell."""


class Rules:
    """An ordered list of rules. Making it costs nothing; the first question prepares the words."""

    def __init__(self, rules: Sequence[Rule], spell: Spell | None = None) -> None:
        self.rules = tuple(rules)
        self._spell = spell

    @cached_property
    def lexicon(self) -> Lexicon:
        """All words of all rules."""
        # Every program reads settings; only those that sort conversations need what this loads.
        from agent_tui.domain.lexicon import Lexicon

        return Lexicon((word for rule in self.rules for word in rule.words), self._spell)

    def classify(self, asked: Asked) -> Matched | None:
        """What the first matching rule gives, or None."""
        return next((each.matched for each in self._tried(asked) if each.matched), None)

    def explain(self, asked: Asked) -> list[Tried]:
        """Every rule, in order, and why it matched or did not."""
        tried = list(self._tried(asked))
        first = next((n for n, each in enumerate(tried) if each.matched), None)
        if first is not None:
            tried[first] = msgspec.structs.replace(tried[first], decides=True)
        return tried

    def failures(self) -> Iterator[Failure]:
        """The examples that do not come out as they say."""
        for n, rule in enumerate(self.rules):
            for m, example in enumerate(rule.examples):
                got = self.classify(Asked.by(example))
                if not _as_expected(example, got):
                    yield Failure(f"rules[{n}].examples[{m}]", rule.name, example, got)

    def _tried(self, asked: Asked) -> Iterator[Tried]:
        lines = [self.lexicon.found(line) for line in asked.lines[:MOST_LINES]]
        for rule in self.rules:
            failed, detail = _unfit(rule, asked)
            if failed:
                yield Tried(rule.name, failed=failed, detail=detail)
            else:
                yield _by_words(rule, lines)


def _unfit(rule: Rule, asked: Asked) -> tuple[str, str]:
    """The first circumstance that is not the rule's, and what it is; empty if all are."""
    circumstances: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("inbox", rule.inbox, (asked.inbox,)),
        ("channel", rule.channel, (asked.channel or "",)),
        ("customer_tags", rule.customer_tags, asked.customer_tags),
        ("tier", rule.tier, (asked.tier,)),
        ("language", rule.language, (asked.language,)),
        ("order", rule.order, (asked.order,)),
    )
    for name, wanted, there in circumstances:
        if wanted and not _lower(wanted) & _lower(there):
            return name, ", ".join(there)
    return "", ""


def _lower(values: Collection[str]) -> set[str]:
    return {value.casefold() for value in values if value}


def _by_words(rule: Rule, lines: Sequence[frozenset[str]]) -> Tried:
    """Whether the words of `rule` stand in the lines that count."""
    counting = [(n, found) for n, found in enumerate(lines, 1) if found.isdisjoint(rule.none)]
    if rule.none and lines and not counting:
        there = next(word for word in rule.none if any(word in found for found in lines))
        return Tried(rule.name, failed="none", detail=there)
    words: list[str] = []
    line = 0
    if rule.any:
        hit = next(((n, w) for n, found in counting for w in rule.any if w in found), None)
        if hit is None:
            return Tried(rule.name, failed="any")
        line = hit[0]
        words.append(hit[1])
    for word in rule.all:
        at = next((n for n, found in counting if word in found), 0)
        if not at:
            return Tried(rule.name, failed="all", detail=word)
        line = line or at
        words.append(word)
    word = " + ".join(dict.fromkeys(words))
    return Tried(
        rule.name,
        Matched(rule.name, rule.type, rule.team, rule.priority, rule.tags, word, line),
    )


def _as_expected(example: Example, got: Matched | None) -> bool:
    if example.expects_nothing or got is None:
        return example.expects_nothing and got is None
    wanted = (example.type, example.team, example.priority)
    came = (got.type, got.team, got.priority)
    return all(not want or want == have for want, have in zip(wanted, came, strict=True))
