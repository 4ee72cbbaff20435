"""The engine's store: a profile's cache and outbox, which cannot commit as one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from agent_tui.domain.commands import Order
from agent_tui.domain.events import CommandRefused, ConversationEntered, Recorded
from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import Page
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox
from agent_tui.sync.clock import now_ms
from agent_tui.sync.ports import Snapshot

log = logging.getLogger(__name__)
ChangesHook = Callable[[Changes], None]


class ProfileStore:
    """The engine's store over a profile's two files; tells what changed after each commit."""

    def __init__(self, cache: Cache, outbox: Outbox, on_change: ChangesHook) -> None:
        self._cache = cache
        self._outbox = outbox
        self._on_change = on_change

    @property
    def client(self) -> ClientId:
        """The outbox knows it."""
        return self._outbox.client

    def cursor(self) -> str | None:
        """None also for a cache that turned out damaged: it starts over empty."""
        return self._cache.cursor()

    def pending(self, after: int, limit: int) -> list[Order]:
        """From the outbox."""
        return self._outbox.pending(after, limit)

    def hand_over(self, orders: Sequence[Order]) -> list[Order]:
        """From now on nobody takes them back."""
        return self._outbox.handing.over(orders)

    def apply(self, page: Page) -> None:
        """Cache first, then the outbox: they cannot commit as one, but settling repeats safely."""
        self._write(page.events, page.to, page.done, replace=False)

    def replace(self, snapshot: Snapshot) -> None:
        """The whole cache at once."""
        self._write(snapshot.events, snapshot.cursor, snapshot.done, replace=True)

    def _write(self, events: Iterable[Recorded], cursor: str, done: int, *, replace: bool) -> None:
        changes = self._cache.apply(events, cursor, done, replace=replace)
        settled = self.settle()
        self._on_change(changes | Changes(outbox=settled))

    def settle(self) -> bool:
        """Bring the outbox up to what the cache says is done."""
        done = self._cache.done()
        refusals = self._cache.refusals()
        settled = self._outbox.settle(done, refusals, now_ms())
        if refusals:
            self._cache.forget_refusals(done)
        return settled

    def acked(self) -> int:
        """From the outbox."""
        return self._outbox.acked()

    def acknowledge(self, client: ClientId, number: int) -> None:
        """On the disk before anybody relies on it."""
        self._outbox.acknowledge(client, number)

    def given_up(self) -> dict[ClientId, int]:
        """From the outbox."""
        return self._outbox.given_up()

    def restart(self, snapshot: Snapshot, lasts: Mapping[ClientId, int]) -> None:
        """A new client id. What the cache says is done is of the old one: that goes first."""
        kept: set[str] = set()
        refused: list[CommandRefused] = []
        for recorded in snapshot.events:
            match recorded.body:
                case ConversationEntered(messages=messages):
                    kept.update(message.id for message in messages)
                case CommandRefused() as refusal:
                    refused.append(refusal)
        # A number alone proves nothing: a copy of this profile may have used it.
        proven = min(snapshot.done, self._outbox.acked())
        self._cache.forget_place()
        self._outbox.settle(proven, refused, now_ms())
        known = {**lasts, self._outbox.client: proven}
        self._outbox.restart(now_ms(), frozenset(kept), known)

    def begin(self) -> None:
        """Make good what an end amid writing left, and what an older program may have missed."""
        self.settle()
        if self._cache.outgrown():
            log.info("another version filled the cache: it is fetched again")
            self._cache.forget_place()
