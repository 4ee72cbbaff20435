"""A real server with scripted customers beside it, until the process is told to stop."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from agent_tui.practice import channel
from agent_tui.practice.backstage import STALE_MS, Backstage, backstage
from agent_tui.practice.folder import Folder, Play, Ready, write_private
from agent_tui.practice.orders import Books
from agent_tui.practice.scenario import Scenario, load_all
from agent_tui.practice.stage import Seats, Stage
from agent_tui.server import run
from agent_tui.server.clock import now_ms

LOOPBACK = "127.0.0.1"
PLAYERS_SECONDS = 0.5
log = logging.getLogger(__name__)


def open_shop(folder: Folder, play: Play) -> None:
    """Serve `folder` until a signal; prints its `Ready` once it listens.

    Raises ServerError, ConfigError, ContentError.
    """
    scenarios = load_all()
    with backstage(folder, play.kind) as behind, ExitStack() as beside_server:
        agent = behind.player()
        token, expires_at = behind.login(agent, folder.last_ready())
        # Practice begins anew each time; a demo goes on if it was left a moment ago.
        cleared = behind.clear(agent, STALE_MS if play.kind == "demo" else 0)
        log.info("seed %d, %d old conversations cleared", play.seed, cleared)

        def ready(address: str) -> None:
            page = f"{address}/chat?inbox={channel.INBOX}"
            line = msgspec.json.encode(Ready(address, token, agent, expires_at, page))
            write_private(folder.ready, line)
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()

        def beside(address: str, stop: Callable[[], None]) -> None:
            beside_server.enter_context(_players(address, behind, folder, scenarios, play))

        run.serve(behind.data, run.Listen(LOOPBACK, play.port), ready, beside)


@contextmanager
def _players(
    address: str, behind: Backstage, folder: Folder, scenarios: Sequence[Scenario], play: Play
) -> Iterator[None]:
    """Scripted customers on a loop of their own, for as long as the context lasts."""
    loop = asyncio.new_event_loop()

    async def perform() -> None:
        async with channel.client(address) as http:
            seats = Seats(folder.seats)
            stage = Stage(
                *(http, behind, seats, scenarios, now_ms),
                seed=play.seed,
                pace=play.pace,
                sell=Books(folder.server, now_ms).sell,
            )
            try:
                await stage.run()
            finally:
                await stage.close()

    playing = loop.create_task(perform())
    playing.add_done_callback(lambda done: loop.stop())

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        if not playing.cancelled() and (error := playing.exception()) is not None:
            log.error("the customers failed", exc_info=error)

    thread = threading.Thread(target=work, name="customers", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(playing.cancel)
        thread.join(PLAYERS_SECONDS)
