"""A server with a webhook inbox, the shop's system behind it, and an agent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from agent_tui.channels import signature
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId, CustomerId, InboxId, MessageId
from agent_tui.domain.model import Channel, Delivery
from agent_tui.server import schema
from agent_tui.server.clock import now_ms
from agent_tui.server.connecting import connect
from agent_tui.server.workspace import ChangeWorkspace
from tests import factories as f
from tests.channels.receiver import Receiver
from tests.driver import AgentClient, Answer, Http, Serving, make_folder, new_id, until

INBOX = "shop"


class Shop:
    """Everything that a test of pushing needs, on one folder."""

    def __init__(
        self, root: Path, database: str | None, settings: str = "", idempotent: bool = False
    ) -> None:
        self.receiver = Receiver()
        config = f"[outgoing]\ntimeout = 1.0\n{settings}"
        self.serving = Serving(make_folder(root, config, database))
        inbox = f.inbox(INBOX, channel=Channel.WEBHOOK)
        self.secret, rows = connect(InboxId(INBOX), self.receiver.url, idempotent)
        self.serving.run(ChangeWorkspace([e.InboxSaved(inbox)], rows))

    def start(self) -> Shop:
        """Serve."""
        self.serving.start()
        return self

    def close(self) -> None:
        """End both sides."""
        self.serving.close()
        self.receiver.close()

    def hands_in(
        self, body: Any, key: str = "", secret: str = "", at: int | None = None, raw: bytes = b""
    ) -> Answer:
        """A signed request to the inbox."""
        import msgspec

        data = raw or msgspec.json.encode(body)
        signed = signature.headers(
            secret or self.secret, key or new_id(), data, now_ms() if at is None else at
        )
        path = f"/v1/inbound/{INBOX}"
        return Http(self.serving.base).call("POST", path, raw=data, headers=signed)

    def customer(self, name: str = "u1", text: str = "在吗") -> ConversationId:
        """A customer of the shop writes; the conversation."""
        answer = self.hands_in({"customer": {"id": name, "name": name}, "text": text})
        assert answer.status == 200, answer
        with self.serving.database.read() as connection:
            known = connection.execute(
                select(schema.identity.c.customer).where(schema.identity.c.external == name)
            ).scalar_one()
        states = self.serving.states().values()
        return max(
            (s for s in states if s.visitor == CustomerId(known)), key=lambda s: s.last_at
        ).id

    def agent(self) -> AgentClient:
        """An agent who may answer."""
        return self.serving.agent("anna")

    def replies(self, agent: AgentClient, key: ConversationId, text: str) -> MessageId:
        """Send a reply; its id, which is the key."""
        message = new_id()
        state = self.serving.state(key)
        reply = c.SendReply(
            message=message, text=text, epoch=state.epoch, seen=state.messages, force=True
        )
        agent.applied(key, reply)
        return message

    def delivery(self, key: ConversationId, message: MessageId) -> Delivery | None:
        """What the conversation knows of a reply's way."""
        return self.serving.state(key).delivery(message)

    def becomes(
        self, key: ConversationId, message: MessageId, state: str, seconds: float = 20.0
    ) -> Delivery:
        """Wait until the reply is in `state`."""

        def reached() -> Delivery | None:
            found = self.delivery(key, message)
            return found if found is not None and found.state == state else None

        found: Delivery = until(reached, seconds, f"{message} is {state}")
        return found

    def arrives(self, key: ConversationId, message: MessageId, seconds: float = 20.0) -> None:
        """Wait until the reply is known to have arrived."""
        until(lambda: self.delivery(key, message) is None, seconds, f"{message} arrived")
        assert self.row(message)["state"] == "sent"

    def row(self, message: MessageId) -> dict[str, Any]:
        """The row of the channel outbox."""
        return next(row for row in self.rows() if row["message"] == message)

    def rows(self, *, but: str = "") -> list[dict[str, Any]]:
        """All of them, except those in one state, in the order of the log."""
        query = select(schema.outgoing).order_by(schema.outgoing.c.seq)
        query = query.where(schema.outgoing.c.state != but)
        with self.serving.database.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def stays_quiet(self, seconds: float = 2.5) -> None:
        """Nothing more comes to the receiver: an absence can only be waited for."""
        before = self.receiver.seen()
        time.sleep(seconds)
        assert self.receiver.seen() == before
