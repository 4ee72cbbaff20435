"""Real time for the sync engine, and the doorbell of its thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from agent_tui.store import steady


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


class ThreadClock:
    """Real time; the doorbell rings when this process enqueued something."""

    def __init__(self) -> None:
        self.bell = asyncio.Event()
        self.jump: Callable[[], int] = lambda: 0

    def now_ms(self) -> int:
        """The wall clock as it would be had nobody set it since what waits was stamped."""
        return now_ms() - self.jump()

    def uptime_ms(self) -> int:
        """The machine's, sleep included."""
        return steady.uptime_ms()

    async def sleep(self, seconds: float) -> None:
        """asyncio's."""
        await asyncio.sleep(seconds)

    def ring(self) -> None:
        """On the loop's own thread."""
        self.bell.set()

    async def wait_for_work(self, seconds: float) -> None:
        """Until the bell, at most `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self.bell.wait()
        except TimeoutError:
            pass
        self.bell.clear()
