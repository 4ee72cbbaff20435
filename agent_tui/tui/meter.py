"""Keys for an answered chat, counted on this machine for this person only; nothing is ever sent."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent_tui.tui import layout
from agent_tui.tui.hints import Hints

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

VERSION = 1
FILE = "meter.json"
KEPT_DAYS = 60


class Day(msgspec.Struct):
    """What was sent on one day, and how many keys that took."""

    answers: int = 0
    keys: int = 0
    characters: int = 0
    ready: int = 0  # answers with text from a macro or an article

    @property
    def each(self) -> float | None:
        """Keys for an answer; None without answers."""
        return self.keys / self.answers if self.answers else None

    def add(self, other: Day) -> None:
        """Count `other` in."""
        self.answers += other.answers
        self.keys += other.keys
        self.characters += other.characters
        self.ready += other.ready


class Days(msgspec.Struct):
    """The file: a Day for each date (ISO, local time)."""

    version: int = VERSION
    days: dict[str, Day] = {}

    def total(self, first: datetime.date, last: datetime.date) -> Day:
        """All days from `first` to `last`, both counted."""
        found = Day()
        for name, day in self.days.items():
            if first.isoformat() <= name <= last.isoformat():
                found.add(day)
        return found


def load(path: Path | None) -> Days:
    """What was counted; nothing if the file is damaged or not there. Never raises."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Days) if path else Days()
    except (OSError, msgspec.MsgspecError):
        return Days()
    return found if found.version == VERSION else Days()


class Meter:
    """Counts from the key that opens a chat to the one that sends, and from there to the next."""

    def __init__(self, screen: Workstation, folder: Path | None) -> None:
        self._screen = screen
        self._path = folder / FILE if folder is not None else None
        self._days: Days | None = None
        self._chat: object = None
        self._keys = 0
        self._changed = False
        self.pressed = 0  # since the start, whatever for
        self.answers = 0  # since the start
        self.hints = Hints(screen)

    def key(self) -> None:
        """A key was pressed; what it does is done after this."""
        self.pressed += 1
        self._follow()
        self._keys += 1

    def sent(self, text: str) -> None:
        """A reply is on its way, the key that sent it counted."""
        self._follow()
        self.answers += 1
        ready = bool(self._screen.inserting.left(text))
        day = self.days.days.setdefault(self.today().isoformat(), Day())
        day.add(Day(1, self._keys, len(text), int(ready)))
        self._keys = 0
        self._changed = True
        self._screen.tour.look()
        if not ready:
            self.hints.look(text)

    def _follow(self) -> None:
        """In another chat than at the last key, that key has opened it."""
        if self._screen.current != self._chat:
            self._chat = self._screen.current
            self._keys = 1

    @property
    def days(self) -> Days:
        """What was counted so far; the file is read when it is first asked for."""
        if self._days is None:
            self._days = load(self._path)
        return self._days

    def today(self) -> datetime.date:
        """By the desk's clock, in local time."""
        moment = self._screen.desk.clock() / 1000
        return datetime.datetime.fromtimestamp(moment, datetime.UTC).astimezone().date()

    def save(self) -> None:
        """Now and then, and at the end."""
        if self._changed:
            first = (self.today() - datetime.timedelta(days=KEPT_DAYS)).isoformat()
            kept = {name: day for name, day in self.days.days.items() if name >= first}
            self._days = Days(days=kept)
            layout.save(self._path, self._days)
            self._changed = False
