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
    WAITING = "waiting"  # answered: the customer's turn
    SNOOZED = "snoozed"
    UNSENT = "unsent"  # with what I wrote and no customer has: drafts, on their way, refused


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
    pending: int = 0  # commands on their way to the server, messages among them
    trayed: int = 0  # of mine in the unsent tray
    noting: bool = False  # the draft is a note's
    rating: int = 0  # what the customer gave
    again: bool = False  # mine; its customer wrote again, and nothing was said to that

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
    state: Conversation,
    me: Agent,
    policy: Policy,
    plan: Plan,
    *,
    draft: str,
    unsent: int,
    pending: int = 0,
    trayed: int = 0,
    noting: bool = False,
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
        why=state.held or state.placed or state.reason,  # why it waits, else why it is here
        pending=pending,
        trayed=trayed,
        noting=noting,
        rating=state.rating,
        again=state.assignee == me.id == state.last_reply_by and state.waiting_since is not None,
    )


_SECTIONS: dict[View, frozenset[Section]] = {
    View.WORK: frozenset({Section.MINE, Section.TEAM}),
    View.MINE: frozenset({Section.MINE}),
    View.TEAM: frozenset({Section.TEAM}),
}
_SECTION_ORDER = {section: index for index, section in enumerate(Section)}


def shows(view: View, row: QueueRow) -> bool:
    """Whether `row` belongs into `view`. What is put aside stands in no list of work."""
    if view is View.SNOOZED:
        return row.status is Status.SNOOZED
    if view is View.WAITING:
        return row.status is Status.PENDING
    if view is View.UNSENT:
        return bool(row.draft or row.pending or row.unsent or row.trayed)
    sections = _SECTIONS.get(view)
    return row.status is not Status.SNOOZED and (sections is None or row.section in sections)


def arrange(rows: Iterable[QueueRow], view: View, now: int, policy: Policy) -> list[QueueRow]:
    """The rows that `view` shows, section by section, the breach that hurts most first.

    `desk.order` keeps the same order current as rows change.
    """
    cap = policy.late_cap * 1000
    shown = [row for row in rows if shows(view, row)]
    shown.sort(key=lambda row: (_SECTION_ORDER[row.section], row.rank(now, cap)))
    return shown


def first_of(rows: Iterable[QueueRow], *, after: ConversationId | None) -> QueueRow | None:
    """Whom to serve next, never the one at hand. `rows` are the view WORK in order.

    Of mine the one that hurts most among those who wait for an answer; else of my teams' unclaimed
    ones; else the one whose next deadline comes first; None when nothing is owed to anybody.
    """
    other: QueueRow | None = None
    for row in rows:
        if row.id == after or row.due is None:
            continue
        if row.waiting_since is not None:
            return row
        other = other or row
    return other


def turns(row: QueueRow, policy: Policy) -> tuple[int, ...]:
    """The moments (ms) at which `row` becomes louder: warning, then breach; fewer if it skips one.

    A row without a deadline never does.
    """
    due = row.due
    if due is None:
        return ()
    if due.deadline in sla.REPLIES and row.channel is not Channel.MAIL:
        if row.waiting_since is None:
            return (due.at,)
        warning = row.waiting_since + policy.warning * 1000
    else:
        warning = due.at - sla.LAST_STRETCH_MS
    return (warning, due.at) if warning < due.at else (due.at,)
