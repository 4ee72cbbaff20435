"""The settings table, which both files have."""

from __future__ import annotations

import sqlite3

from agent_tui.store.checksum import summed

ONE = "SELECT key, value, sum FROM meta WHERE key = ?"


def write(db: sqlite3.Connection, key: str, value: str) -> None:
    """Store a setting in the caller's transaction."""
    db.execute("INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?, ?, ?)", summed(key, value))


def forget(db: sqlite3.Connection, key: str) -> None:
    """Forget one in the caller's transaction."""
    db.execute("DELETE FROM meta WHERE key = ?", (key,))
