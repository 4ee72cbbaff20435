"""What a guard found: kind, place and reason."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent_tui.lang import Both


class Kind(StrEnum):
    """What was found."""

    SLOT = "slot"  # a place that is still to be filled
    STALE = "stale"  # others wrote since
    HELD = "held"  # the rules would hold it
    OTHERS = "others"  # somebody else has the chat
    CROSSED = "crossed"  # another customer's name or number
    PROMISE = "promise"
    ABSOLUTE = "absolute"
    FORBIDDEN = "forbidden"  # the shop's own words
    CONTACT = "contact"
    IDENTITY = "identity"
    CARD = "card"
    LONG = "long"  # more than anybody writes


BLOCKS = frozenset({Kind.SLOT})


class Finding(msgspec.Struct, frozen=True):
    """One thing to look at: `start` and `end` in the text (equal: it is about all of it), the
    reason, and `lines` to show with it."""

    kind: Kind
    start: int
    end: int
    reason: Both
    lines: tuple[str, ...] = ()
