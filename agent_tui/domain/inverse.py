"""Undo: the command that compensates another, refused by `decide` if the value changed since."""

from __future__ import annotations

from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain.context import Context
from agent_tui.domain.decide import DECIDERS, decide
from agent_tui.domain.edits import followed
from agent_tui.domain.evolve import evolve
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.outcome import Held, Rejected


def inverse(
    before: Conversation, command: c.AgentCommand, context: Context
) -> c.AgentCommand | None:
    """What undoes `command`, given the state `before` it; None if nothing of it can be undone.

    Of a Batch the undoable parts are undone, last first. A reply is not undoable: it is with the
    customer.
    """
    actor = context.actor
    whole = decide(before, command, context, conversation=before.id)
    if actor is None or isinstance(whole, Rejected | Held):
        return None
    undos: list[c.AgentPart] = []
    state = before
    for part in c.parts_of(command):
        outcome = DECIDERS[type(part)](state, part, context, actor)
        assert isinstance(outcome, tuple)  # or the whole would have been refused
        after = state
        for event in outcome:
            after = evolve(after, event, conversation=state.id, at=context.now)
        undo = _undo_of(state, after, part, context)
        if undo is not None and outcome:
            if isinstance(undo, c.Assign):
                undo = _to_first_owner(undos, undo)
            undos.append(undo)
        for event in outcome:
            context = followed(context, event)
        state = after
    if not undos:
        return None
    return undos[0] if len(undos) == 1 else c.Batch(tuple(reversed(undos)))


def renewed(undo: c.AgentCommand, by: int) -> c.AgentCommand:
    """`undo` of a conversation in which later steps were undone; its epoch went on by `by`."""
    parts = tuple(
        replace(part, epoch=part.epoch + by)
        if isinstance(part, c.Assign) and part.epoch is not None
        else part
        for part in c.parts_of(undo)
    )
    return parts[0] if len(parts) == 1 else c.Batch(parts)


def epoch_before(undo: c.AgentCommand) -> int | None:
    """The epoch before the change of owner that `undo` undoes; None if there was none."""
    epochs = (part.epoch for part in c.parts_of(undo) if isinstance(part, c.Assign))
    return next((epoch - 1 for epoch in epochs if epoch is not None), None)


def _to_first_owner(undos: list[c.AgentPart], last: c.Assign) -> c.Assign:
    """Several changes of owner are undone in one step: an epoch never comes back."""
    for index, undo in enumerate(undos):
        if isinstance(undo, c.Assign):
            del undos[index]
            return c.Assign(undo.agent, undo.team, last.epoch, last.owner, last.reply)
    return last


def _undo_of(
    before: Conversation, after: Conversation, part: c.AgentPart, context: Context
) -> c.AgentPart | None:
    match part:
        case c.Claim() | c.Release() | c.Assign():
            undo = c.Assign(before.assignee, before.team, after.epoch, after.assignee)
            # Whoever got it and answers is to keep it; one's own replies keep nothing from oneself.
            actor = context.actor.id if context.actor is not None else None
            others = after.assignee not in (None, actor)
            return replace(undo, reply=after.last_reply_no) if others else undo
        case c.AddNote():
            return c.RemoveNote(message=part.message, no=after.messages)
        case c.EditMessage():
            was = (context.messages or {}).get(part.message)
            return c.EditMessage(part.message, was.no, was.text) if was is not None else None
        case c.Tag():
            return c.Untag(part.tag)
        case c.Untag():
            return c.Tag(part.tag)
        case c.SetPriority():
            return c.SetPriority(before.priority, expect=after.priority)
        case c.SetType():
            return c.SetType(before.type, expect=after.type)
        case c.SetStatus():
            until = before.until if before.status is Status.SNOOZED else None
            return c.SetStatus(before.status, until=until, expect=after.status)
        case c.StartClock():
            return c.StopClock(part.clock)
        case c.StopClock():
            return c.StartClock(part.clock)
        case c.MergeCustomer():
            return c.UnmergeCustomer(before.customer)
        case c.UnmergeCustomer():
            return c.MergeCustomer(before.customer.id)
        case c.SettleDelivery():
            known = before.delivery(part.message)
            return c.UnsettleDelivery(part.message, known.state) if known else None
        case c.UnsettleDelivery():
            return c.SettleDelivery(part.message)
        case c.SettleDraft():
            return c.SettleDraft(part.message, settled=not part.settled)
        case c.SuggestArticle():
            return c.DeclineSuggestion(part.suggestion)
        case c.AcceptSuggestion() | c.DeclineSuggestion():
            return None
        case c.SendReply() | c.MarkRead() | c.RemoveNote() | c.RetryDelivery() | c.CoolDown():
            return None
