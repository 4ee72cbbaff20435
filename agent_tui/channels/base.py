"""What every channel does: understand what comes in, push what goes out, say what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Request(msgspec.Struct, frozen=True):
    """What somebody handed in. Header names are in lower case; `now` is in ms."""

    headers: Mapping[str, str]
    body: bytes
    now: int


class Inbound(msgspec.Struct, frozen=True):
    """A customer's message. `external` is the channel's own identity for it, `customer` the one for
    whom it is from: both are taken once, whoever sends them how often."""

    external: str
    customer: str
    text: str
    name: str = ""
    language: str = "zh"
    contact: str = ""
    subject: str = ""


class Outbound(msgspec.Struct, frozen=True):
    """A reply to push. `key` stays the same however often it is tried. Times are in ms: `at` when
    it was written, `now` that of this attempt."""

    key: str
    conversation: str
    customer: str
    agent: str
    text: str
    at: int
    now: int


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

    def parse(self, request: Request) -> Inbound:
        """The message in `request`. Raises Unauthorized unless it is the other side's own, and
        UsageError or msgspec's errors if it is no message."""

    async def deliver(self, outbound: Outbound) -> Outcome:
        """Push a reply once. Never raises for anything that the other side or the network does."""
