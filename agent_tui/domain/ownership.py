"""Whose a chat is: claimed, given back, handed on; and that its owner has looked at it."""

from __future__ import annotations

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, is_lead
from agent_tui.domain.model import Agent, Conversation, Role
from agent_tui.domain.outcome import Outcome, Reason, Rejected


def claim(s: Conversation, command: c.Claim, context: Context, actor: Agent) -> Outcome:
    """The first one has it: who comes later is told whose it is."""
    if s.assignee == actor.id:
        return ()
    if s.assignee is not None:
        return Rejected(Reason.ALREADY_CLAIMED, s.assignee)
    return (e.Claimed(agent=actor.id, epoch=s.epoch + 1),)


def release(s: Conversation, command: c.Release, context: Context, actor: Agent) -> Outcome:
    """Back to its team's queue, by its owner or a lead. One that was given to them was declined."""
    if s.assignee is None:
        return ()
    if s.assignee != actor.id and not is_lead(actor):
        return Rejected(Reason.NOT_YOURS, s.assignee)
    mine = s.assignee == actor.id and bool(s.placed)
    return (e.Released(epoch=s.epoch + 1, declined=mine),)


def assign(s: Conversation, command: c.Assign, context: Context, actor: Agent) -> Outcome:
    """To an agent, a team, or nobody. What its sender knew of (epoch, owner, reply) still holds."""
    if command.epoch is not None and command.epoch != s.epoch:
        return Rejected(Reason.CHANGED_SINCE, s.assignee or "")
    if command.owner is not msgspec.UNSET and command.owner != s.assignee:
        return Rejected(Reason.CHANGED_SINCE, s.assignee or "")
    if _answered(s, command):
        return Rejected(Reason.ANSWERED_SINCE, s.assignee or "")
    team = command.team or s.team
    if context.teams is not None and team not in context.teams:
        return Rejected(Reason.UNKNOWN_TEAM, team)
    if command.agent is not None and context.roster is not None:
        target = context.roster.get(command.agent)
        if target is None or target.disabled or target.role is Role.TRAINEE:
            return Rejected(Reason.UNKNOWN_AGENT, command.agent)
    if (command.agent, team) == (s.assignee, s.team):
        return ()
    return (e.Assigned(agent=command.agent, team=team, epoch=s.epoch + 1),)


def _answered(s: Conversation, command: c.Assign) -> bool:
    """Whether who has it has answered since the reply that `command` knows of."""
    if command.reply is msgspec.UNSET or s.assignee is None:
        return False
    return s.last_reply_by == s.assignee and s.last_reply_no != command.reply


def mark_read(s: Conversation, command: c.MarkRead, context: Context, actor: Agent) -> Outcome:
    """Read up to a message, as far as its owner is concerned."""
    # A lead who reads along must not clear the owner's unread mark.
    if s.assignee not in (None, actor.id):
        return ()
    no = min(command.no, s.messages)
    # Whom it was given may find nothing new in it, and has looked all the same.
    looked = s.answer_by is not None and s.assignee == actor.id
    return (e.MarkedRead(no=max(no, s.read_no)),) if no > s.read_no or looked else ()
