"""What goes over the wire between a workstation and the server, beside events and commands."""

from __future__ import annotations

import hashlib

import msgspec

from agent_tui.domain.commands import Order
from agent_tui.domain.events import Recorded
from agent_tui.domain.ids import AgentId, ClientId, ConversationId
from agent_tui.domain.model import Agent

PROTOCOL = 1


class Wire(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of every body; unknown fields are ignored, so either side may be newer."""


class Problem(Wire, frozen=True):
    """An error: a stable code, and a title and way out in the caller's language."""

    code: str
    title: str
    hint: str = ""


class ProblemAnswer(Wire, frozen=True):
    """Body of every answer with a status of 400 or more."""

    error: Problem


class LoginRequest(Wire, frozen=True):
    """Log in with a name and password, or accept an invite: its code and a new password."""

    password: str
    login: str = ""
    invite: str = ""
    name: str = ""


class LoginAnswer(Wire, frozen=True):
    """A token for the Authorization header, valid until `expires_at` (ms)."""

    token: str
    agent: Agent
    expires_at: int
    protocol: int  # PROTOCOL of the server; without a default, or it would be left out


class SessionAnswer(Wire, frozen=True):
    """Whom the token belongs to."""

    agent: Agent
    protocol: int


class CommandsRequest(Wire, frozen=True):
    """Numbered commands of one client, in order. `sent_at` is that client's clock (ms)."""

    client: ClientId
    sent_at: int
    orders: tuple[Order, ...]


class CommandResult(Wire, frozen=True):
    """What became of one command; the effects themselves come over the feed."""

    number: int
    outcome: str  # applied | held | refused
    reason: str = ""


class CommandsAnswer(Wire, frozen=True):
    """Every command up to `last` is durable on the server."""

    last: int
    results: tuple[CommandResult, ...]


class Page(Wire, frozen=True):
    """A stretch of the feed. `from_` and `to` are cursors; `to` is the last seq examined, so events
    that the reader may not see are no gaps. `done` is this client's last command whose effects lie
    at or before `to`."""

    feed: str
    from_: str = msgspec.field(name="from")
    to: str
    head: int
    done: int
    more: bool
    events: tuple[Recorded, ...]


class RawPage(Wire, frozen=True):
    """A Page whose events are not decoded yet, so that one unknown kind does not spoil the rest."""

    feed: str
    from_: str = msgspec.field(name="from")
    to: str
    head: int
    done: int
    more: bool
    events: tuple[msgspec.Raw, ...]


class SnapshotHeader(Wire, frozen=True):
    """First line of a snapshot; `events` lines of feed events and a SnapshotEnd follow."""

    feed: str
    cursor: str
    done: int


class SnapshotEnd(Wire, frozen=True):
    """Last line of a snapshot: what came before it is whole if the count agrees."""

    end: bool
    events: int


class TypingRequest(Wire, frozen=True):
    """An agent writes in (or merely looks at) a conversation: told to others, never stored."""

    conversation: ConversationId
    typing: bool = True


class Presence(Wire, frozen=True):
    """Who types in or looks at a conversation, until a moment (ms). `agent` empty: the customer."""

    conversation: ConversationId
    agent: AgentId | str
    typing: bool
    until: int


def order_hash(order: Order) -> bytes:
    """Digest that tells whether a command number was used again for something else."""
    return hashlib.sha256(msgspec.json.encode(order)).digest()[:16]
