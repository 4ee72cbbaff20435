"""A text in as many messages as it takes: WeChat refuses one of more than 2,048 bytes."""

from __future__ import annotations

import re

MOST_BYTES = 2048
# Where a text may be cut, the best first: behind a line, a sentence, a clause, a word.
_ENDS = (
    re.compile(r"\n"),
    re.compile(r"[。！？!?…]+[”’」』)）]*|\.(?=\s)"),
    re.compile(r"[；;，,、：:]"),
    re.compile(r"\s"),
)


def parts(text: str, most: int = MOST_BYTES) -> list[str]:
    """`text` in pieces of at most `most` bytes of UTF-8, each cut at the best place in its second
    half. Together they are the text, without the blanks at their ends."""
    found: list[str] = []
    rest = text.strip()
    while len(rest.encode()) > most:
        room = len(rest.encode()[:most].decode("utf-8", "ignore"))
        at = _cut(rest[:room])
        found.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*found, rest]


def _cut(piece: str) -> int:
    half = len(piece) // 2
    for end in _ENDS:
        places = [match.end() for match in end.finditer(piece, half)]
        if places:
            return places[-1]
    return len(piece)
