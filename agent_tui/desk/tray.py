"""The unsent tray: what was not sent, what was said since, and which ways out there are."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec.structs import replace

from agent_tui.desk.doing import Refused
from agent_tui.desk.grace import has_reply
from agent_tui.desk.reasons import DEADLINES, PRIORITIES, STATUSES, TYPES, word
from agent_tui.desk.transcripts import Line
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, MessageId
from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.store.drafts import Draft, conversation_of, note_key
from agent_tui.store.outbox import Outbox
from agent_tui.store.tray import TrayItem

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
        before, self.items = self.items, self._outbox.tray.items()
        self.items += orphans(drafts, self._desk.conversations.is_gone)
        return {conversation_of(item.conversation) for item in (*before, *self.items)}

    def ways(self, item: TrayItem) -> tuple[Way, ...]:
        """What can be done with an item now."""
        desk = self._desk
        found: list[Way] = []
        here = desk.conversation(item.conversation) is not None
        opens = isinstance(item.order.command, c.NoteCall)
        again = desk.doing.foresee(item.conversation, self._again(item)) if here or opens else None
        if isinstance(again, tuple):
            found.append(Way.SEND)
        if here and item.text:
            found += [Way.EDIT, Way.NOTE]
        if item.text:
            found.append(Way.COPY)
        return (*found, Way.DISCARD)

    def since(self, item: TrayItem) -> list[Line]:
        """What others said after what the author of an item had seen."""
        return since(item, self._desk.transcript(item.conversation), self._desk.me.id)

    def _again(self, item: TrayItem) -> c.AgentCommand:
        if isinstance(item.order.command, c.NoteCall):
            return item.order.command
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

    def to_draft(self, item: TrayItem) -> ConversationId:
        """Put its text into its conversation's composer, after what stands there; the draft's key.
        What was not for the customer is a note again."""
        desk = self._desk
        reply = has_reply(item.order.command) or self._of_reply(item)
        key = item.conversation if reply else note_key(item.conversation)
        draft = desk.drafts.get(key)
        text = f"{draft.text}\n{item.text}" if draft else item.text
        self._outbox.tray.to_draft(replace(item, conversation=key), text, desk.clock())
        desk.canned.insert_again(item.conversation, item.order.command)
        desk.refresh(Changes(outbox=True))
        return key

    def _of_reply(self, item: TrayItem) -> bool:
        """Whether its words were to replace those of a reply; of what is not here, nobody knows."""
        edited = {p.message for p in c.parts_of(item.order.command) if isinstance(p, c.EditMessage)}
        kinds = {
            line.message.kind
            for line in self._desk.transcript(item.conversation)
            if line.message.id in edited
        }
        return kinds == {MessageKind.REPLY}

    def discard(self, item: TrayItem) -> None:
        """Drop it; can be undone."""
        now = self._desk.clock()
        if item.reason == DRAFT_LEFT:
            self._outbox.drafts.save(item.conversation, "", now)
        else:
            self._outbox.tray.discard(item)
        key = conversation_of(item.conversation)
        self._desk.undo_stack.push(Undo(key, item, DISCARD, now))
        self._desk.refresh(Changes(outbox=True))

    def put_back(self, item: TrayItem) -> None:
        """It was discarded, and is not."""
        if item.reason == DRAFT_LEFT:
            self._outbox.drafts.save(item.conversation, item.text, item.at)
        else:
            self._outbox.tray.put_back(item)
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


def said(command: c.AgentCommand) -> tuple[str, bool]:
    """What of `command` the customer would read; else what colleagues would, and that it is so.
    Other words for a message count as the customer's: they may be."""
    if isinstance(command, c.NoteCall):
        return command.text, True
    parts = c.parts_of(command)
    replies = [part.text for part in parts if isinstance(part, c.SendReply | c.EditMessage)]
    notes = [part.text for part in parts if isinstance(part, c.AddNote)]
    return "\n".join(replies or notes), not replies


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


PLAIN: dict[type[c.AgentPart], Both] = {
    c.Claim: Both("认领", "claim"),
    c.Release: Both("放回队列", "release"),
    c.RemoveNote: Both("撤销备注", "take the note back"),
    c.CoolDown: Both("冷静", "cool down"),
    c.MarkRead: Both("标为已读", "mark as read"),
    c.MergeCustomer: Both("合并客户", "merge the customers"),
    c.UnmergeCustomer: Both("拆开客户", "part the customers"),
    c.RetryDelivery: Both("重发", "send again"),
    c.SettleDelivery: Both("送达已处理", "delivery dealt with"),
    c.UnsettleDelivery: Both("送达待处理", "delivery to be dealt with"),
    c.SettleDraft: Both("采用或忽略草稿", "take or dismiss a draft"),
    c.SuggestArticle: Both("知识建议", "suggest an article"),
    c.AcceptSuggestion: Both("发布知识", "publish an article"),
    c.DeclineSuggestion: Both("不采用建议", "decline a suggestion"),
}


def words(command: c.AgentCommand) -> str:
    """What a command without a text was to do."""
    if isinstance(command, c.NoteCall):
        return command.text
    return " · ".join(str(_words(part)) for part in c.parts_of(command))


def _words(part: c.AgentPart) -> Both | str:
    match part:
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
        case c.StartClock():
            clock = DEADLINES[part.clock]
            return Both(f"开始计时：{clock.zh}", f"start the clock: {clock.en}")
        case c.StopClock():
            clock = DEADLINES[part.clock]
            return Both(f"停止计时：{clock.zh}", f"stop the clock: {clock.en}")
        case c.SendReply() | c.AddNote() | c.EditMessage():
            return part.text
        case _:
            return PLAIN[type(part)]
