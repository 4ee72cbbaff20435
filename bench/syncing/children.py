"""Processes beside this one: casts of clients to give orders to, and what processes cost."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvloop

FILES = 65_536
TICKS = os.sysconf("SC_CLK_TCK")


class Cast:
    """Clients that live in a process of their own: an object there, its async methods from here.

    `make` is called in the child with `arguments`, which must be picklable.
    """

    def __init__(self, make: Callable[..., Any], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(theirs, make, arguments), name=make.__name__, daemon=True
        )
        self._process.start()
        theirs.close()
        self.pid = self._process.pid or 0

    def tell(self, verb: str, *arguments: Any) -> None:
        """Begin a method; `hear` waits for it."""
        self._pipe.send((verb, arguments))

    def hear(self, seconds: float = 300.0) -> Any:
        """What the method that was begun last returned. Raises what it raised, or SystemExit."""
        if not self._pipe.poll(seconds):
            raise SystemExit(f"{self._process.name}: no answer within {seconds:.0f} s")
        try:
            answer = self._pipe.recv()
        except EOFError:
            raise SystemExit(f"{self._process.name}: the process died") from None
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def ask(self, verb: str, *arguments: Any, seconds: float = 300.0) -> Any:
        """`tell`, then `hear`."""
        self.tell(verb, *arguments)
        return self.hear(seconds)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def _run(pipe: Connection, make: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    raise_limit()
    uvloop.run(_serve(pipe, make(*arguments)))


async def _serve(pipe: Connection, actor: Any) -> None:
    while True:
        try:
            verb, arguments = await asyncio.to_thread(pipe.recv)
        except EOFError:
            return
        try:
            answer = await getattr(actor, verb)(*arguments)
        except Exception as error:
            answer = RuntimeError(f"{verb}: {type(error).__name__}: {error}")
        pipe.send(answer)


def raise_limit(files: int = FILES) -> None:
    """Allow this process and its children up to `files` open files, or what the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < files:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            return
        except (ValueError, OSError):
            files = hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))


class Meter:
    """CPU seconds per second of named processes, their children included, from now on."""

    def __init__(self, **processes: int) -> None:
        self._processes = processes
        self._before = {name: cpu_seconds(pid) for name, pid in processes.items()}
        self._started = time.perf_counter()

    def shares(self) -> dict[str, float]:
        """1.0 is one core busy all the time."""
        seconds = time.perf_counter() - self._started
        return {
            name: round((cpu_seconds(pid) - self._before[name]) / seconds, 2)
            for name, pid in self._processes.items()
        }


def cpu_seconds(pid: int) -> float:
    """What a process and its living and reaped children have used."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(entry.name))
        used[int(entry.name)] = sum(int(each) for each in fields[11:15]) / TICKS
    total, waiting = 0.0, [pid]
    while waiting:
        one = waiting.pop()
        total += used.get(one, 0.0)
        waiting += parents.get(one, [])
    return total


def resident_kib(pid: int) -> int:
    """Resident memory of a process, in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise RuntimeError(f"process {pid} has no memory")
