"""Whether every warning and breach that was due is in the log, once, and no other is.

The clocks by the shop's rules: a message is answered in 3 minutes, with a warning at 100 s; a
question is solved within the time of its class, during which only the time counts that the customer
waits for us, with a warning at three quarters; a complaint reaches a lead within an hour, the same.
All of it in the shop's open hours, which on that day are one stretch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_tui.domain import events as e
from playing.facts import OPEN, RESOLVED, Chat, Facts
from playing.house import SYSTEM, Row
from playing.model import Model
from playing.staff import Person

if TYPE_CHECKING:
    from playing.judge import Verdict

REPLY_MS, WARN_MS = 180_000, 100_000
ESCALATE_MS = 3_600_000
SOLVE_MS = {"common": 300_000, "ordinary": 900_000, "complex": 1_800_000}
PART = 75  # per cent
LATE_MS = 2_000  # a real server looks once a second

Mark = tuple[str, str, str]  # conversation, deadline, mark


@dataclass
class _Span:
    """A deadline's time of one chat: used up before, and running since (ms), if it runs."""

    length: int
    used: int = 0
    since: int | None = None


class _Expected:
    """The moments of all marks that are due, found on the way through the log."""

    def __init__(self, model: Model, leads: frozenset[str]) -> None:
        self.moments: defaultdict[Mark, list[int]] = defaultdict(list)
        self._closes = model.at(model.quiet)
        self._classes = {each.name: each.difficulty for each in model.types}
        self._leads = leads
        self._spans: dict[tuple[str, str], _Span] = {}
        self._names: dict[str, str] = {}

    def step(self, chat: Chat, now: int, by: str, *, fresh: bool) -> None:
        """What runs for `chat` after an event at `now`."""
        if fresh:
            self._end(chat, "solution", now)
        self._reply(chat, now)
        self._solution(chat, now)
        self._complaint(chat, now, by)

    def _reply(self, chat: Chat, now: int) -> None:
        key = (chat.key, "reply")
        span = self._spans.get(key)
        waits = chat.waits_since if chat.status != RESOLVED else None
        if span is not None and span.since != waits:
            self._note(chat.key, self._names[chat.key], span, now, WARN_MS, "warning")
            del self._spans[key]
            span = None
        if span is None and waits is not None:
            self._spans[key] = _Span(REPLY_MS, since=waits)
            self._names[chat.key] = "next_reply" if chat.answered else "first_reply"

    def _solution(self, chat: Chat, now: int) -> None:
        length = SOLVE_MS.get(self._classes.get(chat.kind, ""))
        if length is None or chat.status == RESOLVED:
            self._end(chat, "solution", now)
            return
        key = (chat.key, "solution")
        runs = chat.status == OPEN and chat.waits_since is not None
        span = self._spans.get(key)
        if span is None:
            if not runs:
                return
            span = self._spans[key] = _Span(length)
        span.length = length
        if runs and span.since is None:
            span.since = now
        elif not runs and span.since is not None:
            self._note(chat.key, "solution", span, now, length * PART // 100, str(PART))
            span.used += now - span.since
            span.since = None

    def _complaint(self, chat: Chat, now: int, by: str) -> None:
        name = "complaint_escalation"
        # It has not reached a lead who was given it and never looked.
        over = chat.status == RESOLVED or (chat.owner in self._leads and by != SYSTEM)
        if over or not chat.complaint:
            self._end(chat, name, now)
        elif (chat.key, name) not in self._spans and not chat.escalated:
            self._spans[chat.key, name] = _Span(ESCALATE_MS, since=now)
        chat.escalated = chat.complaint

    def _end(self, chat: Chat, name: str, now: int) -> None:
        span = self._spans.pop((chat.key, name), None)
        if span is not None and span.since is not None:
            self._note(chat.key, name, span, now, span.length * PART // 100, str(PART))

    def _note(self, chat: str, name: str, span: _Span, now: int, warn: int, mark: str) -> None:
        """Of a stretch that ended at `now`: which marks lay in it."""
        assert span.since is not None
        for at_used, what in ((warn, mark), (span.length, "breach")):
            at = span.since + at_used - span.used
            if span.used < at_used and at <= min(now, self._closes):
                self.moments[chat, name, what].append(at)

    def close(self, chats: Iterable[Chat], until: int) -> None:
        """The log ends at `until`."""
        for chat in chats:
            if (chat.key, "reply") in self._spans:
                span = self._spans[chat.key, "reply"]
                self._note(chat.key, self._names[chat.key], span, until, WARN_MS, "warning")
            for name in ("solution", "complaint_escalation"):
                self._end(chat, name, until)


def check(
    verdict: Verdict, rows: list[Row], model: Model, people: tuple[Person, ...], until: int
) -> None:
    """Compare what was due with what rang."""
    leads = frozenset(p.agent.id for p in people if p.agent.role in ("lead", "admin"))
    expected = _Expected(model, leads)
    facts = Facts()
    rang: defaultdict[Mark, list[int]] = defaultdict(list)
    for row in rows:
        chat = facts.take(row)
        if chat is None:
            continue
        if isinstance(row.event, e.ClockRang):
            rang[chat.key, row.event.deadline, row.event.mark].append(row.at)
            continue
        fresh = isinstance(row.event, e.Reopened) and row.event.fresh
        expected.step(chat, row.at, row.by, fresh=fresh)
    expected.close(facts.chats.values(), until)
    for mark in sorted(expected.moments.keys() | rang.keys()):
        _compare(verdict, mark, sorted(expected.moments.get(mark, [])), sorted(rang.get(mark, [])))


def _compare(verdict: Verdict, mark: Mark, due: list[int], rang: list[int]) -> None:
    name = f"{'breaches' if mark[2] == 'breach' else 'warnings'} of {mark[1]}"
    left = list(rang)
    for at in due:
        verdict.checked[name] += 1
        fitting = next((each for each in left if at <= each <= at + LATE_MS), None)
        if fitting is None:
            verdict.found("clock missed", f"{mark} was due at {at}, rang at {rang}")
        else:
            left.remove(fitting)
    for each in left:
        kind = "clock twice" if each in due or len(rang) > len(due) >= 1 else "clock not due"
        verdict.found(kind, f"{mark} rang at {each}, was due at {due}")
