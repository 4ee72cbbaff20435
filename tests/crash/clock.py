"""Clocks that are set by a day, on the server and on an agent's machine."""

from __future__ import annotations

import contextlib
import itertools
import mmap
import random
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from agent_tui.bootstrap import Login
from agent_tui.domain import commands as c
from agent_tui.domain.model import Status
from agent_tui.store import steady
from tests.crash.server import check_counts, free_port
from tests.crash.traffic import Traffic
from tests.driver import AgentClient, Serving, Visitor, conversation_of, make_folder, until
from tests.flow import children as nurseries
from tests.flow.children import Nursery, nursery
from tests.flow.workstation import Workstation, account

DAY = 24 * 3600 * 1000
MINUTE = 60 * 1000
LONG = 30 * 24  # hours that a login holds


def shifted_server(root: str, port: int, switch: str) -> None:
    """A server whose clocks are `switch` ms ahead, a number that may change while it runs."""
    with Path(switch).open("r+b") as file:
        place = mmap.mmap(file.fileno(), 8)
    time_ns = time.time_ns

    def shifted_ns() -> int:
        return time_ns() + int(struct.unpack("q", place[:8])[0]) * 1_000_000

    time.time_ns = shifted_ns
    time.time = lambda: shifted_ns() / 1e9
    nurseries.server(root, port)


class Clock:
    """The switch of a `shifted_server`, and such a server."""

    def __init__(self, folder: Path, children: Nursery) -> None:
        self._switch = folder / "clock"
        self._switch.write_bytes(bytes(8))
        self.serving = Serving(make_folder(folder / "data"))
        port = free_port()
        self.serving.base = f"http://127.0.0.1:{port}"
        self.pid = children.start(
            "tests.crash.clock:shifted_server", str(folder / "data"), port, str(self._switch)
        )
        until(self.serving._answers, 60)

    def set(self, ahead: int) -> None:
        """The server's clock is `ahead` ms before the true one from now on."""
        with self._switch.open("r+b") as file:
            file.write(struct.pack("q", ahead))


def server_clock(folder: Path, seed: int) -> None:
    """Event times never decrease, writers are not shut out, and timers run when they should."""
    rng = random.Random(seed)
    with nursery() as children, Traffic(pause=0.2) as traffic, contextlib.ExitStack() as end:
        clock = Clock(folder, children)
        serving = clock.serving
        end.callback(serving.close)
        # Limits are on: a clock that is set must not shut anybody out.
        visitors = [Visitor(serving.base) for _ in range(3)]
        for n, visitor in enumerate(visitors):
            visitor.say(f"first of v{n}")
        keys = [conversation_of(serving, visitor) for visitor in visitors]
        traffic.visitor(visitors[0], "v0")
        bo, lee = (
            AgentClient(serving.base, serving.token(person, hours=LONG), f"k-{person}")
            for person in ("bo", "lee")
        )
        traffic.agent(bo, keys[1], "a0")
        for ahead in (DAY, 0) if rng.random() < 0.5 else (DAY, -DAY, 0):
            traffic.goes_on(3)
            clock.set(ahead)
        traffic.all_go_on()
        # Times in the log are a day ahead; a snooze still is as long as the agent said.
        begun = time.monotonic()
        until_ms = int(time.time() * 1000) + 2500
        lee.applied(keys[2], c.SetStatus(Status.SNOOZED, until=until_ms))
        assert serving.state(keys[2]).status is Status.SNOOZED
        until(lambda: serving.state(keys[2]).status is Status.OPEN, 30, "the snooze ends")
        assert time.monotonic() - begun > 1.5, "it ended too soon"
        traffic.end()
        children.kill(clock.pid)
        check_counts(serving)
        traffic.judge(serving, keys)


@contextlib.contextmanager
def machine() -> Iterator[Callable[[int, int], None]]:
    """The clocks of this process. The function lets (true ms pass, ms the clock is set by)."""
    time_ns, uptime = time.time_ns, steady.uptime_ms
    passed = jumped = 0

    def move(more_passed: int, more_jumped: int) -> None:
        nonlocal passed, jumped
        passed += more_passed
        jumped += more_jumped

    with (
        mock.patch("time.time_ns", lambda: time_ns() + (passed + jumped) * 1_000_000),
        mock.patch("agent_tui.store.steady.uptime_ms", lambda: uptime() + passed),
    ):
        yield move


# What passes and by how much the clock is set while a reply waits; whether it is then too old.
JUMPS = (
    (MINUTE, DAY, False),
    (MINUTE, -DAY, False),
    (11 * MINUTE, -DAY, True),
    (11 * MINUTE, DAY, True),
    (11 * MINUTE, 0, True),
    (9 * MINUTE, 0, False),
)


def client_clock(folder: Path, seed: int) -> None:
    """A reply that waits offline is as old as it is, however the clock was set meanwhile."""
    rng = random.Random(seed)
    passed, jumped, expired = JUMPS[seed % len(JUMPS)]
    before = rng.choice((0, DAY, -DAY))  # the clock is wrong, but stays as it is: no harm
    restarted = rng.random() < 0.5
    with nursery() as children, contextlib.ExitStack() as end, machine() as move:
        clock = Clock(folder, children)
        serving = clock.serving
        end.callback(serving.close)
        visitor = serving.visitor()
        visitor.say("你好")
        key = conversation_of(serving, visitor)
        token = serving.token("anna", hours=LONG)
        move(0, before)
        login = Login(serving.base, token, account("anna"))
        anna = Workstation(folder / "profile", login).connect()
        end.callback(lambda: anna.close())
        anna.until(lambda desk: desk.conversation(key))
        anna.sends(key, "gleich")
        anna.until(lambda desk: desk.pending.unsent == 0)
        anna.disconnect()
        anna.sends(key, "wartet")
        move(passed, jumped)
        if restarted:
            anna = anna.again()
        anna.connect()
        anna.until(lambda desk: desk.pending.unsent == 0, 30)
        held = [(item.text, item.reason) for item in anna.desk.tray.items]
        assert held == ([("wartet", "expired")] if expired else []), (held, passed, jumped)
        assert visitor.texts() == ["你好", "gleich", *([] if expired else ["wartet"])]
        # The next one is fresh again.
        anna.sends(key, "weiter")
        anna.until(lambda desk: desk.pending.unsent == 0, 30)
        assert visitor.texts()[-1] == "weiter"
        children.kill(clock.pid)
        rows = serving.log()
        assert all(one.at <= two.at for one, two in itertools.pairwise(rows))


CLOCKS: dict[str, Callable[[Path, int], None]] = {
    "server: clock set by a day": server_clock,
    "client: clock set by a day": client_clock,
}
