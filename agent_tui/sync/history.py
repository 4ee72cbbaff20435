"""Full-text search for screens and commands: the cache at once, the server if it answers."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import msgspec

from agent_tui.domain import finding
from agent_tui.domain.finding import Found, SearchAnswer
from agent_tui.domain.query import EVERYTHING, Filters, Query, parse
from agent_tui.domain.words import Folding
from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.store.history import Cancelled, History
from agent_tui.sync.http import HttpWire
from agent_tui.text import clean, clean_line

PATIENCE = 2.0  # seconds that the server has for its answer
REST = 3.0  # seconds for which a server that did not answer is not asked again
OFFLINE = Both("离线：只有本机的消息", "offline: only what is here")
UNFINISHED = Both(
    "较早的消息还在编索引，可能没有找全",
    "older messages are still being indexed: some may be missing",
)


class Looked(msgspec.Struct, frozen=True):
    """Where was looked, how many fit, in how many ms, and why it was in vain, if it was."""

    place: Literal["here", "server"]
    found: int
    ms: float
    trouble: str = ""


class Finds(msgspec.Struct, frozen=True):
    """What was found, best first; `notes` tell why there may be more."""

    found: tuple[Found, ...]
    notes: tuple[Both, ...] = ()
    looked: tuple[Looked, ...] = ()


class MessageSearch:
    """Past messages, searched from worker threads.

    `here` takes milliseconds and `everywhere` up to two seconds: a screen calls one after the other
    and shows what each gives. `cancel`, from any thread, calls off whatever runs, which then raises
    Cancelled; a later search starts fresh. Searches of one object wait for each other.
    """

    def __init__(
        self,
        cache: Path,
        base: str,
        token: str,
        folding: Folding,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        patience: float = PATIENCE,
    ) -> None:
        self.folding = folding
        self._here = History(cache, folding, clock)
        self._server = _Server(base, token, patience)

    def here(self, query: str, limit: int = finding.LIMIT, where: Filters = EVERYTHING) -> Finds:
        """What the cache has. Raises QueryError, Cancelled, StoreError."""
        started = time.perf_counter()
        answer = self._here.answer(query, limit, where)
        looked = Looked("here", len(answer.found), _since(started))
        return Finds(answer.found, (UNFINISHED,) if answer.partial else (), (looked,))

    def server(self, query: str, limit: int = finding.LIMIT, where: Filters = EVERYTHING) -> Finds:
        """What the server has and this account may see. Without it nothing, and a note says so.
        Raises QueryError, Cancelled."""
        asked = parse(query, self.folding) & where
        if asked.empty:
            return Finds(())
        started = time.perf_counter()
        answer, trouble = self._server.ask(asked, limit)
        found = tuple(self._clean(each, asked) for each in answer.found)
        looked = Looked("server", len(found), _since(started), trouble)
        notes = ((OFFLINE,) if trouble else ()) + ((UNFINISHED,) if answer.partial else ())
        return Finds(found, notes, (looked,))

    def everywhere(
        self, query: str, limit: int = finding.LIMIT, where: Filters = EVERYTHING
    ) -> Finds:
        """Both, each message once; those that only the server had are `online`."""
        here = self.here(query, limit, where)
        server = self.server(query, limit, where)
        return Finds(
            merged(here.found, server.found, limit),
            tuple(dict.fromkeys(here.notes + server.notes)),
            here.looked + server.looked,
        )

    def cancel(self) -> None:
        """Call off whatever runs."""
        self._here.cancel()
        self._server.cancel()

    def close(self) -> None:
        """Call off whatever runs, and close the connections."""
        self._here.close()
        self._server.close()

    def _clean(self, found: Found, query: Query) -> Found:
        """As harmless as what comes through the cache."""
        text = clean(found.text)
        return msgspec.structs.replace(
            found,
            text=text,
            name=clean_line(found.name),
            author=clean_line(found.author),
            spans=finding.spans(query, text, self.folding),
            online=True,
        )


def merged(here: Iterable[Found], server: Iterable[Found], limit: int) -> tuple[Found, ...]:
    """Both, best first, each message once: the one from here, if it is there."""
    found = {each.key: each for each in server} | {each.key: each for each in here}
    best = sorted(found.values(), key=lambda each: (-each.score, -each.at, each.key))
    return tuple(best[:limit])


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


class _Server:
    """The wire, with an event loop of its own, run by whichever thread asks."""

    def __init__(self, base: str, token: str, patience: float) -> None:
        self._base = base
        self._token = token
        self._patience = patience
        self._turn = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wire: HttpWire | None = None
        self._task: asyncio.Task[SearchAnswer] | None = None
        self._wanted = 0  # number of the last search that was not called off
        self._not_before = 0.0
        self._trouble = ""

    def ask(self, query: Query, limit: int) -> tuple[SearchAnswer, str]:
        """The answer, or an empty one and why. Raises Cancelled."""
        number = self._wanted
        with self._turn:
            if number != self._wanted:
                raise Cancelled
            if time.monotonic() < self._not_before:
                return SearchAnswer(()), self._trouble
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
            self._task = self._loop.create_task(self._answer(query, limit))
            try:
                return self._loop.run_until_complete(self._task), ""
            except asyncio.CancelledError:
                raise Cancelled from None
            except (DeskError, TimeoutError) as error:
                late = Both("服务端没有及时回答", "the server did not answer in time")
                self._trouble = str(error.title if isinstance(error, DeskError) else late)
                self._not_before = time.monotonic() + REST
                return SearchAnswer(()), self._trouble
            finally:
                self._task = None

    async def _answer(self, query: Query, limit: int) -> SearchAnswer:
        if self._wire is None:
            self._wire = HttpWire(self._base, self._token)
        async with asyncio.timeout(self._patience):
            return await self._wire.search(query, limit)

    def cancel(self) -> None:
        self._wanted += 1
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                loop.call_soon_threadsafe(task.cancel)

    def close(self) -> None:
        self.cancel()
        with self._turn:
            if self._loop is None:
                return
            if self._wire is not None:
                self._loop.run_until_complete(self._wire.close())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._loop = self._wire = None
