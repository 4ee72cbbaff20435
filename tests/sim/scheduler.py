"""Virtual time: coroutines driven from one heap, in an order that the seed decides.

Nothing sleeps and nothing runs beside it, so a seed replays bit for bit. A task has its own source
of chance: the order in which a set happens to wake tasks changes nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any

TICK = 1e-5  # a shorter wait might be lost in the rounding of the time


class Killed(BaseException):
    """The process that ran this is gone."""


class Signal:
    """A value that comes once; awaited by any number of tasks."""

    __slots__ = ("_scheduler", "_waiters", "done", "error", "value")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiters: list[Task] = []
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None

    def set(self, value: Any = None, error: BaseException | None = None) -> None:
        """Wake whoever waits; only the first time counts."""
        if self.done:
            return
        self.done, self.value, self.error = True, value, error
        for task in self._waiters:
            task.wake(self)
        self._waiters.clear()

    def __await__(self) -> Generator[Signal, None, Any]:
        if not self.done:
            yield self
        if self.error is not None:
            raise self.error
        return self.value

    def attach(self, task: Task) -> None:
        """`task` waits here."""
        if self.done:
            task.wake(self)
        else:
            self._waiters.append(task)


class Task:
    """One coroutine. `owner` says whose it is, for crashes and for who knows what."""

    def __init__(
        self, scheduler: Scheduler, coroutine: Coroutine[Any, Any, Any], owner: Any, number: int
    ) -> None:
        self._scheduler = scheduler
        self._coroutine = coroutine
        self.owner = owner
        self.number = number
        self.rng = random.Random((scheduler.seed << 24) ^ number)
        self.waiting: Signal | None = None
        self._turn = 0
        self.ended = Signal(scheduler)
        self.wake(None)

    def wake(self, signal: Signal | None, error: BaseException | None = None) -> None:
        """Go on soon, unless something else was waited for meanwhile."""
        if self.ended.done or signal is not self.waiting:
            return
        self._turn += 1
        turn = self._turn
        self.waiting = None
        self._scheduler.at(
            self._scheduler.time, lambda: self._step(turn, error), self.rng.random(), self.number
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it stands at an await that has not come true yet."""
        return self.waiting is not None

    def _step(self, turn: int, error: BaseException | None) -> None:
        if self.ended.done or turn != self._turn:
            return
        self._scheduler.current = self
        try:
            found = (
                self._coroutine.throw(error) if error is not None else self._coroutine.send(None)
            )
        except StopIteration as stop:
            self.ended.set(stop.value)
        except BaseException as raised:
            self.ended.set(error=raised)
            self._scheduler.failed(self, raised)
        else:
            assert isinstance(found, Signal), found
            self.waiting = found
            found.attach(self)
        finally:
            self._scheduler.current = None
            if self.ended.done:
                self._scheduler.forget(self)

    def close(self) -> None:
        """The process that ran it is gone: it ends where it stands."""
        if not self.ended.done:
            self.ended.set()
            if self._scheduler.current is not self:
                self._end()

    def _end(self) -> None:
        # Not `close`: it leaves an asynchronous generator that is waited for running.
        for _ in range(5):
            try:
                self._coroutine.throw(Killed())
            except (Killed, StopIteration):
                return
        raise RuntimeError(f"{self._coroutine} does not end")

    def add_done_callback(self, callback: Callable[[Any], object]) -> None:
        """As asyncio's; failures are the scheduler's business."""


