"""The rules: what follows from a command. The server decides by them, workstations predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent_tui.domain import (
    calls,
    clocks,
    deliveries,
    edits,
    ownership,
    ratings,
    replies,
    sorting,
    statuses,
    suggestions,
)
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, may_see
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import (
    Agent,
    Clock,
    Conversation,
    Customer,
    MessageKind,
    Role,
    Status,
)
from agent_tui.domain.outcome import CHANGED_HANDS, Held, Outcome, Reason, Rejected

NAME_CHARS = 64
MOST_TAGS = 50  # of a conversation, by hand; its rules may add theirs


def decide(
    state: Conversation | None,
    command: c.AnyCommand,
    context: Context,
    *,
    conversation: ConversationId,
) -> Outcome:
    """The events that `command` brings about, or why it brings about none.

    An empty tuple means that what was asked for is already so. Never raises for any well-typed
    input. Every part of a Batch sees the effects of the parts before it; one refusal refuses all.
    What the clocks do about it stands behind.
    """
    outcome = _decide(state, command, context, conversation)
    if context.plan is None or not outcome or not isinstance(outcome, tuple):
        return outcome
    after = state
    for event in outcome:
        after = evolve(after, event, conversation=conversation, at=context.now)
    assert after is not None
    added = clocks.follow(
        state,
        after,
        policy=context.policy,
        plan=context.plan,
        now=context.now,
        roster=context.roster,
    )
    return outcome + added


def _decide(
    state: Conversation | None,
    command: c.AnyCommand,
    context: Context,
    conversation: ConversationId,
) -> Outcome:
    if isinstance(command, c.ReceiveMessage):
        return _receive_message(state, command, context)
    if isinstance(command, c.ReportSearches):
        return _report_searches(context)
    if state is None:
        if isinstance(command, c.NoteCall):
            return calls.open_call(command, context, conversation=conversation)
        return Rejected(Reason.NO_SUCH_CONVERSATION)
    if isinstance(command, c.ConfirmDelivery):
        return _confirm_delivery(state, command)
    if isinstance(command, c.ReportDelivery):
        return deliveries.report(state, command)
    if isinstance(command, c.RateService):
        return ratings.rate(state, command)
    if isinstance(command, c.WakeSnoozed):
        return statuses.wake_snoozed(state, command, context)
    actor = context.actor
    if actor is None:
        return Rejected(Reason.NOT_ALLOWED)
    if actor.disabled or actor.role is Role.TRAINEE:
        return Rejected(Reason.NOT_ALLOWED)
    if not may_see(actor, state):
        gone = Rejected(Reason.OUT_OF_SCOPE, state.assignee or "")
        return replies.offered(gone, command, context, actor)
    if (stale := replies.beside_forced(state, command, actor)) is not None:
        return replies.offered(stale, command, context, actor)
    if isinstance(command, c.NoteCall):
        return calls.go_on(state, command, context, actor)
    happened: list[e.ConversationEvent] = []
    for part in c.parts_of(command):
        outcome = DECIDERS[type(part)](state, part, context, actor)
        if isinstance(outcome, Rejected) and outcome.reason in CHANGED_HANDS:
            return replies.offered(outcome, command, context, actor)
        if isinstance(outcome, Rejected | Held):
            return outcome
        if isinstance(part, c.AcceptSuggestion):
            context = suggestions.published(part, state, context, actor)
        for event in outcome:
            happened.append(event)
            state = evolve(state, event, conversation=conversation, at=context.now)
            context = edits.followed(context, event)
    return tuple(happened)


# --- from channels and timers --------------------------------------------------------------------


def _receive_message(
    s: Conversation | None, command: c.ReceiveMessage, context: Context
) -> Outcome:
    if len(command.text) > context.policy.message_chars:
        return Rejected(Reason.TOO_LONG, str(context.policy.message_chars))
    if not command.text.strip():
        return Rejected(Reason.EMPTY)
    arrived = _arrived(s, command, context)
    sorted_ = sorting.sort(s, arrived, command, context)
    return arrived + sorted_


def _arrived(
    s: Conversation | None, command: c.ReceiveMessage, context: Context
) -> tuple[e.ConversationEvent, ...]:
    wrote = e.CustomerWrote(message=command.message, text=command.text)
    if s is None:
        opened = e.ConversationOpened(
            customer=command.customer,
            inbox=command.inbox,
            channel=command.channel,
            team=command.team,
            visitor=command.visitor,
            subject=command.subject,
        )
        return (opened, wrote)
    if s.status is Status.OPEN or statuses.cools(s, context.now):
        return (wrote,)
    return (e.Reopened(was=s.status, fresh=s.status is Status.RESOLVED), wrote)


def _confirm_delivery(s: Conversation, command: c.ConfirmDelivery) -> Outcome:
    delivered = max(s.delivered_no, min(command.delivered, s.messages))
    seen = max(s.seen_no, min(command.seen, s.messages))
    delivered = max(delivered, seen)
    if (delivered, seen) == (s.delivered_no, s.seen_no):
        return ()
    return (e.CustomerSaw(delivered=delivered, seen=seen),)


def _report_searches(context: Context) -> Outcome:
    actor = context.actor
    if actor is None or actor.disabled or actor.role is Role.TRAINEE:
        return Rejected(Reason.NOT_ALLOWED)
    return ()  # of no conversation: the server counts them


# --- notes, labels, status -----------------------------------------------------------------------


def _add_note(s: Conversation, command: c.AddNote, context: Context, actor: Agent) -> Outcome:
    refused = replies.refused_text(command, context)
    if refused is not None:
        return refused
    return (e.NoteAdded(message=command.message, text=command.text, author=actor.id),)


def _remove_note(s: Conversation, command: c.RemoveNote, context: Context, actor: Agent) -> Outcome:
    if context.messages is None:
        known = 1 <= command.no <= s.messages
        removed = e.NoteRemoved(message=command.message, no=command.no)
        return (removed,) if known else Rejected(Reason.NO_SUCH_NOTE)
    # The number that the author's machine predicted may have gone to somebody else's message.
    note = context.messages.get(command.message)
    if note is None or note.kind is not MessageKind.NOTE:
        return Rejected(Reason.NO_SUCH_NOTE)
    if (note.conversation, note.author) != (s.id, actor.id):
        return Rejected(Reason.NO_SUCH_NOTE)
    return (e.NoteRemoved(message=command.message, no=note.no),)


def _tag(s: Conversation, command: c.Tag, context: Context, actor: Agent) -> Outcome:
    if not command.tag.strip() or len(command.tag) > NAME_CHARS:
        return Rejected(Reason.MALFORMED, command.tag[:NAME_CHARS])
    if command.tag in s.tags:
        return ()
    if len(s.tags) >= MOST_TAGS:
        return Rejected(Reason.TOO_MANY_TAGS, str(len(s.tags)))
    return (e.Tagged(tag=command.tag),)


def _untag(s: Conversation, command: c.Untag, context: Context, actor: Agent) -> Outcome:
    return (e.Untagged(tag=command.tag),) if command.tag in s.tags else ()


def _set_priority(
    s: Conversation, command: c.SetPriority, context: Context, actor: Agent
) -> Outcome:
    if command.expect is not None and command.expect is not s.priority:
        return Rejected(Reason.CHANGED_SINCE, s.priority)
    return () if command.priority is s.priority else (e.PrioritySet(priority=command.priority),)


def _set_type(s: Conversation, command: c.SetType, context: Context, actor: Agent) -> Outcome:
    if len(command.type) > NAME_CHARS:
        return Rejected(Reason.MALFORMED, command.type[:NAME_CHARS])
    if command.expect is not None and command.expect != s.type:
        return Rejected(Reason.CHANGED_SINCE, s.type)
    return () if command.type == s.type else (e.TypeSet(type=command.type),)


def _start_clock(s: Conversation, command: c.StartClock, context: Context, actor: Agent) -> Outcome:
    if any(running.clock is command.clock for running in s.clocks):
        return ()
    length = context.policy.clock_ms(command.clock)
    due = context.now + length
    if context.plan is not None and command.clock is not Clock.FOLLOW_UP:
        due = context.plan.hours(s).add(context.now, length)
    return (e.ClockStarted(clock=command.clock, due=due, since=context.now),)


def _stop_clock(s: Conversation, command: c.StopClock, context: Context, actor: Agent) -> Outcome:
    running = any(running.clock is command.clock for running in s.clocks)
    return (e.ClockStopped(clock=command.clock),) if running else ()


# --- customers -----------------------------------------------------------------------------------


def _merge_customer(
    s: Conversation, command: c.MergeCustomer, context: Context, actor: Agent
) -> Outcome:
    if command.into == s.customer.id:
        return ()
    if context.customers is None:
        return ()  # an agent's machine cannot know the other record: nothing to show yet
    into = context.customers.get(command.into)
    if into is None:
        return Rejected(Reason.UNKNOWN_CUSTOMER, command.into)
    return (e.CustomerMerged(customer=into, previous=s.customer),)


def _unmerge_customer(
    s: Conversation, command: c.UnmergeCustomer, context: Context, actor: Agent
) -> Outcome:
    if command.customer.id == s.customer.id:
        return ()
    customer: Customer | None = command.customer
    if context.customers is not None:
        customer = context.customers.get(command.customer.id)  # not as the client describes them
    if customer is None:
        return Rejected(Reason.UNKNOWN_CUSTOMER, command.customer.id)
    return (e.CustomerMerged(customer=customer, previous=s.customer),)


Decider = Callable[[Conversation, Any, Context, Agent], Outcome]

DECIDERS: dict[type[c.Command], Decider] = {
    c.Claim: ownership.claim,
    c.Release: ownership.release,
    c.Assign: ownership.assign,
    c.SendReply: replies.send_reply,
    c.AddNote: _add_note,
    c.RemoveNote: _remove_note,
    c.EditMessage: edits.edit,
    c.Tag: _tag,
    c.Untag: _untag,
    c.SetPriority: _set_priority,
    c.SetType: _set_type,
    c.SetStatus: statuses.set_status,
    c.CoolDown: statuses.cool_down,
    c.MarkRead: ownership.mark_read,
    c.StartClock: _start_clock,
    c.StopClock: _stop_clock,
    c.MergeCustomer: _merge_customer,
    c.UnmergeCustomer: _unmerge_customer,
    c.RetryDelivery: deliveries.retry,
    c.SettleDelivery: deliveries.settle,
    c.UnsettleDelivery: deliveries.unsettle,
    c.SettleDraft: replies.settle_draft,
    c.SuggestArticle: suggestions.suggest,
    c.AcceptSuggestion: suggestions.accept,
    c.DeclineSuggestion: suggestions.decline,
}
