"""Where channels hand in what customers wrote: one endpoint, each inbox's channel reads its own."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.channels import base
from agent_tui.channels.base import Inbound, Port
from agent_tui.channels.opening import open_channel
from agent_tui.channels.webhook import WebhookMessage
from agent_tui.domain.ids import CustomerId, InboxId
from agent_tui.domain.model import Inbox
from agent_tui.errors import NotFound
from agent_tui.lang import Both
from agent_tui.server import connecting, identity
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, read_body
from agent_tui.server.handing_in import hand_in
from agent_tui.server.identity import MeetCustomer
from agent_tui.server.inbound import TakeInbound
from agent_tui.server.service import Service
from agent_tui.server.web_shapes import WriteAnswer


class ChannelApi:
    """Handlers for the other side of a channel."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "POST",
                "/v1/inbound/{inbox}",
                self.take,
                "A customer's message from a shop's own system, signed; once per webhook-id",
                auth="signature",
                body=WebhookMessage,
                answer=WriteAnswer,
            )
        ]

    async def take(self, request: Request) -> Response:
        """Durable before it is answered; taken once however often it is sent."""
        inbox = self._inbox(request)
        port = await self._port(inbox)
        body = await read_body(request, self._service.config.limits.body_bytes)
        found = port.parse(base.Request(request.headers, body, now_ms()))
        self._service.limits.take("inbound", inbox.id)
        customer = await self._customer(inbox, found)
        job = TakeInbound(inbox.id, customer, found.external, found.text, found.subject)
        return await hand_in(self._service, job, found.external)

    def _inbox(self, request: Request) -> Inbox:
        key = InboxId(request.path_params["inbox"])
        found = self._service.hub.directory.inboxes.get(key)
        if found is None:
            raise _nothing(key)
        return found

    async def _port(self, inbox: Inbox) -> Port:
        database, limits = self._service.database, self._service.config.outgoing
        settings = await anyio.to_thread.run_sync(connecting.settings, database, inbox.id)
        port = open_channel(inbox.channel, settings, limits) if settings else None
        if port is None:
            raise _nothing(inbox.id)
        return port

    async def _customer(self, inbox: Inbox, found: Inbound) -> CustomerId:
        database = self._service.database
        known = await anyio.to_thread.run_sync(identity.known, database, inbox.id, found.customer)
        if known is not None:
            return known
        customer = identity.newcomer(found.name, found.language, now_ms(), found.contact)
        job = MeetCustomer(inbox.id, found.customer, customer)
        met: CustomerId = await self._service.writer.submit(job)
        return met


def _nothing(key: str) -> NotFound:
    return NotFound(
        Both(f"没有可以这样送入的收件箱 {key}", f"no inbox {key} takes messages this way"),
        Both("检查地址里的 inbox", "check the inbox in the address"),
    )
