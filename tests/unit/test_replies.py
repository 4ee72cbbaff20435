"""Whether a reply that comes late still goes out: the table of the design, row by row."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import OFFER_CHARS
from agent_tui.domain.ids import AgentId, MessageId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import Agent, Channel, Conversation, Role, Status
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected
from agent_tui.domain.policy import Policy
from tests import factories as f

STALE = 2 * f.MINUTE
ANNA, BO = AgentId("anna"), AgentId("bo")
# Anna's chat, with one message of the customer that she has seen.
MINE = f.folded(f.opened(), f.wrote(), e.Claimed(ANNA, 1))
SENT = e.ReplySent(MessageId("m9"), "好的，马上处理。", ANNA, epoch=1)
FORCED = replace(SENT, forced=True)


def fold(state: Conversation, *events: e.ConversationEvent) -> Conversation:
    from agent_tui.domain.evolve import evolve

    for event in events:
        state = evolve(state, event, conversation=state.id, at=f.NOW)
    return state


NEWER = fold(MINE, f.wrote("m2", "还有一个问题"))
ANSWERED = fold(MINE, f.replied("m3", author="bo"))
RESOLVED = fold(MINE, e.StatusSet(Status.RESOLVED))
TAKEN = fold(MINE, e.Assigned(BO, f.AFTER_SALES, 2))
DRAFT = e.DraftOffered(ANNA, "好的，马上处理。", MessageId("m9"))


def decided(
    state: Conversation,
    *,
    age: int = 0,
    force: bool = False,
    epoch: int = 1,
    seen: int = 1,
    actor: Agent = f.agent(),  # noqa: B008 -- frozen
) -> Outcome:
    command = f.reply(epoch=epoch, seen=seen, force=force)
    return decide(state, command, f.context(actor=actor, age=age), conversation=state.id)


@pytest.mark.parametrize(
    ("what", "state", "age", "expected"),
    [
        ("same epoch, nothing newer", MINE, 0, (SENT,)),
        ("same epoch, nothing newer, queued a while", MINE, 9 * f.MINUTE, (SENT,)),
        ("customer wrote since, queued < 2 min", NEWER, STALE, (SENT,)),
        ("customer wrote since, queued longer", NEWER, STALE + 1, Held(Reason.CUSTOMER_WROTE)),
        ("a colleague answered since", ANSWERED, 0, Held(Reason.COLLEAGUE_ANSWERED, "bo")),
        ("reassigned", TAKEN, 0, Rejected(Reason.REASSIGNED, "bo", (DRAFT,))),
        ("closed", RESOLVED, 0, Held(Reason.CLOSED)),
        ("older than its expiry", MINE, 10 * f.MINUTE + 1, Held(Reason.EXPIRED)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_table(what: str, state: Conversation, age: int, expected: Outcome) -> None:
    assert decided(state, age=age) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (NEWER, (FORCED,)),
        (ANSWERED, (FORCED,)),
        (RESOLVED, (e.Reopened(Status.RESOLVED), FORCED)),
        (TAKEN, Rejected(Reason.REASSIGNED, "bo", (DRAFT,))),
        (MINE, (FORCED,)),
    ],
)
def test_force_says_that_the_author_has_looked(state: Conversation, expected: Outcome) -> None:
    """It reopens and sends what was held, and never what belongs to somebody else."""
    assert decided(state, age=f.DAY, force=True) == expected


def test_mail_has_a_day() -> None:
    mail = replace(MINE, channel=Channel.MAIL)
    assert decided(mail, age=23 * f.HOUR) == (replace(SENT, pushed=True),)
    assert decided(mail, age=25 * f.HOUR) == Held(Reason.EXPIRED)


def test_the_figures_are_the_policys() -> None:
    policy = Policy(stale_reply=5, chat_expiry=10)
    command = f.reply(epoch=1)
    for age, state, reason in ((6, NEWER, Reason.CUSTOMER_WROTE), (11, MINE, Reason.EXPIRED)):
        context = f.context(policy=policy, age=age * f.SECOND)
        assert decide(state, command, context, conversation=state.id) == Held(reason)


def test_answering_a_chat_that_nobody_has_claims_it() -> None:
    free = f.folded(f.opened(), f.wrote())
    assert decided(free, epoch=0) == (e.Claimed(ANNA, 1), SENT)


def test_a_predicted_claim_that_was_held_back_changes_no_hands() -> None:
    """The second of two replies expects the claim of the first, which was held."""
    free = f.folded(f.opened(), f.wrote())
    assert decided(free, epoch=1) == (e.Claimed(ANNA, 1), SENT)
    newer = fold(free, f.wrote("m2", "等一下"))
    assert decided(newer, epoch=1, age=STALE + 1) == Held(Reason.CUSTOMER_WROTE)
    taken = fold(free, e.Claimed(BO, 1))
    assert decided(taken, epoch=1) == Rejected(Reason.NOT_YOURS, "bo", (DRAFT,))
    assert decided(taken, epoch=2) == Rejected(Reason.NOT_YOURS, "bo", (DRAFT,))


def test_a_claim_that_a_colleague_won_fences_what_was_written_under_it() -> None:
    """The epoch that the author counted in advance is the very one that the winner got."""
    taken = f.folded(f.opened(), f.wrote(), e.Claimed(BO, 1))
    for role in (Role.AGENT, Role.LEAD):
        for owner in (ANNA, None):
            command = replace(f.reply(epoch=1), owner=owner)
            outcome = decide(
                taken, command, f.context(actor=f.agent(role=role)), conversation=taken.id
            )
            assert outcome == Rejected(Reason.REASSIGNED, "bo", (DRAFT,))
    aware = replace(f.reply(epoch=1), owner=BO)
    lead = f.context(actor=f.agent(role=Role.LEAD))
    assert isinstance(decide(taken, aware, lead, conversation=taken.id), tuple)


@pytest.mark.parametrize(
    "first", [c.Claim(), c.Release(), f.reply("m8", epoch=1), f.reply("m8", epoch=0)]
)
def test_what_depends_on_a_refused_part_becomes_a_draft_with_it(first: c.AgentPart) -> None:
    batch = c.Batch((c.Tag("x"), first, f.reply("m9", "后一句", epoch=1)))
    outcome = decide(TAKEN, batch, f.context(), conversation=TAKEN.id)
    assert isinstance(outcome, Rejected)
    offered = [event.message for event in outcome.events if isinstance(event, e.DraftOffered)]
    assert offered == (["m8", "m9"] if isinstance(first, c.SendReply) else ["m9"])


def test_an_offered_text_is_no_longer_than_a_message_may_be() -> None:
    gone = fold(MINE, e.Assigned(BO, f.LOGISTICS, 2))
    context = f.context(policy=Policy(message_chars=100))
    outcome = decide(gone, f.reply(text="长" * 200), context, conversation=gone.id)
    assert [len(event.text) for event in outcome.events] == [100]  # type: ignore[union-attr]


# --- offered drafts ------------------------------------------------------------------------------

OFFERED = fold(TAKEN, DRAFT)


def test_an_offer_is_part_of_the_conversation() -> None:
    (offer,) = OFFERED.offers
    assert (offer.message, offer.author, offer.text) == ("m9", "anna", "好的，马上处理。")
    assert fold(OFFERED, DRAFT).offers == OFFERED.offers
    old = e.DraftOffered(ANNA, "日志里早有的")
    assert fold(TAKEN, old).offers == ()


def test_offers_are_few_and_short() -> None:
    many = (e.DraftOffered(ANNA, "长" * 9_999, MessageId(f"m{n}")) for n in range(9))
    offers = fold(TAKEN, *many).offers
    assert [offer.message for offer in offers] == [f"m{n}" for n in range(4, 9)]
    assert {len(offer.text) for offer in offers} == {OFFER_CHARS}
    assert offers[0].text.endswith("…")


@pytest.mark.parametrize(
    ("event", "left"),
    [
        (f.replied("m3", author="bo", epoch=2), 0),
        (f.replied("m3", author="lee", epoch=2), 1),
        (e.StatusSet(Status.RESOLVED), 0),
        (e.StatusSet(Status.PENDING), 1),
        (f.wrote("m3"), 1),
        (e.Released(3), 1),
    ],
)
def test_offers_end_with_the_owners_answer(event: e.ConversationEvent, left: int) -> None:
    assert len(fold(OFFERED, event).offers) == left


def test_taking_or_dismissing_an_offer_can_be_undone() -> None:
    settle = c.SettleDraft(MessageId("m9"))
    bo = f.context(actor=f.agent("bo"))
    events = decide(OFFERED, settle, bo, conversation=OFFERED.id)
    assert events == (e.DraftSettled(MessageId("m9")),)
    settled = fold(OFFERED, *events)
    assert settled.offers[0].settled
    assert decide(settled, settle, bo, conversation=OFFERED.id) == ()
    undo = inverse(OFFERED, settle, bo)
    assert undo == c.SettleDraft(MessageId("m9"), settled=False)
    assert fold(settled, *decide(settled, undo, bo, conversation=OFFERED.id)).offers == (  # type: ignore[misc]
        OFFERED.offers
    )
    gone = c.SettleDraft(MessageId("other"))
    assert decide(OFFERED, gone, bo, conversation=OFFERED.id) == ()


def test_only_who_has_the_chat_settles_its_offers() -> None:
    settle = c.SettleDraft(MessageId("m9"))
    anna = decide(OFFERED, settle, f.context(), conversation=OFFERED.id)
    assert anna == Rejected(Reason.NOT_YOURS, "bo")
    free = fold(OFFERED, e.Released(3))
    assert isinstance(decide(free, settle, f.context(), conversation=free.id), tuple)
    lead = f.context(actor=f.agent("lee", role=Role.LEAD))
    assert isinstance(decide(OFFERED, settle, lead, conversation=free.id), tuple)


def test_ones_own_claim_from_another_machine_changes_no_hands() -> None:
    """A second workstation, or the command line, wrote before it saw the first one's claim."""
    assert decided(MINE, epoch=0) == (SENT,)
    back = fold(MINE, e.Assigned(BO, f.AFTER_SALES, 2), e.Assigned(ANNA, f.AFTER_SALES, 3))
    assert decided(back, epoch=1) == (replace(SENT, epoch=3),)
    answered = fold(back, f.replied("m3", author="bo"))
    assert decided(answered, epoch=1) == Held(Reason.COLLEAGUE_ANSWERED, "bo")
    free = fold(MINE, e.Released(2))
    assert isinstance(decided(free, epoch=1), Rejected)


