"""How long ago something was, whatever was done to the wall clock meanwhile."""

from __future__ import annotations

import functools
import secrets
import time
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@functools.cache
def boot() -> str:
    """Names this run of the machine; where it has no name, this process."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return secrets.token_hex(8)


def uptime_ms() -> int:
    """Milliseconds since the machine started, sleep included; nobody can set it."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


def offset_ms() -> int:
    """Wall clock minus uptime: it changes when, and by how much, the clock is set."""
    return time.time_ns() // 1_000_000 - uptime_ms()
