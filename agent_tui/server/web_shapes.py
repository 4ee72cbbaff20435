"""What the public web channel takes and answers, as JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent_tui.domain.ratings import BEST, COMMENT_CHARS

Seq = Annotated[int, Meta(ge=0, lt=2**53)]


class Words(msgspec.Struct, frozen=True):
    """A sentence in both languages."""

    zh: str
    en: str


class InboxAnswer(msgspec.Struct, frozen=True):
    """What the page shows before anything is written. `file_bytes`: the largest file that is taken;
    0 takes none."""

    inbox: str
    title: Words
    greeting: Words
    online: bool
    file_bytes: int


class VisitorRequest(msgspec.Struct, frozen=True):
    """A new visitor. `name` is what they want to be called; both fields may be left out."""

    name: str = ""
    language: str = "zh"


class VisitorAnswer(msgspec.Struct, frozen=True):
    """The visitor's token for the Authorization header."""

    visitor: str
    customer: str


class WriteRequest(msgspec.Struct, frozen=True):
    """A message. `id` is the caller's own (a UUID, say); the same id is taken once."""

    id: str
    text: str


class WriteAnswer(msgspec.Struct, frozen=True):
    """The message is durable. `seq` is its place among all of this visitor's messages."""

    id: str
    seq: int
    at: int


class WebMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line as the customer may see it. Notes never appear. `edited`: the agent changed its text
    since; it is told again, under its own id and seq."""

    id: str
    seq: int
    at: int
    from_: str = msgspec.field(name="from")
    name: str
    text: str
    edited: bool = False


class WebQueue(msgspec.Struct, frozen=True):
    """Nobody has the customer's chat yet. `ahead`: how many are served before; it takes from `low`
    to `high` seconds from when it was told, `left_low` to `left_high` from now."""

    ahead: int
    low: int
    high: int
    left_low: int
    left_high: int


class WebRating(msgspec.Struct, frozen=True):
    """The last chat is solved and may be rated; `given` is what they said, 0: nothing."""

    given: int


class WebPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Messages that came, or were edited, after a seq, oldest first. `delivered`: the last one that
    an agent has looked at.

    `queue` is there while the customer waits for their turn, `rating` while their chat is solved.
    """

    messages: tuple[WebMessage, ...]
    delivered: int
    cursor: int
    more: bool
    queue: WebQueue | None = None
    rating: WebRating | None = None


class RatingRequest(msgspec.Struct, frozen=True):
    """How the customer was served, 1 to 5, and why in their own words."""

    rating: Annotated[int, Meta(ge=1, le=BEST)]
    comment: Annotated[str, Meta(max_length=COMMENT_CHARS)] = ""


class ReceiptRequest(msgspec.Struct, frozen=True):
    """The page has received, and shown, the agent's messages up to these seqs."""

    delivered: Seq = 0
    read: Seq = 0
