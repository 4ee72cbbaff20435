"""A shop's own system: it posts customers' messages here, replies are posted to it. Both signed."""

from __future__ import annotations

import httpx
import msgspec

from agent_tui.channels import signature
from agent_tui.channels.base import Inbound, Outbound, Outcome, Refused, Request
from agent_tui.channels.post import post
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.settings.server import Outgoing

ID_CHARS = 128


class WebhookSettings(msgspec.Struct, frozen=True):
    """How an inbox is connected; kept in the server's database only."""

    url: str
    secret: str
    idempotent: bool = False


class WebhookCustomer(msgspec.Struct, frozen=True):
    """Who writes; `id` is the shop's own, and what a reply is addressed to."""

    id: str
    name: str = ""
    language: str = "zh"
    contact: str = ""


class WebhookMessage(msgspec.Struct, frozen=True):
    """What a shop posts for a customer."""

    customer: WebhookCustomer
    text: str
    subject: str = ""


class WebhookReply(msgspec.Struct, frozen=True):
    """What is posted to the shop. `agent` is the name that customers read; `at` is in ms."""

    message: str
    conversation: str
    customer: str
    agent: str
    text: str
    at: int


class Webhook:
    """A `base.Called`."""

    receipt: str | None = None

    def __init__(
        self, settings: WebhookSettings, limits: Outgoing, http: httpx.AsyncClient | None
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._http = http
        self.idempotent = settings.idempotent

    def greet(self, request: Request) -> str:
        """A webhook's sender does not test the address."""
        raise NotFound(
            Both("这里只收 POST", "only POST is taken here"),
            Both("用 POST 送入消息", "hand messages in by POST"),
        )

    def parse(self, request: Request) -> Inbound:
        """See `base.Port`."""
        return parse(self._settings.secret, request)

    async def fetch(self, http: httpx.AsyncClient, media: str, most: int) -> bytes | None:
        """Its messages name their files by addresses."""
        return None

    async def deliver(self, outbound: Outbound) -> Outcome:
        """See `base.Port`."""
        assert self._http is not None
        body = msgspec.json.encode(
            WebhookReply(
                message=outbound.key,
                conversation=outbound.conversation,
                customer=outbound.customer,
                agent=outbound.agent,
                text=outbound.text,
                at=outbound.at,
            )
        )
        if len(body) > self._limits.body_bytes:
            return Refused("too_large", f"{self._limits.body_bytes} B")
        headers = {"Content-Type": "application/json", "Idempotency-Key": outbound.key}
        headers |= signature.headers(self._settings.secret, outbound.key, body, outbound.now)
        return await post(self._http, self._settings.url, body, headers, self._limits.timeout)


def parse(secret: str, request: Request) -> Inbound:
    """The message in a signed request; its `webhook-id` is taken once."""
    key = signature.verify(secret, request.headers, request.body, request.now)
    found = msgspec.json.decode(request.body, type=WebhookMessage)
    customer = found.customer
    for name, value in (("webhook-id", key), ("customer.id", customer.id)):
        if not (0 < len(value) <= ID_CHARS and value.isprintable()):
            raise UsageError(
                Both(
                    f"{name} 要有 1 到 {ID_CHARS} 个可见字符",
                    f"{name} has 1 to {ID_CHARS} printable characters",
                )
            )
    return Inbound(
        external=key,
        customer=customer.id,
        text=found.text,
        name=customer.name,
        language=customer.language,
        contact=customer.contact,
        subject=found.subject,
    )
