"""The child process of the demo and of practice: a real server with scripted customers.

    python -m agent_tui.practice.host --root DIR --kind demo|practice [--seed N] [--port N]

Prints one line of JSON, a `folder.Ready`, once the server listens. Ends when its input does, which
happens however its parent dies, or on SIGTERM; within three seconds, leaving nothing behind.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from agent_tui import lang
from agent_tui.errors import EXIT_FAILED, EXIT_OK, DeskError
from agent_tui.practice.folder import KINDS, Folder, Play, Taken, hold

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
    time.sleep(options.after)
    try:
        with hold(folder.host_lock):
            # Half a second of imports, on a machine whose other half is painting a screen.
            from agent_tui.practice.shop import open_shop

            open_shop(folder, Play(options.kind, options.seed, options.port, options.pace))
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


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="agent_tui.practice.host")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=1.0, help="below 1 is faster")
    parser.add_argument("--after", type=float, default=0.0, help="seconds to wait before all else")
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    return parser.parse_args(argv)


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
