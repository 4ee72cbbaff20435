"""Pages of the feed for one reader, from memory where they are there, else from the log."""

from __future__ import annotations

from typing import NamedTuple

import anyio.to_thread

from agent_tui.server import auth, feed, log, results
from agent_tui.server.cuts import Cuts
from agent_tui.server.feed import Cursor, Reader, Reset
from agent_tui.server.service import Service


class BuiltPage(NamedTuple):
    """A page as JSON, and what the server keeps in mind of it."""

    body: bytes
    to: Cursor
    done: int
    says: bool  # whether the reader learns anything
    more: bool


class Pages:
    """Makes them; readers of one scope share a cut of what is new."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._cuts = Cuts(service.hub)

    async def page(
        self, reader: Reader, since: Cursor, examined: Cursor, done: int, limit: int
    ) -> BuiltPage:
        """A page from `since`; between it and `examined` there is nothing for this reader.

        Raises Reset."""
        hub = self._service.hub
        rows, lines, last = await self._stretch(reader, examined.seq, limit)
        to = feed.cursor(hub.feed, rows[-1].seq, rows[-1].chain) if rows else examined
        more = bool(rows) and to.seq < hub.head
        if more and rows[-1].client == reader.client:
            # Of a command longer than a page, the rest is still to come.
            last = await anyio.to_thread.run_sync(self.done, reader, to.seq)
        now_done = max(done, last)
        body = feed.page(
            since=since, to=to, head=max(hub.head, to.seq), done=now_done, more=more, lines=lines
        )
        return BuiltPage(body, to, now_done, says=bool(lines) or now_done > done, more=more)

    async def _stretch(
        self, reader: Reader, seq: int, limit: int
    ) -> tuple[list[log.LogRow], list[bytes], int]:
        """What comes after `seq`, and `feed.visible` of it: from memory if it is there."""
        cut = self._cuts.of(reader, seq, limit)
        if cut is not None:
            return cut.rows, cut.lines, cut.numbers.get(reader.client, 0)
        rows = self._service.hub.after(seq, limit + 1)
        if rows is None or feed.needs_log(reader, rows):
            return await anyio.to_thread.run_sync(self._read_page, reader, seq, limit)
        rows = log.fitting(rows, limit)
        return rows, *feed.visible(reader, rows, None)

    def _read_page(
        self, reader: Reader, seq: int, limit: int
    ) -> tuple[list[log.LogRow], list[bytes], int]:
        with self._service.database.read() as connection:
            rows = log.page_after(connection, seq, limit)
            if rows and rows[0].seq != seq + 1:
                raise Reset(feed.BELOW_FLOOR)  # compacted while this stream was behind
            lines, last = feed.visible(reader, rows, connection)
        return rows, lines, last

    async def check(self, reader: Reader, since: Cursor) -> Reader:
        """`reader` as the account was at `since`: what this process knows of it may be older.

        Raises Reset."""

        def look() -> Reader:
            with self._service.database.read() as connection:
                feed.check(connection, reader, since)
                agent = auth.agent_in(connection, reader.agent.id)
                return Reader(agent or reader.agent, reader.client)

        return await anyio.to_thread.run_sync(look)

    def done(self, reader: Reader, seq: int) -> int:
        """The number of the reader's last command whose effects lie at or before `seq`."""
        with self._service.database.read() as connection:
            return results.done(connection, reader.client, seq)
