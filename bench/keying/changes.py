"""Which chat changes when, the same for everybody: every fifth change is among the first ones."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

NEAR = 40
APART = 2  # the first ones stay as they are: they are opened and looked at
WORDS = ("还在吗", "麻烦快一点", "any news?", "我等了很久了", "hello?", "图片发过来了", "谢谢")


def texts(chance: random.Random, chats: int) -> Iterator[tuple[int, str]]:
    """Number of a chat, and what its customer says now, without end."""
    count = 0
    while True:
        count += 1
        near = count % 5 == 0
        among = min(NEAR, chats) if near else chats
        yield chance.randrange(APART, among), chance.choice(WORDS)


class Ticks:
    """`rate` a second until `stop`; a stretch in which the process stood still is not made up."""

    def __init__(self, rate: float, stop: threading.Event) -> None:
        self._gap = 1 / rate
        self._stop = stop

    def __iter__(self) -> Iterator[None]:
        due = time.monotonic()
        while not self._stop.is_set():
            yield None
            due = max(due + self._gap, time.monotonic() - self._gap)
            self._stop.wait(max(0.0, due - time.monotonic()))
