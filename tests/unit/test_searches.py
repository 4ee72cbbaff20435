"""Searches that found nothing hold nothing of a customer when they are counted."""

from __future__ import annotations

import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.decide import decide
from agent_tui.domain.model import Role
from agent_tui.domain.outcome import Reason, Rejected
from agent_tui.domain.searches import MOST_MISSES, MOST_TIMES, QUERY_CHARS, counted, masked
from tests import factories as f


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("退货运费", "退货运费"),
        ("  Return   Policy\n", "return policy"),
        ("单号 20261122000123456", "单号 #"),
        ("138 0013 8000 怎么退", "# 怎么退"),
        ("138-0013-8000", "#"),
        ("１２３４５６", "#"),
        ("1234 元", "1234 元"),
        ("iphone 15 pro", "iphone 15 pro"),
        ("wang@example.com 发票", "@ 发票"),
        ("x" * 100, "x" * QUERY_CHARS),
        # Cut after masking: no number gets through in halves.
        ("x" * 57 + "1234567", "x" * 57 + "#"),
        ("   ", ""),
    ],
)
def test_masked(query: str, expected: str) -> None:
    assert masked(query) == expected
    assert masked(expected) == expected


def test_counted_once_each_and_bounded() -> None:
    assert counted([("A", 1), ("a ", 2), ("b", 0), ("", 5), ("c", -1)]) == (("a", 3),)
    assert counted([("a", MOST_TIMES), ("a", 1)]) == (("a", MOST_TIMES),)
    many = counted([(f"q{number}", 1) for number in range(MOST_MISSES + 5)])
    assert len(many) == MOST_MISSES


def test_who_works_may_report() -> None:
    report = c.ReportSearches((("运费", 1),))

    def decided(role: Role, disabled: bool = False) -> object:
        context = f.context(actor=f.agent(role=role, disabled=disabled))
        return decide(None, report, context, conversation=f.CONVERSATION)

    assert decided(Role.AGENT) == ()
    for refused in (decided(Role.TRAINEE), decided(Role.AGENT, disabled=True)):
        assert refused == Rejected(Reason.NOT_ALLOWED)
    assert c.parts_of(report) == ()
