"""The child process of the demo and of practice: a real server with scripted customers.

    python -m agent_tui.practice.host --root DIR --kind demo|practice [--seed N] [--port N]

Prints one line of JSON, a `folder.Ready`, once the server listens. Ends when its input does, which
happens however its parent dies, or on SIGTERM; within three seconds, leaving nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import msgspec

from agent_tui import lang
from agent_tui.errors import EXIT_FAILED, EXIT_OK, DeskError
from agent_tui.practice import channel
from agent_tui.practice.backstage import STALE_MS, Backstage, backstage
from agent_tui.practice.folder import KINDS, Folder, Kind, Ready, Taken, hold, write_private
from agent_tui.practice.scenario import Scenario, load_all
from agent_tui.practice.stage import Seats, Stage
from agent_tui.server import run
from agent_tui.server.clock import now_ms

LOOPBACK = "127.0.0.1"
PLAYERS_SECONDS = 0.5
LAST_SECONDS = 2.8
LOG_BYTES = 1_000_000
log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code; trouble is told in the log."""
    options = _options(argv)
    lang.use(options.language)
    folder = Folder(options.root).create()
    _log_to(folder.log)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_input, name="input", daemon=True).start()
    try:
        with hold(folder.host_lock):
            _host(folder, options)
    except Taken as taken:
        log.error("another host is here: process %s", taken.pid)
        return EXIT_FAILED
    except DeskError as error:
        log.error("%s", error)
        return EXIT_FAILED
    except Exception:
        log.exception("the host failed")
        return EXIT_FAILED
    return EXIT_OK


class Options(msgspec.Struct, frozen=True):
    """The command line."""

    root: Path
    kind: Kind
    seed: int
    port: int
    pace: float
    language: lang.Language


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="agent_tui.practice.host")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=1.0, help="below 1 is faster")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    return Options(**vars(parser.parse_args(argv)))


def _host(folder: Folder, options: Options) -> None:
    scenarios = load_all()
    with backstage(folder, options.kind) as behind, ExitStack() as beside_server:
        agent = behind.player()
        token, expires_at = behind.login(agent, folder.last_ready())
        # Practice begins anew each time; a demo goes on if it was left a moment ago.
        cleared = behind.clear(agent, STALE_MS if options.kind == "demo" else 0)
        log.info("seed %d, %d old conversations cleared", options.seed, cleared)

        def ready(address: str) -> None:
            page = f"{address}/chat?inbox={channel.INBOX}"
            line = msgspec.json.encode(Ready(address, token, agent, expires_at, page))
            write_private(folder.ready, line)
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()

        def beside(address: str, stop: Callable[[], None]) -> None:
            beside_server.enter_context(_players(address, behind, folder, scenarios, options))

        run.serve(behind.data, run.Listen(LOOPBACK, options.port), ready, beside)


@contextmanager
def _players(
    address: str, behind: Backstage, folder: Folder, scenarios: Sequence[Scenario], options: Options
) -> Iterator[None]:
    """Scripted customers on a loop of their own, for as long as the context lasts."""
    loop = asyncio.new_event_loop()

    async def play() -> None:
        async with channel.client(address) as http:
            seats = Seats(folder.seats)
            stage = Stage(
                http, behind, seats, scenarios, now_ms, seed=options.seed, pace=options.pace
            )
            try:
                await stage.run()
            finally:
                await stage.close()

    playing = loop.create_task(play())
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


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(EXIT_OK)


def _end_with_input() -> None:
    """The parent holds the other end of our input: when it closes, the parent is gone."""
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    # The server takes the signal on its main thread, ends its streams, and stops.
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_SECONDS)
    os._exit(EXIT_FAILED)


def _log_to(path: Path) -> None:
    with suppress(OSError):
        if path.stat().st_size > LOG_BYTES:
            path.unlink()
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("httpx", "httpcore", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


if __name__ == "__main__":
    raise SystemExit(main())
