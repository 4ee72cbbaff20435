"""What the sync engine is given: a wire, a store, a clock. A simulation gives others."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from agent_tui.domain.commands import Order
from agent_tui.domain.events import Recorded
from agent_tui.domain.ids import ClientId
from agent_tui.domain.protocol import CommandsAnswer, CommandsRequest, Page, Presence
from agent_tui.errors import WireError


class OutOfStep(WireError):
    """The server and this client disagree about command numbers."""

    def __init__(self, code: str, title: str, hint: str = "") -> None:
        super().__init__(title, hint)
        self.code = code


class StreamSilent(WireError):
    """Nothing comes over the stream: something on the way holds it back, or the line is dead."""


class Snapshot(msgspec.Struct, frozen=True):
    """Everything in scope at a cursor. `events` may be gone through several times."""

    cursor: str
    done: int
    events: Collection[Recorded]


class Beat(msgspec.Struct, frozen=True):
    """The stream is alive, and its pages so far end at cursor `at`, if it says so."""

    at: str = ""


class ResetNotice(msgspec.Struct, frozen=True):
    """The stream ended because the reader must take a snapshot. `code` as in FeedReset answers."""

    code: str


StreamItem = Page | Presence | Beat | ResetNotice


class Wire(Protocol):
    """The server, as seen from one logged-in account. Every call may raise WireError."""

    async def commands(self, request: CommandsRequest) -> CommandsAnswer:
        """Send numbered commands; the answer means that they are durable. Raises OutOfStep."""

    async def changes(self, client: ClientId, since: str, wait: int) -> Page:
        """The next page, after at most `wait` seconds of patience. Raises FeedReset."""

    async def snapshot(self, client: ClientId) -> Snapshot:
        """Everything in scope."""

    def stream(self, client: ClientId, since: str) -> AsyncGenerator[StreamItem, None]:
        """Pages as they come, and a Beat at once. Raises FeedReset, StreamSilent."""


class SyncStore(Protocol):
    """The agent's two databases."""

    @property
    def client(self) -> ClientId:
        """This profile's client id."""

    def cursor(self) -> str | None:
        """Where the cache stands."""

    def pending(self, after: int, limit: int) -> list[Order]:
        """Unconfirmed commands numbered above `after`."""

    def hand_over(self, orders: Sequence[Order]) -> list[Order]:
        """These, as they are now, are about to leave; on the disk before any byte of them does."""

    def apply(self, page: Page) -> None:
        """Fold a page whose `from` is the cursor."""

    def replace(self, snapshot: Snapshot) -> None:
        """Swap the whole cache for a snapshot."""

    def acked(self) -> int:
        """The highest number that a server acknowledged to this client."""

    def acknowledge(self, client: ClientId, number: int) -> None:
        """Commands up to `number` are durable on the server; nothing if `client` was given up."""

    def given_up(self) -> Mapping[ClientId, int]:
        """Of client ids given up, the highest number that the server had when they were."""

    def restart(self, snapshot: Snapshot, lasts: Mapping[ClientId, int]) -> None:
        """Take a new client id; what `snapshot`, asked for under the old one, lacks goes to the
        tray, and so does what lies above `lasts` of ids given up before."""


class Clock(Protocol):
    """Time and patience."""

    def now_ms(self) -> int:
        """The wall clock, ms."""

    def uptime_ms(self) -> int:
        """Of a clock that nobody can set, and that goes on while the machine sleeps."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def ring(self) -> None:
        """There is work: end a `wait_for_work`."""

    async def wait_for_work(self, seconds: float) -> None:
        """Wait until the outbox may have something new, at most `seconds`."""
