"""Where channels hand in what customers wrote: one endpoint, each inbox's channel reads its own."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from agent_tui.channels import base
from agent_tui.channels.base import Called
from agent_tui.channels.opening import Opened
from agent_tui.channels.webhook import WebhookMessage
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Inbox
from agent_tui.errors import NotFound
from agent_tui.lang import Both
from agent_tui.server import connecting, keeping
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, read_body
from agent_tui.server.handing_in import hand_in
from agent_tui.server.inbound import TakeInbound
from agent_tui.server.meeting import meet
from agent_tui.server.service import Service
from agent_tui.server.web_shapes import WriteAnswer


class ChannelApi:
    """Handlers for the other side of a channel."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._opened = Opened(service.config.outgoing)

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        return [
            Endpoint(
                "POST",
                "/v1/inbound/{inbox}",
                self.take,
                "A customer's message from a shop's own system (once per webhook-id) or from "
                "WeChat (once per MsgId), signed",
                auth="signature",
                body=WebhookMessage,
                answer=WriteAnswer,
            ),
            Endpoint(
                "GET",
                "/v1/inbound/{inbox}",
                self.greet,
                "WeChat tests the address that it is to hand messages in at",
                query=("signature", "timestamp", "nonce", "echostr"),
                media="text/plain",
            ),
        ]

    async def take(self, request: Request) -> Response:
        """Durable before it is answered; taken once however often it is sent."""
        inbox = self._inbox(request)
        port = await self._port(inbox)
        body = await read_body(request, self._service.config.limits.body_bytes)
        found = port.parse(_asked(request, body))
        if found is None:
            return _thanks(port.receipt or "")
        self._service.limits.take("inbound", inbox.id)
        text = await keeping.text_of(self._service, request, inbox.id, port, found)
        customer = await meet(self._service, inbox.id, found)
        job = TakeInbound(inbox.id, customer, found.external, text, found.subject)
        answer = await hand_in(self._service, job, found.external)
        return answer if port.receipt is None else _thanks(port.receipt)

    async def greet(self, request: Request) -> Response:
        """What a test of the address expects."""
        port = await self._port(self._inbox(request))
        return _thanks(port.greet(_asked(request, b"")))

    def _inbox(self, request: Request) -> Inbox:
        key = InboxId(request.path_params["inbox"])
        found = self._service.hub.directory.inboxes.get(key)
        if found is None:
            raise _nothing(key)
        return found

    async def _port(self, inbox: Inbox) -> Called:
        database = self._service.database
        settings = await anyio.to_thread.run_sync(connecting.settings, database, inbox.id)
        port = self._opened.port(inbox, settings) if settings else None
        if not isinstance(port, Called):
            raise _nothing(inbox.id)
        return port


def _asked(request: Request, body: bytes) -> base.Request:
    return base.Request(request.headers, body, now_ms(), request.query_params)


def _thanks(text: str) -> Response:
    return PlainTextResponse(text, headers={"X-Content-Type-Options": "nosniff"})


def _nothing(key: str) -> NotFound:
    return NotFound(
        Both(f"没有可以这样送入的收件箱 {key}", f"no inbox {key} takes messages this way"),
        Both("检查地址里的 inbox", "check the inbox in the address"),
    )
