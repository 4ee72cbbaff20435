"""The workstation as shipped, on a profile without a server; in place of sync stands a thread that
folds events into the cache, as sync does, so many a second, and tells the screen the same way.

Run with the number of chats and of changes a second.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_tui import bootstrap
from agent_tui.domain import events as e
from agent_tui.domain.ids import MessageId
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache, Changes
from agent_tui.tui.app import WorkstationApp
from agent_tui.workstation import ProfileParts
from keying.changes import Ticks, texts
from keying.profile import key


class Feed:
    """A sync thread without a wire."""

    def __init__(
        self, path: Path, chats: int, rate: float, on_change: Callable[[Changes], None]
    ) -> None:
        self._path = path
        self._chats = chats
        self._rate = rate
        self._on_change = on_change
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin."""
        if self._rate:
            threading.Thread(target=self._run, name="sync", daemon=True).start()

    def close(self) -> None:
        """End."""
        self._stop.set()

    def __getattr__(self, name: str) -> Any:
        return lambda *values, **more: None  # nobody listens

    def _run(self) -> None:
        cache = Cache(self._path)
        seq = int((cache.cursor() or "f:0:x").split(":")[1])
        said = texts(random.Random(1), self._chats)
        for _ in Ticks(self._rate, self._stop):
            seq += 1
            number, text = next(said)
            at = time.time_ns() // 1_000_000
            event = e.CustomerWrote(message=MessageId(f"n{seq}"), text=text)
            recorded = e.Recorded(seq, at, "customer", event, conversation=key(number))
            self._on_change(cache.apply([recorded], f"f:{seq}:x", cache.done()))


class Parts(ProfileParts):
    """The shipped ones, with that thread."""

    def __init__(self, profile: Profile, chats: int, rate: float) -> None:
        super().__init__(profile, bootstrap.read_login(profile))
        self._path = profile.cache
        self._chats = chats
        self._rate = rate

    def connect(self, on_change: Any, on_link: Any, on_presence: Any) -> Any:
        super().connect(on_change, on_link, on_presence)  # settles the memory; is not started
        return Feed(self._path, self._chats, self._rate, on_change)


if __name__ == "__main__":
    WorkstationApp(Parts(bootstrap.default_profile(), int(sys.argv[1]), float(sys.argv[2]))).run()
