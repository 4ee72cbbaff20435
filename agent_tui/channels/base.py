"""What every channel does: understand what comes in, push what goes out, say what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import httpx
import msgspec


class Request(msgspec.Struct, frozen=True):
    """What somebody handed in. Header names are in lower case; `now` is in ms; `query` is what the
    address carried."""

    headers: Mapping[str, str]
    body: bytes
    now: int
    query: Mapping[str, str] = {}


class Inbound(msgspec.Struct, frozen=True):
    """A customer's message. `external` is the channel's own identity for it, `customer` the one for
    whom it is from: both are taken once, whoever sends them how often. `media` is the channel's key
    of a file that came with it (see `Called.fetch`), `lead` what stands before that file's address
    in place of `text`."""

    external: str
    customer: str
    text: str
    name: str = ""
    language: str = "zh"
    contact: str = ""
    subject: str = ""
    media: str = ""
    lead: str = ""


class Outbound(msgspec.Struct, frozen=True):
    """A reply to push. `key` stays the same however often it is tried. Times are in ms: `at` when
    it was written, `now` that of this attempt. For mail: the `subject` and the ids of what it
    `answers`, the nearest last."""

    key: str
    conversation: str
    customer: str
    agent: str
    text: str
    at: int
    now: int
    subject: str = ""
    answers: tuple[str, ...] = ()


class Arrived(msgspec.Struct, frozen=True):
    """The other side said that it has it."""


class Refused(msgspec.Struct, frozen=True):
    """It did not arrive, and trying again would not help. `code` as in `DELIVERIES`."""

    code: str
    detail: str = ""


class Unreached(msgspec.Struct, frozen=True):
    """It did not arrive, and may be tried again: nothing left, or the other side asked to wait
    for `wait` seconds."""

    code: str
    detail: str = ""
    wait: float = 0.0


class Unknown(msgspec.Struct, frozen=True):
    """It left, and nobody said whether it arrived."""

    code: str
    detail: str = ""


Outcome = Arrived | Refused | Unreached | Unknown


class Port(Protocol):
    """One inbox's channel."""

    idempotent: bool  # the other side takes a key once, so an unknown outcome may be tried again

    def parse(self, request: Request) -> Inbound | None:
        """The message in `request`; None if it says nothing that is to be answered. Raises
        Unauthorized unless it is the other side's own, and UsageError or msgspec's errors if it is
        no message."""

    async def deliver(self, outbound: Outbound) -> Outcome:
        """Push a reply once. Never raises for anything that the other side or the network does."""


@runtime_checkable
class Called(Port, Protocol):
    """One whose other side hands messages in over HTTP."""

    receipt: str | None  # what the other side wants to read once its message is taken; None: JSON

    def greet(self, request: Request) -> str:
        """The answer to the other side's test of the inbox's address. Raises Unauthorized, or
        NotFound where there is no such test."""

    async def fetch(self, http: httpx.AsyncClient, media: str, most: int) -> bytes | None:
        """The file that came with a message, of at most `most` bytes; None if it cannot be had
        soon. Never raises for anything that the other side or the network does."""
