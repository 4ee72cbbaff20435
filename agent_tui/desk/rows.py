"""The queue as a list of frozen rows, and its order."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from agent_tui.domain import sla
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Agent, Channel, Conversation, MessageKind, Status
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Due, Urgency


class View(StrEnum):
    """Which conversations the queue shows."""

    WORK = "work"  # mine, then what my teams have and nobody took
    MINE = "mine"
    TEAM = "team"
    ALL = "all"
    SNOOZED = "snoozed"


class Section(StrEnum):
    """A titled part of the list."""

    MINE = "mine"
    TEAM = "team"
    OTHERS = "others"


class QueueRow(msgspec.Struct, frozen=True):
    """One conversation in the list. `due` is None while nothing is owed."""

    id: ConversationId
    name: str
    vip: bool
    channel: Channel
    team: str
    type: str
    status: Status
    assignee: AgentId | None
    section: Section
    unread: int
    preview: str
    preview_kind: MessageKind
    due: Due | None
    weight: float
    waiting_since: int | None
    last_at: int
    draft: str  # how it begins; empty if there is none
    unsent: int
    version: int
    undelivered: int = 0  # replies that did not arrive, or may not have
    answer_by: int | None = None  # given to its owner, not looked at: goes back at this moment
    why: str = ""  # why it is where it is, or waits, as `domain.why` writes it

    def rank(self, now: int, late_cap_ms: int) -> tuple[int, float, float, int, str]:
        """`sla.rank`, from what the row holds."""
        if self.due is None:
            return (2, 0.0, 0.0, -self.last_at, self.id)
        left = self.due.at - now
        if left <= 0:
            return (0, -self.weight, -float(min(-left, late_cap_ms)), self.due.at, self.id)
        return (1, left / self.weight, 0.0, self.due.at, self.id)

    def urgency(self, now: int, policy: Policy) -> Urgency:
        """How loud the row is at `now`."""
        return sla.urgency_of(self.due, self.channel, self.waiting_since, policy, now)


def row_of(
    state: Conversation, me: Agent, policy: Policy, plan: Plan, *, draft: str, unsent: int
) -> QueueRow:
    """The row for one conversation."""
    if state.assignee == me.id:
        section = Section.MINE
    elif state.assignee is None:
        section = Section.TEAM
    else:
        section = Section.OTHERS
    return QueueRow(
        id=state.id,
        name=state.customer.name,
        vip=sla.is_vip(state),
        channel=state.channel,
        team=state.team,
        type=state.type,
        status=state.status,
        assignee=state.assignee,
        section=section,
        unread=state.unread,
        preview=state.preview,
        preview_kind=state.preview_kind,
        due=sla.due(state, policy, plan),
        weight=sla.weight(state, policy),
        waiting_since=state.owed_since,
        last_at=state.last_at,
        draft=draft,
        unsent=unsent,
        version=state.version,
        undelivered=len(state.undelivered),
        answer_by=state.answer_by if state.assignee is not None else None,
        why=state.placed or state.held or state.reason,
    )


_SHOWN: dict[View, frozenset[Section]] = {
    View.WORK: frozenset({Section.MINE, Section.TEAM}),
    View.MINE: frozenset({Section.MINE}),
    View.TEAM: frozenset({Section.TEAM}),
    View.ALL: frozenset(Section),
    View.SNOOZED: frozenset(Section),
}
_SECTION_ORDER = {section: index for index, section in enumerate(Section)}


def arrange(rows: Iterable[QueueRow], view: View, now: int, policy: Policy) -> list[QueueRow]:
    """The rows that `view` shows, section by section, the breach that hurts most first."""
    sections = _SHOWN[view]
    snoozed = view is View.SNOOZED
    cap = policy.late_cap * 1000
    shown = [
        row for row in rows if row.section in sections and (row.status is Status.SNOOZED) == snoozed
    ]
    shown.sort(key=lambda row: (_SECTION_ORDER[row.section], row.rank(now, cap)))
    return shown


def most_urgent(
    rows: Iterable[QueueRow], now: int, policy: Policy, *, after: ConversationId | None
) -> QueueRow | None:
    """Whom to serve next, never the one at hand.

    Of mine the one that hurts most among those who wait for an answer; else of my teams' unclaimed
    ones; else the one whose next deadline comes first; None when nothing is owed to anybody.
    """
    candidates = [
        row
        for row in arrange(rows, View.WORK, now, policy)
        if row.id != after and row.due is not None
    ]
    answer = [row for row in candidates if row.waiting_since is not None]
    return next(iter(answer or candidates), None)
