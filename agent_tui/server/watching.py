"""While the server runs: what is saved in the data folder is published within a second."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

import anyio.to_thread

from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.server.content import Content, Publish
from agent_tui.server.service import Service

EVERY_SECONDS = 1.0
AGAIN_SECONDS = 30.0
log = logging.getLogger(__name__)


async def run(service: Service, content: Content) -> None:
    """Until the hub closes. Every replica may watch the same folder."""
    publishing = Publishing(service, content)
    async with asyncio.TaskGroup() as group:
        group.create_task(publishing.watch())
        group.create_task(publishing.look_again())


class Publishing:
    """The folder's content on its way into the log, one pass at a time."""

    def __init__(self, service: Service, content: Content) -> None:
        self._service = service
        self._content = content
        self._closing = service.hub.closing
        self._lock = asyncio.Lock()
        self._missed = True  # whether something may have changed that no watch tells of

    async def publish(self) -> None:
        """One pass over what changed. Raises DeskError if it cannot be written."""
        async with self._lock:
            self._missed = False
            with contextlib.closing(self._content.jobs(self._service.database)) as jobs:
                while (job := await _next(jobs)) is not None:
                    await self._service.writer.submit(job)

    async def watch(self) -> None:
        """Publish when told of a change. A watch that breaks is begun again a little later."""
        from agent_tui.knowledge.watch import watch

        while not self._closing.is_set():
            try:
                await watch(self._content.root, self.publish, self._closing)
                return
            except Exception:
                log.exception("%s is not watched for a while", self._content.root)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), AGAIN_SECONDS)
            self._missed = True

    async def look_again(self) -> None:
        """For config.toml, for what could not be published when it was saved, and for what was
        saved before the watch stood."""
        while not self._closing.is_set():
            await asyncio.sleep(EVERY_SECONDS)
            if (self._missed or self._content.is_due()) and not self._lock.locked():
                try:
                    await self.publish()
                except DeskError as error:
                    log.warning("%s%s", Both("还没有发布：", "not published yet: "), error)


async def _next(jobs: Iterator[Publish]) -> Publish | None:
    """The next one, looked for on a thread; None at the end.

    Who is cancelled meanwhile waits for that thread: a generator at work cannot be closed.
    """
    step = asyncio.ensure_future(anyio.to_thread.run_sync(next, jobs, None))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait({step})
        raise
