"""When to tell the agent that something happened, and of how much at once. No terminal here."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent_tui.desk.rows import QueueRow, Section, turns
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Urgency
from agent_tui.lang import Both
from agent_tui.settings.workstation import Told
from agent_tui.text import clean_line

LONGEST = 100  # characters of a notification
SPARE = 100  # outdated moments that are not worth clearing away


class Event(StrEnum):
    """What is told, the worst first."""

    BREACH = "breach"
    WARNING = "warning"
    ASSIGNED = "assigned"
    AGAIN = "again"
    NEW = "new"


LOUD = {Urgency.WARNING: Event.WARNING, Urgency.BREACH: Event.BREACH}
VOLUME = {Urgency.CALM: 0, Urgency.WARNING: 1, Urgency.BREACH: 2}
WORDS = {
    Event.BREACH: Both("超时", "breached"),
    Event.WARNING: Both("快超时", "about to breach"),
    Event.ASSIGNED: Both("分给我", "assigned to me"),
    Event.AGAIN: Both("又来消息", "wrote again"),
    Event.NEW: Both("新会话", "new"),
}
MINE = (Event.ASSIGNED, Event.AGAIN)  # it is on my hands now; one setting says whether to tell
RESOLVED_KEPT = 5_000  # of those that were mine when they were resolved, the last ones


@dataclass(frozen=True, slots=True)
class Call:
    """What is to be told now, of which chats; the first is the worst."""

    counts: Mapping[Event, int]
    chats: tuple[ConversationId, ...]

    def words(self) -> str:
        """`2 breached · 1 new`: nothing that a customer wrote."""
        return " · ".join(
            str(Both(f"{count} {WORDS[event].zh}", f"{count} {WORDS[event].en}"))
            for event in Event
            if (count := self.counts.get(event))
        )


class Telling:
    """Compares rows before and after, and minds the clock. Times are ms.

    What was told stays open until somebody looks at it: a chat by opening it, a new one in the
    team's queue by any key. Calls come at most every `gap_seconds`, so that many new chats are one;
    what stays open is told again every `repeat_seconds`.
    """

    def __init__(self, settings: Told) -> None:
        self._settings = settings
        self._sections: dict[ConversationId, Section] = {}
        self._resolved: dict[ConversationId, None] = {}  # while they were mine
        self._urgency: dict[ConversationId, Urgency] = {}
        self._turns: list[tuple[int, ConversationId]] = []  # a heap; some are out of date
        self._next: dict[ConversationId, int] = {}
        self._fresh: dict[ConversationId, Event] = {}  # not yet told
        self._open: dict[ConversationId, Event] = {}  # told, and nobody looked
        self._counts: Counter[Urgency] = Counter()
        self._last = -(10**15)

    def begin(self, rows: Iterable[QueueRow], now: int, policy: Policy) -> None:
        """What is there now is no news."""
        for row in rows:
            self._sections[row.id] = row.section
            self._listen(row, now, policy)

    def changed(
        self,
        rows: Mapping[ConversationId, QueueRow | None],
        now: int,
        policy: Policy,
        looking: ConversationId | None = None,
    ) -> None:
        """These rows are others now; None: gone. `looking`: the chat that somebody looks at."""
        for key, row in rows.items():
            before = self._sections.get(key)
            if row is None:
                if self._sections.pop(key, None) is Section.MINE:
                    self._resolved[key] = None
                    if len(self._resolved) > RESOLVED_KEPT:
                        del self._resolved[next(iter(self._resolved))]
                self._forget(key)
                continue
            self._sections[key] = row.section
            again = key in self._resolved or (before is None and row.again)
            self._resolved.pop(key, None)
            if row.section is Section.OTHERS:
                self._forget(key)
                continue
            if before is not row.section and not row.pending:  # else it is one's own doing
                if row.section is Section.MINE:
                    self._raise(key, Event.AGAIN if again else Event.ASSIGNED, looking)
                elif before is None:
                    self._raise(key, Event.NEW, looking)
            self._settle(key, row)
            self._follow(key, row, now, policy, looking)

    def passed(
        self,
        rows: Mapping[ConversationId, QueueRow],
        now: int,
        policy: Policy,
        looking: ConversationId | None = None,
    ) -> None:
        """Time went on: some rows become louder by that alone."""
        while self._turns and self._turns[0][0] <= now:
            moment, key = heapq.heappop(self._turns)
            row = rows.get(key)
            if row is not None and self._next.get(key) == moment:
                self._follow(key, row, now, policy, looking)

    def looked(self, key: ConversationId | None) -> None:
        """Somebody is at the keyboard, with chat `key` open: the queue was seen, and this chat."""
        for event in (self._fresh, self._open):
            for each in [each for each, what in event.items() if what is Event.NEW or each == key]:
                del event[each]

    def call(self, now: int, minute: int) -> Call | None:
        """What is to be told now. `minute`: of the day, where the agent is."""
        settings = self._settings
        gap = settings.gap_seconds * 1000
        if now - self._last < gap and now >= self._last:
            return None
        news = self._fresh
        if (
            not news
            and settings.repeat_seconds
            and now - self._last >= settings.repeat_seconds * 1000
        ):
            news = self._open
        if not news or self.quiet(minute):
            return None
        self._last = now
        ranked = sorted(news, key=lambda key: list(Event).index(news[key]))
        found = Call(Counter(news.values()), tuple(ranked))
        self._open |= self._fresh
        self._fresh = {}
        return found

    def quiet(self, minute: int) -> bool:
        """Whether `minute` of the day lies in the quiet hours; they may go over midnight."""
        if not self._settings.quiet:
            return False
        spell = self._settings.quiet.split("-")
        start, end = (int(part[:2]) * 60 + int(part[3:]) for part in spell)
        return start <= minute < end if start <= end else minute >= start or minute < end

    def title(self) -> str:
        """`2!! 1! 3*`: breached, about to breach, and new; empty if there is none."""
        news = sum(event in (Event.NEW, *MINE) for event in self._open.values())
        news += sum(event in (Event.NEW, *MINE) for event in self._fresh.values())
        parts = (
            (self._counts[Urgency.BREACH], "!!"),
            (self._counts[Urgency.WARNING], "!"),
            (news, "*"),
        )
        return " ".join(f"{count}{sign}" for count, sign in parts if count)

    # --- one chat --------------------------------------------------------------------------------

    def _listen(self, row: QueueRow, now: int, policy: Policy) -> Urgency:
        """Count it, and look again when time makes it louder; how loud it is."""
        self._silence(row.id)
        if row.section is Section.OTHERS or row.status is Status.SNOOZED:
            return Urgency.CALM
        urgency = row.urgency(now, policy)
        self._urgency[row.id] = urgency
        self._counts[urgency] += 1
        moment = next((moment for moment in turns(row, policy) if moment > now), None)
        if moment is not None:
            self._next[row.id] = moment
            heapq.heappush(self._turns, (moment, row.id))
            if len(self._turns) > 4 * len(self._next) + SPARE:
                self._turns = [(moment, key) for key, moment in self._next.items()]
                heapq.heapify(self._turns)
        return urgency

    def _follow(
        self,
        key: ConversationId,
        row: QueueRow,
        now: int,
        policy: Policy,
        looking: ConversationId | None,
    ) -> None:
        before = self._urgency.get(key, Urgency.CALM)
        urgency = self._listen(row, now, policy)
        if VOLUME[urgency] > VOLUME[before]:
            self._raise(key, LOUD[urgency], looking)

    def _raise(self, key: ConversationId, event: Event, looking: ConversationId | None) -> None:
        setting = Event.ASSIGNED if event in MINE else event
        if key == looking or not getattr(self._settings, setting):
            return
        worse = list(Event).index
        for known in (self._fresh.get(key), self._open.get(key)):
            if known is not None and worse(known) < worse(event):
                return
        self._open.pop(key, None)
        self._fresh[key] = event

    def _settle(self, key: ConversationId, row: QueueRow) -> None:
        """What is open of it may be over: answered, taken by somebody, put aside."""
        for events in (self._fresh, self._open):
            event = events.get(key)
            over = row.status is Status.SNOOZED
            if event is Event.NEW:
                over |= row.section is not Section.TEAM
            elif event in MINE:
                over |= row.section is not Section.MINE
            elif event is not None:
                over |= row.due is None
            if over:
                events.pop(key, None)

    def _silence(self, key: ConversationId) -> None:
        self._next.pop(key, None)
        before = self._urgency.pop(key, None)
        if before is not None:
            self._counts[before] -= 1

    def _forget(self, key: ConversationId) -> None:
        self._silence(key)
        self._fresh.pop(key, None)
        self._open.pop(key, None)


def words(call: Call, rows: Mapping[ConversationId, QueueRow], *, name: bool) -> str:
    """The text of a notification, on one line; with `name`, who the worst is of, and the last line.

    Without it, it says nothing that came from a customer.
    """
    text = call.words()
    row = rows.get(call.chats[0]) if name and call.chats else None
    if row is not None:
        text = f"{text} · {row.name}: {row.preview}"
    return clean_line(text, LONGEST)
