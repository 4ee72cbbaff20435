"""How a filter is written: text to a tree, the tree to text again, and what is wrong where.

    terms  := term { ["and"] term } | term { "or" term }
    term   := { "-" } ( "(" terms ")" | key operator value { "," value } | flag | word )

A level is joined in one way only: programs disagree on which of `a b or c` goes first, and what a
filter finds may be acted on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

import msgspec

from agent_tui.domain import durations
from agent_tui.domain import filter_errors as wrong
from agent_tui.domain.durations import Length
from agent_tui.domain.filter_errors import FilterError, Trouble
from agent_tui.domain.filter_keys import BY_NAME, COMPARED, Key, Takes, chosen, fold, near

DEEPEST = 30  # parentheses within parentheses
# As an input method writes them. One character for one, so that places stay.
PLAIN: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "“”„"), '"'),
    **dict.fromkeys(map(ord, "、﹐"), ","),
    **dict.fromkeys(map(ord, "﹣−"), "-"),
}
_SPACE = re.compile(r"\s*")
_JOINER = re.compile(r"(?:(?P<any>or|或者?)|and|并?且)(?=[\s()]|\Z)", re.IGNORECASE)
_ALONE = tuple(name for name, key in BY_NAME.items() if key.alone)
SLIP = 0.75  # how much alike a word and the name are, for the name to have been meant
_NAME = re.compile(r'[^\s"():<>=≥≤]*')
_OPERATOR = re.compile(r">=|<=|[:<>=≥≤]")
_VALUE = re.compile(r'[^\s"(),]*')
_SIMPLE = re.compile(r"[^\W_][\w.-]*\Z")
_NUMBER = re.compile(r"-?[0-9]{1,9}\Z")
_OPERATORS = {"≥": ">=", "≤": "<="}


class Value(msgspec.Struct, frozen=True):
    """What stands behind a key's colon. In quotes it is a name, whatever else it may say."""

    text: str
    quoted: bool = False


class Word(msgspec.Struct, frozen=True):
    """Text that is looked for."""

    text: str


class Flag(msgspec.Struct, frozen=True):
    """A key that stands alone."""

    key: str


class Match(msgspec.Struct, frozen=True):
    """A key, and what it may be."""

    key: str
    values: tuple[Value, ...]


class Compare(msgspec.Struct, frozen=True):
    """A key, and what it is compared with."""

    key: str
    operator: str
    amount: Length | int


class Not(msgspec.Struct, frozen=True):
    """The opposite."""

    node: Node


class All(msgspec.Struct, frozen=True):
    """Every one of several, or of none."""

    nodes: tuple[Node, ...]


class Any(msgspec.Struct, frozen=True):
    """At least one of several."""

    nodes: tuple[Node, ...]


Node = Word | Flag | Match | Compare | Not | All | Any


def write(node: Node, within: bool = False) -> str:
    """`node` as text that is understood as `node` again."""
    match node:
        case Word(text):
            bare = _JOINER.match(text) is None and fold(text) not in BY_NAME and not _slip(text)
            return written(Value(text, quoted=not bare))
        case Flag(key):
            return key
        case Match(key, values):
            return f"{key}:{','.join(map(written, values))}"
        case Compare(key, operator, amount):
            return f"{key}{operator}{amount}"
        case Not(inner):
            return f"-{write(inner, True)}"
        case All(nodes) | Any(nodes):
            joined = (" " if isinstance(node, All) else " or ").join(write(n, True) for n in nodes)
            return f"({joined})" if within else joined


def _slip(word: str) -> str | None:
    """What stands alone and was probably meant by `word`."""
    return near(word, _ALONE, SLIP)


