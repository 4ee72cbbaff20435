"""Group commit: one thread takes whatever is queued into one transaction."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy.exc import DBAPIError, OperationalError

from agent_tui.errors import DeskError, ServerError
from agent_tui.lang import Both
from agent_tui.server import metrics
from agent_tui.server.database import Database
from agent_tui.server.directory import EMPTY, Directory
from agent_tui.server.log import LogRow
from agent_tui.server.unit import Needs, Unit

BATCH = 256
QUEUE = 20_000
log = logging.getLogger(__name__)


class Job(Protocol):
    """One caller's wish. `run` touches the unit only; `answer` is read after all is written."""

    def needs(self) -> Needs:
        """What to load first."""

    def run(self, unit: Unit) -> None:
        """Decide, and record what follows. An exception fails this job alone."""

    def answer(self, unit: Unit) -> Any:
        """What the caller gets, once the batch is durable."""


Published = Callable[[list[LogRow], Directory], None]


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
            stop = False
            while len(batch) < BATCH:
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
                if item is None:
                    stop = True
                    break
                batch.append(item)
            answers = self._commit([job for job, _ in batch])
            for (_, resolve), answer in zip(batch, answers, strict=True):
                resolve(answer)
            if stop:
                return

    def _commit(self, jobs: list[Job]) -> list[Any]:
        """One transaction for `jobs`; their answers or exceptions, in order."""
        started = time.perf_counter()
        try:
            answers, rows = self._transact(jobs)
        except OperationalError as error:
            log.exception("batch of %d failed", len(jobs))
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
            self._publish(rows, self.directory)
        return answers

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
            rows = unit.flush()
        self.directory = unit.directory
        return [errors.get(i) or job.answer(unit) for i, job in enumerate(jobs)], rows


def _settle(future: asyncio.Future[Any], value: Any) -> None:
    if future.done():  # the caller went away
        return
    if isinstance(value, BaseException):
        future.set_exception(value)
    else:
        future.set_result(value)


def _failure(error: DBAPIError) -> ServerError:
    why = error.orig  # without the statement and its values, which are nobody else's business
    return ServerError(
        Both(f"没能保存：{why}", f"could not save: {why}"),
        Both("检查磁盘空间；未确认的内容会自动重试", "check the disk; unconfirmed work is retried"),
    )
