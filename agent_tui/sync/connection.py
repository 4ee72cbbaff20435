"""The connection to a server: what goes with every request, how long is waited, what is told."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import msgspec

from agent_tui import lang
from agent_tui.domain.protocol import PROTOCOL, ProblemAnswer
from agent_tui.errors import EXIT_FAILED, EXIT_NOT_FOUND, FeedReset, Unauthorized, WireError
from agent_tui.lang import Both
from agent_tui.sync import answers
from agent_tui.sync.ports import OutOfStep

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 20.0  # without a byte of an answer
SLOWEST = 4_000  # bytes a second: a request gets this much more time to arrive
# What a bad line can raise, and what an answer that is not of this protocol.
_BROKEN = (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError)
_ODD = (msgspec.MsgspecError, UnicodeDecodeError, httpx.DecodingError)
T = TypeVar("T")


class Connection:
    """One account's way to one server. Not shared between event loops."""

    def __init__(self, base: str, token: str = "") -> None:
        headers = {"User-Agent": f"agent-tui/{PROTOCOL}"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.http = httpx.AsyncClient(
            base_url=base,
            headers=headers,
            timeout=httpx.Timeout(CONNECT_SECONDS, read=ANSWER_SECONDS),
            # The server closes idle connections after 75 s; never pick one up that it is closing.
            # And keep one idle at most beside the stream (httpcore counts busy ones too): each that
            # died in silence costs a time-out of its own.
            limits=httpx.Limits(max_keepalive_connections=2, keepalive_expiry=30.0),
            trust_env=not base.startswith(("http://127.", "http://localhost", "http://[::1]")),
            event_hooks={"request": [self._speak, self._watch_sockets]},
        )
        self._sockets: list[Any] = []

    async def close(self) -> None:
        """Close every socket.

        The pool forgets those that it was closing when a request was cancelled.
        """
        await self.http.aclose()
        for each in self._sockets:
            await each.aclose()
        self._sockets.clear()

    async def call(
        self,
        method: str,
        path: str,
        answer: type[T],
        *,
        body: Any = None,
        raw: bytes | None = None,
        query: Mapping[str, str] | None = None,
        patience: int = 0,
    ) -> T:
        """Ask, and read the answer as `answer`. `body` goes as JSON, or `raw` as it is.

        `patience`: so many seconds longer than usual is waited. Raises what `check` raises, and
        WireError when nobody is reached or the answer cannot be read.
        """
        content = raw if body is None else msgspec.json.encode(body)
        media = "application/json" if raw is None else "application/octet-stream"
        patience += len(content or b"") // SLOWEST
        with self.told():
            response = await self.http.request(
                method,
                path,
                content=content,
                params=query,
                headers={"Content-Type": media} if content else None,
                timeout=httpx.Timeout(ANSWER_SECONDS + patience, connect=CONNECT_SECONDS),
            )
            await self.check(response)
            return msgspec.json.decode(response.content, type=answer)

    async def begin(self, path: str, query: Mapping[str, str], silence: float) -> httpx.Response:
        """An answer without an end, to be read as it comes and closed by the caller.

        httpx.ReadTimeout when nothing comes for `silence` seconds; to be used within `told`.
        """
        timeout = httpx.Timeout(CONNECT_SECONDS, read=silence)
        request = self.http.build_request("GET", path, params=query, timeout=timeout)
        return await self.http.send(request, stream=True)

    @contextmanager
    def told(self) -> Iterator[None]:
        """What httpx and msgspec raise within becomes a WireError in the agent's words."""
        try:
            yield
        except (*_ODD, *_BROKEN) as error:
            raise self._trouble(error) from error

    async def check(self, response: httpx.Response) -> None:
        """Raises Outdated, Unauthorized, FeedReset, OutOfStep or WireError for a refusal."""
        answers.check_protocol(response)
        if response.is_success:
            return
        raw = await response.aread()
        after = answers.retry_after(response)
        try:
            problem = msgspec.json.decode(raw, type=ProblemAnswer).error
        except msgspec.MsgspecError:
            raise answers.of_another_program(response.status_code, after) from None
        if response.status_code == 401:
            raise Unauthorized(problem.title, problem.hint)
        if response.status_code == 410:
            reset = FeedReset(problem.title, problem.hint)
            reset.code = problem.code
            raise reset
        if response.status_code in (409, 422):
            raise OutOfStep(problem.code, problem.title, problem.hint)
        error = WireError(problem.title, problem.hint, retry_after=after)
        if response.status_code < 500 and response.status_code != 429:
            # Reached, and refused: trying again does not help.
            error.exit_code = EXIT_NOT_FOUND if problem.code == "not_found" else EXIT_FAILED
        raise error

    def _trouble(self, error: Exception) -> WireError:
        base = str(self.http.base_url)
        if isinstance(error, _ODD):
            return WireError(
                Both(f"看不懂 {base} 的回答", f"cannot read what {base} answers"),
                Both(
                    "那里可能不是 agent-tui 服务端，或者版本不同；检查地址和网络登录页",
                    "perhaps no agent-tui server, or another version; check the address, "
                    "and whether the network wants a login",
                ),
            )
        why = str(error) or type(error).__name__
        return WireError(
            Both(f"连不上 {base}：{why}", f"cannot reach {base}: {why}"),
            Both("检查网络和地址；会自动重试", "check network and address; it is tried again"),
        )

    async def _speak(self, request: httpx.Request) -> None:
        request.headers["Accept-Language"] = lang.current()  # it may be switched at any time

    async def _watch_sockets(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._trace

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            self._sockets = [each for each in self._sockets if _is_open(each)]
            self._sockets.append(info["return_value"])


def _is_open(stream: Any) -> bool:
    socket = stream.get_extra_info("socket")
    return socket is not None and socket.fileno() >= 0
