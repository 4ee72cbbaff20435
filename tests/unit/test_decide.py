"""The rules hold for any input: nothing raises, replay gives the same state, batches are whole."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain import replies
from agent_tui.domain.context import Context, MessagePlace, in_scope
from agent_tui.domain.decide import DECIDERS, MOST_TAGS, decide
from agent_tui.domain.evolve import HANDLERS, evolve, message_of
from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, MessageId, TeamId
from agent_tui.domain.model import (
    Agent,
    Clock,
    Conversation,
    MessageKind,
    Priority,
    Role,
    Status,
)
from agent_tui.domain.outcome import CHANGED_HANDS, HELD, Held, Outcome, Reason, Rejected
from tests import factories as f
from tests.unit.strategies import (
    ANNA,
    PEOPLE,
    agent_commands,
    commands,
    contexts,
    conversations,
    parts,
    well_typed,
)

KEY = f.CONVERSATION


def decided(state: Conversation | None, command: c.AnyCommand, context: Context) -> Outcome:
    return decide(state, command, context, conversation=KEY)


def after(state: Conversation, outcome: Outcome, at: int = f.NOW) -> Conversation:
    assert isinstance(outcome, tuple)
    for event in outcome:
        state = evolve(state, event, conversation=KEY, at=at)
    return state


# --- for any input -------------------------------------------------------------------------------


@given(st.none() | conversations, commands, contexts)
def test_no_command_raises(
    state: Conversation | None, command: c.AnyCommand, context: Context
) -> None:
    outcome = decided(state, command, context)
    assert isinstance(outcome, tuple | Rejected | Held)
    if not isinstance(outcome, tuple):
        assert (outcome.reason in HELD) == isinstance(outcome, Held)
    else:
        for event in outcome:
            state = evolve(state, event, conversation=KEY, at=context.now)
            message_of(event, state, context.now, 1)


@given(conversations, well_typed(e.ConversationEvent), st.integers(0, 2**45))
def test_no_event_breaks_the_fold(state: Conversation, event: e.ConversationEvent, at: int) -> None:
    folded = evolve(state, event, conversation=KEY, at=at)
    assert folded.version == (1 if isinstance(event, e.ConversationOpened) else state.version + 1)
    assert msgspec.json.decode(msgspec.json.encode(folded), type=Conversation) == folded


def test_every_event_has_a_handler() -> None:
    assert set(HANDLERS) | {e.ConversationOpened} == set(get_args(e.ConversationEvent))


def test_every_command_of_an_agent_has_a_rule() -> None:
    assert set(DECIDERS) == set(get_args(c.AgentPart))


def test_every_logged_kind_has_its_own_name() -> None:
    assert len(e.kinds(e.LoggedEvent)) == len(get_args(e.LoggedEvent))


def test_a_conversation_begins_by_being_opened() -> None:
    with pytest.raises(ValueError, match="before ConversationOpened"):
        evolve(None, f.wrote(), conversation=KEY, at=f.NOW)


histories = st.lists(
    st.tuples(st.sampled_from(PEOPLE), agent_commands | st.none(), st.integers(0, 10**6)),
    max_size=25,
)


@given(histories)
def test_replay_of_the_log_gives_the_same_state(
    steps: list[tuple[object, c.AgentCommand | None, int]],
) -> None:
    """The events as bytes, decoded and folded from nothing, end where the live state ended."""
    log: list[bytes] = []
    state: Conversation | None = None
    now = f.NOW
    incoming = c.ReceiveMessage(
        message=MessageId("m0"),
        customer=f.customer(),
        visitor=CustomerId("v1"),
        inbox=f.WEB,
        channel=f.inbox().channel,
        team=f.AFTER_SALES,
        text="你好",
    )
    for actor, command, pause in [(ANNA, None, 0), *steps]:
        now += pause
        context = f.context(actor=actor, now=now)  # type: ignore[arg-type]
        outcome = decided(state, command or incoming, context)
        if not isinstance(outcome, tuple):
            continue
        for event in outcome:
            state = evolve(state, event, conversation=KEY, at=now)
            record = f.recorded(event, seq=len(log) + 1, at=now)
            log.append(msgspec.json.encode(record))
    again: Conversation | None = None
    for line in log:
        one = msgspec.json.decode(line, type=e.Recorded)
        assert isinstance(one.body, e.ConversationEvent)
        again = evolve(again, one.body, conversation=KEY, at=one.at)
    assert again == state
    assert state is not None and state.version == len(log)


@given(st.lists(parts, min_size=1, max_size=5), st.sampled_from(PEOPLE))
def test_a_batch_is_all_or_nothing(many: list[c.AgentPart], actor: Agent) -> None:
    """A batch does what its parts do one after the other, or, if one of them may not, nothing.

    Scope is asked once, before the first: a chat may be moved away and tagged in one go.
    """
    state = f.folded(f.opened(), f.wrote())
    context = f.context(actor=actor, now=f.NOW + f.MINUTE)
    whole = decided(state, c.Batch(tuple(many)), context)
    step: Conversation = state
    happened: list[e.ConversationEvent] = []
    for part in many:
        outcome = DECIDERS[type(part)](step, part, context, actor)
        if isinstance(outcome, Rejected) and outcome.reason in CHANGED_HANDS:
            outcome = replies.offered(outcome, c.Batch(tuple(many)), context, actor)
        if not isinstance(outcome, tuple):
            assert whole == outcome
            return
        happened.extend(outcome)
        step = after(step, outcome, context.now)
    assert whole == tuple(happened)


def test_a_held_reply_holds_its_whole_batch() -> None:
    state = f.folded(f.opened(), f.wrote(), e.StatusSet(Status.RESOLVED))
    batch = c.Batch((c.Tag("退货"), f.reply(), c.SetStatus(Status.PENDING)))
    assert decided(state, batch, f.context()) == Held(Reason.CLOSED)


# --- ownership -----------------------------------------------------------------------------------


def test_claiming_and_being_late() -> None:
    state = f.folded(f.opened(), f.wrote())
    (claimed,) = decided(state, c.Claim(), f.context())  # type: ignore[misc]
    assert claimed == e.Claimed(agent=AgentId("anna"), epoch=1)
    mine = after(state, (claimed,))
    assert decided(mine, c.Claim(), f.context()) == ()
    bo = f.context(actor=f.agent("bo"))
    assert decided(mine, c.Claim(), bo) == Rejected(Reason.ALREADY_CLAIMED, "anna")
    assert decided(mine, c.Release(), bo) == Rejected(Reason.NOT_YOURS, "anna")
    lead = f.context(actor=f.agent("lee", role=Role.LEAD))
    assert decided(mine, c.Release(), lead) == (e.Released(epoch=2),)


def test_assigning_knows_the_roster_where_there_is_one() -> None:
    state = f.folded(f.opened(), f.wrote())
    roster = [
        f.agent("bo"),
        f.agent("gone", disabled=True),
        f.agent("new", role=Role.TRAINEE),
    ]
    told = f.context(roster=roster, teams=[f.team(), f.team("logistics")])
    for nobody in ("nobody", "gone", "new"):
        refused = decided(state, c.Assign(agent=AgentId(nobody)), told)
        assert refused == Rejected(Reason.UNKNOWN_AGENT, nobody)
    elsewhere = decided(state, c.Assign(team=TeamId("moon")), told)
    assert elsewhere == Rejected(Reason.UNKNOWN_TEAM, "moon")
    moved = decided(state, c.Assign(agent=AgentId("bo"), team=f.LOGISTICS), told)
    assert moved == (e.Assigned(agent=AgentId("bo"), team=f.LOGISTICS, epoch=1),)
    # An agent's machine does not know the roster: it allows, provisionally.
    guess = decided(state, c.Assign(agent=AgentId("nobody")), f.context())
    assert guess == (e.Assigned(agent=AgentId("nobody"), team=f.AFTER_SALES, epoch=1),)


def test_an_assignment_under_an_old_epoch_is_refused() -> None:
    state = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("bo"), 1))
    stale = c.Assign(agent=AgentId("anna"), epoch=0)
    assert decided(state, stale, f.context()) == Rejected(Reason.CHANGED_SINCE, "bo")


@pytest.mark.parametrize(
    ("role", "teams", "disabled", "own_team", "own_chat", "other"),
    [
        (Role.TRAINEE, ("after-sales",), False, False, False, False),
        (Role.AGENT, ("after-sales",), False, True, True, False),
        (Role.AGENT, (), False, False, True, False),
        (Role.LEAD, ("after-sales",), False, True, True, False),
        (Role.ADMIN, (), False, True, True, True),
        (Role.AGENT, ("after-sales",), True, False, False, False),
        (Role.ADMIN, (), True, False, False, False),
    ],
)
def test_scope(
    role: Role,
    teams: tuple[str, ...],
    disabled: bool,
    own_team: bool,
    own_chat: bool,
    other: bool,
) -> None:
    one = f.agent("anna", role=role, teams=teams, disabled=disabled)
    assert in_scope(one, f.AFTER_SALES, None) is own_team
    assert in_scope(one, f.LOGISTICS, AgentId("anna")) is own_chat
    assert in_scope(one, f.LOGISTICS, AgentId("bo")) is other


@pytest.mark.parametrize("command", [c.Claim(), f.reply(), c.Tag("x"), c.Batch((f.reply(),))])
def test_trainees_and_disabled_accounts_do_nothing_live(command: c.AgentCommand) -> None:
    state = f.folded(f.opened(), f.wrote())
    for actor in (f.agent(role=Role.TRAINEE), f.agent(disabled=True), None):
        assert decided(state, command, f.context(actor=actor)) == Rejected(Reason.NOT_ALLOWED)


# --- notes, labels, status, clocks ---------------------------------------------------------------


def test_a_note_is_taken_back_by_its_author_at_its_true_number() -> None:
    """The author's machine predicted 2; a customer's message took that number first."""
    state = f.folded(f.opened(), f.wrote(), f.wrote("m2", "还在吗"))
    place = MessagePlace(KEY, 3, "anna", MessageKind.NOTE, "看一下")
    undo = c.RemoveNote(message=MessageId("n1"), no=2)
    told = f.context(messages={MessageId("n1"): place})
    assert decided(state, undo, told) == (e.NoteRemoved(message=MessageId("n1"), no=3),)
    bo = f.context(actor=f.agent("bo"), messages={MessageId("n1"): place})
    assert decided(state, undo, bo) == Rejected(Reason.NO_SUCH_NOTE)
    for other in (
        replace(place, conversation=ConversationId("c2")),
        replace(place, kind=MessageKind.REPLY),
        None,
    ):
        told = f.context(messages={MessageId("n1"): other})
        assert decided(state, undo, told) == Rejected(Reason.NO_SUCH_NOTE)
    assert decided(state, undo, f.context(messages={})) == Rejected(Reason.NO_SUCH_NOTE)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (c.AddNote(MessageId("n1"), " \n"), Rejected(Reason.EMPTY)),
        (c.AddNote(MessageId("n1"), "x" * 100_001), Rejected(Reason.TOO_LONG, "100000")),
        (c.AddNote(MessageId("n 1"), "x"), Rejected(Reason.MALFORMED, "message")),
        (c.AddNote(MessageId(""), "x"), Rejected(Reason.MALFORMED, "message")),
        (c.Tag(" "), Rejected(Reason.MALFORMED, " ")),
        (c.Tag("t" * 65), Rejected(Reason.MALFORMED, "t" * 64)),
        (c.Untag("nope"), ()),
        (c.SetType("t" * 65), Rejected(Reason.MALFORMED, "t" * 64)),
        (c.SetType("a", expect="b"), Rejected(Reason.CHANGED_SINCE, "")),
        (
            c.SetPriority(Priority.HIGH, expect=Priority.LOW),
            Rejected(Reason.CHANGED_SINCE, "normal"),
        ),
        (c.SetStatus(Status.OPEN), ()),
        (
            c.SetStatus(Status.OPEN, expect=Status.PENDING),
            Rejected(Reason.CHANGED_SINCE, "open"),
        ),
        (c.SetStatus(Status.SNOOZED), Rejected(Reason.MALFORMED, "until")),
        (c.SetStatus(Status.SNOOZED, until=f.NOW), Rejected(Reason.MALFORMED, "until")),
        (c.SetStatus(Status.SNOOZED, until=2**70), Rejected(Reason.MALFORMED, "until")),
        (
            c.SetStatus(Status.SNOOZED, until=f.NOW + 1),
            (e.StatusSet(Status.SNOOZED, until=f.NOW + 1),),
        ),
        (c.StopClock(Clock.FOLLOW_UP), ()),
        (
            c.StartClock(Clock.RETURN_REVIEW),
            (e.ClockStarted(Clock.RETURN_REVIEW, f.NOW + 2 * f.HOUR, f.NOW),),
        ),
        (c.MarkRead(99), (e.MarkedRead(1),)),
        (c.MarkRead(0), ()),
    ],
)
def test_single_rules(command: c.AgentCommand, expected: Outcome) -> None:
    state = f.folded(f.opened(), f.wrote())
    assert decided(state, command, f.context()) == expected


def test_so_many_tags_and_no_more() -> None:
    tags = [e.Tagged(f"t{number}") for number in range(MOST_TAGS)]
    state = f.folded(f.opened(), f.wrote(), *tags[:-1])
    assert decided(state, c.Tag("last"), f.context()) == (e.Tagged("last"),)
    full = f.folded(f.opened(), f.wrote(), *tags)
    assert decided(full, c.Tag("more"), f.context()) == Rejected(Reason.TOO_MANY_TAGS, "50")
    assert decided(full, c.Tag("t0"), f.context()) == ()
    assert decided(full, c.Untag("t0"), f.context()) == (e.Untagged("t0"),)


def test_a_snooze_that_was_queued_offline_counts_from_then() -> None:
    """Asked for yesterday until this morning: it holds, and the timer wakes it at once."""
    state = f.folded(f.opened(), f.wrote())
    late = f.context(age=f.DAY)
    snooze = c.SetStatus(Status.SNOOZED, until=f.NOW - f.HOUR)
    assert decided(state, snooze, late) == (e.StatusSet(Status.SNOOZED, until=f.NOW - f.HOUR),)


def test_reading_along_does_not_clear_the_owners_mark() -> None:
    state = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("bo"), 1))
    lead = f.context(actor=f.agent("lee", role=Role.LEAD))
    assert decided(state, c.MarkRead(1), lead) == ()
    assert state.unread == 1


# --- from channels and timers --------------------------------------------------------------------


def incoming(text: str = "在吗") -> c.ReceiveMessage:
    return c.ReceiveMessage(
        message=MessageId("m5"),
        customer=f.customer(),
        visitor=CustomerId("v1"),
        inbox=f.WEB,
        channel=f.inbox().channel,
        team=f.AFTER_SALES,
        text=text,
    )


@pytest.mark.parametrize(
    ("status", "reopened"),
    [
        (Status.OPEN, None),
        (Status.PENDING, e.Reopened(Status.PENDING)),
        (Status.SNOOZED, e.Reopened(Status.SNOOZED)),
        (Status.RESOLVED, e.Reopened(Status.RESOLVED, fresh=True)),
    ],
)
def test_a_customers_message_opens_the_conversation_again(
    status: Status, reopened: e.Reopened | None
) -> None:
    state = f.conversation(status=status, messages=1, waiting=1, waiting_since=f.NOW - f.HOUR)
    outcome = decided(state, incoming(), f.context(actor=None))
    wrote = e.CustomerWrote(message=MessageId("m5"), text="在吗")
    assert outcome == ((reopened, wrote) if reopened else (wrote,))
    waiting_since = after(state, outcome).waiting_since
    assert waiting_since == (f.NOW if status is Status.RESOLVED else f.NOW - f.HOUR)


def test_channels_may_not_bring_nothing_or_too_much() -> None:
    context = f.context(actor=None)
    assert decided(None, incoming(" "), context) == Rejected(Reason.EMPTY)
    long = decided(None, incoming("x" * 100_001), context)
    assert long == Rejected(Reason.TOO_LONG, "100000")


def test_a_snooze_timer_wakes_only_the_snooze_it_was_set_for() -> None:
    state = f.conversation(status=Status.SNOOZED, until=f.NOW, snoozes=2)
    context = f.context(actor=None, now=f.NOW)
    assert decided(state, c.WakeSnoozed(1), context) == ()
    assert decided(state, c.WakeSnoozed(2), context) == (e.Reopened(Status.SNOOZED),)
    assert decided(state, c.WakeSnoozed(2), f.context(actor=None, now=f.NOW - 1)) == ()
    awake = msgspec.structs.replace(state, status=Status.OPEN)
    assert decided(awake, c.WakeSnoozed(2), context) == ()


def test_receipts_only_grow_and_reading_implies_receiving() -> None:
    state = f.folded(f.opened(), f.wrote(), f.replied())
    context = f.context(actor=None)
    seen = decided(state, c.ConfirmDelivery(delivered=0, seen=99), context)
    assert seen == (e.CustomerSaw(delivered=2, seen=2),)
    state = after(state, seen)
    assert decided(state, c.ConfirmDelivery(delivered=1, seen=0), context) == ()


def rated(state: Conversation | None, rating: int, comment: str = "") -> Outcome:
    return decided(state, c.RateService(rating, comment), f.context(actor=None))


def test_a_customer_rates_a_chat_that_was_answered_and_solved() -> None:
    answered = f.folded(f.opened(), f.wrote(), f.replied())
    assert rated(answered, 5) == Rejected(Reason.NOT_ALLOWED)
    solved = after(answered, (e.StatusSet(Status.RESOLVED),))
    assert rated(solved, 2, "太慢") == (e.Rated(rating=2, comment="太慢"),)
    solved = after(solved, rated(solved, 2, "太慢"))
    assert (solved.rating, solved.rating_comment) == (2, "太慢")
    assert rated(solved, 2, "太慢") == ()
    assert after(solved, rated(solved, 4)).rating == 4


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_what_is_no_rating(rating: int) -> None:
    solved = f.folded(f.opened(), f.wrote(), f.replied(), e.StatusSet(Status.RESOLVED))
    assert rated(solved, rating) == Rejected(Reason.MALFORMED, "rating")


def test_what_cannot_be_rated() -> None:
    solved = f.folded(f.opened(), f.wrote(), f.replied(), e.StatusSet(Status.RESOLVED))
    assert rated(solved, 3, "长" * 501) == Rejected(Reason.TOO_LONG, "500")
    nobody = f.folded(f.opened(), f.wrote(), e.StatusSet(Status.RESOLVED))
    assert rated(nobody, 3) == Rejected(Reason.NOT_ALLOWED)
    assert rated(None, 3) == Rejected(Reason.NO_SUCH_CONVERSATION)


def test_merging_customers() -> None:
    state = f.folded(f.opened(), f.wrote())
    into = f.customer("v2", name="王小姐")
    merge = c.MergeCustomer(CustomerId("v2"))
    told = f.context(customers=[into])
    assert decided(state, merge, told) == (e.CustomerMerged(into, f.customer()),)
    unknown = decided(state, merge, f.context(customers=[]))
    assert unknown == Rejected(Reason.UNKNOWN_CUSTOMER, "v2")
    assert decided(state, merge, f.context()) == ()  # only the server knows the record
