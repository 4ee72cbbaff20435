"""The clocks of a conversation, and the order in which conversations hurt."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent_tui.domain.model import Channel, Clock, Conversation, Priority, Status
from agent_tui.domain.plan import PLAIN, Plan
from agent_tui.domain.policy import Policy

COMPLAINT_TYPES = frozenset({"complaint", "complaints", "投诉"})
LAST_STRETCH_MS = 20 * 60 * 1000
# A priority that people give by hand multiplies the weight.
PRIORITY_FACTOR = {
    Priority.LOW: 0.5,
    Priority.NORMAL: 1.0,
    Priority.HIGH: 1.5,
    Priority.URGENT: 3.0,
}


class Deadline(StrEnum):
    """What must happen by a `Due`."""

    FIRST_REPLY = "first_reply"
    NEXT_REPLY = "next_reply"
    RETURN_REVIEW = "return_review"
    COMPLAINT_ESCALATION = "complaint_escalation"
    FOLLOW_UP = "follow_up"
    SOLUTION = "solution"


REPLIES = frozenset({Deadline.FIRST_REPLY, Deadline.NEXT_REPLY})


class Due(msgspec.Struct, frozen=True):
    """A deadline and its moment (ms); `since` is when its time began, 0 if nobody noted it."""

    deadline: Deadline
    at: int
    since: int = 0


def due(conversation: Conversation, policy: Policy, plan: Plan = PLAIN) -> Due | None:
    """The deadline that is reached first, or None while nothing is owed to the customer."""
    return min(dues(conversation, policy, plan), key=lambda each: each.at, default=None)


def dues(conversation: Conversation, policy: Policy, plan: Plan = PLAIN) -> list[Due]:
    """Every deadline that runs. Of a solved conversation only the follow-up; clocks that stand are
    left out."""
    solved = conversation.status is Status.RESOLVED
    found = [
        Due(Deadline(running.clock.value), running.due, running.since)
        for running in conversation.clocks
        if running.due and (not solved or (running.clock is Clock.FOLLOW_UP and running.since))
    ]
    if conversation.owed_since is not None and not solved:
        found.append(_reply_due(conversation, policy, plan))
    return found


def _reply_due(conversation: Conversation, policy: Policy, plan: Plan) -> Due:
    first = conversation.first_reply_at is None
    deadline = Deadline.FIRST_REPLY if first else Deadline.NEXT_REPLY
    if conversation.channel is Channel.MAIL:
        seconds = policy.mail_reply
    else:
        seconds = policy.first_reply if first else policy.next_reply
    since = conversation.owed_since or conversation.opened_at
    return Due(deadline, plan.hours(conversation).add(since, seconds * 1000), since)


def is_vip(conversation: Conversation) -> bool:
    """Whether the customer is a VIP by tier or tag."""
    customer = conversation.customer
    return customer.tier.upper() == "VIP" or any(tag.upper() == "VIP" for tag in customer.tags)


def is_complaint(conversation: Conversation) -> bool:
    """Whether the conversation is a complaint, by type or tag."""
    return conversation.type in COMPLAINT_TYPES or not COMPLAINT_TYPES.isdisjoint(conversation.tags)


def never_answered(conversation: Conversation) -> bool:
    """Whether the customer has written and nobody has ever answered."""
    return conversation.first_reply_at is None and conversation.waiting > 0


def weight(conversation: Conversation, policy: Policy) -> float:
    """How much a minute of this conversation weighs: the highest weight that applies, times
    `first` while a chat has never been answered: a customer who knows that somebody is there waits
    more easily than one who does not."""
    weights = policy.weights
    value = weights.mail if conversation.channel is Channel.MAIL else weights.chat
    if is_vip(conversation):
        value = max(value, weights.vip)
    if is_complaint(conversation):
        value = max(value, weights.complaint)
    if conversation.first_reply_at is None and conversation.channel is not Channel.MAIL:
        value *= weights.first
    return value * PRIORITY_FACTOR[conversation.priority]


RankKey = tuple[int, float, float, int, str]


def rank(conversation: Conversation, policy: Policy, now: int) -> RankKey:
    """Sort key, smallest first: the breach that hurts most stands on top.

    Breached ones first, by weight and then by lateness, which counts up to `policy.late_cap`; then
    the others by time left over weight; then those that wait for nothing, latest activity first.
    """
    deadline = due(conversation, policy)
    if deadline is None:
        return (2, 0.0, 0.0, -conversation.last_at, conversation.id)
    value = weight(conversation, policy)
    left = deadline.at - now
    if left <= 0:
        late = min(-left, policy.late_cap * 1000)
        return (0, -value, -float(late), deadline.at, conversation.id)
    return (1, left / value, 0.0, deadline.at, conversation.id)


class Urgency(StrEnum):
    """How loud a countdown is."""

    CALM = "calm"
    WARNING = "warning"
    BREACH = "breach"


def urgency_of(
    deadline: Due | None, channel: Channel, waiting_since: int | None, policy: Policy, now: int
) -> Urgency:
    """Breach when `deadline` has passed; warning once a chat has waited `policy.warning` seconds
    for a reply, or when the last 20 minutes of another deadline have begun."""
    if deadline is None:
        return Urgency.CALM
    if deadline.at <= now:
        return Urgency.BREACH
    reply = deadline.deadline in (Deadline.FIRST_REPLY, Deadline.NEXT_REPLY)
    if reply and channel is not Channel.MAIL:
        waited = now - (now if waiting_since is None else waiting_since)
        return Urgency.WARNING if waited >= policy.warning * 1000 else Urgency.CALM
    return Urgency.WARNING if deadline.at - now <= LAST_STRETCH_MS else Urgency.CALM
