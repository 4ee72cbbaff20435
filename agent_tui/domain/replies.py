"""Whether a reply may still go out: ownership, what was said since, and age.

| when the reply reaches the server                            | what happens                      |
|--------------------------------------------------------------|-----------------------------------|
| same epoch, nothing newer                                    | sent                              |
| customer wrote since, queued less than `policy.stale_reply`  | sent                              |
| customer wrote since, queued longer; or a colleague answered | held                              |
| the conversation changed hands                               | refused, offered to the new owner |
| closed                                                       | held; `force` reopens and sends   |
| older than its expiry                                        | held                              |
"""

from __future__ import annotations

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, is_lead
from agent_tui.domain.ids import is_id
from agent_tui.domain.model import Agent, Conversation, Status
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected


def send_reply(s: Conversation, command: c.SendReply, context: Context, actor: Agent) -> Outcome:
    """Decide one reply by the table above; answering a chat that nobody has also claims it."""
    refused = refused_text(command, context)
    if refused is not None:
        return refused
    mine = s.assignee in (None, actor.id)
    # An epoch ahead of this one is the author's own claim that did not come about; one behind it,
    # in a chat that is the author's, a claim by their other machine: neither changed hands.
    moved = command.epoch < s.epoch and s.assignee != actor.id
    if moved and not (command.force and (mine or is_lead(actor))):
        return offered(s, command, actor, Reason.REASSIGNED)
    if not mine and not is_lead(actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    if not command.force:
        held = _moved_on(s, command, context, actor)
        if held is not None:
            return held
    happened: list[e.ConversationEvent] = []
    if s.status in (Status.RESOLVED, Status.SNOOZED):
        happened.append(e.Reopened(was=s.status))
    epoch = s.epoch
    if s.assignee is None:
        epoch += 1
        happened.append(e.Claimed(agent=actor.id, epoch=epoch))
    happened.append(
        e.ReplySent(
            message=command.message,
            text=command.text,
            author=actor.id,
            epoch=epoch,
            forced=command.force,
        )
    )
    return tuple(happened)


def refused_text(command: c.SendReply | c.AddNote, context: Context) -> Rejected | None:
    """Why these words cannot be written by anybody; None if they can."""
    if not is_id(command.message):
        return Rejected(Reason.MALFORMED, "message")
    if not command.text.strip():
        return Rejected(Reason.EMPTY)
    if len(command.text) > context.policy.message_chars:
        return Rejected(Reason.TOO_LONG, str(context.policy.message_chars))
    return None


def _moved_on(s: Conversation, command: c.SendReply, context: Context, actor: Agent) -> Held | None:
    if s.status is Status.RESOLVED:
        return Held(Reason.CLOSED)
    if context.age > context.policy.expiry_ms(s.channel):
        return Held(Reason.EXPIRED)
    if s.last_reply_no > command.seen and s.last_reply_by != actor.id:
        return Held(Reason.COLLEAGUE_ANSWERED, s.last_reply_by or "")
    if s.last_customer_no > command.seen and context.age > context.policy.stale_reply * 1000:
        return Held(Reason.CUSTOMER_WROTE)
    return None


def offered(s: Conversation, command: c.AgentCommand, actor: Agent, reason: Reason) -> Rejected:
    """The refusal of a command whose author does not hold the conversation any more; a reply in it
    becomes a draft for whoever does."""
    texts = [part.text for part in c.parts_of(command) if isinstance(part, c.SendReply)]
    drafts = tuple(e.DraftOffered(author=actor.id, text=text) for text in texts if text.strip())
    return Rejected(reason, s.assignee or "", drafts)
