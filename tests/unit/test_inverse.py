"""Undo restores what it can, and is refused once the value has changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, MessagePlace
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId, CustomerId, MessageId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import Agent, Clock, Conversation, MessageKind, Priority, Role, Status
from agent_tui.domain.outcome import Reason, Rejected
from tests import factories as f
from tests.unit.strategies import PEOPLE, agent_commands


def apply(state: Conversation, command: c.AgentCommand, context: Context) -> Conversation | None:
    """The state after `command`, or None if it is refused."""
    outcome = decide(state, command, context, conversation=state.id)
    if not isinstance(outcome, tuple):
        return None
    for event in outcome:
        state = evolve(state, event, conversation=state.id, at=context.now)
    return state


def undoable(state: Conversation) -> dict[str, Any]:
    """The fields that undo restores. A clock that is started anew gets a new deadline."""
    return {
        "assignee": state.assignee,
        "team": state.team,
        "tags": set(state.tags),
        "priority": state.priority,
        "type": state.type,
        "status": state.status,
        "until": state.until if state.status is Status.SNOOZED else None,
        "clocks": {running.clock for running in state.clocks},
        "customer": state.customer,
        "suggestions": state.open_suggestions,
    }


def says(command: c.AgentCommand) -> bool:
    """Whether something in it cannot be taken back: a reply is with the customer, and it may have
    claimed or reopened the conversation; what became of a suggestion is with its author."""
    final = (c.SendReply, c.AcceptSuggestion, c.DeclineSuggestion)
    return any(isinstance(part, final) for part in c.parts_of(command))


@given(
    st.lists(st.tuples(st.sampled_from(PEOPLE), agent_commands), max_size=6),
    st.sampled_from(PEOPLE),
    agent_commands.filter(lambda command: not says(command)),
)
def test_a_command_and_its_inverse_leave_things_as_they_were(
    past: list[tuple[Agent, c.AgentCommand]], actor: Agent, command: c.AgentCommand
) -> None:
    before = f.folded(f.opened(), f.wrote())
    for who, each in past:
        before = apply(before, each, f.context(actor=who)) or before
    context = f.context(actor=actor)
    undo = inverse(before, command, context)
    between = apply(before, command, context)
    if undo is None or between is None:
        if between is not None:
            assert undoable(between) == undoable(before)
        return
    restored = apply(between, undo, context)
    if restored is None:
        # Moved out of one's own scope, a chat cannot be fetched back.
        refused = decide(between, undo, context, conversation=between.id)
        assert isinstance(refused, Rejected) and refused.reason is Reason.OUT_OF_SCOPE
        return
    assert undoable(restored) == undoable(before)


STATE = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("anna"), 1), e.Tagged("退货"))


@pytest.mark.parametrize(
    ("command", "undo"),
    [
        (c.Release(), c.Assign(AgentId("anna"), f.AFTER_SALES, epoch=2, owner=None)),
        (
            c.Assign(AgentId("bo")),
            c.Assign(AgentId("anna"), f.AFTER_SALES, epoch=2, owner=AgentId("bo"), reply=0),
        ),
        (c.AddNote(MessageId("n1"), "看"), c.RemoveNote(MessageId("n1"), no=2)),
        (c.Tag("VIP"), c.Untag("VIP")),
        (c.Tag("退货"), None),
        (c.Untag("退货"), c.Tag("退货")),
        (c.SetPriority(Priority.HIGH), c.SetPriority(Priority.NORMAL, expect=Priority.HIGH)),
        (c.SetType("refund"), c.SetType("", expect="refund")),
        (c.SetStatus(Status.RESOLVED), c.SetStatus(Status.OPEN, expect=Status.RESOLVED)),
        (c.StartClock(Clock.FOLLOW_UP), c.StopClock(Clock.FOLLOW_UP)),
        (f.reply(epoch=1), None),
        (c.MarkRead(1), None),
        (c.Claim(), None),
        (
            c.Batch((c.Tag("VIP"), f.reply(epoch=1), c.SetStatus(Status.PENDING))),
            c.Batch((c.SetStatus(Status.OPEN, expect=Status.PENDING), c.Untag("VIP"))),
        ),
        (c.Batch((c.Tag("VIP"), c.SetStatus(Status.SNOOZED))), None),
    ],
)
def test_what_undoes_what(command: c.AgentCommand, undo: c.AgentCommand | None) -> None:
    assert inverse(STATE, command, f.context()) == undo


def test_merging_is_undone_where_the_customers_are_known() -> None:
    into = f.customer("v2")
    told = f.context(customers=[into, f.customer()])
    assert inverse(STATE, c.MergeCustomer(CustomerId("v2")), told) == c.UnmergeCustomer(
        f.customer()
    )


def test_a_customer_that_is_one_of_their_own_again_is_who_the_server_knows() -> None:
    known = f.customer("v2", "小王")
    told = f.context(customers=[known, f.customer()])
    forged = c.UnmergeCustomer(replace(known, tier="VIP"))
    assert decide(STATE, forged, told, conversation=STATE.id) == (
        e.CustomerMerged(customer=known, previous=f.customer()),
    )


@pytest.mark.parametrize(
    ("command", "meanwhile"),
    [
        (c.Release(), c.Assign(AgentId("bo"))),
        (c.SetPriority(Priority.HIGH), c.SetPriority(Priority.URGENT)),
        (c.SetType("refund"), c.SetType("complaint")),
        (c.SetStatus(Status.RESOLVED), c.SetStatus(Status.PENDING)),
    ],
)
def test_undo_is_refused_once_the_value_has_changed(
    command: c.AgentCommand, meanwhile: c.AgentCommand
) -> None:
    context = f.context()
    undo = inverse(STATE, command, context)
    between = apply(STATE, command, context)
    assert undo is not None and between is not None
    changed = apply(between, meanwhile, f.context(actor=f.agent("bo")))
    assert changed is not None
    refused = decide(changed, undo, context, conversation=changed.id)
    assert isinstance(refused, Rejected) and refused.reason is Reason.CHANGED_SINCE


def test_who_has_answered_since_keeps_the_chat() -> None:
    """A lead gives Anna's chat to Bo and takes that back: before Bo answers, and after it."""
    lead = f.agent("lee", role=Role.LEAD)
    context = f.context(actor=lead)
    answered = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("anna"), 1), f.replied())
    give = c.Assign(AgentId("bo"))
    undo, given = inverse(answered, give, context), apply(answered, give, context)
    assert undo is not None and given is not None
    noted = apply(given, c.AddNote(MessageId("n1"), "看"), f.context(actor=f.agent("bo")))
    assert noted is not None
    back = apply(noted, undo, context)
    assert back is not None and back.assignee == "anna"
    replied = apply(noted, f.reply(epoch=2, seen=3), f.context(actor=f.agent("bo")))
    assert replied is not None
    assert decide(replied, undo, context, conversation=replied.id) == Rejected(
        Reason.ANSWERED_SINCE, "bo"
    )


def test_ones_own_answer_keeps_no_chat_from_being_put_back() -> None:
    state = f.folded(f.opened(), f.wrote())
    undo = inverse(state, c.Claim(), f.context())
    mine = apply(state, c.Claim(), f.context())
    assert undo is not None and mine is not None
    replied = apply(mine, f.reply(epoch=1, seen=1), f.context())
    assert replied is not None
    back = apply(replied, undo, f.context())
    assert back is not None and back.assignee is None


def test_taking_a_note_back_hits_the_note_and_nothing_else() -> None:
    """Between prediction and server a customer's message took the predicted number."""
    undo = inverse(STATE, c.AddNote(MessageId("n1"), "看"), f.context())
    assert isinstance(undo, c.RemoveNote) and undo.no == 2
    real = f.folded(
        f.opened(), f.wrote(), f.wrote("m2"), e.NoteAdded(MessageId("n1"), "看", AgentId("anna"))
    )
    place = MessagePlace(real.id, 3, "anna", MessageKind.NOTE, "看")
    told = f.context(messages={MessageId("n1"): place})
    assert decide(real, undo, told, conversation=real.id) == (e.NoteRemoved(undo.message, no=3),)
