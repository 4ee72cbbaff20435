"""Other words in the place of one's own: whose they must be, and until when they may be changed.

An edit says nothing new: clocks, waiting and what was read stay as they are.
"""

from __future__ import annotations

from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain import replies
from agent_tui.domain.context import Context
from agent_tui.domain.model import Agent, Channel, Conversation, MessageKind, Status
from agent_tui.domain.outcome import Outcome, Reason, Rejected

# Whose customers read what the server has now. From everywhere else nothing is called back.
READ_HERE = frozenset({Channel.WEB})


def edit(s: Conversation, command: c.EditMessage, context: Context, actor: Agent) -> Outcome:
    """Decide one edit. Where nothing is known of the message, an agent's machine believes it."""
    refused = replies.refused_text(command, context)
    if refused is not None:
        return refused
    if context.messages is None:
        known = 1 <= command.no <= s.messages
        changed = e.MessageEdited(message=command.message, no=command.no, text=command.text)
        return (changed,) if known else Rejected(Reason.NO_SUCH_MESSAGE)
    # The number that the author's machine predicted may have gone to somebody else's message.
    place = context.messages.get(command.message)
    if place is None or place.conversation != s.id:
        return Rejected(Reason.NO_SUCH_MESSAGE)
    refused = unchangeable(s, place.kind, place.author, actor)
    if refused is not None:
        return refused
    if place.text == command.text:
        return ()
    return (e.MessageEdited(message=command.message, no=place.no, text=command.text),)


def followed(context: Context, event: e.ConversationEvent) -> Context:
    """What the parts of a batch that stand behind `event` find of the message that it changes."""
    if context.messages is None or not isinstance(event, e.NoteRemoved | e.MessageEdited):
        return context
    place = context.messages.get(event.message)
    if place is not None and isinstance(event, e.MessageEdited):
        place = replace(place, text=event.text)
    else:
        place = None
    return replace(context, messages={**context.messages, event.message: place})


def unchangeable(s: Conversation, kind: MessageKind, author: str, actor: Agent) -> Rejected | None:
    """Why `actor` cannot change a message that `author` wrote here; None if it can be changed."""
    if kind not in (MessageKind.REPLY, MessageKind.NOTE):
        return Rejected(Reason.NOT_AUTHOR, s.customer.name)
    if author != actor.id:
        return Rejected(Reason.NOT_AUTHOR, author)
    if kind is MessageKind.NOTE:
        return None
    if s.channel not in READ_HERE:
        return Rejected(Reason.OUT_OF_REACH)
    return Rejected(Reason.FINISHED) if s.status is Status.RESOLVED else None