def test_answering_one_that_sleeps_wakes_it() -> None:
    asleep = fold(MINE, e.StatusSet(Status.SNOOZED, until=f.NOW + f.DAY))
    assert decided(asleep) == (e.Reopened(Status.SNOOZED), SENT)


def test_a_lead_may_answer_in_an_agents_place() -> None:
    lead = f.agent("lee", role=Role.LEAD)
    (sent,) = decided(MINE, actor=lead)  # type: ignore[misc]
    assert isinstance(sent, e.ReplySent) and sent.author == "lee"
    other = f.agent("bo")
    refused = decided(MINE, actor=other)
    assert isinstance(refused, Rejected)
    assert (refused.reason, refused.detail) == (Reason.NOT_YOURS, "anna")


def test_out_of_scope_offers_the_text_to_who_has_it_now() -> None:
    gone = fold(MINE, e.Assigned(BO, f.LOGISTICS, 2))
    assert decided(gone) == Rejected(Reason.OUT_OF_SCOPE, "bo", (DRAFT,))


def test_every_reply_of_a_refused_batch_is_offered() -> None:
    gone = fold(MINE, e.Assigned(BO, f.LOGISTICS, 2))
    batch = c.Batch((c.Tag("x"), f.reply("m8", "一"), f.reply("m9", "二"), f.reply("m7", " ")))
    outcome = decide(gone, batch, f.context(), conversation=gone.id)
    texts = [event.text for event in outcome.events]  # type: ignore[union-attr]
    assert texts == ["一", "二"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (f.reply(text=" \n "), Rejected(Reason.EMPTY)),
        (f.reply(text="x" * 100_001), Rejected(Reason.TOO_LONG, "100000")),
        (f.reply(message="m\u2028"), Rejected(Reason.MALFORMED, "message")),
        (f.reply(message="m" * 65), Rejected(Reason.MALFORMED, "message")),
    ],
)
def test_what_cannot_be_said_at_all(command: c.SendReply, expected: Rejected) -> None:
    assert decide(MINE, command, f.context(), conversation=MINE.id) == expected


def test_forcing_one_reply_does_not_take_a_stale_one_along() -> None:
    state = f.conversation(assignee=None, epoch=5)
    both = c.Batch((f.reply("m1", epoch=4, force=True), f.reply("m2", epoch=4)))
    outcome = decide(state, both, f.context(), conversation=state.id)
    assert isinstance(outcome, Rejected) and outcome.reason is Reason.REASSIGNED
    forced = c.Batch((f.reply("m1", epoch=4, force=True), f.reply("m2", epoch=4, force=True)))
    assert isinstance(decide(state, forced, f.context(), conversation=state.id), tuple)
