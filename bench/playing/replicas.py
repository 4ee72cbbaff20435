"""Server writers in processes of their own, which can be killed. The harness serves their clock."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from agent_tui.server import assigning, clocks, directory
from agent_tui.server.database import Database
from agent_tui.server.writer import Job, Writer

_SPAWN = multiprocessing.get_context("spawn")
KILL_EVERY = 150  # jobs


class Replica:
    """A writer on a database: what a server's tasks do, one job at a time, at a given moment."""

    def __init__(self, url: str) -> None:
        self._now = 0
        self.database = Database(url)
        self._writer = Writer(self.database, lambda rows: None, lambda: self._now)

    def run(self, now: int, job: Job) -> Any:
        """The job's answer."""
        self._now = now
        return self._writer.run_now(job)

    def give_out(self, now: int, _: None) -> None:
        """As the task in `server.assigning`."""
        with self.database.read() as connection:
            found = assigning.candidates(connection, directory.load(connection, 0), now)
        for start in range(0, len(found), assigning.AT_ONCE):
            self.run(now, assigning.GiveOut(found[start : start + assigning.AT_ONCE]))

    def ring(self, now: int, _: None) -> None:
        """As the task in `server.timers`."""
        while True:
            with self.database.read() as connection:
                found = clocks.due(connection, now)
            self.run(now, clocks.Ring(found))
            if len(found) < clocks.AT_ONCE:
                return


def _serve(url: str, pipe: Connection) -> None:
    replica = Replica(url)
    while True:
        name, now, given = pipe.recv()
        try:
            pipe.send((None, getattr(replica, name)(now, given)))
        except Exception as error:
            pipe.send((repr(error), None))


class Fleet:
    """Several replicas in processes; every so often one is killed in the middle of a job, which
    then goes to another."""

    def __init__(self, url: str, number: int, seed: int) -> None:
        self._url = url
        self._chance = random.Random(f"{seed}/kills")
        self._jobs = 0
        self.kills = 0
        self._replicas = [self._start() for _ in range(number)]

    def _start(self) -> tuple[Any, Connection]:
        here, there = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(self._url, there), daemon=True)
        process.start()
        there.close()
        return process, here

    def call(self, name: str, now: int, given: Any) -> Any:
        """Any replica's answer. Raises RuntimeError if the job failed."""
        self._jobs += 1
        kill = self._jobs % KILL_EVERY == 0
        while True:
            n = self._chance.randrange(len(self._replicas))
            process, pipe = self._replicas[n]
            try:
                pipe.send((name, now, given))
                if kill:
                    kill = False
                    process.join(self._chance.uniform(0, 0.02))
                    process.kill()
                    self.kills += 1
                error, answer = pipe.recv()
            except (EOFError, OSError):
                process.join()
                pipe.close()
                self._replicas[n] = self._start()
                continue
            if error is not None:
                raise RuntimeError(error)
            return answer

    def close(self) -> None:
        """End them."""
        for process, pipe in self._replicas:
            process.kill()
            process.join()
            pipe.close()


Call = Callable[[str, int, Any], Any]
