"""Plays the customers' side of recorded conversations through the public web channel."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from agent_tui.domain.protocol import ProblemAnswer
from agent_tui.errors import NotFound, Unauthorized, WireError
from agent_tui.lang import Both
from agent_tui.practice.recordings import Recording
from agent_tui.text import clean

ATTEMPTS = 8
LONGEST_BACKOFF = 5.0
# A visitor may say so much a minute; being told to wait is no failure, but not for ever.
LONGEST_WAIT = 900.0


class Played(msgspec.Struct, frozen=True):
    """The figures of a replay. turns = acknowledged + skipped_empty + failed.

    The times are from a turn's first sending to its acknowledgement, retries and waits included.
    """

    conversations: int
    turns: int
    acknowledged: int
    skipped_empty: int
    failed: int
    broken_lines: int
    seconds: float
    turns_per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    acknowledged: int = 0
    skipped_empty: int = 0
    failed: int = 0
    waits: list[float] = field(default_factory=list)
    trouble: str = ""  # the last reason for a failure


class GaveUp(Exception):
    """This request got no usable answer within its attempts; `final` if asking again is no use."""

    def __init__(self, why: str, *, final: bool) -> None:
        super().__init__(why)
        self.final = final


class Pace:
    """Lets one turn pass every `1 / per_second` seconds; all at once if that is 0."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the next slot."""
        if not self._gap:
            return
        now = time.monotonic()
        at = max(now, self._next)
        self._next = at + self._gap
        await asyncio.sleep(at - now)


class Player:
    """Customers at one inbox of one server."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        inbox: str,
        tally: Tally,
        *,
        pace: Pace,
        load_token: str = "",
        on_turn: Callable[[], None] = lambda: None,
        rng: random.Random | None = None,
    ) -> None:
        self._http = http
        self._base = f"/v1/web/{inbox}"
        self._pace = pace
        self._on_turn = on_turn
        self._rng = rng or random.Random()
        self._headers = {"X-Load-Token": load_token} if load_token else {}
        self.tally = tally

    async def check(self) -> None:
        """Raises WireError or NotFound unless the inbox can be reached."""
        try:
            await self._ask("GET", "", None, {})
        except GaveUp as error:
            raise WireError(
                Both(f"连不上：{error}", f"cannot reach the inbox: {error}"),
                Both("检查 --to 和 --inbox", "check --to and --inbox"),
            ) from error

    async def play(self, recording: Recording) -> None:
        """One new visitor says everything in order. Trouble is counted, never raised."""
        tally = self.tally
        left = list(enumerate(recording.turns, 1))
        tally.skipped_empty += len(recording.turns) - len(recording.said)
        left = [(number, turn) for number, turn in left if clean(turn).strip()]
        try:
            visitor = await self._ask(
                "POST",
                "/session",
                {"name": recording.id, "language": recording.language},
                self._headers,
            )
            headers = self._headers | {"Authorization": f"Bearer {visitor['visitor']}"}
            while left:
                number, turn = left[0]
                await self._pace.turn()
                try:
                    await self._say(number, turn, headers)
                except GaveUp as error:
                    if not error.final:
                        raise
                    tally.failed += 1
                    tally.trouble = str(error)
                del left[0]
                self._on_turn()
        except GaveUp as error:
            # What comes after a lost turn would stand in the wrong place: it is not sent.
            tally.failed += len(left)
            tally.trouble = str(error)

    async def _say(self, number: int, text: str, headers: dict[str, str]) -> None:
        started = time.perf_counter()
        # The id is the turn's place: sent again after a broken connection it is taken once.
        await self._ask("POST", "/messages", {"id": str(number), "text": text}, headers)
        self.tally.acknowledged += 1
        self.tally.waits.append(time.perf_counter() - started)

    async def _ask(
        self, method: str, path: str, body: dict[str, str] | None, headers: dict[str, str]
    ) -> dict[str, Any]:
        """The answer's JSON. Raises GaveUp, or what ends the whole replay."""
        waited = 0.0
        attempt = 0
        while True:
            trouble, after = "", 0.0
            try:
                response = await self._http.request(
                    method, self._base + path, json=body, headers=headers
                )
                if response.status_code < 300:
                    return dict(response.json())
                trouble = _trouble(response)
                if response.status_code == 429:
                    after = _retry_after(response)
                    waited += after
                    if waited > LONGEST_WAIT:
                        raise GaveUp(trouble, final=False)
                elif response.status_code < 500:
                    self._raise_final(response, trouble)
            except (httpx.HTTPError, ValueError) as error:
                trouble = str(error) or type(error).__name__
            if not after:
                attempt += 1
                if attempt >= ATTEMPTS:
                    raise GaveUp(trouble, final=False)
                after = min(LONGEST_BACKOFF, 0.1 * 2**attempt) * self._rng.uniform(0.5, 1)
            await asyncio.sleep(after)

    def _raise_final(self, response: httpx.Response, trouble: str) -> None:
        if response.status_code == 401 and self._headers:
            raise Unauthorized(
                Both("压测令牌无效或已过期", "the load token is not valid or has expired"),
                Both("重新生成：agent-tui load-token", "make another one: agent-tui load-token"),
            )
        if response.status_code == 404:
            raise NotFound(trouble, Both("检查 --to 和 --inbox", "check --to and --inbox"))
        raise GaveUp(trouble, final=response.status_code != 401)


