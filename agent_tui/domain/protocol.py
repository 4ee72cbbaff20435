"""What goes over the wire between a workstation and the server, beside events and commands."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import msgspec

from agent_tui.domain.commands import Order
from agent_tui.domain.events import Recorded
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Article
from agent_tui.domain.staffing import Availability

# Grows when an older program can no longer take part in full; neighbours work together. 2 tells
# what was acknowledged, and refuses a command that it does not understand, not the whole request.
PROTOCOL = 2
# Of every answer's head, so that either side notices that the other was replaced meanwhile.
PROTOCOL_HEADER = "Agent-Tui-Protocol"


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
    """Numbered commands of one client, in order. `sent_at` is that client's clock (ms).

    `acked` is the highest number that a server acknowledged to this client: one that knows less was
    restored from a backup. Without orders it is only this question. `reckoned` is what the server's
    clock showed at least when this was sent (ms): what it shows beyond, the request was on its way.
    0 if nothing was heard from the server yet; None from a client that does not reckon.
    """

    client: ClientId
    sent_at: int
    orders: tuple[Order, ...]
    acked: int = 0
    reckoned: int | None = None


class RawCommandsRequest(Wire, frozen=True):
    """A CommandsRequest whose orders are not decoded yet: one unknown kind blocks no others."""

    client: ClientId
    sent_at: int
    orders: tuple[msgspec.Raw, ...]
    acked: int = 0
    reckoned: int | None = None


class OrderHead(Wire, frozen=True):
    """As much of an order as must be there for it to be refused by its number."""

    number: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    conversation: ConversationId
    queued_at: int
    command: dict[str, Any]


class CommandResult(Wire, frozen=True):
    """What became of one command; the effects themselves come over the feed."""

    number: int
    outcome: str  # applied | held | refused
    reason: str = ""


class CommandsAnswer(Wire, frozen=True):
    """Every command up to `last` is durable on the server, whose clock shows `now` (ms).

    Where `last` is less than what was sent, the rest was too long on its way: it is sent again.
    """

    last: int
    results: tuple[CommandResult, ...]
    now: int = 0


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
    """An agent writes in a conversation, or merely looks at it: told to others, never stored.

    With neither `typing` nor `looking` they have left it.
    """

    conversation: ConversationId
    typing: bool = True
    looking: bool = True


class Presence(Wire, frozen=True):
    """Who types in or looks at a conversation, until a moment (ms). `agent` empty: the customer."""

    conversation: ConversationId
    agent: AgentId | str
    typing: bool
    until: int


class AvailabilityRequest(Wire, frozen=True):
    """A client's agent is there. With `told`, they (or a lead, of `agent`) say what they are now;
    without, `availability` is what the client believes, and counts while the server knows nothing.
    """

    availability: Availability
    client: ClientId = ClientId("")
    reason: str = ""
    told: bool = False
    agent: AgentId = AgentId("")


class SurgeRequest(Wire, frozen=True):
    """Begin a surge on a team for `minutes`, or change it; 0 ends it. See `staffing.Surge`."""

    team: TeamId
    minutes: Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 60)]
    factor: Annotated[float, msgspec.Meta(ge=1, le=10)] = 1.5


class AuditEntry(Wire, frozen=True):
    """One event of the log. `by` is an agent, `customer` or `system`; `client` the machine that it
    came from, where one did, `address` the machine's in the network, where that is known; `team`
    where the conversation is after it; `detail` what it says."""

    seq: int
    at: int
    by: str
    client: str
    kind: str
    conversation: ConversationId | None
    team: TeamId | None
    owner_before: AgentId | None
    owner_after: AgentId | None
    detail: dict[str, str]
    address: str = ""


class AuditAnswer(Wire, frozen=True):
    """Newest first. `next`: ask again with it as `before`; null: there is no more."""

    entries: tuple[AuditEntry, ...]
    next: int | None


class UseCount(Wire, frozen=True):
    """How many replies in a team's chats came from an entry; `last_at`: the last day (ms, UTC)."""

    source: str
    team: TeamId
    count: int
    last_at: int


class MissedCount(Wire, frozen=True):
    """How often agents searched for something and found nothing; numbers are masked."""

    query: str
    count: int
    last_at: int


class KnowledgeStats(Wire, frozen=True):
    """What was counted in the last `days` days. `unused` are the first of `unused_count`."""

    days: int
    used: tuple[UseCount, ...]
    unused: tuple[str, ...]
    missed: tuple[MissedCount, ...]
    unused_count: int = 0


class FileAnswer(Wire, frozen=True):
    """A picture or file that the server keeps: messages name it by `address`. `media` is what it is
    by its own bytes, `size` in bytes."""

    name: str
    media: str
    size: int
    address: str


class ArticleVersion(Wire, frozen=True):
    """What was published at `at` by somebody; without an article, it was withdrawn."""

    at: int
    by: str
    article: Article | None = None


class ArticleVersions(Wire, frozen=True):
    """An article's versions, newest first, as far back as the log reaches."""

    id: str
    versions: tuple[ArticleVersion, ...]


def order_hash(order: Order) -> bytes:
    """Digest that tells whether a command number was used again for something else."""
    return hashlib.sha256(msgspec.json.encode(order)).digest()[:16]


def raw_hash(raw: bytes | msgspec.Raw) -> bytes:
    """The same of an order as it came, whatever this version understands of it."""
    plain = msgspec.json.encode(msgspec.json.decode(raw), order="sorted")
    return hashlib.sha256(plain).digest()[:16]
