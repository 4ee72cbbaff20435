"""The function keys that a macro may sit on."""

from __future__ import annotations

KEYS = tuple(f"F{number}" for number in range(2, 10))
