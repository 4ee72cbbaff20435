"""Pending commands laid over confirmed rows as they are read: a refusal leaves nothing to undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from agent_tui.domain.commands import Order
from agent_tui.domain.context import Context
from agent_tui.domain.decide import decide
from agent_tui.domain.events import MessageEdited, NoteRemoved
from agent_tui.domain.evolve import edited, evolve, message_of
from agent_tui.domain.ids import MessageId
from agent_tui.domain.model import Agent, Conversation, Message
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.domain.plan import PLAIN, Plan
from agent_tui.domain.policy import Policy


class Predicted(msgspec.Struct, frozen=True):
    """A conversation as it will be when the pending commands have come home.

    `waiting` are the messages not yet confirmed; `removed` the ids of notes taken back; `edits` the
    words that will be in other messages' places, and when they were written (ms).
    """

    state: Conversation
    waiting: tuple[Message, ...] = ()
    removed: frozenset[MessageId] = frozenset()
    edits: Mapping[MessageId, tuple[MessageEdited, int]] = {}


def predict(
    state: Conversation,
    orders: Iterable[Order],
    me: Agent,
    policy: Policy,
    plan: Plan = PLAIN,
) -> Predicted:
    """`state` with `orders` laid over it. A command that would be refused shows no effect: the
    server has the last word, and its refusal comes home with a reason."""
    waiting: list[Message] = []
    removed: set[MessageId] = set()
    edits: dict[MessageId, tuple[MessageEdited, int]] = {}
    for order in orders:
        context = Context(actor=me, now=order.queued_at, policy=policy, plan=plan)
        outcome = decide(state, order.command, context, conversation=state.id)
        if isinstance(outcome, Rejected | Held):
            continue
        for event in outcome:
            state = evolve(state, event, conversation=state.id, at=order.queued_at)
            message = message_of(event, state, order.queued_at, 0)
            if message is not None:
                waiting.append(message)
            elif isinstance(event, NoteRemoved):
                removed.add(event.message)
            elif isinstance(event, MessageEdited):
                edits[event.message] = (event, order.queued_at)
    return Predicted(state, tuple(waiting), frozenset(removed), edits)


def as_edited(message: Message, found: Predicted) -> Message:
    """`message` as it will read. Its edit has no place in the log before it came home."""
    known = found.edits.get(message.id)
    return edited(message, *known, 0) if known is not None else message
