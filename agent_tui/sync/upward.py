"""Commands on their way up: what was sent, what was acknowledged, and whether that still holds."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from agent_tui.domain.commands import Order
from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import CommandsRequest
from agent_tui.sync.ports import Clock, OutOfStep, SyncStore, Wire

BATCH = 256
BATCH_BYTES = 500_000  # well below any server's limit of one request
COMES_HOME_MS = 5_000  # what was acknowledged longer ago should have come over the feed
QUICK_MS = 5_000  # an answer that was not on its way for longer tells the time well enough
log = logging.getLogger(__name__)


class Upward:
    """The numbered commands of one profile. `lost`: the server knows less than it acknowledged."""

    def __init__(self, wire: Wire, store: SyncStore, clock: Clock) -> None:
        self._wire = wire
        self._store = store
        self._clock = clock
        self._awaited = (0, 0)  # number, and since when (ms)
        self._ahead: int | None = None  # the server's clock, at least, less this machine's uptime
        self.pushed = 0
        self.lost = False

    def begin_anew(self) -> None:
        """Under another client id."""
        self.pushed = 0
        self.lost = False

    async def send(self, *, ask_first: bool = False) -> bool:
        """Send one batch. False if there was nothing to send, or no use in it.

        With `ask_first`, a question goes ahead: as long as nobody answers it, nothing has left, and
        what waits can be taken back.
        """
        if self.lost or not self._store.pending(self.pushed, 1):
            return False
        if ask_first and not await self._exchange([]):
            return False
        orders = _fitting(self._store.pending(self.pushed, BATCH))
        return await self._exchange(self._store.hand_over(orders)) if orders else False

    async def ask(self) -> None:
        """Ask whether the server still knows what was acknowledged, if that has not come home."""
        if not self.lost and self._unsettled() is not None:
            await self._exchange([])

    async def doubt(self) -> None:
        """Ask again for what should have come home by now: a copy of the server that lagged behind
        may have taken over without anybody's noticing. Called while online and idle."""
        number, now = self._unsettled(), self._clock.now_ms()
        if number is None or number != self._awaited[0]:
            self._awaited = (number or 0, now)
        elif not 0 <= now - self._awaited[1] < COMES_HOME_MS:
            self._awaited = (number, now)
            await self.ask()

    async def lasts(self) -> dict[ClientId, int]:
        """The server's last number of each client id that was given up."""
        found = {}
        for client in self._store.given_up():
            question = CommandsRequest(client, self._clock.now_ms(), ())
            try:
                found[client] = (await self._wire.commands(question)).last
            except OutOfStep as error:  # the id is somebody else's now: nothing of ours is there
                log.warning("%s: %s", client, error)
                found[client] = 0
        return found

    def forgotten(self, lasts: Mapping[ClientId, int]) -> bool:
        """Whether the server has lost what it had when an id was given up."""
        return any(
            lasts.get(client, last) < last for client, last in self._store.given_up().items()
        )

    def _unsettled(self) -> int | None:
        """The first command that was acknowledged and has not come home."""
        waiting = self._store.pending(0, 1)
        return waiting[0].number if waiting and waiting[0].number <= self._store.acked() else None

    async def _exchange(self, orders: list[Order]) -> bool:
        """Send `orders`, and what was acknowledged; without any it is only the question.

        False if the server has lost its memory.
        """
        client, acked = self._store.client, self._store.acked()
        asked_at = self._clock.uptime_ms()
        reckoned = asked_at + self._ahead if self._ahead is not None else 0
        request = CommandsRequest(client, self._clock.now_ms(), tuple(orders), acked, reckoned)
        try:
            answer = await self._wire.commands(request)
        except OutOfStep as error:
            if client != self._store.client:
                return True  # the answer is to a client id that was given up meanwhile
            log.warning("out of step: %s", error)
            if error.code == "gap" and self.pushed > acked:
                self.pushed = acked  # only our own memory of what was taken is wrong
                return True
            self.lost = True
            return False
        self._set_by(answer.now, asked_at)
        if client != self._store.client:
            return True
        if answer.last < acked:  # an older server does not compare by itself
            log.warning("acknowledged up to %d, the server is at %d", acked, answer.last)
            self.lost = True
            return False
        if orders:
            taken = min(answer.last, orders[-1].number)
            self._store.acknowledge(client, taken)
            self.pushed = max(self.pushed, taken)
        log.debug("pushed to %d, server at %d", self.pushed, answer.last)
        return True

    def _set_by(self, server: int, asked_at: int) -> None:
        """Reckon from an answer at whose making the server's clock showed `server`.

        It was on its way since: what is reckoned is never ahead, so that no reply passes for
        younger than it is. Where it was long, what is known may be nearer.
        """
        if server:
            came_at = self._clock.uptime_ms()
            ahead = server - came_at
            if self._ahead is not None and came_at - asked_at > QUICK_MS:
                ahead = max(ahead, self._ahead)
            self._ahead = ahead


def _fitting(orders: list[Order]) -> list[Order]:
    """As many of `orders`, from the first, as one request may carry."""
    size = 0
    for count, order in enumerate(orders):
        size += len(msgspec.json.encode(order))
        if size > BATCH_BYTES and count:
            return orders[:count]
    return orders
