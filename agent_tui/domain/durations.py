"""Lengths of time as people write them: 5m, 1h30m, 90秒, 2小时."""

from __future__ import annotations

import re
import unicodedata

import msgspec

# Letter, length in ms, other ways to write it; the longest first, as they stand in a length.
_UNITS = (
    ("d", 86_400_000, "days|day|天|日"),
    ("h", 3_600_000, "hours|hour|hr|个小时|小时|时"),
    ("m", 60_000, "minutes|minute|mins|min|分钟|分"),
    ("s", 1_000, "seconds|second|secs|sec|秒钟|秒"),
)
_PARTS = "".join(
    rf"(?:(?P<{letter}>[0-9]{{1,9}})(?:{words}|{letter}))?" for letter, _, words in _UNITS
)
_LENGTH = re.compile(rf"(?P<sign>-?)(?:(?P<zero>0+)|(?=[0-9]){_PARTS})\Z")


class Length(msgspec.Struct, frozen=True):
    """A length in ms, a whole number of `unit`s (ms), the smallest in which it was written."""

    ms: int
    unit: int = 1_000

    def __str__(self) -> str:
        letter = next(letter for letter, size, _ in _UNITS if size == self.unit)
        return f"{whole(self.ms, self.unit)}{letter}"


def parse(text: str) -> Length | None:
    """The length that `text` is, or None. Only 0 may stand without a unit."""
    found = _LENGTH.match(unicodedata.normalize("NFKC", text).casefold())
    if found is None:
        return None
    if found["zero"]:
        return Length(0)
    parts = [(int(found[letter]), size) for letter, size, _ in _UNITS if found[letter]]
    ms = sum(count * size for count, size in parts)
    return Length(-ms if found["sign"] else ms, parts[-1][1])


def whole(ms: int, unit: int) -> int:
    """How many whole `unit`s `ms` are, as a countdown shows them: both ways towards 0."""
    return -(-ms // unit) if ms < 0 else ms // unit
