"""One HTTP POST, with a sure answer to the question whether anything of it left this machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx

from agent_tui.channels.base import Arrived, Outcome, Refused, Unknown, Unreached
from agent_tui.text import clean_line

DETAIL_CHARS = 160
REASON_BYTES = 2_000
LONGEST_WAIT = 3600.0
TOO_MANY_REQUESTS = 429
Judge = Callable[[bytes], Outcome]  # of the beginning of a body that came with a 2xx


def client() -> httpx.AsyncClient:
    """A client for `post`. A connection is used once: on a kept one that the other side closes at
    that moment a request is lost without a trace, which could not be told from an unknown end."""
    logging.getLogger("httpx").addFilter(_without_queries)
    limits = httpx.Limits(max_keepalive_connections=0, max_connections=None)
    return httpx.AsyncClient(limits=limits, timeout=None, follow_redirects=False)


async def post(
    http: httpx.AsyncClient,
    url: str,
    body: bytes,
    headers: dict[str, str],
    seconds: float,
    judge: Judge | None = None,
) -> Outcome:
    """What became of a POST that may take `seconds` in all. A success has arrived, or is what
    `judge` makes of the answer."""
    left = False
    answered: Outcome | None = None

    async def trace(name: str, info: dict[str, Any]) -> None:
        nonlocal left
        left = left or name.endswith("send_request_headers.started")

    try:
        async with asyncio.timeout(seconds):
            request = http.build_request(
                "POST", url, content=body, headers=headers, extensions={"trace": trace}
            )
            response = await http.send(request, stream=True)
            try:
                told = _told(response)
                if judge is not None and isinstance(told, Arrived):
                    return judge(await _beginning(response))
                answered = told
                if isinstance(answered, Refused):
                    reason = (await _beginning(response)).decode("utf-8", "replace")
                    detail = f"{answered.detail} {reason}"
                    answered = Refused(answered.code, clean_line(detail, DETAIL_CHARS))
                return answered
            finally:
                await response.aclose()
    except TimeoutError:
        if answered is not None:  # the status is answer enough, the rest may stay away
            return answered
        detail = f"{round(seconds, 1):g} s"
        return Unknown("no_answer", detail) if left else Unreached("unreachable", detail)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        if answered is not None:
            return answered
        detail = clean_line(str(error) or type(error).__name__, DETAIL_CHARS)
        return Unknown("no_answer", detail) if left else Unreached("unreachable", detail)


def _told(response: httpx.Response) -> Outcome:
    status = response.status_code
    if response.is_success:
        return Arrived()
    if response.is_server_error:
        # It may have been taken before something broke.
        return Unknown("server_error", str(status))
    if status == TOO_MANY_REQUESTS:
        return Unreached("busy", str(status), _wait(response.headers.get("retry-after", "")))
    return Refused("refused", str(status))


async def _beginning(response: httpx.Response) -> bytes:
    """How the answer's body begins."""
    found = b""
    async for chunk in response.aiter_bytes():
        found += chunk
        if len(found) >= REASON_BYTES:
            break
    return found[:REASON_BYTES]


def _wait(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if text.isdecimal() and len(text) <= 6 else 0.0


def _without_queries(record: logging.LogRecord) -> bool:
    """httpx logs the address of every request, and what follows the `?` may be a secret."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            each.copy_with(query=None) if isinstance(each, httpx.URL) else each
            for each in record.args
        )
    return True
