"""Answer times of a practice session: a pure measurement, and the table that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from agent_tui.domain.model import Conversation, Message, MessageKind, Status
from agent_tui.lang import Both

if TYPE_CHECKING:
    from rich.table import Table


class CustomerTimes(msgspec.Struct, frozen=True, omit_defaults=True):
    """One customer's waits, in ms: each from their first unanswered message to the reply. `open_ms`
    is how long they had been waiting when the session ended, 0 if they were not."""

    conversation: str
    name: str
    answers: tuple[int, ...] = ()
    open_ms: int = 0

    @property
    def first(self) -> int | None:
        """The first answer's time; None if there was no answer."""
        return self.answers[0] if self.answers else None


class PracticeResult(msgspec.Struct, frozen=True):
    """What a practice session is remembered by. Moments and durations in ms."""

    started: int
    ended: int
    target: int
    customers: tuple[CustomerTimes, ...]
    kind: str = "answer_times"

    @property
    def answers(self) -> tuple[int, ...]:
        """Every wait that ended in an answer."""
        return tuple(each for customer in self.customers for each in customer.answers)

    @property
    def inside(self) -> int:
        """How many answers came within the target."""
        return within(self.answers, self.target)

    @property
    def owed(self) -> int:
        """Answers given, and customers left waiting beyond the target."""
        return len(self.answers) + sum(c.open_ms > self.target for c in self.customers)


def measure(
    transcripts: Iterable[tuple[Conversation, Sequence[Message]]],
    *,
    started: int,
    ended: int,
    target: int,
) -> PracticeResult:
    """The answer times of the conversations that were opened in [started, ended], in that order."""
    found = [
        _customer(conversation, messages, ended)
        for conversation, messages in sorted(transcripts, key=lambda each: each[0].opened_at)
        if started <= conversation.opened_at <= ended
    ]
    return PracticeResult(started, ended, target, tuple(found))


def _customer(state: Conversation, messages: Sequence[Message], ended: int) -> CustomerTimes:
    answers: list[int] = []
    waiting: int | None = None
    for message in messages:
        if message.kind is MessageKind.CUSTOMER and waiting is None:
            waiting = message.at
        elif message.kind is MessageKind.REPLY and waiting is not None:
            answers.append(message.at - waiting)
            waiting = None
    owed = waiting is not None and state.status in (Status.OPEN, Status.PENDING)
    open_ms = max(0, ended - waiting) if owed and waiting is not None else 0
    return CustomerTimes(state.id, state.customer.name, tuple(answers), open_ms)


def mean(values: Sequence[int]) -> int | None:
    """The arithmetic mean, or None of nothing."""
    return round(sum(values) / len(values)) if values else None


def p90(values: Sequence[int]) -> int | None:
    """The value that nine in ten do not exceed (nearest rank), or None of nothing."""
    return sorted(values)[ceil(0.9 * len(values)) - 1] if values else None


def within(values: Iterable[int], target: int) -> int:
    """How many values are not above `target`."""
    return sum(value <= target for value in values)


def clock(ms: int | None) -> str:
    """A duration as 0:48 or 1:02:03; a dash for None."""
    if ms is None:
        return "–"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def table(result: PracticeResult) -> Table:
    """One row a customer, and all of them together in the last."""
    from rich.table import Table
    from rich.text import Text

    target = clock(result.target)
    shown = Table(
        title=str(Both(f"回复用时（目标 {target}）", f"answer times (target {target})")),
        show_footer=True,
        title_justify="left",
    )
    answers = result.answers
    total = str(Both("合计", "all"))
    shown.add_column(str(Both("顾客", "customer")), total, overflow="ellipsis")
    columns = (
        (Both("首次", "first"), clock(mean(_firsts(result)))),
        (Both("平均", "mean"), clock(mean(answers))),
        (Both("p90", "p90"), clock(p90(answers))),
        (Both(f"{target} 内", f"inside {target}"), f"{result.inside}/{result.owed}"),
    )
    for title, footer in columns:
        shown.add_column(str(title), footer, justify="right", no_wrap=True)
    shown.add_column("", _verdict(result), no_wrap=True)
    for each in result.customers:
        late = each.first is not None and each.first > result.target
        left = each.open_ms > 0
        remark = Both(f"还在等 {clock(each.open_ms)}", f"left waiting {clock(each.open_ms)}")
        shown.add_row(
            Text(each.name),
            Text(clock(each.first) + (" !!" if late else ""), style="red" if late else ""),
            clock(mean(each.answers)),
            clock(p90(each.answers)),
            f"{within(each.answers, result.target)}/{len(each.answers)}",
            Text(str(remark) if left else "", style="red" if each.open_ms > result.target else ""),
        )
    return shown


def _firsts(result: PracticeResult) -> list[int]:
    return [each.first for each in result.customers if each.first is not None]


def _verdict(result: PracticeResult) -> str:
    if not result.owed:
        return ""
    return f"{round(100 * result.inside / result.owed)} %"