class Scheduler:
    """The heap, the clock, and the failures that no task was meant to have."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.time = 0.0
        self.current: Task | None = None
        self.steps = 0
        self.on_failure: Callable[[Task, BaseException], bool] = lambda task, error: False
        self._heap: list[tuple[float, float, int, int, Callable[[], None]]] = []
        self._count = 0
        self._tasks: dict[int, Task] = {}
        self._numbers = 0

    def at(
        self, when: float, action: Callable[[], None], tie: float = 0.5, number: int = 0
    ) -> None:
        """Do `action` at virtual time `when` (s)."""
        self._count += 1
        heapq.heappush(self._heap, (when, tie, number, self._count, action))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do `action` after `seconds`."""
        self.at(self.time + max(0.0, seconds), action)

    def spawn(self, coroutine: Coroutine[Any, Any, Any], owner: Any = None) -> Task:
        """Start a task."""
        self._numbers += 1
        task = Task(self, coroutine, owner, self._numbers)
        self._tasks[task.number] = task
        return task

    def forget(self, task: Task) -> None:
        """It has ended."""
        self._tasks.pop(task.number, None)

    def close_all(self, owner: Any) -> None:
        """End every task of a process that died."""
        for task in list(self._tasks.values()):
            if owner is None or task.owner is owner:
                task.close()
                self.forget(task)

    def failed(self, task: Task, error: BaseException) -> None:
        """A task ended with an exception: known to the world, or a fault of the program."""
        if not self.on_failure(task, error):
            raise error

    def run_until(self, when: float) -> None:
        """Let everything happen up to virtual time `when`."""
        while self._heap and self._heap[0][0] <= when:
            self._turn()
        self.time = max(self.time, when)

    def _turn(self) -> None:
        at, _, _, _, action = heapq.heappop(self._heap)
        self.time = max(self.time, at)
        self.steps += 1
        action()

    async def sleep(self, seconds: float) -> None:
        """Virtual seconds."""
        signal = Signal(self)
        self.later(max(seconds, TICK), signal.set)
        await signal


class VirtualEvent:
    """asyncio.Event over the scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._signal = Signal(scheduler)

    def set(self) -> None:
        self._signal.set()

    def clear(self) -> None:
        if self._signal.done:
            self._signal = Signal(self._scheduler)

    def is_set(self) -> bool:
        return self._signal.done

    async def wait(self) -> bool:
        await self._signal
        return True


class VirtualLock:
    """asyncio.Lock over the scheduler."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._free = Signal(scheduler)
        self._held = False

    def locked(self) -> bool:
        return self._held

    async def __aenter__(self) -> None:
        while self._held:
            await self._free
        self._held = True
        self._free = Signal(self._scheduler)

    async def __aexit__(self, *error: object) -> None:
        self._held = False
        self._free.set()


class VirtualTimeout:
    """asyncio.timeout over the scheduler."""

    def __init__(self, scheduler: Scheduler, seconds: float | None) -> None:
        self._scheduler = scheduler
        self._seconds = seconds
        self._open = False

    async def __aenter__(self) -> VirtualTimeout:
        task = self._scheduler.current
        assert task is not None
        self._open = True
        if self._seconds is not None:
            self._scheduler.later(max(self._seconds, TICK), lambda: self._expire(task))
        return self

    def _expire(self, task: Task) -> None:
        if self._open and task.is_waiting:
            task.wake(task.waiting, TimeoutError())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False


class _Loop:
    """The few things of an event loop that the server's parts use."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def time(self) -> float:
        return self._scheduler.time

    def is_closed(self) -> bool:
        return False

    def call_soon_threadsafe(self, action: Callable[..., object], *values: Any) -> None:
        # From the writer's thread to the loop's: a moment passes, and its process may die in it.
        task = self._scheduler.current
        rng = task.rng if task is not None else random.Random(self._scheduler.steps)

        async def cross() -> None:
            await self._scheduler.sleep(rng.uniform(0, 0.004))
            action(*values)

        self._scheduler.spawn(cross(), task.owner if task is not None else None)

    def create_future(self) -> Signal:
        return Signal(self._scheduler)


class VirtualAsyncio:
    """What stands for the `asyncio` module inside the server's modules."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._loop = _Loop(scheduler)

    def Event(self) -> VirtualEvent:
        return VirtualEvent(self._scheduler)

    def Lock(self) -> VirtualLock:
        return VirtualLock(self._scheduler)

    def timeout(self, seconds: float | None) -> VirtualTimeout:
        return VirtualTimeout(self._scheduler, seconds)

    def get_running_loop(self) -> _Loop:
        return self._loop

    async def sleep(self, seconds: float) -> None:
        await self._scheduler.sleep(seconds)

    def ensure_future(self, work: Awaitable[Any]) -> Task:
        task = self._scheduler.current
        assert isinstance(work, Coroutine)
        return self._scheduler.spawn(work, task.owner if task is not None else None)

    create_task = ensure_future

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)
