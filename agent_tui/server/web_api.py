"""The public web channel: what the chat page, and a mini-program, call for a customer."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio.to_thread
import msgspec
from msgspec import Meta
from sqlalchemy import Row, select
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId
from agent_tui.domain.model import Channel, Conversation, Customer, Inbox, MessageKind, Status
from agent_tui.domain.outcome import Reason, Rejected
from agent_tui.domain.plan import surge_of
from agent_tui.domain.protocol import Presence
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.server import audience, auth, schema
from agent_tui.server.agent_api import HEARTBEAT, LONGEST_WAIT, PRESENCE_MS, sse
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, TooLarge, json, number, read_body
from agent_tui.server.hub import Place
from agent_tui.server.inbound import ConfirmReceipt, Received, SaveCustomer, TakeInbound, new_id
from agent_tui.server.service import Service, address
from agent_tui.server.streams import EventStream, Seat
from agent_tui.text import clean_line

VISITOR_MS = 400 * 24 * 3600 * 1000
FALLBACK_NAME = {"zh": "访客", "en": "Visitor"}
PAGE = 200
Seq = Annotated[int, Meta(ge=0, lt=2**53)]


class Words(msgspec.Struct, frozen=True):
    """A sentence in both languages."""

    zh: str
    en: str


class InboxAnswer(msgspec.Struct, frozen=True):
    """What the page shows before anything is written."""

    inbox: str
    title: Words
    greeting: Words
    online: bool


class VisitorRequest(msgspec.Struct, frozen=True):
    """A new visitor. `name` is what they want to be called; both fields may be left out."""

    name: str = ""
    language: str = "zh"


class VisitorAnswer(msgspec.Struct, frozen=True):
    """The visitor's token for the Authorization header."""

    visitor: str
    customer: str


class WriteRequest(msgspec.Struct, frozen=True):
    """A message. `id` is the caller's own (a UUID, say); the same id is taken once."""

    id: str
    text: str


class WriteAnswer(msgspec.Struct, frozen=True):
    """The message is durable. `seq` is its place among all of this visitor's messages."""

    id: str
    seq: int
    at: int


class WebMessage(msgspec.Struct, frozen=True):
    """A line as the customer may see it. Notes never appear."""

    id: str
    seq: int
    at: int
    from_: str = msgspec.field(name="from")
    name: str
    text: str


class WebQueue(msgspec.Struct, frozen=True):
    """Nobody has the customer's chat yet. `ahead`: how many are served before; it takes from `low`
    to `high` seconds from when it was told, `left_low` to `left_high` from now."""

    ahead: int
    low: int
    high: int
    left_low: int
    left_high: int


class WebPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages after a seq, oldest first. `delivered`: the last one that an agent has looked at.

    `queue` is there while the customer waits for their turn.
    """

    messages: tuple[WebMessage, ...]
    delivered: int
    cursor: int
    more: bool
    queue: WebQueue | None = None


class ReceiptRequest(msgspec.Struct, frozen=True):
    """The page has received, and shown, the agent's messages up to these seqs."""

    delivered: Seq = 0
    read: Seq = 0


