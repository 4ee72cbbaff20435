"""Wake the other replicas: PostgreSQL's LISTEN and NOTIFY, one notification a batch.

A notification is a hint. The hub polls once a second anyway, so a lost one costs a second.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from agent_tui.server import occupancy
from agent_tui.server.database import Database

if TYPE_CHECKING:
    import psycopg

HEAD = "agent_tui_head"
PRESENCE = "agent_tui_presence"
LONGEST_PAYLOAD = 7_900  # PostgreSQL takes just under 8,000 bytes
LOOK_AROUND_SECONDS = 0.5
RECONNECT_SECONDS = 1.0
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
log = logging.getLogger(__name__)

Heard = Callable[[str, str], None]


def head(connection: Connection, seq: int) -> None:
    """Tell, when this transaction commits, how far the log goes."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"channel": HEAD, "payload": str(seq)})


def presence(database: Database, payload: str) -> None:
    """Pass a passing thing on to the other replicas. Does nothing on SQLite."""
    if not database.sqlite and len(payload.encode()) <= LONGEST_PAYLOAD:
        with database.write() as connection:
            connection.execute(_NOTIFY, {"channel": PRESENCE, "payload": payload})


class Ear:
    """A thread that listens; `heard(channel, payload)` is called on it."""

    def __init__(self, database: Database, heard: Heard) -> None:
        self._database = database
        self._heard = heard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)

    def start(self) -> None:
        """Begin; on SQLite there is nobody to hear."""
        if not self._database.sqlite:
            self._thread.start()

    def close_soon(self) -> None:
        """End within `LOOK_AROUND_SECONDS`, without waiting for it."""
        self._stop.set()

    def close(self) -> None:
        """End, and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        import psycopg

        while not self._stop.is_set():
            try:
                with self._connect() as connection:
                    self._heard(HEAD, "")  # whatever was said while nobody listened
                    self._listen(connection)
            except psycopg.Error as error:
                log.warning("not listening for other replicas: %s", error)
                self._stop.wait(RECONNECT_SECONDS)

    def _connect(self) -> psycopg.Connection:
        import psycopg

        arguments, options = self._database.engine.dialect.create_connect_args(
            self._database.engine.url
        )
        connection = psycopg.connect(*arguments, **options, autocommit=True, connect_timeout=5)
        try:
            for channel in (HEAD, PRESENCE):
                connection.execute(f"LISTEN {channel}")
            connection.execute("SELECT pg_advisory_lock_shared(%s)", (occupancy.SERVING,))
        except BaseException:
            connection.close()
            raise
        return connection

    def _listen(self, connection: psycopg.Connection) -> None:
        while not self._stop.is_set():
            for notice in connection.notifies(timeout=LOOK_AROUND_SECONDS, stop_after=1):
                self._heard(notice.channel, notice.payload)
