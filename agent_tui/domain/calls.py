"""Phone calls: an agent notes what a customer said; their conversation opens, or goes on.

Nothing is pushed to a telephone: a reply in such a conversation is a note of what was answered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain import replies
from agent_tui.domain.context import Context
from agent_tui.domain.ids import ConversationId, CustomerId, InboxId, is_id
from agent_tui.domain.model import Agent, Channel, Conversation, Customer, Role, Status
from agent_tui.domain.outcome import Outcome, Reason, Rejected
from agent_tui.text import clean

NAME_CHARS = 64
_BETWEEN = re.compile(r"[\s().\-\u2010-\u2015]+")
_NUMBER = re.compile(r"\+?[0-9]{3,20}")


def number_of(text: str) -> str:
    """The telephone number in `text`, without what people put between its digits; empty if it is
    none. A country's code stays as it is: who writes it now and then has two numbers."""
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", clean(text)))
    return plain if _NUMBER.fullmatch(plain) else ""


def open_call(command: c.NoteCall, context: Context, *, conversation: ConversationId) -> Outcome:
    """A new conversation, which is its author's."""
    actor = context.actor
    if actor is None or actor.disabled or actor.role is Role.TRAINEE:
        return Rejected(Reason.NOT_ALLOWED)
    if not is_id(conversation):
        return Rejected(Reason.MALFORMED, "conversation")
    inbox = (context.inboxes or {}).get(command.inbox)
    if inbox is None or inbox.channel is not Channel.PHONE:
        return Rejected(Reason.UNKNOWN_INBOX, command.inbox)
    refused = _refused(command, context)
    if refused is not None:
        return refused
    team = command.team or inbox.team
    if context.teams is not None and team not in context.teams:
        return Rejected(Reason.UNKNOWN_TEAM, team)
    caller = context.caller or _unknown(command)
    visitor = caller.id if context.visitor is None else context.visitor
    return (
        e.ConversationOpened(
            customer=caller, inbox=inbox.id, channel=Channel.PHONE, team=team, visitor=visitor
        ),
        e.CustomerWrote(message=command.message, text=command.text),
        e.Claimed(agent=actor.id, epoch=1),
    )


def go_on(s: Conversation, command: c.NoteCall, context: Context, actor: Agent) -> Outcome:
    """They called again; nobody's conversation becomes its author's."""
    refused = _refused(command, context)
    if refused is not None:
        return refused
    if s.channel is not Channel.PHONE:
        return Rejected(Reason.UNKNOWN_INBOX, s.inbox)
    happened: list[e.ConversationEvent] = []
    if s.status is not Status.OPEN:
        happened.append(e.Reopened(was=s.status, fresh=s.status is Status.RESOLVED))
    happened.append(e.CustomerWrote(message=command.message, text=command.text))
    if s.assignee is None:
        happened.append(e.Claimed(agent=actor.id, epoch=s.epoch + 1))
    return tuple(happened)


def running(states: Iterable[Conversation], inbox: InboxId, number: str) -> ConversationId | None:
    """The conversation in which a call from `number` goes on: of those that are not solved, the one
    with the latest activity."""
    wanted = number_of(number)
    found = [
        state
        for state in states
        if state.channel is Channel.PHONE
        and state.inbox == inbox
        and state.status is not Status.RESOLVED
        and wanted
        and number_of(state.customer.contact) == wanted
    ]
    return max(found, key=lambda state: (state.last_at, state.id)).id if found else None


def _refused(command: c.NoteCall, context: Context) -> Rejected | None:
    if not number_of(command.number):
        return Rejected(Reason.MALFORMED, "number")
    if len(command.name) > NAME_CHARS:
        return Rejected(Reason.MALFORMED, "name")
    return replies.refused_text(command, context)


def _unknown(command: c.NoteCall) -> Customer:
    """As far as an agent's machine can tell; the server knows who has the number, or makes a
    record."""
    number = number_of(command.number)
    return Customer(
        CustomerId(f"tel{number}"), command.name or number, command.language, contact=number
    )
