"""`agent-tui demo` and `agent-tui practice`: the host as a child, the workstation in front of it.

The second start of a demo does not wait for the host: port and login are those of last time, so the
workstation paints from its cache while the server is still getting up.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from agent_tui import bootstrap, lang
from agent_tui.bootstrap import Login
from agent_tui.domain.policy import Policy
from agent_tui.errors import DeskError, ServerError
from agent_tui.lang import Both
from agent_tui.paths import Profile
from agent_tui.practice.folder import NAMES, Folder, Kind, Ready, Taken, hold, wait_free

if TYPE_CHECKING:
    from agent_tui.tui.tour import Mode

READY_SECONDS = 20.0
PREDECESSOR_SECONDS = 5.0
STOP_SECONDS = 3.0
# Both at once take the same processor: the screen goes first, at its first paint the server starts.
SCREEN_SECONDS = 0.5
NICE = 10
SPARE_MS = 24 * 3600 * 1000
BAND = Both("练习 PRACTICE · 不会发给真实客户", "PRACTICE · nothing reaches a real customer")


class Workstation(Protocol):
    """`agent_tui.workstation.workstation`, or what a test puts in its place."""

    def __call__(
        self, profile: Profile, login: Login, *, band: str = "", notice: str = ""
    ) -> int: ...


def run(
    kind: Kind,
    *,
    fresh: bool = False,
    tour: bool = False,
    workstation: Workstation | None = None,
) -> int:
    """Run the demo or a practice session to its end; the exit code.

    `fresh` begins with an empty folder, `tour` leads through the first things.
    Raises ServerError if one is running already or the host does not start.
    """
    folder = Folder.of(kind).create()
    with _alone(folder, kind):
        if fresh:
            folder.wipe()
        if workstation is None:
            workstation = partial(_real_workstation, tour=_mode(folder, kind, tour))
        return _run(folder, kind, workstation, report=not tour)


def _mode(folder: Folder, kind: Kind, tour: bool) -> Mode:
    if tour:
        return "run"
    return "offer" if kind == "demo" and folder.last_ready() is None else "may"


def _real_workstation(
    profile: Profile, login: Login, *, band: str = "", notice: str = "", tour: Mode = "may"
) -> int:
    from agent_tui.workstation import workstation

    return workstation(profile, login, band=band, notice=notice, tour=tour)


@contextlib.contextmanager
def _alone(folder: Folder, kind: Kind) -> Iterator[None]:
    """Hold the folder; no host of an earlier session, killed a moment ago, is left in it."""
    name = NAMES[kind]
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(hold(folder.lock))
            wait_free(folder.host_lock, PREDECESSOR_SECONDS)
        except Taken as taken:
            raise ServerError(
                Both(
                    f"{name.zh}已在运行（进程 {taken.pid}）",
                    f"the {name.en} is already running (pid {taken.pid})",
                ),
                Both("先在那个窗口按 Ctrl+Q 退出", "leave it there first, with Ctrl+Q"),
            ) from None
        yield


def _run(folder: Folder, kind: Kind, workstation: Workstation, *, report: bool) -> int:
    started = bootstrap.now_ms()
    profile = folder.profile
    if kind == "practice":
        _forget_last_practice(profile)
    known = _at_once(folder) if kind == "demo" else None
    if known is None:
        _say(Both("正在准备……", "getting ready ..."))
    port = known.port if known else _last_port(folder)
    with Host(folder, kind, port, after=SCREEN_SECONDS if known else 0.0) as host:
        ready = known or host.wait()
        login = Login(ready.url, ready.token, ready.agent, ready.expires_at)
        if bootstrap.read_login(profile) != login:
            bootstrap.write_login(profile, login)
        page = Both(f"顾客页面：{ready.page}", f"customer page: {ready.page}")
        _say(page)
        band = str(BAND) if kind == "practice" else ""
        code = workstation(profile, login, band=band, notice=str(page))
        trouble = host.trouble()
    _say(page)
    if trouble is not None:
        raise trouble
    if kind == "practice" and report:
        _report(profile, started)
    return code


# --- the host ------------------------------------------------------------------------------------


class Host:
    """The child process. It ends with this context, and by itself if this process dies."""

    def __init__(self, folder: Folder, kind: Kind, port: int, *, after: float) -> None:
        self._folder = folder
        with open(folder.log, "ab") as log:
            self._child = subprocess.Popen(
                [
                    sys.executable,
                    "-P",  # a module of the folder we happen to be in is none of ours
                    "-m",
                    "agent_tui.practice.host",
                    f"--root={folder.root}",
                    f"--kind={kind}",
                    f"--port={port}",
                    f"--after={after}",
                    f"--language={lang.current()}",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                # The terminal's own signals (Ctrl+C, hang-up) are for the workstation.
                start_new_session=True,
            )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._child.pid, NICE)

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.close()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()

    def wait(self) -> Ready:
        """What the host says once it listens. Raises ServerError if it dies or takes too long."""
        assert self._child.stdout is not None
        said = b""
        until = time.monotonic() + READY_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise self._failed(
                        Both("服务端没有及时就绪", "the server did not get ready in time")
                    )
                part = os.read(self._child.stdout.fileno(), 65_536)
                if not part:
                    self._child.wait()
                    raise self._failed(Both("服务端没能启动", "the server could not start"))
                said += part
        return msgspec.json.decode(said, type=Ready)

    def trouble(self) -> DeskError | None:
        """That the host ended before its time, if it did."""
        if self._child.poll() is None:
            return None
        return self._failed(Both("服务端中途退出了", "the server ended before its time"))

    def _failed(self, what: Both) -> ServerError:
        tail = self._folder.log_tail()
        where = Both(f"日志 {self._folder.log}：", f"from its log {self._folder.log}:")
        return ServerError(what, Both(f"{where.zh}\n{tail}", f"{where.en}\n{tail}"))


def _at_once(folder: Folder) -> Ready | None:
    """Where the server will be, if that is known before it runs: a second start, its port free."""
    known = folder.last_ready()
    if known is None or not (folder.database.exists() and folder.profile.cache.exists()):
        return None
    if known.expires_at < bootstrap.now_ms() + SPARE_MS or not _is_free(known.port):
        return None
    return known


def _last_port(folder: Folder) -> int:
    """Last time's port if it is free, so that a page left open in a browser goes on; else 0."""
    known = folder.last_ready()
    return known.port if known is not None and _is_free(known.port) else 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# --- practice ------------------------------------------------------------------------------------


def _forget_last_practice(profile: Profile) -> None:
    """The cache goes, the outbox with its results stays."""
    from agent_tui.store import sqlite

    sqlite.remove(profile.cache)


def _report(profile: Profile, started: int) -> None:
    """Measure the session that began at `started`, keep the result, and show it."""
    from rich.console import Console

    from agent_tui.practice import times
    from agent_tui.store.cache import Cache
    from agent_tui.store.outbox import Outbox

    ended = bootstrap.now_ms()
    cache, outbox = Cache(profile.cache), Outbox(profile.outbox)
    try:
        policies = [each for each in cache.things("policy") if isinstance(each, Policy)]
        target = (policies[0] if policies else Policy()).first_reply * 1000
        states = (cache.conversation(key) for key in cache.matching("", -1))
        transcripts = [(state, cache.messages(state.id)) for state in states if state is not None]
        result = times.measure(transcripts, started=started, ended=ended, target=target)
        outbox.record_practice(msgspec.json.encode(result), ended)
    finally:
        cache.close()
        outbox.close()
    if result.customers:
        Console().print(times.table(result))
    else:
        _say(Both("没有顾客来过", "no customer came"))


def _say(text: Both) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
