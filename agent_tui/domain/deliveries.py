"""Replies that a channel pushes: what became of each, and what an agent may do about it.

queued -> sent | failed | uncertain; failed, uncertain -> queued (again, same key) | settled.
"""

from __future__ import annotations

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, is_lead
from agent_tui.domain.model import (
    TROUBLE,
    Agent,
    Channel,
    Conversation,
    DeliveryState,
    Status,
)
from agent_tui.domain.outcome import Outcome, Reason, Rejected

# The other channels are read from: the customer's side comes and asks.
PUSHED = frozenset({Channel.WEBHOOK, Channel.MAIL, Channel.WECHAT})
MOST_OPEN = 100  # replies of one conversation that wait, failed or are uncertain


def full(s: Conversation) -> Rejected | None:
    """Why no further reply of this conversation may wait to be pushed; None if it may."""
    waiting = sum(each.state is not DeliveryState.SETTLED for each in s.deliveries)
    return Rejected(Reason.TOO_MANY_UNDELIVERED, str(waiting)) if waiting >= MOST_OPEN else None


def report(s: Conversation, command: c.ReportDelivery) -> Outcome:
    """Record an attempt's result. That it arrived is believed at any time, all else only of a
    reply that waits: it may have been dealt with meanwhile."""
    known = s.delivery(command.message)
    if known is None or command.state is DeliveryState.SETTLED:
        return ()
    if known.state is not DeliveryState.QUEUED and command.state is not DeliveryState.SENT:
        return ()
    if (known.state, known.code, known.detail) == (command.state, command.code, command.detail):
        return ()
    changed = e.DeliveryChanged(
        message=command.message, state=command.state, code=command.code, detail=command.detail
    )
    if command.state in TROUBLE and s.status is not Status.OPEN:
        # The customer was not answered: the conversation comes back to whoever closed it.
        return (changed, e.Reopened(was=s.status))
    return (changed,)


def retry(s: Conversation, command: c.RetryDelivery, context: Context, actor: Agent) -> Outcome:
    """Queue it again."""
    known = s.delivery(command.message)
    if known is None:
        return Rejected(Reason.NO_SUCH_DELIVERY)
    if not _may(s, actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    if known.state is DeliveryState.QUEUED:
        return ()
    if known.state not in TROUBLE:
        return Rejected(Reason.CHANGED_SINCE)
    return (e.DeliveryChanged(message=command.message, state=DeliveryState.QUEUED),)


def settle(s: Conversation, command: c.SettleDelivery, context: Context, actor: Agent) -> Outcome:
    """It needs no more care; what was known of it is kept."""
    known = s.delivery(command.message)
    if known is None:
        return Rejected(Reason.NO_SUCH_DELIVERY)
    if not _may(s, actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    if known.state is DeliveryState.SETTLED:
        return ()
    if known.state not in TROUBLE:
        return Rejected(Reason.CHANGED_SINCE)
    return (
        e.DeliveryChanged(
            message=known.message,
            state=DeliveryState.SETTLED,
            code=known.code,
            detail=known.detail,
        ),
    )


def unsettle(
    s: Conversation, command: c.UnsettleDelivery, context: Context, actor: Agent
) -> Outcome:
    """It needs care again after all."""
    known = s.delivery(command.message)
    if command.state not in TROUBLE:
        return Rejected(Reason.MALFORMED, "state")
    if known is None:
        return Rejected(Reason.NO_SUCH_DELIVERY)
    if not _may(s, actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    if known.state is command.state:
        return ()
    if known.state is not DeliveryState.SETTLED:
        return Rejected(Reason.CHANGED_SINCE)
    return (
        e.DeliveryChanged(
            message=known.message, state=command.state, code=known.code, detail=known.detail
        ),
    )


def _may(s: Conversation, actor: Agent) -> bool:
    return s.assignee in (None, actor.id) or is_lead(actor)
