"""What was done to many conversations at once, and what the server refused of it.

A refused reply goes to the unsent tray for its text. Of a thousand chats reassigned at once, those
that changed meanwhile are one message, not as many items: they are kept here, with the deed.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agent_tui.domain.events import CommandRefused
from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both

KEPT = 8


class Bulk(msgspec.Struct, frozen=True):
    """The commands from number `first` to `last`, queued at `at` (ms).

    `refused` has the conversation, the reason's code and its detail.
    """

    first: int
    last: int
    title: Both
    at: int
    refused: tuple[tuple[ConversationId, str, str], ...] = ()


_BULKS = msgspec.json.Decoder(tuple[Bulk, ...])


def read(stored: str | None) -> tuple[Bulk, ...]:
    """The last deeds, oldest first; none if a newer program wrote them."""
    try:
        return _BULKS.decode(stored or "[]")
    except msgspec.MsgspecError:
        return ()


def write(bulks: Iterable[Bulk]) -> str:
    """The newest of `bulks`, as `read` takes them."""
    return msgspec.json.encode(tuple(bulks)[-KEPT:]).decode()


def refuse(
    bulks: Iterable[Bulk], refusals: Iterable[tuple[ConversationId, CommandRefused]]
) -> tuple[Bulk, ...]:
    """`bulks` with what came home refused; each of `refusals` is of one of them."""
    found = list(bulks)
    for conversation, refusal in refusals:
        for index, bulk in enumerate(found):
            if bulk.first <= refusal.number <= bulk.last:
                entry = (conversation, str(refusal.code), refusal.detail)
                found[index] = msgspec.structs.replace(bulk, refused=(*bulk.refused, entry))
    return tuple(found)


def of(bulks: Iterable[Bulk], number: int) -> Bulk | None:
    """The deed that command `number` is part of."""
    return next((each for each in bulks if each.first <= number <= each.last), None)
