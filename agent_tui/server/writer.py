"""Group commit: one thread takes whatever is queued into one transaction."""

from __future__ import annotations

import asyncio
import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from agent_tui.errors import DeskError, ServerError
from agent_tui.lang import Both
from agent_tui.server import metrics, saving
from agent_tui.server.database import Database
from agent_tui.server.directory import EMPTY, Directory
from agent_tui.server.log import LogRow
from agent_tui.server.unit import Needs, Unit

BATCH = 256
# A job may carry many commands: together they must not fill the memory of recent events.
BATCH_COMMANDS = 1_024
QUEUE = 20_000
# Another replica was first, or a connection broke: the whole batch is decided anew.
ATTEMPTS = 4
RETRY_SECONDS = 0.05
SQLITE_IOERR = 10
log = logging.getLogger(__name__)


class Job(Protocol):
    """One caller's wish. `run` touches the unit only; `answer` is read after all is written."""

    def needs(self) -> Needs:
        """What to load first."""

    def run(self, unit: Unit) -> None:
        """Decide, and record what follows. An exception fails this job alone."""

    def answer(self, unit: Unit) -> Any:
        """What the caller gets, once the batch is durable."""


Published = Callable[[list[LogRow]], None]


class Writer:
    """The only writer of this process."""

    def __init__(self, database: Database, publish: Published, clock: Callable[[], int]) -> None:
        self._database = database
        self._publish = publish
        self._clock = clock
        self._queue: queue.Queue[tuple[Job, Callable[[Any], None]] | None] = queue.Queue(QUEUE)
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self.directory: Directory = EMPTY

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    async def submit(self, job: Job) -> Any:
        """The job's answer after its commit. Raises what the job raised, or ServerError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def resolve(value: Any) -> None:
            loop.call_soon_threadsafe(_settle, future, value)

        try:
            self._queue.put_nowait((job, resolve))
        except queue.Full:
            raise ServerError(
                Both("服务端正忙", "the server is busy"), Both("稍后自动重试", "retry soon")
            ) from None
        return await future

    def run_now(self, job: Job) -> Any:
        """Run one job on the calling thread: for the command line, where no server runs."""
        answers = self._commit([job])
        if isinstance(answers[0], BaseException):
            raise answers[0]
        return answers[0]

    # --- the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch = [first]
            size = _size(first[0])
            stop = False
            while len(batch) < BATCH and size < BATCH_COMMANDS:
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    stop = True
                    break
                batch.append(item)
                size += _size(item[0])
            answers = self._commit([job for job, _ in batch])
            for (_, resolve), answer in zip(batch, answers, strict=True):
                resolve(answer)
            if stop:
                return

    def _commit(self, jobs: list[Job]) -> list[Any]:
        """One transaction for `jobs`; their answers or exceptions, in order."""
        started = time.perf_counter()
        try:
            answers, rows = self._persist(jobs)
        except OperationalError as error:
            log.warning("batch of %d failed: %s", len(jobs), error.orig)
            return [_failure(error)] * len(jobs)
        except Exception as error:
            # One job's bad data must not take the others along, nor end the thread.
            if len(jobs) > 1:
                return [self._commit([job])[0] for job in jobs]
            log.exception("job failed at the database")
            return [_failure(error) if isinstance(error, DBAPIError) else error]
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)
        metrics.BATCH_JOBS.observe(len(jobs))
        metrics.EVENTS.inc(len(rows))
        if rows:
            self._publish(rows)
        return answers

    def _persist(self, jobs: list[Job]) -> tuple[list[Any], list[LogRow]]:
        """`_transact`, again if replicas got in each other's way.

        A commit whose answer was lost may be repeated, too: every job that matters is idempotent.
        """
        for attempt in range(1, ATTEMPTS):
            try:
                return self._transact(jobs)
            except DBAPIError as error:
                if _disk_failed(error) and attempt == 1:
                    # What the system held in memory for the failed file cannot be relied on.
                    self._database.close()  # and opens anew
                elif not _passing(error, self._database):
                    raise
                log.info("batch of %d again: %s", len(jobs), error.orig)
                metrics.RETRIES.inc()
                time.sleep(random.uniform(0, RETRY_SECONDS * 2**attempt))
        return self._transact(jobs)

    def _transact(self, jobs: list[Job]) -> tuple[list[Any], list[LogRow]]:
        errors: dict[int, BaseException] = {}
        with self._database.write() as connection:
            unit = Unit(connection, self._clock(), self.directory)
            unit.load([job.needs() for job in jobs])
            for index, job in enumerate(jobs):
                mark = unit.mark()
                try:
                    job.run(unit)
                except Exception as error:
                    if not isinstance(error, DeskError):
                        log.exception("job failed")
                    unit.rewind(mark)
                    errors[index] = error
            rows = saving.save(unit)
        self.directory = unit.directory
        return [errors.get(i) or job.answer(unit) for i, job in enumerate(jobs)], rows


def _size(job: Job) -> int:
    """How many commands it carries."""
    found: int = getattr(job, "size", 1)
    return found


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if future.done():  # the caller went away
        return
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)


def _disk_failed(error: DBAPIError) -> bool:
    """SQLITE_IOERR: the disk did not take, or did not give, what it should."""
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF == SQLITE_IOERR


def _passing(error: DBAPIError, database: Database) -> bool:
    """Whether deciding the batch again may help: a serialization failure, a deadlock, two replicas
    that made the same row, a connection that broke."""
    if database.sqlite:
        return False
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return (
        error.connection_invalidated
        or isinstance(error, IntegrityError)
        or state.startswith("40")
        or state in ("55P03", "57P01", "25P03")
    )


def _failure(error: DBAPIError) -> ServerError:
    why = error.orig  # without the statement and its values, which are nobody else's business
    return ServerError(
        Both(f"没能保存：{why}", f"could not save: {why}"),
        Both("检查磁盘空间；未确认的内容会自动重试", "check the disk; unconfirmed work is retried"),
    )
