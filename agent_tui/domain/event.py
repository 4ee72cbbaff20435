"""What every event is."""

from __future__ import annotations

from typing import get_args

import msgspec


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Base of every event."""


def kinds(union: object) -> dict[str, type[Event]]:
    """Tag -> class for every member of an event union."""
    return {member.__struct_config__.tag: member for member in get_args(union)}
