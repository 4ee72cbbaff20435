"""A sum over each row that is read back: a flipped bit is found, not shown or sent."""

from __future__ import annotations

from zlib import crc32


def checksum(*values: object) -> int:
    """CRC-32 of a row's values; it finds every error of up to 32 bits in a row.

    Bytes go in as they are, everything else as its text, with a zero between, so that characters
    cannot move from a value to its neighbour.
    """
    if type(values[-1]) is bytes:  # keys and a body, by the thousand at a start: the short way
        keys = "".join([f"{value}\0" for value in values[:-1]])
        return crc32(values[-1], crc32(keys.encode("utf-8", "replace")))
    if bytes not in map(type, values):
        return crc32("\0".join(map(str, values)).encode("utf-8", "replace"))
    parts = [v if isinstance(v, bytes) else str(v).encode("utf-8", "replace") for v in values]
    return crc32(b"\0".join(parts))


def summed(*values: object) -> tuple[object, ...]:
    """A row: `values` and their sum."""
    return (*values, checksum(*values))
