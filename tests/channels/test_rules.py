"""What agents may do about replies that did not arrive, and what a conversation remembers."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain import sla
from agent_tui.domain.decide import decide
from agent_tui.domain.deliveries import MOST_OPEN
from agent_tui.domain.evolve import SETTLED_KEPT, evolve
from agent_tui.domain.ids import AgentId, MessageId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import Channel, Conversation, DeliveryState, Role, Status
from agent_tui.domain.outcome import Outcome, Reason, Rejected
from agent_tui.domain.policy import Policy
from tests import factories as f
from tests.unit.strategies import well_typed

M = MessageId("m2")
QUEUED, FAILED, UNCERTAIN = DeliveryState.QUEUED, DeliveryState.FAILED, DeliveryState.UNCERTAIN
SENT, SETTLED = DeliveryState.SENT, DeliveryState.SETTLED


def pushed(message: str = "m2") -> e.ReplySent:
    return e.ReplySent(
        message=MessageId(message), text="好", author=AgentId("anna"), epoch=1, pushed=True
    )


def changed(state: DeliveryState, code: str = "", message: str = "m2") -> e.DeliveryChanged:
    return e.DeliveryChanged(MessageId(message), state, code)


def chat(*events: e.ConversationEvent) -> Conversation:
    """A conversation of a webhook inbox."""
    opened = f.opened(inbox="shop", channel=Channel.WEBHOOK)
    return f.folded(opened, f.wrote(), e.Claimed(AgentId("anna"), 1), *events)


def told(state: Conversation, command: c.AnyCommand, actor: str = "anna") -> Outcome:
    context = f.context(actor=f.agent(actor))
    return decide(state, command, context, conversation=state.id)


def report(state: DeliveryState, code: str = "") -> c.ReportDelivery:
    return c.ReportDelivery(message=M, state=state, code=code)


def test_a_reply_is_pushed_where_the_channel_pushes() -> None:
    [sent] = told(chat(), f.reply("m2", epoch=1))  # type: ignore[misc]
    assert isinstance(sent, e.ReplySent) and sent.pushed
    web = f.folded(f.opened(), f.wrote(), e.Claimed(AgentId("anna"), 1))
    [sent] = told(web, f.reply("m2", epoch=1))  # type: ignore[misc]
    assert isinstance(sent, e.ReplySent) and not sent.pushed
    assert f.folded(f.opened(), f.wrote(), f.replied()).deliveries == ()


def test_one_that_arrived_is_forgotten() -> None:
    state = chat(pushed(), pushed("m3"))
    assert [each.message for each in state.deliveries] == ["m2", "m3"]
    assert [each.message for each in evolve_(state, changed(SENT)).deliveries] == ["m3"]


def evolve_(state: Conversation, event: e.ConversationEvent, at: int = f.NOW) -> Conversation:
    return evolve(state, event, conversation=state.id, at=at)


@pytest.mark.parametrize(
    ("was", "now", "believed"),
    [
        (QUEUED, SENT, True),
        (QUEUED, FAILED, True),
        (QUEUED, UNCERTAIN, True),
        (UNCERTAIN, FAILED, False),
        (SETTLED, UNCERTAIN, False),
        (UNCERTAIN, QUEUED, False),
        (UNCERTAIN, SENT, True),
        (FAILED, SENT, True),
        (SETTLED, SENT, True),
        (QUEUED, SETTLED, False),
    ],
)
def test_what_is_believed_of_an_attempt(
    was: DeliveryState, now: DeliveryState, believed: bool
) -> None:
    state = chat(pushed(), changed(was))
    assert told(state, report(now, "x")) == ((changed(now, "x"),) if believed else ())


def test_the_reason_why_it_waits_is_told_once() -> None:
    state = chat(pushed())
    [first] = told(state, report(QUEUED, "unreachable"))  # type: ignore[misc]
    assert told(evolve_(state, first), report(QUEUED, "unreachable")) == ()


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.PENDING, Status.SNOOZED])
def test_trouble_opens_what_was_closed(status: Status) -> None:
    until = f.NOW + f.DAY if status is Status.SNOOZED else None
    state = chat(pushed(), e.StatusSet(status=status, until=until))
    assert told(state, report(FAILED)) == (changed(FAILED), e.Reopened(was=status))
    assert told(state, report(SENT)) == (changed(SENT),)


def test_the_customer_waits_again() -> None:
    state = chat(pushed())
    assert sla.due(state, Policy()) is None
    late = evolve_(state, changed(UNCERTAIN), f.NOW + f.HOUR)
    assert sla.due(late, Policy()) == sla.Due(
        sla.Deadline.NEXT_REPLY, f.NOW + f.HOUR + Policy().next_reply * 1000, f.NOW + f.HOUR
    )
    assert sla.due(evolve_(late, changed(SETTLED)), Policy()) is None


COMMANDS = (c.RetryDelivery(M), c.SettleDelivery(M), c.UnsettleDelivery(M, FAILED))


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (QUEUED, {c.RetryDelivery: "as it is", c.SettleDelivery: "no"}),
        (FAILED, {c.RetryDelivery: "yes", c.SettleDelivery: "yes", c.UnsettleDelivery: "as it is"}),
        (UNCERTAIN, {c.RetryDelivery: "yes", c.SettleDelivery: "yes"}),
        (SETTLED, {c.SettleDelivery: "as it is", c.UnsettleDelivery: "yes"}),
    ],
)
def test_what_an_agent_may_do(state: DeliveryState, allowed: dict[type, str]) -> None:
    for command in COMMANDS:
        outcome = told(chat(pushed(), changed(state, "x")), command)
        if isinstance(outcome, Rejected):
            assert outcome.reason is Reason.CHANGED_SINCE
            found = "no"
        else:
            found = "yes" if outcome else "as it is"
        assert found == allowed.get(type(command), "no"), command


def test_who_may_do_it() -> None:
    state = chat(pushed(), changed(UNCERTAIN))
    for command in COMMANDS[:2]:
        refused = told(state, command, "bo")
        assert isinstance(refused, Rejected) and refused.reason is Reason.NOT_YOURS
        lead = f.context(actor=f.agent("lee", role=Role.LEAD))
        assert isinstance(decide(state, command, lead, conversation=state.id), tuple)


def test_of_what_is_not_waiting_nothing_can_be_done() -> None:
    for command in COMMANDS:
        refused = told(chat(), command)
        assert isinstance(refused, Rejected) and refused.reason is Reason.NO_SUCH_DELIVERY
    refused = told(chat(pushed()), c.UnsettleDelivery(M, QUEUED))
    assert isinstance(refused, Rejected) and refused.reason is Reason.MALFORMED


@pytest.mark.parametrize("was", [FAILED, UNCERTAIN])
def test_settling_is_undone(was: DeliveryState) -> None:
    state = chat(pushed(), changed(was, "x"))
    context = f.context()
    assert inverse(state, c.RetryDelivery(M), context) is None
    undo = inverse(state, c.SettleDelivery(M), context)
    assert undo == c.UnsettleDelivery(M, was)
    [settled] = told(state, c.SettleDelivery(M))  # type: ignore[misc]
    between = evolve_(state, settled)
    assert inverse(between, undo, context) == c.SettleDelivery(M)
    [back] = told(between, undo)  # type: ignore[misc]
    [restored] = evolve_(between, back).deliveries
    assert (restored.state, restored.code) == (was, "x")


def test_what_waits_and_what_is_remembered_is_bounded() -> None:
    many = chat(*(pushed(f"p{n}") for n in range(MOST_OPEN)))
    refused = told(many, f.reply("m9", epoch=1))
    assert refused == Rejected(Reason.TOO_MANY_UNDELIVERED, str(MOST_OPEN))
    state = chat()
    for n in range(SETTLED_KEPT + 5):
        for event in (pushed(f"p{n}"), changed(SETTLED, message=f"p{n}")):
            state = evolve_(state, event)
    assert [each.message for each in state.deliveries] == [
        f"p{n}" for n in range(5, SETTLED_KEPT + 5)
    ]
    assert isinstance(told(state, f.reply("m9", epoch=1)), tuple)


_replies = st.sampled_from([MessageId(f"m{n}") for n in range(4)])
_steps = st.one_of(
    st.builds(f.reply, message=_replies, epoch=st.just(1), force=st.just(True)),
    st.builds(c.RetryDelivery, message=_replies),
    st.builds(c.SettleDelivery, message=_replies),
    st.builds(c.UnsettleDelivery, message=_replies, state=well_typed(DeliveryState)),
    st.builds(c.ReportDelivery, message=_replies, state=well_typed(DeliveryState)),
)


@given(st.lists(_steps, max_size=30))
def test_whatever_happens_the_log_tells_it_and_undo_takes_it_back(
    steps: list[c.SendReply | c.ReportDelivery],
) -> None:
    state = again = chat()
    context = f.context()
    for step in steps:
        outcome = told(state, step)
        if not isinstance(outcome, tuple):
            continue
        undo = None if isinstance(step, c.ReportDelivery) else inverse(state, step, context)
        before = state
        for event in outcome:
            state = evolve_(state, event)
            body = msgspec.json.decode(msgspec.json.encode(event), type=e.ConversationEvent)
            again = evolve_(again, body)
        if undo is not None:
            back = told(state, undo)
            assert isinstance(back, tuple)
            restored = state
            for event in back:
                restored = evolve_(restored, event)
            assert _known(restored) == _known(before)
    assert again == state


def _known(state: Conversation) -> list[tuple[str, DeliveryState]]:
    return [(each.message, each.state) for each in state.deliveries]
