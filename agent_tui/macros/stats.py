"""How much each macro is used: a fold of the replies that came from it."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from agent_tui.knowledge.usage import Use
from agent_tui.macros.flows import MACRO
from agent_tui.macros.model import Macro

SHORT_DAYS, LONG_DAYS = 7, 30
DAY_MS = 86_400_000


class MacroUse(msgspec.Struct, frozen=True):
    """One macro's uses in the last 7 and 30 days; `agents`: of those of 30 days, how many each
    agent's; `last_at` (ms) is 0 if it was never used as far as is known here."""

    id: str
    title: str
    key: str
    uses_7: int = 0
    uses_30: int = 0
    agents: dict[str, int] = {}
    last_at: int = 0
    expired: str = ""  # the day on which its window ended

    @property
    def never(self) -> bool:
        """Whether nobody is known to have used it."""
        return not self.last_at and not self.uses_30


class Counted(msgspec.Struct, frozen=True):
    """Uses of the last 7 days, of the last 30, and ever; sums by source, where somebody knows more
    than these."""

    week: Sequence[Use] = ()
    month: Sequence[Use] = ()
    ever: Sequence[Use] = ()
    week_sums: Mapping[str, int] = {}
    month_sums: Mapping[str, int] = {}


def count(macros: Iterable[Macro], counted: Counted, today: datetime.date) -> list[MacroUse]:
    """Each macro's uses, the most used first; uses of macros that are gone are left out."""
    in_week = _sum(counted.week) | Counter(counted.week_sums)
    in_month = _sum(counted.month) | Counter(counted.month_sums)
    month, ever = counted.month, counted.ever
    agents: dict[str, Counter[str]] = {}
    for use in month:
        agents.setdefault(use.source, Counter())[use.author] += use.count
    last = {use.source: 0 for use in ever}
    for use in ever:
        last[use.source] = max(last[use.source], use.last_at)
    found = []
    for macro in macros:
        source = f"{MACRO}{macro.id}"
        to = macro.head.valid.to
        found.append(
            MacroUse(
                id=macro.id,
                title=macro.head.title,
                key=macro.head.key,
                uses_7=in_week[source],
                uses_30=in_month[source],
                agents=dict(agents.get(source, Counter()).most_common()),
                last_at=last.get(source, 0),
                expired=to.isoformat() if to and to < today else "",
            )
        )
    return sorted(found, key=lambda use: (-use.uses_30, -use.last_at, use.id))


def _sum(uses: Iterable[Use]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for use in uses:
        counts[use.source] += use.count
    return counts