class WebApi:
    """Handlers of the web channel."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def endpoints(self) -> list[Endpoint]:
        """What this API offers."""
        base = "/v1/web/{inbox}"
        return [
            Endpoint("GET", base, self.about, "Title and greeting of an inbox", answer=InboxAnswer),
            Endpoint(
                "POST",
                f"{base}/session",
                self.session,
                "A token for a new visitor",
                body=VisitorRequest,
                answer=VisitorAnswer,
                status=201,
            ),
            Endpoint(
                "POST",
                f"{base}/messages",
                self.write,
                "Say something, once per id",
                auth="visitor",
                body=WriteRequest,
                answer=WriteAnswer,
            ),
            Endpoint(
                "GET",
                f"{base}/messages",
                self.messages,
                "Messages after a seq; waits if told to",
                auth="visitor",
                answer=WebPage,
                query=("after", "limit", "wait"),
            ),
            Endpoint(
                "GET",
                f"{base}/stream",
                self.stream,
                "Server-sent events: message, state, queue, typing",
                auth="visitor",
                answer=WebMessage,
                media="text/event-stream",
                query=("after",),
            ),
            Endpoint(
                "POST",
                f"{base}/receipt",
                self.receipt,
                "Agent's messages arrived, were shown",
                auth="visitor",
                body=ReceiptRequest,
            ),
            Endpoint(
                "POST", f"{base}/typing", self.typing, "The customer is writing", auth="visitor"
            ),
        ]

    def _inbox(self, request: Request) -> Inbox:
        key = InboxId(request.path_params["inbox"])
        found = self._service.hub.directory.inboxes.get(key)
        if found is None or found.channel is not Channel.WEB:
            raise NotFound(
                Both(f"没有网页收件箱 {key}", f"there is no web inbox {key}"),
                Both("检查地址里的 inbox", "check the inbox in the address"),
            )
        return found

    async def about(self, request: Request) -> Response:
        """Public."""
        inbox = self._inbox(request)
        shop = self._service.config.shop
        known = self._service.hub.directory
        rush = surge_of(known.surges.values(), inbox.team, now_ms()) is not None
        greeting = (shop.rush, shop.rush_en) if rush else (shop.greeting, shop.greeting_en)
        return json(
            InboxAnswer(
                inbox=inbox.id,
                title=Words(inbox.title_zh, inbox.title_en),
                greeting=Words(*greeting),
                online=known.plan.open_hours(inbox.team).is_open(now_ms()),
            )
        )

    async def session(self, request: Request) -> Response:
        """A new visitor is a new customer until somebody says who it is."""
        self._inbox(request)
        if not await self._service.is_load_test(request):
            self._service.limits.take("web_session", address(request))
        body = msgspec.json.decode(await self._body(request, b"{}"), type=VisitorRequest)
        language = "en" if body.language.lower().startswith("en") else "zh"
        key = CustomerId(new_id("v"))
        name = clean_line(body.name, 64) or f"{FALLBACK_NAME[language]} {key[-4:]}"
        now = now_ms()
        customer = Customer(id=key, name=name, language=language, since=now)
        secret, row = auth.new_token(auth.VISITOR, key, now, VISITOR_MS)
        await self._service.writer.submit(SaveCustomer(customer, row))
        return json(VisitorAnswer(visitor=secret, customer=key), status=201)

    async def write(self, request: Request) -> Response:
        """Durable before it is answered."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        limits = self._service.limits
        limits.take("web_message", visitor)
        if not await self._service.is_load_test(request):
            limits.take("web_address", address(request))
        body = msgspec.json.decode(await self._body(request), type=WriteRequest)
        if not body.id or len(body.id) > 64:
            raise UsageError(Both("id 要有 1 到 64 个字符", "id has 1 to 64 characters"))
        job = TakeInbound(inbox.id, visitor, f"{visitor}/{body.id}", body.text)
        found: Received | Rejected = await self._service.writer.submit(job)
        if isinstance(found, Rejected):
            raise refusal(found)
        return json(WriteAnswer(id=body.id, seq=found.seq, at=found.at))

    async def messages(self, request: Request) -> Response:
        """History, or what is new."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        after, limit = number(request, "after", 0), min(number(request, "limit", PAGE), PAGE)
        wait = min(number(request, "wait", 0), LONGEST_WAIT)
        page = await self._page(inbox, visitor, after, limit)
        if wait and not page.messages:
            with self._service.streams.held(await self._seats("poll", request, visitor)):
                page = await self._waited(inbox, visitor, after, limit, wait)
        return json(page)

    async def _waited(
        self, inbox: Inbox, visitor: CustomerId, after: int, limit: int, seconds: float
    ) -> WebPage:
        hub = self._service.hub
        until = time.monotonic() + seconds
        with hub.listen("visitor", audience.of_visitor(visitor)) as listener:
            listener.news = False
            while (left := until - time.monotonic()) > 0 and not hub.closing.is_set():
                if not await hub.wait(listener, left) or listener.news:
                    break
        return await self._page(inbox, visitor, after, limit)

    async def stream(self, request: Request) -> Response:
        """Messages as they come."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        after = number(request, "after", 0)
        give_back = self._service.streams.take(await self._seats("visitor", request, visitor))
        return EventStream(self._events(inbox, visitor, after), give_back)

    async def _seats(self, kind: str, request: Request, visitor: CustomerId) -> list[Seat]:
        limits = self._service.config.limits
        seats = [(kind, str(visitor), limits.web_streams)]
        if not await self._service.is_load_test(request):
            seats.append((f"{kind} of address", address(request), limits.address_streams))
        return seats

    async def _events(self, inbox: Inbox, visitor: CustomerId, after: int) -> AsyncIterator[bytes]:
        hub = self._service.hub
        delivered = 0
        queue: WebQueue | None = None
        clock = asyncio.get_running_loop().time
        beat_at = clock() + HEARTBEAT
        yield b": hello\n\n"
        with hub.listen("visitor", audience.of_visitor(visitor)) as listener:
            while not hub.closing.is_set():
                if listener.news:
                    listener.news = False
                    more = True
                    while more:
                        page = await self._page(inbox, visitor, after, PAGE)
                        for message in page.messages:
                            data = msgspec.json.encode(message)
                            yield sse("message", data, str(message.seq))
                        after, more = max(after, page.cursor), page.more
                    if page.delivered > delivered:
                        delivered = page.delivered
                        yield sse("state", msgspec.json.encode({"delivered": delivered}))
                    if page.queue != queue:
                        queue = page.queue
                        yield sse("queue", msgspec.json.encode(queue))
                while listener.presence:
                    presence, place = listener.presence.popleft()
                    if place.visitor == visitor and presence.agent and presence.typing:
                        name = self._name(presence.agent)
                        data = msgspec.json.encode({"name": name, "until": presence.until})
                        yield sse("typing", data)
                if clock() >= beat_at:
                    beat_at = clock() + HEARTBEAT
                    yield b": beat\n\n"
                if not listener.news:
                    await hub.wait(listener, max(0.0, beat_at - clock()))

    async def receipt(self, request: Request) -> Response:
        """Tell the agents."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        body = msgspec.json.decode(await self._body(request), type=ReceiptRequest)
        upto = await anyio.to_thread.run_sync(
            self._numbers, inbox, visitor, body.delivered, body.read
        )
        if upto:
            await self._service.writer.submit(ConfirmReceipt(visitor, upto))
        return json({})

    async def typing(self, request: Request) -> Response:
        """Passed on to the agents, never stored."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        state = await anyio.to_thread.run_sync(self._current, inbox, visitor)
        if state is not None:
            until = now_ms() + PRESENCE_MS
            self._service.hub.tell(Presence(state.id, "", True, until), Place.of(state))
        return json({})

    # --- reading ---------------------------------------------------------------------------------

    async def _body(self, request: Request, default: bytes = b"") -> bytes:
        return await read_body(request, self._service.config.limits.body_bytes) or default

    async def _page(self, inbox: Inbox, visitor: CustomerId, after: int, limit: int) -> WebPage:
        return await anyio.to_thread.run_sync(self._read_page, inbox, visitor, after, limit)

    def _read_page(self, inbox: Inbox, visitor: CustomerId, after: int, limit: int) -> WebPage:
        m, c = schema.message.c, schema.conversation.c
        mine = (c.visitor == visitor) & (c.inbox == inbox.id)
        shown = m.kind.in_((MessageKind.CUSTOMER, MessageKind.REPLY))
        query = (
            select(m.id, m.seq, m.at, m.kind, m.author, m.text, schema.inbound.c.external)
            .join(schema.conversation, c.id == m.conversation)
            .outerjoin(
                schema.inbound,
                (schema.inbound.c.conversation == m.conversation)
                & (schema.inbound.c.message == m.id),
            )
            .where(mine, shown, m.seq > after)
            .order_by(m.seq)
            .limit(limit + 1)
        )
        with self._service.database.read() as connection:
            rows = connection.execute(query).all()
            states = [
                msgspec.json.decode(raw, type=Conversation)
                for raw in connection.execute(select(c.state).where(mine)).scalars()
            ]
            reads = {state.id: state.read_no for state in states}
            delivered = 0
            for key, no in reads.items():
                seq = connection.execute(
                    select(m.seq)
                    .where(m.conversation == key, m.no <= no, m.kind == MessageKind.CUSTOMER)
                    .order_by(m.no.desc())
                    .limit(1)
                ).scalar()
                delivered = max(delivered, seq or 0)
        found = tuple(self._message(row, visitor) for row in rows[:limit])
        cursor = found[-1].seq if found else after
        queue = next((told for state in states if (told := _queue(state, now_ms()))), None)
        return WebPage(found, delivered, cursor, len(rows) > limit, queue)

    def _message(self, row: Row[*tuple[Any, ...]], visitor: CustomerId) -> WebMessage:
        key, seq, at, kind, author, text, external = row
        if kind == MessageKind.CUSTOMER:
            # The page knows its messages by the ids that it made itself.
            own = external.removeprefix(f"{visitor}/") if external else key
            return WebMessage(own, seq, at, "customer", "", text)
        return WebMessage(key, seq, at, "agent", self._name(author), text)

    def _name(self, agent: str) -> str:
        found = self._service.hub.directory.agents.get(AgentId(agent))
        return found.name if found else ""

    def _current(self, inbox: Inbox, visitor: CustomerId) -> Conversation | None:
        c = schema.conversation.c
        with self._service.database.read() as connection:
            raw = connection.execute(
                select(c.state)
                .where(c.visitor == visitor, c.inbox == inbox.id)
                .order_by(c.last_at.desc())
                .limit(1)
            ).scalar()
        return msgspec.json.decode(raw, type=Conversation) if raw else None

    def _numbers(
        self, inbox: Inbox, visitor: CustomerId, delivered: int, read: int
    ) -> dict[ConversationId, tuple[int, int]]:
        """Per conversation, the last message numbers at or before two seqs."""
        m, c = schema.message.c, schema.conversation.c
        query = (
            select(m.conversation, m.no, m.seq)
            .join(schema.conversation, c.id == m.conversation)
            .where(c.visitor == visitor, c.inbox == inbox.id, m.seq <= max(delivered, read))
        )
        upto: dict[ConversationId, tuple[int, int]] = {}
        with self._service.database.read() as connection:
            for key, no, seq in connection.execute(query):
                was = upto.get(key, (0, 0))
                upto[key] = (
                    max(was[0], no if seq <= delivered else 0),
                    max(was[1], no if seq <= read else 0),
                )
        return upto


def _queue(state: Conversation, now: int) -> WebQueue | None:
    wait = state.wait
    if wait is None or state.assignee is not None or state.status is Status.RESOLVED:
        return None
    low, high = (math.ceil(each / 1000) for each in (wait.low, wait.high))
    gone = (now - wait.at) // 1000
    return WebQueue(wait.ahead, low, high, max(0, low - gone), max(0, high - gone))


def refusal(rejected: Rejected) -> UsageError | TooLarge:
    """The error for a customer's message that was not taken."""
    if rejected.reason is Reason.TOO_LONG:
        return TooLarge(
            Both(
                f"消息超过 {rejected.detail} 字",
                f"the message is over {rejected.detail} characters",
            ),
            Both("分成几条发送", "send it in parts"),
        )
    return UsageError(
        Both("消息是空的", "the message is empty"), Both("写点内容再发", "write something first")
    )
