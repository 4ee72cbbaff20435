"""The standard's own files, as Debian's `unicode-data` lays them out.

AGENT_TUI_UNICODE names another folder. The machine's edition decides what is tested.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import lacking

FOLDER = Path(os.environ.get("AGENT_TUI_UNICODE", "/usr/share/unicode"))
BREAK = "÷"


def lines(name: str) -> Iterator[tuple[str, str]]:
    """What stands before and after `#` on each line that holds data."""
    path = FOLDER / name
    if not path.exists():
        lacking(f"{path} is missing: install Debian's unicode-data, or set AGENT_TUI_UNICODE")
    for line in path.read_text("utf-8").split("\n"):
        data, _, note = line.partition("#")
        if data.strip():
            yield data.strip(), note.strip()


def chars(codes: str) -> str:
    """`1F600 200D` as text."""
    return "".join(chr(int(code, 16)) for code in codes.split())


def broken() -> Iterator[tuple[list[str], str]]:
    """The clusters of a text, and the rules that tell so."""
    for data, note in lines("auxiliary/GraphemeBreakTest.txt"):
        yield [chars(part.replace("×", "")) for part in data.strip(f"{BREAK} ").split(BREAK)], note


def emoji() -> Iterator[str]:
    """Each emoji that keyboards offer."""
    for data, _ in lines("emoji/emoji-test.txt"):
        yield chars(data.partition(";")[0])


def wide() -> Iterator[str]:
    """Each character that takes two cells."""
    for data, _ in lines("EastAsianWidth.txt"):
        codes, _, width = data.partition(";")
        if width.strip() in ("W", "F"):
            first, _, last = codes.strip().partition("..")
            yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))
