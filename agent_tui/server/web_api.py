"""The public web channel: what the chat page, and a mini-program, call for a customer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import anyio.to_thread
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent_tui.domain.ids import CustomerId, InboxId
from agent_tui.domain.model import Channel, Inbox
from agent_tui.domain.plan import surge_of
from agent_tui.domain.protocol import Presence
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both
from agent_tui.server import audience, auth, identity
from agent_tui.server.clock import now_ms
from agent_tui.server.endpoint import Endpoint, json, number, read_body
from agent_tui.server.handing_in import hand_in
from agent_tui.server.inbound import ConfirmReceipt, SaveCustomer, TakeInbound, TakeRating
from agent_tui.server.presence import PRESENCE_MS, Place
from agent_tui.server.service import Service, address
from agent_tui.server.streams import HEARTBEAT, LONGEST_WAIT, EventStream, Seat, sse
from agent_tui.server.web_reading import CustomerView
from agent_tui.server.web_shapes import (
    InboxAnswer,
    RatingRequest,
    ReceiptRequest,
    VisitorAnswer,
    VisitorRequest,
    WebMessage,
    WebPage,
    WebQueue,
    WebRating,
    Words,
    WriteAnswer,
    WriteRequest,
)

VISITOR_MS = 400 * 24 * 3600 * 1000
PAGE = 200


class WebApi:
    """Handlers of the web channel."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._view = CustomerView(service.database, service.hub)

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
                "Server-sent events: message, state, queue, rating, typing",
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
                "POST",
                f"{base}/rating",
                self.rate,
                "How the customer was served, once their chat is solved",
                auth="visitor",
                body=RatingRequest,
            ),
            Endpoint(
                "POST", f"{base}/typing", self.typing, "The customer is writing", auth="visitor"
            ),
        ]

    def _inbox(self, request: Request) -> Inbox:
        return web_inbox(self._service, request)

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
                file_bytes=self._service.config.files.file_bytes,
            )
        )

    async def session(self, request: Request) -> Response:
        """A new visitor is a new customer until somebody says who it is."""
        self._inbox(request)
        if not await self._service.is_load_test(request):
            self._service.limits.take("web_session", address(request))
        body = msgspec.json.decode(await self._body(request, b"{}"), type=VisitorRequest)
        customer = identity.newcomer(body.name, body.language, now_ms())
        secret, row = auth.new_token(auth.VISITOR, customer.id, customer.since, VISITOR_MS)
        await self._service.writer.submit(SaveCustomer(customer, row))
        return json(VisitorAnswer(visitor=secret, customer=customer.id), status=201)

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
        return await hand_in(self._service, job, body.id)

    async def messages(self, request: Request) -> Response:
        """History, or what is new."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        after = number(request, "after", 0)
        limit = min(number(request, "limit", PAGE) or PAGE, PAGE)
        wait = min(number(request, "wait", 0), LONGEST_WAIT)
        seen = self._service.hub.head
        page = await self._page(inbox, visitor, after, limit)
        if wait and not page.messages:
            with self._service.streams.held(await self._seats("poll", request, visitor)):
                await self._news(visitor, seen, wait)
            page = await self._page(inbox, visitor, after, limit)
        return json(page)

    async def _news(self, visitor: CustomerId, seen: int, seconds: float) -> None:
        """Wait until something concerns `visitor` that lies behind `seen`, at most `seconds`."""
        hub = self._service.hub
        with hub.listen("visitor", audience.of_visitor(visitor)) as listener:
            # What was committed since then woke nobody here.
            listener.news = hub.concerns(audience.of_visitor(visitor), seen)
            await hub.wait_for(listener, lambda: listener.news, seconds)

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
        rating: WebRating | None = None
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
                            after = max(after, message.seq)  # not that of an old one, edited
                            yield sse("message", msgspec.json.encode(message), str(after))
                        after, more = max(after, page.cursor), page.more
                    if page.delivered > delivered:
                        delivered = page.delivered
                        yield sse("state", msgspec.json.encode({"delivered": delivered}))
                    if page.queue != queue:
                        queue = page.queue
                        yield sse("queue", msgspec.json.encode(queue))
                    if page.rating != rating:
                        rating = page.rating
                        yield sse("rating", msgspec.json.encode(rating))
                while listener.presence:
                    presence, place = listener.presence.popleft()
                    if place.visitor == visitor and presence.agent and presence.typing:
                        name = self._view.name(presence.agent)
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
        self._service.limits.take("web_hints", visitor)
        body = msgspec.json.decode(await self._body(request), type=ReceiptRequest)
        upto = await anyio.to_thread.run_sync(
            self._view.numbers, inbox, visitor, body.delivered, body.read
        )
        if upto:
            await self._service.writer.submit(ConfirmReceipt(upto))
        return json({})

    async def rate(self, request: Request) -> Response:
        """The last conversation is meant."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        self._service.limits.take("web_message", visitor)
        body = msgspec.json.decode(await self._body(request), type=RatingRequest)
        state = await anyio.to_thread.run_sync(self._view.current, inbox, visitor)
        job = TakeRating(state.id, body.rating, body.comment) if state is not None else None
        if job is None or await self._service.writer.submit(job) is not None:
            raise UsageError(
                Both("没有已经解决的对话可以评价", "there is no solved chat to rate"),
                Both("等对话解决后再评价", "rate it once it is solved"),
            )
        return json({})

    async def typing(self, request: Request) -> Response:
        """Passed on to the agents, never stored."""
        inbox = self._inbox(request)
        visitor = await self._service.visitor(request)
        self._service.limits.take("web_hints", visitor)
        state = await anyio.to_thread.run_sync(self._view.current, inbox, visitor)
        if state is not None:
            until = now_ms() + PRESENCE_MS
            self._service.hub.tell(Presence(state.id, "", True, until), Place.of(state))
        return json({})

    async def _body(self, request: Request, default: bytes = b"") -> bytes:
        return await read_body(request, self._service.config.limits.body_bytes) or default

    async def _page(self, inbox: Inbox, visitor: CustomerId, after: int, limit: int) -> WebPage:
        return await anyio.to_thread.run_sync(self._view.page, inbox, visitor, after, limit)


def web_inbox(service: Service, request: Request) -> Inbox:
    """The inbox that the address names. Raises NotFound."""
    key = InboxId(request.path_params["inbox"])
    found = service.hub.directory.inboxes.get(key)
    if found is None or found.channel is not Channel.WEB:
        raise NotFound(
            Both(f"没有网页收件箱 {key}", f"there is no web inbox {key}"),
            Both("检查地址里的 inbox", "check the inbox in the address"),
        )
    return found
