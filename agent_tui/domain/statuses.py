"""Solved, pending, put aside until a moment, and left to cool down: and back from there."""

from __future__ import annotations

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, is_lead
from agent_tui.domain.model import Agent, Conversation, Status
from agent_tui.domain.outcome import Outcome, Reason, Rejected

LONGEST_COOLING_MS = 24 * 3600 * 1000
LONGEST_SNOOZE_MS = 10 * 365 * 24 * 3600 * 1000


def wake_snoozed(s: Conversation, command: c.WakeSnoozed, context: Context) -> Outcome:
    """A timer is due: nothing follows if the chat was put aside anew, or moved on, since."""
    due = s.status is Status.SNOOZED and s.snoozes == command.generation
    if not due or (s.until or 0) > context.now:
        return ()
    return (e.Reopened(was=Status.SNOOZED),)


def cools(s: Conversation, now: int) -> bool:
    """Whether a customer's new message leaves the chat put aside."""
    return s.status is Status.SNOOZED and s.cooled is not None and now < s.cooled


def set_status(s: Conversation, command: c.SetStatus, context: Context, actor: Agent) -> Outcome:
    """Open, pending, solved, or put aside until a moment; `expect` is what its sender saw."""
    if command.expect is not None and command.expect is not s.status:
        return Rejected(Reason.CHANGED_SINCE, s.status)
    if command.status is Status.SNOOZED:
        asked_at = context.now - context.age
        if command.until is None or not asked_at < command.until <= asked_at + LONGEST_SNOOZE_MS:
            return Rejected(Reason.MALFORMED, "until")
        return _awake(s, e.StatusSet(status=Status.SNOOZED, until=command.until))
    if command.status is s.status:
        return ()
    if command.status is Status.OPEN:
        return (e.Reopened(was=s.status),)
    return _awake(s, e.StatusSet(status=command.status))


def cool_down(s: Conversation, command: c.CoolDown, context: Context, actor: Agent) -> Outcome:
    """An abusive customer waits until a moment, and the chat has no owner then."""
    asked_at = context.now - context.age
    if not asked_at < command.until <= asked_at + LONGEST_SNOOZE_MS:
        return Rejected(Reason.MALFORMED, "until")
    if command.until > asked_at + LONGEST_COOLING_MS and not is_lead(actor):
        return Rejected(Reason.NOT_ALLOWED)
    if s.assignee not in (None, actor.id) and not is_lead(actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    return _awake(s, e.CooledDown(until=command.until, epoch=s.epoch + 1))


def _awake(s: Conversation, changed: e.StatusSet | e.CooledDown) -> tuple[e.ConversationEvent, ...]:
    """A solved chat that was long quiet may be on nobody's machine: reopening tells it whole."""
    solved = s.status is Status.RESOLVED
    return (e.Reopened(was=s.status), changed) if solved else (changed,)