def written(value: Value) -> str:
    """`value` as text, in quotes where it needs them."""
    return f'"{value.text}"' if value.quoted or not _SIMPLE.match(value.text) else value.text


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything in it, from left to right."""
    yield node
    match node:
        case Not(inner):
            yield from walk(inner)
        case All(nodes) | Any(nodes):
            for each in nodes:
                yield from walk(each)


class Parser:
    """Reads `text` once, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._plain = text.translate(PLAIN)
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        """The tree. Raises FilterError."""
        return self._terms(None)

    def _fail(self, start: int, end: int, trouble: Trouble) -> NoReturn:
        raise FilterError(self._text, start, max(1, end - start), *trouble)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._plain, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found.group()

    def _sees(self, char: str) -> bool:
        return self._plain.startswith(char, self._at)

    @property
    def _ended(self) -> bool:
        return self._at >= len(self._plain)

    def _terms(self, opened: int | None) -> Node:
        """Terms up to the end, or to what closes the parenthesis that was opened there."""
        nodes: list[Node] = []
        way: bool | None = None  # whether this level is joined by `or`
        place = (0, 0)  # of its last `or`
        joiner: tuple[int, int, bool] | None = None
        while True:
            self._take(_SPACE)
            if self._ended or self._sees(")"):
                break
            found = _JOINER.match(self._plain, self._at)
            if found is not None:
                if not nodes or joiner:
                    self._fail(*found.span(), wrong.NOTHING_BEFORE)
                self._at = found.end()
                joiner = (*found.span(), found["any"] is not None)
                place = found.span() if found["any"] else place
                continue
            if nodes:
                either = joiner is not None and joiner[2]
                if way is not None and way is not either:
                    self._fail(*place, wrong.MIXED)
                way = either
            joiner = None
            nodes.append(self._term())
        if joiner:
            self._fail(*joiner[:2], wrong.NOTHING_AFTER)
        self._close(opened, empty=not nodes)
        if len(nodes) == 1:
            return nodes[0]
        return Any(tuple(nodes)) if way else All(tuple(nodes))

    def _close(self, opened: int | None, *, empty: bool) -> None:
        if self._sees(")"):
            if opened is None:
                self._fail(self._at, self._at + 1, wrong.NOT_OPENED)
            self._at += 1
            if empty:
                self._fail(opened, self._at, wrong.EMPTY_PARENTHESES)
        elif opened is not None:
            self._fail(opened, opened + 1, wrong.NOT_CLOSED)

    def _term(self) -> Node:
        start = self._at
        while self._sees("-"):
            self._at += 1
        negative = bool((self._at - start) % 2)
        if self._at > start and (self._ended or self._plain[self._at].isspace() or self._sees(")")):
            self._fail(start, self._at, wrong.NOTHING_NEGATED)
        node = self._positive()
        if self._at > start and isinstance(node, Word) and self._plain[start] == "-":
            self._check_negated(start, node)
        if not negative:
            return node
        return node.node if isinstance(node, Not) else Not(node)

    def _check_negated(self, start: int, word: Word) -> None:
        """Hardly anybody looks for what lacks a word; many mistype what stands alone."""
        guess = _slip(word.text)
        if guess is not None and not self._plain[start:].lstrip("-").startswith('"'):
            self._fail(start, self._at, wrong.unknown_key(word.text, f"-{guess}"))

    def _positive(self) -> Node:
        start = self._at
        if self._sees("("):
            self._depth += 1
            if self._depth > DEEPEST:
                self._fail(start, start + 1, wrong.TOO_DEEP)
            self._at += 1
            node = self._terms(start)
            self._depth -= 1
            return node
        if self._sees('"'):
            return Word(self._quoted())
        name = self._take(_NAME)
        end = self._at
        operator = self._take(_OPERATOR)
        if operator:
            return self._keyed(start, end, name, _OPERATORS.get(operator, operator))
        key = BY_NAME.get(fold(name))
        return Flag(key.name) if key is not None and key.alone else Word(name)

    def _quoted(self) -> str:
        start = self._at
        end = self._plain.find('"', start + 1)
        if end < 0:
            self._fail(start, len(self._text), wrong.OPEN_QUOTE)
        self._at = end + 1
        words = " ".join(self._plain[start + 1 : end].split())
        if not words:
            self._fail(start, end + 1, wrong.EMPTY_QUOTES)
        return words

    def _keyed(self, start: int, end: int, name: str, operator: str) -> Node:
        """The term of the key at `start` to `end`; the operator was read."""
        key = BY_NAME.get(fold(name))
        if not name:
            self._fail(start, self._at, wrong.NO_KEY)
        if key is None:
            self._fail(start, end, wrong.unknown_key(name, near(name, BY_NAME)))
        if operator not in key.operators:
            self._fail(end, self._at, wrong.not_taken(key, self._text[end : self._at]))
        behind = self._at  # what lacks a value, if one is missing
        values = [self._value(key, start, behind)]
        while self._sees(","):
            comma = self._at
            if key.takes in COMPARED:
                self._fail(comma, comma + 1, wrong.one_only(key))
            self._at += 1
            values.append(self._value(key, comma, comma + 1))
        if key.takes in COMPARED:
            return Compare(key.name, operator, self._amount(key, values[0]))
        return Match(key.name, tuple(value for value, _, _ in values))

    def _value(self, key: Key, start: int, end: int) -> tuple[Value, int, int]:
        """The next value and its place. If there is none, what lacks it is at `start` to `end`."""
        at = self._at
        quoted = self._sees('"')
        text = self._quoted() if quoted else self._take(_VALUE)
        if not text:
            self._fail(start, end, wrong.missing(key))
        inner = _NAME.match(text)
        if not quoted and inner and inner.end() < len(text) and fold(inner.group()) in BY_NAME:
            self._fail(at, self._at, wrong.term_within(text))
        choice = chosen(key, text)
        if key.takes is Takes.CHOICE and choice is None:
            guess = near(text, [name for each in key.choices for name in each.spellings])
            self._fail(at, self._at, wrong.unknown_value(key, text, guess))
        if key.takes is Takes.CHOICE or not quoted:
            return Value(choice or text), at, self._at
        return Value(text, quoted=choice is not None), at, self._at

    def _amount(self, key: Key, found: tuple[Value, int, int]) -> Length | int:
        """What `key` is compared with."""
        value, start, end = found
        amount: Length | int | None
        if key.takes is Takes.AGE:
            amount = durations.parse(value.text)
        else:
            amount = int(value.text) if _NUMBER.match(value.text) else None
        if amount is None:
            self._fail(start, end, wrong.bad_amount(key, value.text))
        return amount
