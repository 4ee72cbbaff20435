"""Mails as messages: taking one in, and what an answer to it must name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
from sqlalchemy import Connection, and_, insert, select

from agent_tui.domain.ids import ConversationId, CustomerId, InboxId
from agent_tui.domain.model import Conversation
from agent_tui.lang import Both
from agent_tui.server import schema
from agent_tui.server.database import Database
from agent_tui.server.inbound import TakeInbound
from agent_tui.server.unit import Unit
from agent_tui.text import clean

ABOUT = Both("［主题：{subject}］\n", "[Subject: {subject}]\n")
CUT = Both("\n…（太长，其余在邮箱里）", "\n… (too long; the rest is in the mailbox)")


class Said(msgspec.Struct, frozen=True):
    """A mail as it goes into the log. `thread`: the Message-IDs that it names. One that is not
    `answered` by what is said next is a report: the answer belongs to the mail before it."""

    external: str
    text: str
    subject: str = ""
    message_id: str = ""
    thread: tuple[str, ...] = ()
    language: str = "zh"
    answered: bool = True


class Thread(msgspec.Struct, frozen=True):
    """What an answer names: the subject, and Message-IDs, the one that is answered last."""

    subject: str = ""
    answers: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """A conversation and whose it is."""

    conversation: ConversationId
    visitor: CustomerId


class TakeMail(TakeInbound):
    """A mail, once. It continues `conversation` if that is its customer's, else the running one."""

    def __init__(
        self,
        inbox: InboxId,
        customer: CustomerId,
        said: Said,
        conversation: ConversationId | None = None,
    ) -> None:
        super().__init__(inbox, customer, said.external, said.text, said.subject)
        self._said = said
        self._whole = self._text
        self._named = conversation

    def run(self, unit: Unit) -> None:
        """As any message; beside it stands what an answer must name."""
        key = (self._inbox, self._external)
        if key in unit.inbound:
            super().run(unit)
            return
        most = unit.directory.policy.message_chars
        self._text = fitting(self._about(unit) + self._whole, most, self._said.language)
        super().run(unit)
        taken = unit.inbound.get(key)
        if taken is None or not self._said.answered:
            return
        row = {
            "inbox": self._inbox,
            "external": self._external,
            "conversation": taken.conversation,
            "message_id": self._said.message_id,
            "subject": self._said.subject,
            "thread": " ".join(self._said.thread),
        }
        unit.writes.append((insert(schema.mail), row))

    def _about(self, unit: Unit) -> str:
        """The subject, where it is not that of the conversation which it goes into."""
        running = self._running(unit)
        if running is None or self._subject in ("", running.subject):
            return ""
        return _in(ABOUT, self._said.language).format(subject=self._subject)

    def _running(self, unit: Unit) -> Conversation | None:
        for state in unit.of_visitor(self._customer):
            if state.id == self._named and state.inbox == self._inbox:
                return state
        return super()._running(unit)


def fitting(text: str, most: int, language: str) -> str:
    """`text`, or as much of it as a message may have, and a word on that."""
    if len(text) <= most:
        return text
    end = _in(CUT, language)
    # What it ends with may mean nothing without what came behind it.
    return clean(text[: max(0, most - len(end))]) + end


def threads(connection: Connection, replies: Mapping[int, ConversationId]) -> dict[int, Thread]:
    """What each reply names, by the seq of its event: the customer's last mail before it."""
    mail, inbound = schema.mail.c, schema.inbound.c
    query = (
        select(mail.conversation, inbound.seq, mail.subject, mail.message_id, mail.thread)
        .select_from(schema.mail)
        .join(schema.inbound, and_(inbound.inbox == mail.inbox, inbound.external == mail.external))
        .where(mail.conversation.in_(sorted(set(replies.values()))))
        .order_by(inbound.seq)
    )
    rows = connection.execute(query).all() if replies else []
    found: dict[int, Thread] = {}
    for seq, conversation in replies.items():
        before = [row for row in rows if row.conversation == conversation and row.seq < seq]
        if before:
            *_, subject, message_id, named = before[-1]
            answers = tuple(each for each in named.split() if each != message_id)
            found[seq] = Thread(subject, (*answers, message_id) if message_id else answers)
    return found


def answered(database: Database, inbox: InboxId, keys: Collection[str]) -> Place | None:
    """Whose conversation the first of the replies `keys` stands in that this inbox sent."""
    message, conversation = schema.message.c, schema.conversation.c
    with database.read() as connection:
        for key in keys:
            found = connection.execute(
                select(conversation.id, conversation.visitor)
                .join(schema.message, message.conversation == conversation.id)
                .where(message.id == key, conversation.inbox == inbox)
            ).first()
            if found is not None:
                return Place(*found)
    return None


def _in(words: Both, language: str) -> str:
    """Kept with the message, so in the customer's language, not in that of whoever looks."""
    return words.en if language == "en" else words.zh
