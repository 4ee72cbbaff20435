"""Processes that kill themselves at a named point: server, or desk and sync, as they are.

They run in children of the nursery. `arm` patches the ways out of the process (SQL statements,
writes to sockets), so that a kill lands inside a transaction or a request, not beside it.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from httpcore._backends.anyio import AnyIOStream

from agent_tui import bootstrap
from agent_tui.domain.ids import ConversationId
from agent_tui.errors import StoreError
from agent_tui.paths import Profile
from agent_tui.server import run
from agent_tui.server.setup import DataFolder
from agent_tui.store import migrations
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Outbox

# What happens at the n-th ... (file, statement, after it)
STATEMENTS: dict[str, tuple[str, str, bool]] = {
    "apply: inside": ("cache.db", "WRITE", False),
    "apply: before the commit": ("cache.db", "COMMIT", False),
    "apply: committed, outbox not yet": ("cache.db", "COMMIT", True),
    "outbox: inside": ("outbox.db", "WRITE", True),
    "outbox: before the commit": ("outbox.db", "COMMIT", False),
    "outbox: committed": ("outbox.db", "COMMIT", True),
}
SENDS = ("send: before", "send: half", "send: all sent", "send: answered")
SNAPSHOT = "apply: a snapshot, inside"
MIGRATING = "migrate: inside"
CREATING = "create: inside"
DELAY = "any moment"
BEFORE, COMMITTED = "server: before the commit", "server: committed, not answered"
# Sent to PostgreSQL, and the process ends before it could hear what became of it.
IN_DOUBT = "server: the commit is on its way"
SERVER_COMMITS = {"sqlite": (BEFORE, COMMITTED), "postgresql": (BEFORE, IN_DOUBT, COMMITTED)}
POINTS = (DELAY, *STATEMENTS, *SENDS, SNAPSHOT, MIGRATING, CREATING)


class Trap:
    """Says that the n-th chance has come, and kills."""

    def __init__(self, nth: int, say: Callable[[str], None]) -> None:
        self._left = nth
        self._say = say
        self._lock = threading.Lock()

    def step(self) -> bool:
        """True for the n-th caller."""
        with self._lock:
            self._left -= 1
            return self._left == 0

    def spring(self) -> None:
        """The end."""
        self._say("hit")
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


def kind_of(statement: str) -> str:
    """The first word, or WRITE for what changes rows or tables."""
    word = statement.lstrip().split(None, 1)[0].upper()
    return "WRITE" if word in {"INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP"} else word


def trap_statements(trap: Trap, file: str, kind: str, after: bool) -> None:
    """Kill before or after a statement of `kind` ("" for every one) on the database `file`."""

    class Connection(sqlite3.Connection):
        mine = False

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return self._run(sql, lambda: sqlite3.Connection.execute(self, sql, *values))

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return self._run(sql, lambda: sqlite3.Connection.executemany(self, sql, *values))

        def _run(self, sql: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
            hit = self.mine and kind in ("", kind_of(sql)) and trap.step()
            if hit and not after:
                trap.spring()
            found = run()
            if hit:
                trap.spring()
            return found

    real = sqlite3.connect

    def connect(path: Path, **options: Any) -> sqlite3.Connection:
        connection: Connection = real(path, factory=Connection, **options)
        connection.mine = not file or Path(path).name == file
        return connection

    sqlite3.connect = connect  # type: ignore[assignment]


def trap_commits(trap: Trap, point: str) -> None:
    """Kill at a commit of the server to SQLite that wrote something."""

    class Connection(sqlite3.Connection):
        written = 0

        def commit(self) -> None:
            hit = self.total_changes > self.written and trap.step()
            if hit and point == BEFORE:
                trap.spring()
            super().commit()
            self.written = self.total_changes
            if hit:
                trap.spring()

    real = sqlite3.dbapi2.connect

    def connect(*place: Any, **options: Any) -> sqlite3.Connection:
        return real(*place, factory=Connection, **options)

    sqlite3.dbapi2.connect = connect  # type: ignore[assignment]


def trap_postgres_commits(trap: Trap, point: str) -> None:
    """Kill at a commit of the server to PostgreSQL that added to the log."""
    import psycopg

    real = psycopg.Connection.commit

    def commit(self: psycopg.Connection[Any]) -> None:
        hit = _added_events(self) and trap.step()
        if hit and point == BEFORE:
            trap.spring()
        if hit and point == IN_DOUBT:
            self.pgconn.send_query(b"COMMIT")
            self.pgconn.flush()
            trap.spring()
        real(self)
        if hit:
            trap.spring()

    psycopg.Connection.commit = commit  # type: ignore[method-assign]


def _added_events(connection: Any) -> bool:
    query = "SELECT pg_stat_get_xact_tuples_inserted(to_regclass('event')) > 0"
    return bool(connection.execute(query).fetchone()[0])


def trap_sends(trap: Trap, point: str) -> None:
    """Kill in the middle of a POST of commands."""
    write, read = AnyIOStream.write, AnyIOStream.read
    sending: dict[AnyIOStream, bool] = {}  # stream -> whether this is the one

    async def doomed_write(self: AnyIOStream, buffer: bytes, **patience: Any) -> None:
        if buffer.startswith(b"POST /v1/commands"):
            sending[self] = trap.step()
            if sending[self] and point == "send: before":
                trap.spring()
        elif sending.get(self) and buffer:
            if point == "send: half":
                await write(self, buffer[: len(buffer) // 2], **patience)
                trap.spring()
            await write(self, buffer, **patience)
            if point == "send: all sent":
                trap.spring()
            return
        await write(self, buffer, **patience)

    async def doomed_read(self: AnyIOStream, size: int, **patience: Any) -> bytes:
        found = await read(self, size, **patience)
        if sending.get(self) and point == "send: answered":
            trap.spring()
        return found

    AnyIOStream.write = doomed_write  # type: ignore[method-assign, assignment]
    AnyIOStream.read = doomed_read  # type: ignore[method-assign, assignment]


def trap_migration(trap: Trap) -> None:
    """Kill before a statement of a migration, of whichever file."""
    real = migrations.migrate
    trap_statements(trap, "", "", after=False)
    step, inside = trap.step, threading.local()

    def migrate(*arguments: Any) -> None:
        inside.now = True
        try:
            real(*arguments)
        finally:
            inside.now = False

    def only_inside() -> bool:
        return getattr(inside, "now", False) and step()

    trap.step = only_inside  # type: ignore[method-assign]
    migrations.migrate = migrate  # type: ignore[assignment]


def arm(point: str, nth: int, say: Callable[[str], None]) -> None:
    """From now on the n-th pass of `point` is the last."""
    trap = Trap(nth, say)
    if point in STATEMENTS:
        trap_statements(trap, *STATEMENTS[point])
    elif point == SNAPSHOT:
        trap_statements(trap, "cache.db", "WRITE", after=True)
    elif point in SENDS:
        trap_sends(trap, point)
    elif point in (MIGRATING, CREATING):
        trap_migration(trap)


def live(
    root: str, key: str, draft_key: str, name: str, out: str, point: str, nth: int, seed: int
) -> None:
    """Answer in one conversation, write drafts in another, and tell the file `out` what is on the
    disk: `queued TEXT`, `draft TEXT`; `trouble WORDS`; and `hit` when the named point kills."""
    random.seed(seed)
    said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(line: str) -> None:
        os.write(said, f"{line}\n".encode())

    arm(point, nth, say)
    profile = Profile(Path(root))
    changed = threading.Event()
    desk = bootstrap.open_desk(profile, bootstrap.require_login(profile))
    link = bootstrap.Link(
        profile,
        bootstrap.require_login(profile),
        on_change=lambda changes: changed.set(),
        on_link=lambda *_: None,
    )
    link.start()
    chat, other = ConversationId(key), ConversationId(draft_key)
    end = time.monotonic() + 60
    n = 0
    while time.monotonic() < end:
        if changed.is_set():
            changed.clear()
            desk.refresh(Changes(all=True, outbox=True))
        if desk.conversation(chat) is None:
            changed.wait(0.02)
            continue
        try:
            desk.drafts.save(other, f"{name}-{n}")
            say(f"draft {name}-{n}")
            refused = desk.writing.send(chat, f"{name}-{n}")
        except StoreError as error:  # the text stays in the composer: once more
            say("trouble " + str(error).replace("\n", " "))
            time.sleep(0.05)
            continue
        if refused is None:
            say(f"queued {name}-{n}")
            link.ring()
        n += 1
        time.sleep(random.uniform(0, 0.02))


def serve(root: str, port: int, point: str, nth: int) -> None:
    """A server whose n-th commit is the last."""
    folder = DataFolder(Path(root))
    commits = trap_commits if folder.url.startswith("sqlite") else trap_postgres_commits
    commits(Trap(nth, lambda line: None), point)
    run.serve(folder, run.Listen("127.0.0.1", port), lambda base: None)


def create(root: str, out: str, nth: int) -> None:
    """Make both files anew, and die in the middle of it."""
    said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    arm(CREATING, nth, lambda line: (os.write(said, f"{line}\n".encode()), None)[1])
    profile = Profile(Path(root)).create()
    Outbox(profile.outbox)
    Cache(profile.cache)
