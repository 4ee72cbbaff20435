"""What the agent chose on the screen, for the next start: widths, panes, view, theme, language.

One small file beside the cache, as disposable: damaged or of another version, it is as if there
were none. A choice holds as long as what it replaced is still configured; then config.toml has
the last word again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

VERSION = 1
FILE = "layout.json"
LEAST, MOST = 24, 80  # cells of a pane

Cells = Annotated[int, Meta(ge=0, le=MOST)]


class Layout(msgspec.Struct, frozen=True):
    """Empty or 0: nothing was chosen. The `over_` fields say what was in force before."""

    version: int = VERSION
    left: Cells = 0  # the queue
    side: Cells = 0  # search and card
    bare: bool = False  # without search and card
    tiles: bool = False  # several chats side by side
    view: str = ""
    board: str = ""  # the order of its lines
    theme: str = ""
    over_theme: str = ""
    language: str = ""
    over_language: str = ""


def load(path: Path | None) -> Layout:
    """The stored one; never raises."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Layout) if path else Layout()
    except (OSError, msgspec.MsgspecError):
        return Layout()
    return found if found.version == VERSION else Layout()


def save(path: Path | None, layout: msgspec.Struct) -> None:
    """Store it, whole or not at all; a full disk only costs the habit."""
    if path is None:
        return
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(layout))
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
