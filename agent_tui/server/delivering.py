"""The task that empties the channel outbox: claims what is due, pushes it, tells the result."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections import Counter

import anyio.to_thread
import httpx

from agent_tui.channels.base import Arrived, Outbound, Outcome, Port, Refused, Unknown, Unreached
from agent_tui.channels.opening import Opened
from agent_tui.channels.post import client
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, InboxId
from agent_tui.domain.model import DeliveryState
from agent_tui.errors import ServerError
from agent_tui.server import connecting, outgoing
from agent_tui.server.clock import now_ms
from agent_tui.server.hub import Listener
from agent_tui.server.outgoing import Claimed, Held, Report, Verdict
from agent_tui.server.service import Service
from agent_tui.settings.server import Outgoing

LOOK_SECONDS = 1.0
PRUNE_SECONDS = 3600.0
# Beyond its time-out, what an attempt gets to have its end written before it counts as lost.
MARGIN_SECONDS = 5.0
GRACE_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
IN_ALL = 64
_REPLY = str(e.ReplySent.__struct_config__.tag)
_CHANGED = str(e.DeliveryChanged.__struct_config__.tag)
log = logging.getLogger(__name__)


def verdict(
    outcome: Outcome, held: Held, limits: Outgoing, *, idempotent: bool, now: int, spread: float
) -> Verdict:
    """What a row becomes after an attempt.

    Only what surely did not arrive is tried again, with pauses that grow with its age; where the
    other side takes a key once, an unknown end too, `limits.repeats` times. `spread` (0.5 to 1)
    keeps rows that failed together from coming back together.
    """
    match outcome:
        case Arrived():
            return Verdict(DeliveryState.SENT)
        case Refused(code, detail):
            return Verdict(DeliveryState.FAILED, code, detail)
        case Unreached(code, detail, wait):
            pause = max(wait, _pause((now - held.at) / 1000) * spread)
            next_at = now + int(pause * 1000)
            if next_at - held.at > limits.expiry * 1000:
                return Verdict(DeliveryState.FAILED, "gave_up", detail)
            return Verdict(DeliveryState.QUEUED, code, detail, next_at, held.attempts - 1)
        case Unknown(code, detail):
            if not idempotent or held.attempts > limits.repeats:
                return Verdict(DeliveryState.UNCERTAIN, code, detail)
            pause = _pause(2.0 ** (held.attempts - 1)) * spread
            next_at = now + int(pause * 1000)
            return Verdict(DeliveryState.QUEUED, code, detail, next_at, held.attempts)


def _pause(seconds: float) -> float:
    return max(FIRST_PAUSE, min(seconds, LONGEST_PAUSE))


async def run(service: Service) -> None:
    """Push until cancelled; then let what is on its way end, for a moment."""
    async with client() as http:
        deliverer = Deliverer(service, http)
        with service.hub.listen("outgoing") as listener:
            try:
                await deliverer.work(listener)
            finally:
                await deliverer.finish()


class Deliverer:
    """One replica's part of the work."""

    def __init__(self, service: Service, http: httpx.AsyncClient) -> None:
        self._service = service
        self._limits = service.config.outgoing
        self._opened = Opened(self._limits, http)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._inboxes: Counter[InboxId] = Counter()
        self._examined = service.hub.head
        self._looked = self._pruned = -PRUNE_SECONDS

    async def work(self, listener: Listener) -> None:
        """Forever: look after the rows once a second, start attempts as soon as there is cause."""
        hub = self._service.hub
        while not hub.closing.is_set():
            try:
                await self._look_after()
                started = await self._start(listener)
            except Exception:
                log.exception("the channel outbox could not be read")
                started = False
                await asyncio.sleep(LOOK_SECONDS)
            if not started:
                await self._rest(listener)
        await asyncio.Event().wait()  # the server stops: nothing new leaves

    async def finish(self) -> None:
        """Wait a moment for what is on its way; what does not end counts as interrupted."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=GRACE_SECONDS)
        left = list(self._tasks.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _rest(self, listener: Listener) -> None:
        """Until an attempt ends, a reply or an agent's decision comes in, or a second is over."""
        hub = self._service.hub
        clock = asyncio.get_running_loop().time
        until, running = clock() + LOOK_SECONDS, len(self._tasks)
        while clock() < until and await hub.wait(listener, until - clock()):
            rows = hub.after(self._examined, 10_000)
            self._examined = hub.head
            if len(self._tasks) < running or rows is None:
                return
            if any(
                row.kind == _CHANGED or (row.kind == _REPLY and b'"pushed":true' in row.body)
                for row in rows
            ):
                return

    # --- rows that nobody works on ---------------------------------------------------------------

    async def _look_after(self) -> None:
        """Rows that waited too long, or whose attempt was lost with its process."""
        clock = asyncio.get_running_loop().time
        if clock() - self._looked < LOOK_SECONDS:
            return
        self._looked = clock()
        database, now = self._service.database, now_ms()
        before = now - self._limits.expiry * 1000
        for held in await anyio.to_thread.run_sync(outgoing.expired, database, before):
            await self._report(held, Verdict(DeliveryState.FAILED, "expired"))
        for held in await anyio.to_thread.run_sync(outgoing.lost, database, now):
            if held.seq not in self._tasks:
                idempotent = await anyio.to_thread.run_sync(self._idempotent, held.inbox)
                await self._report(held, self._verdict(Unknown("interrupted"), held, idempotent))
        if clock() - self._pruned >= PRUNE_SECONDS:
            self._pruned = clock()
            await anyio.to_thread.run_sync(outgoing.prune, database, now)

    def _idempotent(self, inbox: InboxId) -> bool:
        settings = connecting.settings(self._service.database, inbox)
        port = self._port(inbox, settings)
        return port is not None and port.idempotent

    # --- attempts --------------------------------------------------------------------------------

    async def _start(self, listener: Listener) -> bool:
        """Claim what is due and there is room for; whether there was any."""
        room = IN_ALL - len(self._tasks)
        if room <= 0:
            return False
        parallel = self._limits.parallel
        full = {inbox for inbox, count in self._inboxes.items() if count >= parallel}
        database, now = self._service.database, now_ms()
        wanted: list[Held] = []
        taking = Counter(self._inboxes)
        for held in await anyio.to_thread.run_sync(outgoing.due, database, now, full):
            if taking[held.inbox] < parallel and len(wanted) < room:
                taking[held.inbox] += 1
                wanted.append(held)
        if not wanted:
            return False
        until = now + int((self._limits.timeout + MARGIN_SECONDS) * 1000)
        found = await anyio.to_thread.run_sync(
            outgoing.claim, database, wanted, secrets.token_hex(8), now, until
        )
        for claimed in found:
            self._begin(claimed, listener)
        return bool(found)

    def _begin(self, claimed: Claimed, listener: Listener) -> None:
        seq, inbox = claimed.held.seq, claimed.held.inbox
        task = asyncio.create_task(self._deliver(claimed), name=f"deliver-{seq}")
        self._tasks[seq] = task
        self._inboxes[inbox] += 1

        def ended(task: asyncio.Task[None]) -> None:
            del self._tasks[seq]
            self._inboxes[inbox] -= 1
            if not task.cancelled() and task.exception() is not None:
                log.error("attempt %d failed", seq, exc_info=task.exception())
            listener.wake.set()

        task.add_done_callback(ended)

    async def _deliver(self, claimed: Claimed) -> None:
        port = self._port(claimed.held.inbox, claimed.settings)
        outcome: Outcome
        if port is None or claimed.customer is None:
            outcome = Refused("no_address")
        else:
            author = self._service.hub.directory.agents.get(AgentId(claimed.author))
            outbound = Outbound(
                key=claimed.held.message,
                conversation=claimed.held.conversation,
                customer=claimed.customer,
                agent=author.name if author else "",
                text=claimed.text,
                at=claimed.said_at,
                now=now_ms(),
                subject=claimed.thread.subject,
                answers=claimed.thread.answers,
            )
            try:
                outcome = await port.deliver(outbound)
            except asyncio.CancelledError:
                outcome = Unknown("interrupted")
            except Exception:
                log.exception("channel of %s failed", claimed.held.inbox)
                outcome = Unknown("interrupted")
        idempotent = port is not None and port.idempotent
        await self._report(claimed.held, self._verdict(outcome, claimed.held, idempotent))

    def _port(self, inbox: InboxId, settings: bytes | None) -> Port | None:
        known = self._service.hub.directory.inboxes.get(inbox)
        if known is None or settings is None:
            return None
        return self._opened.port(known, settings)

    def _verdict(self, outcome: Outcome, held: Held, idempotent: bool) -> Verdict:
        spread = random.uniform(0.5, 1.0)
        return verdict(
            outcome, held, self._limits, idempotent=idempotent, now=now_ms(), spread=spread
        )

    async def _report(self, held: Held, found: Verdict) -> None:
        """Have it written. While that fails, again; in the end the attempt counts as lost."""
        for _ in range(int(MARGIN_SECONDS)):
            try:
                await self._service.writer.submit(Report(held, found))
                return
            except ServerError:
                log.exception("what became of %s is not written yet", held.message)
                await asyncio.sleep(1.0)
