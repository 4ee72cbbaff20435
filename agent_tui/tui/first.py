"""The first picture: the queue as it last was, drawn before anything is loaded.

It imports nothing but Textual, so it is there about as soon as Textual can draw. Its file lies
beside the cache, is just as disposable, and goes with it at logout.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

ROWS = 60


@dataclass(frozen=True, slots=True)
class First:
    """Lines of the queue without their clocks, which would be wrong by now.

    `ring` holds the ids of the chats with the numbers 1, 2 ..., "" where there is none.
    """

    lines: tuple[str, ...] = ()
    theme: str = "desk-dark"
    language: str = "zh"
    ring: tuple[str, ...] = ()


def load(path: Path) -> First:
    """The stored picture; an empty one if there is none or it cannot be read."""
    try:
        data = json.loads(path.read_bytes())
        return First(
            tuple(str(line) for line in data["lines"]),
            str(data["theme"]),
            str(data["language"]),
            tuple(str(key) for key in data.get("ring", ())),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return First()


def save(path: Path, first: First) -> None:
    """Store the picture, whole or not at all; a full disk only costs the picture."""
    fresh = path.with_suffix(".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(first), file, ensure_ascii=False)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)


class FirstScreen(Screen[None]):
    """Shows the lines, and keeps the keys that are pressed before the workstation is there."""

    def __init__(self, first: First, band: str) -> None:
        super().__init__()
        self._first = first
        self._band = band
        self.typed: list[events.Key] = []

    def compose(self) -> ComposeResult:
        if self._band:
            yield Static(self._band, id="band", markup=False)
        yield Static("\n".join(self._first.lines), markup=False)

    def on_key(self, event: events.Key) -> None:
        """Nobody who types ahead loses a key."""
        event.stop()
        self.typed.append(event)
