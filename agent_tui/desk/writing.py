"""What an agent writes becomes a command: under what this desk shows, and with a fresh id."""

from __future__ import annotations

import hashlib
import secrets

from agent_tui.desk.conversations import Conversations
from agent_tui.desk.doing import Doing, Refused
from agent_tui.domain import calls
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, InboxId, MessageId, TeamId
from agent_tui.domain.model import Message
from agent_tui.lang import Both
from agent_tui.store.tray import TrayItem
from agent_tui.text import clean, clean_line

NOTE = Both("备注", "note")
EDIT = Both("修改", "edit")


class Writing:
    """Replies, notes, calls."""

    def __init__(self, conversations: Conversations, doing: Doing) -> None:
        self._conversations = conversations
        self._doing = doing

    def reply(
        self,
        key: ConversationId,
        text: str,
        *,
        force: bool = False,
        sources: tuple[str, ...] = (),
    ) -> c.SendReply:
        """The command that sends `text` as seen from this desk, taken from these `sources`.

        What was seen are confirmed messages only: one's own waiting ones have no number yet, and
        the customer may take it.
        """
        state = self._conversations.state(key)
        return c.SendReply(
            message=new_message_id(),
            text=clean(text),
            epoch=state.epoch if state else 0,
            owner=state.assignee if state else None,
            seen=self._conversations.last_confirmed(key),
            force=force,
            sources=sources,
        )

    def send(self, key: ConversationId, text: str, *, force: bool = False) -> Refused:
        """Reply with `text`, under the epoch and the last message that the screen shows."""
        return self._doing.do(key, self.reply(key, text, force=force), clear_draft=True)

    def note(
        self, key: ConversationId, text: str, *, instead_of: TrayItem | None = None
    ) -> Refused:
        """Leave a note for colleagues: what stands in the composer, or a tray item's text. The
        unfinished reply stays as it is."""
        command = c.AddNote(message=new_message_id(), text=clean(text))
        return self._doing.do(key, command, title=NOTE, instead_of=instead_of)

    def call(
        self,
        inbox: InboxId,
        number: str,
        text: str,
        *,
        name: str = "",
        team: TeamId | None = None,
        language: str = "zh",
        once: str = "",
    ) -> tuple[ConversationId, c.NoteCall]:
        """The command that notes a call, and the conversation that it goes on in, or opens.

        `once` is whatever a telephone system calls the call: noted again, nothing more comes of it.
        """
        known = calls.running(self._conversations.live(), inbox, number)
        digest = hashlib.sha256(f"{inbox}\n{once}".encode()).hexdigest()[:32]
        command = c.NoteCall(
            message=MessageId("p" + digest) if once else new_message_id(),
            number=number,
            text=clean(text),
            inbox=inbox,
            name=clean_line(name, calls.NAME_CHARS),
            language=language,
            team=team,
        )
        return known or ConversationId("c" + (digest if once else secrets.token_hex(8))), command

    def edit(self, key: ConversationId, message: Message, text: str) -> Refused:
        """Put `text` in the place of what one's own `message` says."""
        command = c.EditMessage(message=message.id, no=message.no, text=clean(text))
        return self._doing.do(key, command, title=EDIT)


def new_message_id() -> MessageId:
    """A fresh id for something written here."""
    return MessageId("m" + secrets.token_hex(8))
