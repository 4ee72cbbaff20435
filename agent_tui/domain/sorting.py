"""What a customer's message says about type, team, priority and tags, and why."""

from __future__ import annotations

from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context
from agent_tui.domain.model import Conversation, Priority
from agent_tui.domain.rules import Asked
from agent_tui.domain.why import Why

LINES = 5  # of the customer's first ones: who has not said it by then is asked by an agent


def sort(
    s: Conversation | None,
    arrived: tuple[e.ConversationEvent, ...],
    command: c.ReceiveMessage,
    context: Context,
) -> tuple[e.ConversationEvent, ...]:
    """What the classifier makes of a message in a conversation that has no type yet.

    The first message that says it decides; people decide against it. The team changes only while
    nobody has the conversation.
    """
    fresh = any(isinstance(each, e.Reopened) and each.fresh for each in arrived)
    line = 1 if s is None or fresh else s.waiting + 1
    if context.classifier is None or line > LINES:
        return ()
    if s is not None and not fresh and (s.type or s.first_reply_at is not None):
        return ()
    customer = command.customer
    subject = command.subject if s is None else ""
    asked = Asked(
        lines=(command.text, subject) if subject else (command.text,),
        inbox=command.inbox,
        channel=command.channel,
        customer_tags=customer.tags,
        tier=customer.tier,
        language=customer.language,
    )
    matched = context.classifier.classify(asked)
    if matched is None:
        return ()
    why = Why.matched(replace(matched, line=line) if matched.line == 1 else matched).encode()
    found: list[e.ConversationEvent] = []
    if matched.type and (s is None or s.type != matched.type):
        found.append(e.TypeSet(matched.type, why))
    priority = s.priority if s is not None else Priority.NORMAL
    if matched.priority is not None and matched.priority is not priority:
        found.append(e.PrioritySet(matched.priority))
    tags = s.tags if s is not None else ()
    found += [e.Tagged(tag) for tag in matched.tags if tag not in tags]
    team = s.team if s is not None else command.team
    known = context.teams is None or matched.team in context.teams
    if matched.team and known and matched.team != team and (s is None or s.assignee is None):
        epoch = s.epoch + 1 if s is not None else 1
        found.append(e.Assigned(None, matched.team, epoch, why))  # type: ignore[arg-type]
    return tuple(found)
