"""WeChat's API: the access token, a customer-service message, a file that a customer sent."""

from __future__ import annotations

import asyncio
import logging
import time
from urllib.parse import urlencode

import httpx
import msgspec

from agent_tui.channels.base import Arrived, Outcome, Refused, Unknown, Unreached
from agent_tui.channels.post import DETAIL_CHARS, post
from agent_tui.channels.wechat.settings import WeChatSettings
from agent_tui.text import clean_line

TOKEN_PATH = "/cgi-bin/stable_token"
SEND_PATH = "/cgi-bin/message/custom/send"
MEDIA_PATH = "/cgi-bin/media/get"
# A token is renewed so long before its end. WeChat hands out the next one five minutes before, and
# takes both until then.
EARLY_SECONDS = 240.0
JSON = {"Content-Type": "application/json"}

EXPIRED = frozenset({40001, 40014, 42001})  # the token is not, or no longer, good
BUSY = frozenset({-1, 45009, 45011})
WINDOW_OVER = frozenset({45015, 43004})
QUOTA_OVER = 45047
TOO_LARGE = 45002
# The account, its secret, where it may be used from, or what it may do: all for an administrator.
CREDENTIALS = frozenset(
    {40002, 40013, 40125, 40164, 40243, 41002, 41004, 48001, 48004, 50002, 50004, 50007, 61004}
)
log = logging.getLogger(__name__)


class Told(msgspec.Struct, frozen=True):
    """What WeChat answers, of which each call has a part."""

    errcode: int = 0
    errmsg: str = ""
    access_token: str = ""
    expires_in: float = 0.0


def outcome(told: Told) -> Outcome:
    """What became of a call, by WeChat's return code."""
    code = told.errcode
    detail = clean_line(f"{code} {told.errmsg}", DETAIL_CHARS)
    if code == 0:
        return Arrived()
    if code in BUSY:
        return Unreached("busy", detail)
    if code in WINDOW_OVER:
        return Refused("window_over", detail)
    if code == QUOTA_OVER:
        return Refused("quota_over", detail)
    if code == TOO_LARGE:
        return Refused("too_large", detail)
    if code in CREDENTIALS | EXPIRED:
        return Refused("credentials", detail)
    return Refused("refused", detail)


class Api:
    """One account's calls. Keeps the access token in memory until shortly before its end."""

    def __init__(self, settings: WeChatSettings) -> None:
        self._settings = settings
        self._token = ""
        self._until = 0.0
        self._fetching = asyncio.Lock()

    async def send(
        self, http: httpx.AsyncClient, customer: str, text: str, deadline: float
    ) -> Outcome:
        """Push one text; `deadline` is of the loop's clock. A token that is no longer good is
        renewed once: what it was sent with did not arrive."""
        message = {"touser": customer, "msgtype": "text", "text": {"content": text}}
        body = msgspec.json.encode(message)
        found: Outcome = Refused("credentials")
        stale = ""
        for _ in range(2):
            token = await self._access(http, deadline, stale)
            if not isinstance(token, str):
                return token
            told, found = await self._call(
                http, f"{SEND_PATH}?{urlencode({'access_token': token})}", body, deadline
            )
            if told.errcode not in EXPIRED:
                return found
            stale = token
        return found

    async def media(self, http: httpx.AsyncClient, key: str, most: int, deadline: float) -> bytes:
        """The file called `key`; nothing if it is larger than `most` bytes or is not to be had.
        Raises TimeoutError, httpx's errors, OSError."""
        stale = ""
        for _ in range(2):
            token = await self._access(http, deadline, stale)
            if not isinstance(token, str):
                return b""
            query = urlencode({"access_token": token, "media_id": key})
            async with asyncio.timeout_at(deadline):
                kind, found = await _read(http, f"{self._settings.api}{MEDIA_PATH}?{query}", most)
            # A refusal, and a video's address elsewhere, come as JSON.
            if "json" not in kind and "text" not in kind:
                return found
            if _told(found).errcode not in EXPIRED:
                return b""
            stale = token
        return b""

    async def _access(
        self, http: httpx.AsyncClient, deadline: float, stale: str
    ) -> str | Refused | Unreached:
        """A token other than `stale`, or why there is none: nothing has left then."""
        async with self._fetching:
            if self._token and self._token != stale and time.monotonic() < self._until:
                return self._token
            self._token = ""
            # As long as WeChat takes a token for good it gives out the same one, to every replica.
            # Only one that it refused is asked to be replaced.
            for force in (False, True):
                found = await self._new(http, deadline, force)
                if found is not None or self._token != stale:
                    break
            return found or self._token

    async def _new(
        self, http: httpx.AsyncClient, deadline: float, force: bool
    ) -> Refused | Unreached | None:
        asked = {
            "grant_type": "client_credential",
            "appid": self._settings.app,
            "secret": self._settings.secret,
            "force_refresh": force,
        }
        told, found = await self._call(http, TOKEN_PATH, msgspec.json.encode(asked), deadline)
        match found:
            case Refused() | Unreached():
                return found
            case Unknown(code, detail):
                return Unreached("unreachable", f"{code} {detail}".strip())
        if not told.access_token:
            return Unreached("unreachable", "no token")
        self._token = told.access_token
        self._until = time.monotonic() + max(0.0, told.expires_in - EARLY_SECONDS)
        return None

    async def _call(
        self, http: httpx.AsyncClient, path: str, body: bytes, deadline: float
    ) -> tuple[Told, Outcome]:
        told = Told()

        def judge(answer: bytes) -> Outcome:
            nonlocal told
            try:
                told = msgspec.json.decode(answer, type=Told)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                return Unknown("no_answer", clean_line(answer.decode("utf-8", "replace"), 80))
            return outcome(told)

        left = max(0.0, deadline - asyncio.get_running_loop().time())
        found = await post(http, f"{self._settings.api}{path}", body, JSON, left, judge)
        return told, found


async def _read(http: httpx.AsyncClient, url: str, most: int) -> tuple[str, bytes]:
    """The kind and the body of what lies there; nothing if it is larger."""
    async with http.stream("GET", url) as response:
        kind = response.headers.get("content-type", "").lower()
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if len(found) > most:
                return kind, b""
    return kind, bytes(found) if response.is_success else b""


def _told(body: bytes) -> Told:
    try:
        return msgspec.json.decode(body, type=Told)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Told()
