"""The unsent tray: what was not sent, what was said since, and which ways out there are."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from agent_tui.desk.reasons import PRIORITIES, STATUSES, TYPES, word
from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, MessageId
from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.store.outbox import Draft, TrayItem

if TYPE_CHECKING:
    from agent_tui.desk.desk import Line

SINCE = 3
DRAFT_LEFT = "draft_left"
NOTE = "note:"  # before the conversation's id where the draft is of a note


class Way(StrEnum):
    """What its author can do with an item."""

    SEND = "send"
    EDIT = "edit"
    NOTE = "note"
    COPY = "copy"
    DISCARD = "discard"


def conversation_of(draft: ConversationId) -> ConversationId:
    """The conversation that a draft is kept for."""
    return ConversationId(draft.removeprefix(NOTE))


def note_key(key: ConversationId) -> ConversationId:
    """Under which a conversation's unfinished note is kept among the drafts."""
    return ConversationId(f"{NOTE}{key}")


def orphans(drafts: Iterable[Draft], known: Callable[[ConversationId], bool]) -> list[TrayItem]:
    """Drafts of conversations that are no longer here: still their author's, and shown as such."""
    return [
        TrayItem(
            id=-1 - zlib.crc32(draft.conversation.encode()),
            client=ClientId(""),
            conversation=draft.conversation,
            at=draft.at,
            reason=DRAFT_LEFT,
            detail="",
            held=True,
            text=draft.text,
            order=c.Order(
                1, draft.conversation, draft.at, c.SendReply(MessageId(""), draft.text, 0, 0)
            ),
        )
        for draft in drafts
        if not known(conversation_of(draft.conversation))
    ]


def since(item: TrayItem, lines: Sequence[Line], me: AgentId) -> list[Line]:
    """The last things that others said after what the reply's author had seen."""
    replies = [part for part in c.parts_of(item.order.command) if isinstance(part, c.SendReply)]
    if not replies:
        return []
    later = [
        line
        for line in lines
        if line.message.no > replies[0].seen
        and line.message.author != me
        and line.message.kind is not MessageKind.NOTE
    ]
    return later[-SINCE:]


def words(command: c.AgentCommand) -> str:
    """What a command without a text was to do."""
    return " · ".join(str(_words(part)) for part in c.parts_of(command))


def _words(part: c.AgentPart) -> Both | str:
    match part:
        case c.Claim():
            return Both("认领", "claim")
        case c.Release():
            return Both("放回队列", "release")
        case c.Assign():
            to = part.agent or part.team or "-"
            return Both(f"转给 {to}", f"assign to {to}")
        case c.Tag():
            return Both(f"标签 {part.tag}", f"tag {part.tag}")
        case c.Untag():
            return Both(f"去掉标签 {part.tag}", f"untag {part.tag}")
        case c.SetPriority():
            return word(PRIORITIES, part.priority)
        case c.SetType():
            return word(TYPES, part.type)
        case c.SetStatus():
            return word(STATUSES, part.status)
        case c.SendReply() | c.AddNote():
            return part.text
        case _:
            return str(part.__struct_config__.tag)
