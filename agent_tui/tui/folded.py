"""Finding in a text without regard to case and width, with places in the text as it is written."""

from __future__ import annotations

import unicodedata

Span = tuple[int, int]


def fold(text: str) -> str:
    """`text` with case and width (full, half) made the same; it may be longer or shorter."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def spans(text: str, wanted: str) -> list[Span]:
    """Where the folded `wanted` stands in `text`: places of `text` itself, without overlaps."""
    if not wanted:
        return []
    pieces = [fold(char) for char in text]
    folded = "".join(pieces)
    if folded.find(wanted) < 0:
        return []
    # Each folded character's place in the text: one written character may fold to several.
    places = [index for index, piece in enumerate(pieces) for _ in piece]
    found: list[Span] = []
    at = folded.find(wanted)
    while at >= 0:
        last = at + len(wanted) - 1
        found.append((places[at], places[last] + 1))
        at = folded.find(wanted, last + 1)
    return found
