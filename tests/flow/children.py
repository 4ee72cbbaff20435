"""Processes that tests may kill, forked from one that has everything loaded: they start quickly.

Run as a module it is that process: a JSON list [function, arguments ...] a line on stdin, the
child's process id a line on stdout. A function is one of this module's `FUNCTIONS`, or
`module:function` of another.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agent_tui import bootstrap
from agent_tui.domain.ids import ConversationId
from agent_tui.paths import Profile
from agent_tui.server.run import Listen, serve
from agent_tui.server.setup import DataFolder
from agent_tui.store import migrations  # noqa: F401 -- loaded before forking
from agent_tui.store.cache import Changes
from agent_tui.sync.http import HttpWire
from agent_tui.sync.runner import SyncThread  # noqa: F401 -- the same
from tests.driver import until


def server(root: str, port: int) -> None:
    """Serve until killed."""
    serve(DataFolder(Path(root)), Listen("127.0.0.1", port), lambda base: None)


def client(root: str, key: str, name: str, out: str, count: int, together: str) -> None:
    """A workstation that sends `count` replies as fast as it can and then stays; what it has
    enqueued goes to the file `out`, a line each. -1: nothing to send, leave when nothing waits.

    With `together` it leaves when that file appears, and says first how often it has pushed.
    """
    profile = Profile(Path(root))
    login = bootstrap.require_login(profile)
    pushes = _count_pushes()
    changed = threading.Event()
    desk = bootstrap.open_desk(profile, login)
    link = bootstrap.Link(
        profile, login, on_change=lambda changes: changed.set(), on_link=lambda *_: None
    )
    link.start()
    said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    conversation = ConversationId(key)
    end = time.monotonic() + 60
    n = 0
    while time.monotonic() < end:
        if changed.is_set():
            changed.clear()
            desk.refresh(Changes(all=True, outbox=True))
        if n < count and desk.conversation(conversation) is not None:
            text = f"{name}-{n}"
            if desk.writing.send(conversation, text) is None:
                os.write(said, f"{text}\n".encode())
                link.ring()
                n += 1
            time.sleep(random.uniform(0, 0.01))
            continue
        if count == -1 and not desk.pending.unsent:
            break
        if together and Path(together).exists():
            os.write(said, f"pushes {pushes[0]}\n".encode())
            break
        changed.wait(0.02)
    link.close()


def _count_pushes() -> list[int]:
    found = [0]
    real = HttpWire.commands

    async def counted(self: HttpWire, request: Any) -> Any:
        found[0] += 1
        return await real(self, request)

    HttpWire.commands = counted  # type: ignore[method-assign]
    return found


class Nursery:
    """Starts children and kills them."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.flow.children"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def start(self, function: str, *arguments: object) -> int:
        """The process id of a new child."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([function, *arguments]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    @classmethod
    def kill(cls, pid: int) -> None:
        """kill -9, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        cls.gone(pid)

    @classmethod
    def gone(cls, pid: int, seconds: float = 30.0) -> None:
        """Wait until the child has ended."""
        until(lambda: not cls.lives(pid), seconds)

    @staticmethod
    def lives(pid: int) -> bool:
        """Whether the child runs."""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def close(self) -> None:
        """End the nursery; children must be gone."""
        self._process.communicate("", timeout=30)


@contextlib.contextmanager
def nursery(environment: Mapping[str, str] | None = None) -> Iterator[Nursery]:
    """A nursery whose children end with it, and have `environment` beside what is set here."""
    found = Nursery(environment)
    pids: list[int] = []
    real = found.start

    def start(function: str, *arguments: object) -> int:
        pids.append(real(function, *arguments))
        return pids[-1]

    found.start = start  # type: ignore[method-assign]
    try:
        yield found
    finally:
        for pid in pids:
            found.kill(pid)
        found.close()


FUNCTIONS: dict[str, Callable[..., None]] = {"server": server, "client": client}


def _function(name: str) -> Callable[..., None]:
    module, _, function = name.partition(":")
    if not function:
        return FUNCTIONS[name]
    found: Callable[..., None] = getattr(importlib.import_module(module), function)
    return found


def main() -> None:
    """Fork a child for each line."""
    for module in ("alembic.command", "alembic.runtime.migration", "psycopg"):
        with contextlib.suppress(ModuleNotFoundError):  # psycopg, where there is no PostgreSQL
            importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        function = _function(name)  # loaded here, once for all children
        pid = os.fork()
        if pid:
            print(pid, flush=True)  # noqa: T201
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(0)
        try:
            function(*arguments)
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(0)


if __name__ == "__main__":
    main()
