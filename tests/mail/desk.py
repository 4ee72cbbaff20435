"""A shop with a mailbox: its server, its agents, its provider, and customers who write."""

from __future__ import annotations

import itertools
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from sqlalchemy import select

from agent_tui.channels.mail.settings import MailSettings, Place
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, InboxId, MessageId
from agent_tui.domain.model import Channel, Conversation
from agent_tui.server import mailboxes, schema
from agent_tui.server.workspace import ChangeWorkspace
from tests import factories as f
from tests.driver import AgentClient, Serving, make_folder, new_id, until
from tests.mail.dovecot import PASSWORD, Dovecot
from tests.mail.letters import DESK
from tests.mail.smtpd import Got, Server

INBOX = InboxId("post")
_users = itertools.count(1)


class Desk:
    """Everything that a test of mail needs, on one folder and one mailbox."""

    def __init__(
        self, root: Path, database: str | None, dovecot: Dovecot, settings: str = "", **more: Any
    ) -> None:
        self.root = root
        self.out = Server()
        self.user = dovecot.user(f"desk{next(_users)}")
        config = f"[outgoing]\ntimeout = 2.0\n[mail]\npoll_seconds = 0.1\ntimeout = 5\n{settings}"
        self.serving = Serving(make_folder(root, config, database))
        made: dict[str, Any] = {
            "address": DESK,
            "name": "青禾生活",
            "imap": dovecot.place,
            "smtp": Place("127.0.0.1", self.out.port, "none"),
            "user": self.user.name,
            "password": PASSWORD,
            "smtp_user": "",
            "smtp_password": "",
        }
        self.settings = MailSettings(**(made | more))
        self.connect(self.settings)

    def connect(self, settings: MailSettings) -> None:
        """As the command does."""
        self.settings = settings
        inbox = f.inbox(INBOX, channel=Channel.MAIL)
        rows = mailboxes.connect(INBOX, settings, None)
        self.serving.run(ChangeWorkspace([e.InboxSaved(inbox)], rows))

    def start(self) -> Desk:
        """Serve."""
        self.serving.start()
        return self

    def close(self) -> None:
        """End all but the mailbox."""
        self.serving.close()
        self.out.close()

    def agent(self) -> AgentClient:
        """An agent who may answer."""
        return self.serving.agent("anna")

    def texts(self, key: ConversationId) -> list[str]:
        """What was said in a conversation."""
        return [message.text for message in self.serving.messages(key)]

    def chats(self) -> list[Conversation]:
        """Every conversation, the oldest first."""
        return sorted(self.serving.states().values(), key=lambda each: each.opened_at)

    def taken(self, count: int = 1, seconds: float = 20.0) -> Conversation:
        """The only conversation, once it holds `count` messages."""

        def found() -> Conversation | None:
            states = self.chats()
            return states[0] if states and states[0].messages >= count else None

        state: Conversation = until(found, seconds, f"{count} messages")
        assert len(self.chats()) == 1
        assert state.messages == count
        return state

    def replies(self, agent: AgentClient, key: ConversationId, text: str) -> MessageId:
        """Send a reply; its id."""
        message = new_id()
        state = self.serving.state(key)
        reply = c.SendReply(
            message=message, text=text, epoch=state.epoch, seen=state.messages, force=True
        )
        agent.applied(key, reply)
        return message

    def sent(self, count: int = 1) -> Got:
        """The last of `count` mails that left."""
        until(lambda: len(self.out.got) >= count, 20, f"{count} mails out")
        assert len(self.out.got) == count
        return self.out.got[-1]

    def becomes(self, key: ConversationId, message: MessageId, state: str) -> Any:
        """Wait until the reply is in `state`; None stands for arrived."""

        def reached() -> Any:
            found = self.serving.state(key).delivery(message)
            return found if found is not None and found.state == state else None

        return until(reached, 20, f"{message} is {state}")

    def arrives(self, key: ConversationId, message: MessageId) -> None:
        """Wait until the reply is known to have arrived."""
        until(lambda: self.serving.state(key).delivery(message) is None, 20, "it arrived")

    def position(self) -> tuple[int, int]:
        """(validity, number) as it is stored."""
        with self.serving.database.read() as connection:
            row = connection.execute(select(schema.mailbox.c.validity, schema.mailbox.c.uid)).one()
        return row.validity, row.uid

    def settles(self) -> None:
        """Wait until the position has passed everything that lies in the mailbox."""
        until(lambda: self.position()[1] >= self.user.last(), 20, "the mailbox is read")


def message_id(mail: EmailMessage) -> str:
    """The id of a mail."""
    return str(mail["Message-ID"])
