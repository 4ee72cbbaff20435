"""A filter's tree as functions that hold a conversation against it. None of them raises."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Generic, TypeVar

from agent_tui.domain import durations, filter_keys, sla
from agent_tui.domain.durations import Length
from agent_tui.domain.filter_syntax import (
    All,
    Any,
    Compare,
    Flag,
    Match,
    Node,
    Not,
    Value,
    Word,
)
from agent_tui.domain.filter_view import View
from agent_tui.domain.model import Conversation, Status

fold = lru_cache(8192)(filter_keys.fold)  # ids, tags, types: few, and met again and again
_NO_IDS: frozenset[str] = frozenset()

Test = Callable[[Conversation, View], bool]
Measure = Callable[[Conversation, View], int | None]
Read = TypeVar("Read")


def compiled(node: Node) -> Test:
    """The test that `node` is."""
    return _compiled(node)[1]


def _compiled(node: Node) -> tuple[int, Test]:
    """The test, and how long it takes: among several, the cheap ones are asked first."""
    match node:
        case Word(text):
            return 2, _words((filter_keys.fold(text),))
        case Flag(key):
            return _cost(key), FLAGS[key]
        case Compare(key, sign, amount):
            return _cost(key), _compared(MEASURES[key], sign, amount)
        case Match(key, values):
            return _cost(key), _match(key, values)
        case Not(inner):
            cost, test = _compiled(inner)
            return cost, lambda c, v: not test(c, v)
        case All(nodes):
            words = tuple(filter_keys.fold(each.text) for each in nodes if isinstance(each, Word))
            parts = [_compiled(each) for each in nodes if not isinstance(each, Word)]
            if words:
                parts.append((2, _words(words)))
            return _joined(parts, everything=True)
        case Any(nodes):
            return _joined([_compiled(each) for each in nodes], everything=False)


def _cost(key: str) -> int:
    return {"late": 3, "due": 3, "customer": 2, "reason": 2}.get(key, 1)


def _joined(parts: list[tuple[int, Test]], *, everything: bool) -> tuple[int, Test]:
    parts.sort(key=lambda part: part[0])
    tests = tuple(test for _, test in parts)

    def joined(conversation: Conversation, view: View) -> bool:
        for test in tests:
            if test(conversation, view) is not everything:
                return not everything
        return everything

    return max((cost for cost, _ in parts), default=0), joined


class _Last(Generic[Read]):
    """`read` of a conversation, kept until another is asked for: terms ask one after the other."""

    def __init__(self, read: Callable[[Conversation, View], Read]) -> None:
        self._read = read
        # Replaced as a whole, so that threads may share it.
        self._kept: tuple[Conversation, View, Read] | None = None

    def of(self, conversation: Conversation, view: View) -> Read:
        """What is read of `conversation`."""
        kept = self._kept
        if kept is None or kept[0] is not conversation or kept[1] is not view:
            kept = (conversation, view, self._read(conversation, view))
            self._kept = kept
        return kept[2]


# --- words and values ----------------------------------------------------------------------------


def _told(c: Conversation, _: View) -> str:
    told = (c.customer.name, c.preview, c.subject, c.id, *c.tags, *c.customer.tags)
    return filter_keys.fold("\n".join(told))


def _words(words: tuple[str, ...]) -> Test:
    """Whether each of `words` stands somewhere in what a list shows of a conversation."""

    def found(c: Conversation, v: View) -> bool:
        text = _TEXT.of(c, v)
        return all(word in text for word in words)

    return found


def _match(key: str, values: tuple[Value, ...]) -> Test:
    wanted = frozenset(filter_keys.fold(value.text) for value in values)
    match key:
        case "team":
            return _Named(key, values, lambda c: c.team, begins=True).test
        case "agent":
            return _Named(key, values, lambda c: c.assignee, begins=True).test
        case "inbox":
            return _Named(key, values, lambda c: c.inbox).test
        case "type":
            return _Named(key, values, lambda c: c.type).test
        case "tag":
            return lambda c, v: any(fold(tag) in wanted for tag in (*c.tags, *c.customer.tags))
        case "priority":
            return lambda c, v: c.priority in wanted
        case "status":
            return lambda c, v: c.status in wanted
        case "channel":
            return lambda c, v: c.channel in wanted
        case "customer":
            return lambda c, v: fold(c.customer.id) in wanted or _part(wanted, c.customer.name)
        case "tier":
            return lambda c, v: fold(c.customer.tier) in wanted
        case "language":
            return lambda c, v: _speaks(fold(c.customer.language), wanted)
        case "reason":
            return lambda c, v: _part(wanted, c.reason)
        case _:
            return _Named(key, values, lambda c: c.id, begins=True).test


def _part(wanted: frozenset[str], text: str) -> bool:
    folded = filter_keys.fold(text)
    return any(each in folded for each in wanted)


def _speaks(language: str, wanted: frozenset[str]) -> bool:
    """Whether `language` (zh, zh-cn) is wanted; zh is also zh-cn."""
    return language in wanted or language.partition("-")[0] in wanted


def stands_for_who(key: str, value: Value) -> bool:
    """Whether it is `agent:me` or `agent:none`, and no name."""
    return key == "agent" and not value.quoted and value.text in ("me", "none")


class _Named:
    """Whether a field is one of `values`, each an id, a name, or how one id alone begins."""

    def __init__(
        self,
        kind: str,
        values: tuple[Value, ...],
        field: Callable[[Conversation], str | None],
        begins: bool = False,
    ) -> None:
        who = {value.text for value in values if stands_for_who(kind, value)}
        self._kind = kind
        self._field = field
        self._begins = begins
        self._me = "me" in who
        self._nobody = "none" in who
        self._wanted = tuple(
            filter_keys.fold(value.text) for value in values if not stands_for_who(kind, value)
        )
        self._known: tuple[View | None, frozenset[str]] = (None, _NO_IDS)

    def test(self, conversation: Conversation, view: View) -> bool:
        """Whether `conversation` has one of them."""
        found = self._field(conversation)
        if found is None:
            return self._nobody
        if self._me and found == view.me:
            return True
        known, ids = self._known
        if known is not view:
            ids = view.meant(self._kind, self._wanted, begins=self._begins)
            self._known = (view, ids)
        return fold(found) in ids


# --- what stands alone, and what is measured -----------------------------------------------------


def _owed_since(c: Conversation) -> int | None:
    return None if c.status is Status.RESOLVED else c.owed_since


def _waiting(c: Conversation, view: View) -> int | None:
    since = _owed_since(c)
    return None if since is None else view.now - since


def _deadline(c: Conversation, view: View) -> sla.Due | None:
    if not c.clocks and c.waiting_since is None and not c.deliveries:
        return None  # most of a list: not worth the way
    return sla.due(c, view.policy, view.plan)


def _due(c: Conversation, view: View) -> int | None:
    deadline = _DEADLINE.of(c, view)
    return None if deadline is None else deadline.at - view.now


def _late(c: Conversation, view: View) -> bool:
    left = _due(c, view)
    return left is not None and left <= 0


_TEXT = _Last(_told)
_DEADLINE = _Last(_deadline)

FLAGS: Mapping[str, Test] = {
    "waiting": lambda c, v: _owed_since(c) is not None,
    "unread": lambda c, v: c.unread > 0,
    "rating": lambda c, v: c.rating > 0,
    "assigned": lambda c, v: c.assignee is not None,
    "mine": lambda c, v: v.me is not None and c.assignee == v.me,
    "late": _late,
    "vip": lambda c, v: sla.is_vip(c),
    "complaint": lambda c, v: sla.is_complaint(c),
    "failed": lambda c, v: bool(c.undelivered),
    **{status.value: partial(lambda at, c, v: c.status is at, status) for status in Status},
}
MEASURES: Mapping[str, Measure] = {
    "waiting": _waiting,
    "due": _due,
    "age": lambda c, v: v.now - c.opened_at,
    "idle": lambda c, v: v.now - c.last_at,
    "messages": lambda c, v: c.messages,
    "unread": lambda c, v: c.unread,
    "rating": lambda c, v: c.rating or None,
}
_SIGNS: Mapping[str, Callable[[int, int], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
}


def _compared(measure: Measure, sign: str, amount: Length | int) -> Test:
    compare = _SIGNS[sign]
    limit = amount.ms if isinstance(amount, Length) else amount
    if sign == "=" and isinstance(amount, Length):
        return _equal(measure, amount)

    def compared(c: Conversation, v: View) -> bool:
        value = measure(c, v)
        return value is not None and compare(value, limit)

    return compared


def _equal(measure: Measure, amount: Length) -> Test:
    """5m is anything from there to 6m, as a list shows it."""
    unit, wanted = amount.unit, durations.whole(amount.ms, amount.unit)

    def equal(c: Conversation, v: View) -> bool:
        value = measure(c, v)
        return value is not None and durations.whole(value, unit) == wanted

    return equal
