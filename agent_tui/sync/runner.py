"""Sync in a thread of its own, for as long as a workstation or a command needs it.

One process per profile pushes and follows: the one that holds the lock. The others read what it
writes and take over when it goes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import AvailabilityRequest, FileAnswer, Presence, SurgeRequest
from agent_tui.domain.staffing import Availability, Duty, Surge
from agent_tui.errors import WireError
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.sync.attendance import Attendance
from agent_tui.sync.engine import Link
from agent_tui.sync.http import HttpWire
from agent_tui.sync.profile_store import ChangesHook
from agent_tui.sync.worker import Hooks, Worker

RESTART_SECONDS = 5.0
TYPING_EVERY = 3.0
log = logging.getLogger(__name__)
T = TypeVar("T")


class SyncThread:
    """Runs the engine for a profile. Hooks are called on this thread; what is asked of it from
    others never waits."""

    def __init__(
        self,
        profile: Profile,
        base: str,
        token: str,
        *,
        on_change: ChangesHook,
        on_link: Callable[[Link, str], None],
        on_presence: Callable[[Presence], None] = lambda presence: None,
        attending: bool = False,
    ) -> None:
        """`attending`: somebody sits here, and the server is told."""
        self._profile = profile
        self._base = base
        self._token = token
        self._hooks = Hooks(on_change, on_link, on_presence)
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: Worker | None = None
        self._stop = threading.Event()
        self._main: asyncio.Task[None] | None = None
        self._told_typing = ConversationId(""), 0.0
        self._attendance = Attendance(Availability.ONLINE) if attending else None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop at the next await. Nothing is lost: both files are always consistent."""
        again = self._stop.is_set()
        self._stop.set()
        # A second cancellation would break off the closing of the connections.
        if not again and self._main is not None:
            self._soon(self._main.cancel)
        if self._thread.ident is not None:
            self._thread.join(timeout=5.0)

    def ring(self) -> None:
        """Something was enqueued."""
        if self._worker is not None:
            self._soon(self._worker.clock.ring)

    def typing(self, conversation: ConversationId) -> None:
        """Tell that the agent types in a chat; of the same one at most every few seconds."""
        now, worker = time.monotonic(), self._worker
        told, at = self._told_typing
        if told == conversation and now - at < TYPING_EVERY:
            return
        if worker is None or worker.wire is None:
            return
        self._told_typing = conversation, now
        self._soon(worker.hint, conversation, True, True)

    def viewing(self, conversation: ConversationId, looking: bool) -> None:
        """Tell that the agent looks at a chat, or no longer."""
        if self._worker is not None:
            self._soon(self._worker.hint, conversation, False, looking)

    def look_up(self, conversation: ConversationId) -> None:
        """A chat is looked at: fetch its customer's orders."""
        lookups = self._worker.lookups if self._worker is not None else None
        if lookups is not None:
            self._soon(lookups.want, conversation)

    def say(self, availability: Availability, reason: str) -> None:
        """The agent is this from now on."""
        if self._attendance is not None:
            self._attend(self._attendance.say, availability, reason)

    def learn(self, availability: Availability, reason: str) -> None:
        """The server says that the agent is this."""
        if self._attendance is not None:
            self._attend(self._attendance.learn, availability, reason)

    def surge(self, asked: SurgeRequest) -> Future[Surge]:
        """Begin, change or end a team's surge. The answer, or WireError, comes in the future."""
        return self._ask(lambda wire: wire.surge(asked))

    def availability(self, asked: AvailabilityRequest) -> Future[Duty]:
        """Say what another agent is. The answer, or WireError, comes in the future."""
        return self._ask(lambda wire: wire.availability(asked))

    def download(self, path: str, most: int) -> Future[bytes]:
        """A file of at most `most` bytes. It, or WireError, comes in the future."""
        return self._ask(lambda wire: wire.file(path, most))

    def upload(self, key: str, name: str, content: bytes) -> Future[FileAnswer]:
        """Have the server keep a file, once per `key`. What it says, or WireError, comes in the
        future."""
        return self._ask(lambda wire: wire.keep_file(key, name, content))

    def _ask(self, call: Callable[[HttpWire], Coroutine[Any, Any, T]]) -> Future[T]:
        loop, wire = self._loop, self._worker.wire if self._worker is not None else None
        if loop is not None and wire is not None:
            asking = call(wire)
            try:
                return asyncio.run_coroutine_threadsafe(asking, loop)
            except RuntimeError:  # its loop has ended
                asking.close()
        failed: Future[T] = Future()
        failed.set_exception(
            WireError(
                Both("没有连到服务器", "not connected to the server"),
                Both("联网后再试", "try again once online"),
            )
        )
        return failed

    def _attend(self, call: Callable[[Availability, str], None], *values: Any) -> None:
        if not self._soon(call, *values):
            call(*values)

    def _soon(self, call: Callable[..., object], *values: Any) -> bool:
        """Have the loop do it; False if there is none."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # its loop has ended
                self._loop.call_soon_threadsafe(call, *values)
                return True
        return False

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._work())
                return
            except asyncio.CancelledError:
                return
            except Exception as error:
                log.exception("sync stopped; it starts again")
                first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
                self._hooks.link(Link.STORE_TROUBLE, str(first))
            self._stop.wait(RESTART_SECONDS)

    async def _work(self) -> None:
        self._worker = Worker(
            self._profile,
            self._base,
            self._token,
            self._hooks,
            self._attendance,
            self._stop.is_set,
        )
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        if not self._stop.is_set():
            await self._worker.run()