def _trouble(response: httpx.Response) -> str:
    try:
        return msgspec.json.decode(response.content, type=ProblemAnswer).error.title
    except msgspec.MsgspecError:
        return f"HTTP {response.status_code}"


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "")
    return max(0.05, float(text)) if text.isdigit() else 1.0


async def replay(
    recordings: Sequence[Recording],
    base: str,
    *,
    inbox: str = "web",
    rate: float = 0.0,
    concurrency: int = 10,
    load_token: str = "",
    language: str = "zh",
    broken_lines: int = 0,
    on_turn: Callable[[], None] = lambda: None,
) -> tuple[Played, str]:
    """Play all of `recordings`, `concurrency` at a time; the figures, and the last trouble if any.

    Raises WireError if the server cannot be reached at all, NotFound for an unknown inbox,
    Unauthorized for a bad load token.
    """
    tally, pace = Tally(), Pace(rate)
    tls = httpx.create_ssl_context() if base.startswith("https") else False
    waiting = iter(recordings)

    def connect() -> httpx.AsyncClient:
        # One client a customer: a shared pool looks at all its connections at every request.
        return httpx.AsyncClient(
            base_url=base,
            verify=tls,
            headers={"Accept-Language": language},
            timeout=httpx.Timeout(30.0),
            trust_env=not base.startswith(("http://127.", "http://localhost", "http://[::1]")),
        )

    async def customer() -> None:
        async with connect() as http:
            player = Player(http, inbox, tally, pace=pace, load_token=load_token, on_turn=on_turn)
            for recording in waiting:
                await player.play(recording)

    async with connect() as http:
        await Player(http, inbox, tally, pace=pace).check()
    started = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(recordings))):
                group.create_task(customer())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    seconds = time.perf_counter() - started
    return (
        Played(
            conversations=len(recordings),
            turns=tally.acknowledged + tally.skipped_empty + tally.failed,
            acknowledged=tally.acknowledged,
            skipped_empty=tally.skipped_empty,
            failed=tally.failed,
            broken_lines=broken_lines,
            seconds=round(seconds, 3),
            turns_per_second=round(tally.acknowledged / seconds, 1) if seconds else 0.0,
            p50_ms=_percentile(tally.waits, 0.50),
            p99_ms=_percentile(tally.waits, 0.99),
        ),
        tally.trouble,
    )


def _percentile(seconds: list[float], share: float) -> float:
    """In milliseconds; 0 if nothing was measured."""
    if not seconds:
        return 0.0
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)
