"""The task that reads mailboxes: what is new goes into the log, then the position moves.

In this order for each mail: it is durable, it is marked as read, the position passes it. Wherever
that breaks off, the mail is looked at again, and its identity says that it was taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
import msgspec

from agent_tui.channels.mail.imap import Mailbox, Trouble
from agent_tui.channels.mail.settings import MailSettings
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Channel
from agent_tui.lang import Both
from agent_tui.server import mailboxes
from agent_tui.server.clock import now_ms
from agent_tui.server.intake import Intake
from agent_tui.server.mailboxes import Position
from agent_tui.server.service import Service

LOOK_SECONDS = 1.0
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
LEASE_SECONDS = 60.0
AT_ONCE = 10  # mails between two positions
# A mail server's clock may be behind ours: none that came since the inbox was connected is missed.
CLOCKS_MS = 600_000
T = TypeVar("T")
log = logging.getLogger(__name__)


async def run(service: Service) -> None:
    """Until cancelled: a reader for each mail inbox, also for those that are made meanwhile."""
    readers: dict[InboxId, asyncio.Task[None]] = {}
    try:
        while not service.hub.closing.is_set():
            known = service.hub.directory.inboxes.values()
            wanted = {each.id for each in known if each.channel is Channel.MAIL}
            for inbox in wanted - readers.keys():
                readers[inbox] = asyncio.create_task(Reader(service, inbox).run(), name="mailbox")
            for inbox in [key for key, task in readers.items() if task.done()]:
                del readers[inbox]
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.Event().wait()
    finally:
        for task in readers.values():
            task.cancel()
        await asyncio.gather(*readers.values(), return_exceptions=True)


class Reader:
    """Reads one mailbox, over one connection that it keeps."""

    def __init__(self, service: Service, inbox: InboxId) -> None:
        self._service = service
        self._database = service.database
        self._limits = service.config.mail
        self._inbox = inbox
        self._lease = secrets.token_hex(8)
        self._settings = b""
        self._box: Mailbox | None = None
        self._failures = 0
        self._trouble: Both | None = None
        self._unmoved: Both | None = None  # why taken mails are not marked, or not moved

    async def run(self) -> None:
        """Until the server stops."""
        try:
            closing = self._service.hub.closing
            while not closing.is_set():
                pause = await self._turn()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), pause)
        finally:
            self._drop()
            with contextlib.suppress(Exception):  # the lease ends by itself, too
                await self._thread(
                    lambda: mailboxes.let_go(self._database, self._inbox, self._lease)
                )

    async def _turn(self) -> float:
        """Look once. The seconds until the next time."""
        try:
            at = await self._reached()
            if at is not None and await self._hold():
                await self._look(msgspec.json.decode(self._settings, type=MailSettings), at)
                await self._went_well()
            else:
                self._drop()
            return self._limits.poll_seconds
        except Trouble as trouble:
            return await self._went_wrong(trouble)
        except Exception:
            log.exception("the mails of %s could not be taken; once more", self._inbox)
            self._drop()
            return self._pause()

    async def _reached(self) -> Position | None:
        """How far it was read; None if it is not connected."""
        found = await self._thread(lambda: mailboxes.reached(self._database, self._inbox))
        if found is None:
            return None
        if found[0] != self._settings:
            self._drop()
            self._settings = found[0]
        return found[1]

    async def _hold(self) -> bool:
        """Whether nobody else reads it."""
        now, length = now_ms(), LEASE_SECONDS + self._limits.poll_seconds
        until = now + int((length + self._limits.timeout) * 1000)
        return await self._thread(
            lambda: mailboxes.hold(self._database, self._inbox, self._lease, now, until)
        )

    # --- one look --------------------------------------------------------------------------------

    async def _look(self, settings: MailSettings, at: Position) -> None:
        """Take everything that is new since `at`."""
        if self._box is None:
            self._box = await self._thread(lambda: Mailbox(settings, self._limits.timeout))
        box = self._box
        anew = at.validity != box.validity
        least = max(0, settings.since - CLOCKS_MS) if anew else 0
        if anew:  # never looked at, or its server numbered it anew
            uids = await self._thread(lambda: box.since(least))
        else:
            uids = await self._thread(lambda: box.after(at.uid))
        intake = Intake(self._service, self._inbox, settings.address)
        for start in range(0, len(uids), AT_ONCE):
            if start and not await self._hold():
                return
            some = uids[start : start + AT_ONCE]
            for uid in some:
                await self._take(box, intake, uid, least)
            moved = Position(box.validity, some[-1])
            if not await self._advance(at, moved):
                return  # somebody else is ahead: the lease was over
            at = moved
        last = Position(box.validity, max(at.uid if uids else 0, box.next_uid - 1))
        if anew and last != at:
            await self._advance(at, last)

    async def _take(self, box: Mailbox, intake: Intake, uid: int, least: int) -> None:
        raw = await self._thread(lambda: box.fetch(uid, self._limits.mail_bytes))
        if raw is None or raw.at < least:
            return
        if not await intake.take(raw):
            return
        try:
            await self._thread(lambda: box.take(uid))
            self._unmoved = None
        except Trouble as trouble:
            if trouble.code != "folder":
                raise
            # It is in the log: that it stays where it lies holds up no other.
            self._unmoved = self._say(trouble)

    async def _advance(self, was: Position, now_at: Position) -> bool:
        return await self._thread(
            lambda: mailboxes.advance(self._database, self._inbox, was, now_at)
        )

    # --- how it went -----------------------------------------------------------------------------

    async def _went_well(self) -> None:
        if self._trouble and not self._unmoved:
            log.info("the mailbox of %s is read again", self._inbox)
            self._trouble = None
        self._failures, unmoved = 0, self._unmoved
        await self._thread(lambda: mailboxes.tell(self._database, self._inbox, now_ms(), unmoved))

    async def _went_wrong(self, trouble: Trouble) -> float:
        self._drop()
        said = self._say(trouble)
        with contextlib.suppress(Exception):
            await self._thread(lambda: mailboxes.tell(self._database, self._inbox, now_ms(), said))
        return self._pause()

    def _say(self, trouble: Trouble) -> Both:
        """Into the log, once, however long it lasts."""
        said = trouble.said
        if said != self._trouble:
            log.warning("%s: %s. %s", self._inbox, said, trouble.hint)
            self._trouble = said
        return said

    def _pause(self) -> float:
        """Longer each time, and never the same for two: a server that comes back is not overrun."""
        bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return random.uniform(bound / 2, bound)

    def _drop(self) -> None:
        if self._box is not None:
            self._box.abort()
            self._box = None

    async def _thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
