"""Many writers at once, and a reader that goes by "what comes after the last I saw".

Our feed takes its numbers from a counter row, so commit order is number order. The control takes
them from a sequence, as most would: its numbers are given out before the commit, and the same
reader must be seen to lose rows, or this test could not fail.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from agent_tui.domain.ids import CustomerId, InboxId
from agent_tui.domain.model import Customer
from agent_tui.server import audit
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.inbound import SaveCustomer, TakeInbound
from agent_tui.server.writer import Writer
from tests.databases import of_engine
from tests.driver import make_folder

WEB = InboxId("web")


@dataclass(frozen=True)
class Outcome:
    """How many commits were made and how many of them the reader saw."""

    commits: int
    seen: int
    seconds: float
    in_order: bool

    @property
    def lost(self) -> int:
        """Those that the reader never saw."""
        return self.commits - self.seen


def _reading(
    stop: threading.Event, read: Callable[[int], Sequence[int]]
) -> tuple[threading.Thread, list[int]]:
    seen: list[int] = []

    def follow() -> None:
        last = 0
        while True:
            ended = stop.is_set()
            numbers = read(last)
            seen.extend(numbers)
            last = max(numbers, default=last)
            if ended and not numbers:
                return
            time.sleep(0.002)

    thread = threading.Thread(target=follow, name="reader", daemon=True)
    thread.start()
    return thread, seen


def _write_all(writers: int, commits: int, write: Callable[[int, int], None]) -> None:
    errors: list[BaseException] = []

    def work(writer: int) -> None:
        try:
            for n in range(commits // writers):
                write(writer, n)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def feed(url: str, writers: int, commits: int) -> Outcome:
    """`writers` replicas commit customers' messages, one a transaction, on a migrated database
    with the inbox `web`."""
    database = Database(url)
    replicas = [Writer(database, lambda rows: None, now_ms) for _ in range(writers)]
    for n, replica in enumerate(replicas):
        replica.run_now(SaveCustomer(Customer(CustomerId(f"u{n}"), f"客户 {n}")))
    stop = threading.Event()
    with database.read() as connection:
        start = connection.execute(text("SELECT head FROM workspace")).scalar_one()

    def read(last: int) -> Sequence[int]:
        with database.read() as connection:
            query = text("SELECT seq FROM event WHERE seq > :last ORDER BY seq")
            return connection.execute(query, {"last": max(last, start)}).scalars().all()

    def write(writer: int, n: int) -> None:
        replicas[writer].run_now(
            TakeInbound(WEB, CustomerId(f"u{writer}"), f"u{writer}/{n}", f"第 {n} 句")
        )

    thread, seen = _reading(stop, read)
    started = time.monotonic()
    _write_all(writers, commits, write)
    seconds = time.monotonic() - started
    stop.set()
    thread.join(60)
    with database.read() as connection:
        head = connection.execute(text("SELECT head FROM workspace")).scalar_one()
        messages = connection.execute(text("SELECT count(*) FROM message")).scalar_one()
    database.close()
    assert messages == commits // writers * writers
    return Outcome(head - start, len(seen), seconds, seen == list(range(start + 1, head + 1)))


def audited_feed(engine: str, writers: int, commits: int) -> tuple[Outcome, tuple[str, ...]]:
    """`feed` on a new database of `engine`, and what `server check` says of it."""
    # Nothing is killed here, so SQLite need not wait for a disk.
    memory = Path("/dev/shm")
    base = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(dir=base) as folder, of_engine(engine) as address:
        url = make_folder(Path(folder), database=address).url
        found = feed(url, writers, commits)
        checked = Database(url)
        findings = tuple(str(each) for each in audit.check(checked).findings)
        checked.close()
    return found, findings


def raw_sequence(url: str, writers: int, commits: int) -> Outcome:
    """The control: the same with a number from a sequence."""
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE control (n bigserial PRIMARY KEY, body text)"))
    stop = threading.Event()

    def read(last: int) -> Sequence[int]:
        with database.read() as connection:
            query = text("SELECT n FROM control WHERE n > :last ORDER BY n")
            return connection.execute(query, {"last": last}).scalars().all()

    def write(writer: int, n: int) -> None:
        with database.write() as connection:
            connection.execute(text("INSERT INTO control (body) VALUES ('x')"))
            if random.random() < 0.3:  # the rest of a transaction takes its time
                time.sleep(random.uniform(0, 0.003))

    thread, seen = _reading(stop, read)
    started = time.monotonic()
    _write_all(writers, commits, write)
    seconds = time.monotonic() - started
    stop.set()
    thread.join(60)
    database.close()
    made = commits // writers * writers
    return Outcome(made, len(set(seen)), seconds, seen == list(range(1, made + 1)))
