"""Every fault but kill -9, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.crash.bits import flip_in_cache, flip_in_outbox
from tests.crash.clock import CLOCKS
from tests.crash.disk import DISKS

SCENARIOS: dict[str, Callable[[Path, int], None]] = {
    **DISKS,
    **CLOCKS,
    "client: a byte of cache.db": flip_in_cache,
    "client: a byte of outbox.db": flip_in_outbox,
}
