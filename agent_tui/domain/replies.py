"""Whether a reply may still go out: ownership, what was said since, and age.

| when the reply reaches the server                            | what happens                      |
|--------------------------------------------------------------|-----------------------------------|
| same epoch, nothing newer                                    | sent                              |
| customer wrote since, queued less than `policy.stale_reply`  | sent                              |
| customer wrote since, queued longer; or a colleague answered | held                              |
| the conversation changed hands                               | refused, offered to the new owner |
| closed                                                       | held; `force` reopens and sends   |
| older than its expiry                                        | held                              |

What was said into a telephone (`calls`) is no older for it, nor is it late for what was said since.
"""

from __future__ import annotations

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, is_lead
from agent_tui.domain.deliveries import PUSHED, full
from agent_tui.domain.ids import is_id
from agent_tui.domain.model import Agent, Channel, Conversation, Status
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected

MOST_SOURCES = 8
SOURCE_CHARS = 200


def send_reply(s: Conversation, command: c.SendReply, context: Context, actor: Agent) -> Outcome:
    """Decide one reply by the table above; answering a chat that nobody has also claims it."""
    refused = refused_text(command, context)
    if refused is not None:
        return refused
    mine = s.assignee in (None, actor.id)
    # An epoch ahead of this one is the author's own claim that did not come about; one behind it,
    # in a chat that is the author's, a claim by their other machine: neither changed hands.
    moved = _moved(s, command, actor)
    if moved and not (command.force and (mine or is_lead(actor))):
        return Rejected(Reason.REASSIGNED, s.assignee or "")
    if not mine and not is_lead(actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    pushed = s.channel in PUSHED
    if pushed and (refused := full(s)) is not None:
        return refused
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
            pushed=pushed,
            sources=sources_of(command),
        )
    )
    return tuple(happened)


def sources_of(command: c.SendReply) -> tuple[str, ...]:
    """The entries that a reply's text came from, without what no entry is called. A reply is not
    refused for them."""
    fitting = (each for each in command.sources if 0 < len(each) <= SOURCE_CHARS)
    return tuple(dict.fromkeys(fitting))[:MOST_SOURCES]


def _moved(s: Conversation, command: c.SendReply, actor: Agent) -> bool:
    return s.assignee != actor.id and (command.epoch < s.epoch or _taken(s, command))


def beside_forced(s: Conversation, command: c.AgentCommand, actor: Agent) -> Rejected | None:
    """Why a batch that forces one reply may not carry another: forcing takes the conversation, and
    would take a stale reply along that nobody forced."""
    forced = False
    for part in c.parts_of(command):
        if isinstance(part, c.Claim | c.Assign):
            return None
        if isinstance(part, c.SendReply):
            if forced and not part.force and _moved(s, part, actor):
                return Rejected(Reason.REASSIGNED, s.assignee or "")
            forced = forced or part.force
    return None


def _taken(s: Conversation, command: c.SendReply) -> bool:
    """Whether somebody has it who did not when the reply was written, whatever the epochs say: the
    author's own claim, counted in advance, may have the very number of the one that won."""
    return s.assignee is not None and command.owner not in (msgspec.UNSET, s.assignee)


def refused_text(
    command: c.SendReply | c.AddNote | c.EditMessage | c.NoteCall, context: Context
) -> Rejected | None:
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
    said = s.channel is Channel.PHONE  # a note of it does not come too late
    if not said and context.age > context.policy.expiry_ms(s.channel):
        return Held(Reason.EXPIRED)
    if s.last_reply_no > command.seen and s.last_reply_by != actor.id:
        return Held(Reason.COLLEAGUE_ANSWERED, s.last_reply_by or "")
    if said:
        return None
    if s.last_customer_no > command.seen and context.age > context.policy.stale_reply * 1000:
        return Held(Reason.CUSTOMER_WROTE)
    return None


def offered(refused: Rejected, command: c.AgentCommand, context: Context, actor: Agent) -> Rejected:
    """`refused`, with every reply in `command` a draft for whoever has the conversation now."""
    drafts = tuple(
        e.DraftOffered(
            author=actor.id,
            text=part.text[: context.policy.message_chars],
            message=part.message,
        )
        for part in c.parts_of(command)
        if isinstance(part, c.SendReply) and part.text.strip() and is_id(part.message)
    )
    return Rejected(refused.reason, refused.detail, drafts)


def settle_draft(
    s: Conversation, command: c.SettleDraft, context: Context, actor: Agent
) -> Outcome:
    """An offered draft goes out of sight, or comes back into it."""
    offer = next((each for each in s.offers if each.message == command.message), None)
    if offer is None or offer.settled is command.settled:
        return ()
    if s.assignee not in (None, actor.id) and not is_lead(actor):
        return Rejected(Reason.NOT_YOURS, s.assignee or "")
    return (e.DraftSettled(message=command.message, settled=command.settled),)
