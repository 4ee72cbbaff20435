"""One WeChat account as a channel."""

from __future__ import annotations

import asyncio
import logging

import httpx

from agent_tui.channels.base import Arrived, Inbound, Outbound, Outcome, Refused, Request, Unknown
from agent_tui.channels.post import DETAIL_CHARS
from agent_tui.channels.wechat import callback, message, texts
from agent_tui.channels.wechat.api import Api
from agent_tui.channels.wechat.settings import WeChatSettings
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.settings.server import Outgoing
from agent_tui.text import clean_line

ID_CHARS = 128
ECHO_CHARS = 256
# After one message of a customer WeChat passes on five: a reply must not use them up.
MOST_PARTS = 3
# WeChat waits five seconds for the answer to a callback.
FETCH_SECONDS = 2.5
log = logging.getLogger(__name__)


class WeChat:
    """A `base.Called`. WeChat knows no key: what left unanswered is never sent again unasked."""

    idempotent: bool = False
    receipt: str | None = "success"

    def __init__(
        self, settings: WeChatSettings, limits: Outgoing, http: httpx.AsyncClient | None
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._http = http
        self._api = Api(settings)

    def greet(self, request: Request) -> str:
        """The `echostr` of a test that is WeChat's own."""
        callback.verify(self._settings, request)
        echo = request.query.get("echostr", "")
        if not (0 < len(echo) <= ECHO_CHARS and echo.isascii() and echo.isprintable()):
            raise UsageError(Both("没有 echostr", "there is no echostr"))
        return echo

    def parse(self, request: Request) -> Inbound | None:
        """See `base.Port`. Events are taken and say nothing."""
        found = callback.opened(self._settings, request)
        words = message.words(found, self._settings.language)
        if words is None:
            return None
        external, customer = message.identity(found), found.get("FromUserName", "")
        for name, value in (("MsgId", external), ("FromUserName", customer)):
            if not (0 < len(value) <= ID_CHARS and value.isprintable()):
                raise UsageError(
                    Both(
                        f"{name} 要有 1 到 {ID_CHARS} 个可见字符",
                        f"{name} has 1 to {ID_CHARS} printable characters",
                    )
                )
        return Inbound(
            external=external,
            customer=customer,
            text=words.text,
            language=self._settings.language,
            media=words.media,
            lead=words.lead,
        )

    async def fetch(self, http: httpx.AsyncClient, media: str, most: int) -> bytes | None:
        """See `base.Port`."""
        deadline = asyncio.get_running_loop().time() + FETCH_SECONDS
        try:
            return await self._api.media(http, media, most, deadline) or None
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            log.warning("a customer's file was not fetched: %s", type(error).__name__)
            return None

    async def deliver(self, outbound: Outbound) -> Outcome:
        """See `base.Port`. A long text goes in parts; one of which only some arrived is told as
        unknown, with where the rest begins."""
        assert self._http is not None
        pieces = texts.parts(outbound.text)
        if len(pieces) > MOST_PARTS:
            return Refused("too_large", f"{MOST_PARTS} x {texts.MOST_BYTES} B")
        deadline = asyncio.get_running_loop().time() + self._limits.timeout
        for sent, piece in enumerate(pieces):
            found = await self._api.send(self._http, outbound.customer, piece, deadline)
            if isinstance(found, Arrived):
                continue
            if sent == 0:
                return found
            begins = f"{sent}/{len(pieces)}; {piece[:12]}…"
            detail = clean_line(f"{begins} ({found.code} {found.detail})", DETAIL_CHARS)
            return Unknown("partly", detail)
        return Arrived()
