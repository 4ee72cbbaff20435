"""Searches that found nothing, made fit to be counted: no numbers or addresses of customers."""

from __future__ import annotations

import re
from collections.abc import Iterable

QUERY_CHARS = 60
MOST_MISSES = 100
MOST_TIMES = 1_000
# Five digits or more in a row, also in groups: order numbers, telephones, cards.
_NUMBER = re.compile(r"\d(?:[ .-]?\d){4,}")
_ADDRESS = re.compile(r"\S+@\S+")
Misses = tuple[tuple[str, int], ...]


def masked(query: str) -> str:
    """`query` on one line, small, cut, with long numbers as `#` and mail addresses as `@`."""
    line = " ".join(query[: QUERY_CHARS * 16].split()).lower()
    return _NUMBER.sub("#", _ADDRESS.sub("@", line))[:QUERY_CHARS].strip()


def counted(misses: Iterable[tuple[str, int]]) -> Misses:
    """The same of a report: each query once, bounded."""
    found: dict[str, int] = {}
    for query, times in misses:
        name = masked(query)
        if name and times > 0 and (name in found or len(found) < MOST_MISSES):
            found[name] = min(found.get(name, 0) + times, MOST_TIMES)
    return tuple(found.items())
