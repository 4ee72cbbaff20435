"""The unsent tray: what was not sent, what was said since, and which ways out there are."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from agent_tui.desk.doing import Refused
from agent_tui.desk.drafts import conversation_of
from agent_tui.desk.reasons import PRIORITIES, STATUSES, TYPES, word
from agent_tui.desk.transcripts import Line
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, MessageId
from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.store.outbox import Draft, Outbox, TrayItem

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk

SINCE = 3
DRAFT_LEFT = "draft_left"
DISCARD = Both("丢弃", "discard")


class Way(StrEnum):
    """What its author can do with an item."""

    SEND = "send"
    EDIT = "edit"
    NOTE = "note"
    COPY = "copy"
    DISCARD = "discard"


class Tray:
    """The outbox's items, as of the last `read`, and drafts of conversations that are gone."""

    def __init__(self, desk: Desk, outbox: Outbox) -> None:
        self._desk = desk
        self._outbox = outbox
        self.items: list[TrayItem] = []

    def read(self) -> set[ConversationId]:
        """Read it again; the conversations of all that lay or lies there."""
        drafts = self._desk.drafts.kept.values()
        before, self.items = self.items, self._outbox.tray()
        self.items += orphans(drafts, self._desk.conversations.is_gone)
        return {conversation_of(item.conversation) for item in (*before, *self.items)}

    def ways(self, item: TrayItem) -> tuple[Way, ...]:
        """What can be done with an item now."""
        desk = self._desk
        found: list[Way] = []
        if desk.conversation(item.conversation) is not None:
            if isinstance(desk.doing.foresee(item.conversation, self._again(item)), tuple):
                found.append(Way.SEND)
            if item.text:
                found += [Way.EDIT, Way.NOTE]
        if item.text:
            found.append(Way.COPY)
        return (*found, Way.DISCARD)

    def since(self, item: TrayItem) -> list[Line]:
        """What others said after what the author of an item had seen."""
        return since(item, self._desk.transcript(item.conversation), self._desk.me.id)

    def _again(self, item: TrayItem) -> c.AgentCommand:
        reply = self._desk.writing.reply
        parts = tuple(
            reply(item.conversation, part.text, force=True, sources=part.sources)
            if isinstance(part, c.SendReply)
            else part
            for part in c.parts_of(item.order.command)
        )
        return parts[0] if len(parts) == 1 else c.Batch(parts)

    # --- the ways out; each raises StoreError ----------------------------------------------------

    def resend(self, item: TrayItem) -> Refused:
        """Send its text all the same, with everything that went with it."""
        return self._desk.do(item.conversation, self._again(item), instead_of=item)

    def to_note(self, item: TrayItem) -> Refused:
        """Leave its text as a note for colleagues."""
        return self._desk.writing.note(item.conversation, item.text, instead_of=item)

    def to_draft(self, item: TrayItem) -> None:
        """Put its text into its conversation's composer, after what stands there."""
        desk = self._desk
        draft = desk.drafts.get(item.conversation)
        text = f"{draft.text}\n{item.text}" if draft else item.text
        self._outbox.to_draft(item, text, desk.clock())
        desk.canned.insert_again(item.conversation, item.order.command)
        desk.refresh(Changes(outbox=True))

    def discard(self, item: TrayItem) -> None:
        """Drop it; can be undone."""
        now = self._desk.clock()
        if item.reason == DRAFT_LEFT:
            self._outbox.save_draft(item.conversation, "", now)
        else:
            self._outbox.discard(item.id)
        key = conversation_of(item.conversation)
        self._desk.undo_stack.push(Undo(key, item, DISCARD, now))
        self._desk.refresh(Changes(outbox=True))

    def put_back(self, item: TrayItem) -> None:
        """It was discarded, and is not."""
        if item.reason == DRAFT_LEFT:
            self._outbox.save_draft(item.conversation, item.text, item.at)
        else:
            self._outbox.put_back(item)
        self._desk.refresh(Changes(outbox=True))


def orphans(drafts: Iterable[Draft], gone: Callable[[ConversationId], bool]) -> list[TrayItem]:
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
        if gone(conversation_of(draft.conversation))
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
