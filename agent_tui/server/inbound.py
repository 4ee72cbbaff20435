"""What channels and timers bring: customers' messages, receipts, snoozes that ended."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import ConversationId, CustomerId, InboxId, MessageId
from agent_tui.domain.model import Conversation, Customer, Status
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.server import metrics, schema
from agent_tui.server.unit import CUSTOMER, SYSTEM, Needs, Unit
from agent_tui.text import clean, clean_line


def new_id(prefix: str) -> str:
    """A fresh identifier that a person can still read aloud."""
    return prefix + secrets.token_hex(6)


class Received(msgspec.Struct, frozen=True):
    """Where a customer's message stands in the log."""

    conversation: ConversationId
    message: MessageId
    seq: int
    at: int


class TakeInbound:
    """A customer's message from any channel, once per (inbox, external identity)."""

    def __init__(
        self, inbox: InboxId, customer: CustomerId, external: str, text: str, subject: str = ""
    ) -> None:
        self._inbox = inbox
        self._customer = customer
        self._external = external
        self._text = clean(text)
        self._subject = clean_line(subject)
        self._rejected: Rejected | None = None

    def needs(self) -> Needs:
        """The customer with their conversations, and whether the message came before."""
        return Needs(visitors=(self._customer,), inbound=((self._inbox, self._external),))

    def run(self, unit: Unit) -> None:
        """Open a conversation or add to the running one."""
        self._rejected = None  # a batch that failed is run again
        if (self._inbox, self._external) in unit.inbound:
            return
        inbox = unit.directory.inboxes[self._inbox]
        customer = unit.customers[unit.customer_id(self._customer)]
        running = self._running(unit)
        conversation = running.id if running else ConversationId(new_id("c"))
        command = c.ReceiveMessage(
            message=MessageId(new_id("m")),
            customer=customer,
            visitor=self._customer,
            inbox=inbox.id,
            channel=inbox.channel,
            team=inbox.team,
            text=self._text,
            subject=self._subject,
        )
        context = unit.system()
        outcome = decide(running, command, context, conversation=conversation)
        if isinstance(outcome, Rejected | Held):
            self._rejected = Rejected(outcome.reason, outcome.detail)
            return
        for event in outcome:
            # What follows from the message (its sorting, the clocks) is the server's doing.
            said = isinstance(event, e.ConversationOpened | e.Reopened | e.CustomerWrote)
            at = unit.record(event, by=CUSTOMER if said else SYSTEM, conversation=conversation)
            if isinstance(event, e.CustomerWrote):
                index = at
        unit.remember_inbound(self._inbox, self._external, command.message, index)
        metrics.INBOUND.labels(inbox.channel).inc()

    def answer(self, unit: Unit) -> Received | Rejected:
        """Where the message stands; the same for a message handed in twice."""
        if self._rejected is not None:
            return self._rejected
        row = unit.inbound[(self._inbox, self._external)]
        seq = unit.seq(row.seq) if row.draft else row.seq
        return Received(row.conversation, row.message, seq, row.at)

    def _running(self, unit: Unit) -> Conversation | None:
        within = unit.directory.policy.reopen_within * 1000
        for state in reversed(unit.of_visitor(self._customer)):
            if state.inbox == self._inbox and (
                state.status is not Status.RESOLVED or unit.at - state.last_at <= within
            ):
                return state
        return None


class ConfirmReceipt:
    """A customer's page has received, and shown, messages up to these numbers."""

    def __init__(self, upto: dict[ConversationId, tuple[int, int]]) -> None:
        self._upto = upto

    def needs(self) -> Needs:
        """The conversations named."""
        return Needs(conversations=tuple(self._upto))

    def run(self, unit: Unit) -> None:
        """Record what grew."""
        for conversation, (delivered, seen) in self._upto.items():
            state = unit.states.get(conversation)
            command = c.ConfirmDelivery(delivered=delivered, seen=seen)
            context = unit.system()
            outcome = decide(state, command, context, conversation=conversation)
            if isinstance(outcome, tuple):
                for event in outcome:
                    unit.record(event, by=CUSTOMER, conversation=conversation)

    def answer(self, unit: Unit) -> None:
        """Nothing to say."""


class TakeRating:
    """How a customer says that they were served in a conversation."""

    def __init__(self, conversation: ConversationId, rating: int, comment: str) -> None:
        self._conversation = conversation
        self._command = c.RateService(rating=rating, comment=clean(comment).strip())
        self._rejected: Rejected | None = None

    def needs(self) -> Needs:
        """The conversation."""
        return Needs(conversations=(self._conversation,))

    def run(self, unit: Unit) -> None:
        """Record it."""
        state = unit.states.get(self._conversation)
        outcome = decide(state, self._command, unit.system(), conversation=self._conversation)
        self._rejected = None if isinstance(outcome, tuple) else Rejected(outcome.reason)
        for event in outcome if isinstance(outcome, tuple) else ():
            unit.record(event, by=CUSTOMER, conversation=self._conversation)

    def answer(self, unit: Unit) -> Rejected | None:
        """Why it was not taken; None if it was."""
        return self._rejected


class WakeConversations:
    """Snooze timers that ran out, as (conversation, generation)."""

    def __init__(self, due: Sequence[tuple[ConversationId, int]]) -> None:
        self._due = due

    def needs(self) -> Needs:
        """The sleeping conversations."""
        return Needs(conversations=tuple(conversation for conversation, _ in self._due))

    def run(self, unit: Unit) -> None:
        """Wake each once: the timer goes in the same transaction."""
        for conversation, generation in self._due:
            state = unit.states.get(conversation)
            if state is not None and state.snoozes == generation and (state.until or 0) > unit.now:
                continue  # the clock was set back since it was found due
            context = msgspec.structs.replace(unit.system(), now=unit.now)
            outcome = decide(
                state, c.WakeSnoozed(generation=generation), context, conversation=conversation
            )
            if isinstance(outcome, tuple):
                for event in outcome:
                    unit.record(event, by=SYSTEM, conversation=conversation)
            timer = schema.timer.c
            unit.writes.append(
                (
                    delete(schema.timer).where(
                        timer.conversation == conversation,
                        timer.kind == "snooze",
                        timer.generation == generation,
                    ),
                    {},
                )
            )

    def answer(self, unit: Unit) -> None:
        """Nothing to say."""


class SaveCustomer:
    """A customer's record, made when a channel first meets them."""

    def __init__(self, customer: Customer, token: dict[str, Any] | None = None) -> None:
        self._customer = customer
        self._token = token

    def needs(self) -> Needs:
        """Whether they are there: a batch whose end nobody heard of is run again."""
        return Needs(visitors=(self._customer.id,))

    def run(self, unit: Unit) -> None:
        """Write the row, and the visitor's token with it."""
        if self._customer.id in unit.customers:
            return
        unit.put(unit.customers, self._customer.id, self._customer)
        state = msgspec.json.encode(self._customer)
        unit.writes.append((insert(schema.customer), {"id": self._customer.id, "state": state}))
        if self._token:
            unit.writes.append((insert(schema.token), self._token))

    def answer(self, unit: Unit) -> Customer:
        """The record."""
        return self._customer
