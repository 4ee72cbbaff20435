"""JSON whose every string is clean: what enters the cache can be drawn, whatever server sent it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from agent_tui.text import clean

# Bytes without which JSON has nothing to clean: escapes but \n and \t, and first bytes of
# C1, format, bidi, tag and combining characters. Nearly all rows have none of them.
_SUSPECT = re.compile(
    rb"\\u|\\[rbf]|\x7f|\xc2[\x80-\x9f\xad]|\xcc|\xcd|\xd8\x9c|\xe1\xa0|\xe1\xaa|\xe1\xb7"
    rb"|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xe2\x83|\xef\xb7|\xef\xb8|\xef\xbb\xbf"
    rb"|\xef\xbf[\xb0-\xbf]|\xf3\xa0"
)


def harmless(raw: bytes) -> bytes:
    """`raw` JSON with `text.clean` applied to every string in it."""
    if not _SUSPECT.search(raw):
        return raw
    return msgspec.json.encode(_walk(msgspec.json.decode(raw)))


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_walk(item) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item) for key, item in value.items()}
    return value
