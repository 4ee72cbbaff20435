"""`run`: the host as a child, the workstation in front, nothing left behind."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from agent_tui import bootstrap
from agent_tui.bootstrap import Login
from agent_tui.errors import ServerError
from agent_tui.paths import Profile
from agent_tui.practice import session
from agent_tui.practice.folder import Folder, Taken, hold
from agent_tui.practice.times import PracticeResult
from agent_tui.store.cache import Cache
from tests.practice.play import STOP, eventually


@dataclass
class Stub:
    """A workstation of no screen: does something with the profile while it is open."""

    work: Callable[[Profile, Login], None] = lambda profile, login: None
    opened: list[tuple[Profile, Login, str, str]] = field(default_factory=list)

    def __call__(self, profile: Profile, login: Login, *, band: str = "", notice: str = "") -> int:
        self.opened.append((profile, login, band, notice))
        self.work(profile, login)
        return 0


def sync(
    profile: Profile,
    login: Login,
    until: Callable[[Cache], bool] = lambda cache: bool(cache.live()),
) -> None:
    """Follow the server until the cache is as wished; by default, until it has conversations."""
    link = bootstrap.Link(
        profile, login, on_change=lambda changes: None, on_link=lambda link, why: None
    )
    link.start()
    cache = Cache(profile.create().cache)
    try:
        assert eventually(lambda: until(cache), 10)
    finally:
        link.close()
        cache.close()


def hosts(folder: Folder) -> list[int]:
    """Process ids of the hosts of `folder` that are running."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "pid=,stat=,args="], capture_output=True, check=True
    )
    rows = [line.split(None, 2) for line in listed.stdout.decode(errors="replace").splitlines()]
    return [
        int(pid) for pid, stat, args in rows if f"--root={folder.root}" in args and stat[0] != "Z"
    ]


def test_the_second_start_does_not_wait_for_the_server(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder.of("demo")
    first = Stub(sync)
    assert session.run("demo", workstation=first) == 0
    profile, login, band, notice = first.opened[0]
    page = f"{login.url}/chat?inbox=web"
    assert capsys.readouterr().out.count(page) == 2, "before the workstation and after it"
    assert page in notice and band == ""
    assert profile == folder.profile and bootstrap.read_login(profile) == login
    assert not hosts(folder)

    def never(host: object) -> None:
        pytest.fail("the second start waited")

    second = Stub(sync)
    with monkeypatch.context() as patch:
        patch.setattr(session.Host, "wait", never)
        assert session.run("demo", workstation=second) == 0
    assert second.opened[0][1] == login, "same address, same token"
    assert not hosts(folder)

    (folder.profile.root / "draft.txt").write_text("old")
    fresh = Stub()
    assert session.run("demo", fresh=True, workstation=fresh) == 0
    assert fresh.opened[0][1].token != login.token
    assert not (folder.profile.root / "draft.txt").exists()


def test_a_taken_port_is_no_trouble() -> None:
    folder = Folder.of("demo")
    first = Stub(sync)
    session.run("demo", workstation=first)
    port = int(first.opened[0][1].url.rpartition(":")[2])
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        second = Stub(sync)
        session.run("demo", workstation=second)
    assert second.opened[0][1].url != first.opened[0][1].url
    assert not hosts(folder)


def test_only_one_at_a_time() -> None:
    folder = Folder.of("demo").create()
    with hold(folder.lock):
        with pytest.raises(ServerError, match=str(os.getpid())):
            session.run("demo", fresh=True, workstation=Stub())
        with pytest.raises(Taken), hold(folder.lock):
            pass
    with hold(folder.lock):
        pass


def test_a_host_that_cannot_start_is_told_with_its_log() -> None:
    folder = Folder.of("demo").create()
    folder.server.mkdir()
    (folder.server / "config.toml").write_text("[shopp]\n")
    with pytest.raises(ServerError) as caught:
        session.run("demo", workstation=Stub())
    assert "config.toml" in str(caught.value) and str(folder.log) in str(caught.value)
    assert not hosts(folder)


def test_a_host_that_dies_meanwhile_is_told() -> None:
    folder = Folder.of("demo")

    def shoot(profile: Profile, login: Login) -> None:
        (host,) = hosts(folder)
        os.kill(host, signal.SIGKILL)
        os.waitid(os.P_PID, host, os.WEXITED | os.WNOWAIT)

    with pytest.raises(ServerError):
        session.run("demo", workstation=Stub(shoot))


def test_a_workstation_that_fails_leaves_nothing_running() -> None:
    def fail(profile: Profile, login: Login) -> None:
        raise RuntimeError("screen")

    with pytest.raises(RuntimeError):
        session.run("demo", workstation=Stub(fail))
    assert not hosts(Folder.of("demo"))


@pytest.mark.parametrize("again", [False, True])
def test_kill_minus_nine_leaves_nothing_running(again: bool) -> None:
    """And a next start, at once, waits for the last host to go."""
    folder = Folder.of("demo")
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.practice.stub", "demo"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
    )
    try:
        assert parent.stdout is not None
        lines = iter(parent.stdout.readline, b"")
        assert any(line.startswith(b"open ") for line in lines)
        assert len(hosts(folder)) == 1
        parent.kill()
        parent.wait(STOP)
        began = time.monotonic()
        if again:
            assert session.run("demo", workstation=Stub()) == 0
        else:
            assert eventually(lambda: not hosts(folder), STOP)
            assert time.monotonic() - began < STOP
        assert not hosts(folder)
    finally:
        parent.kill()
        parent.wait()
        if parent.stdout is not None:
            parent.stdout.close()


def test_practice_ends_with_a_table_that_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    def serve_one(profile: Profile, login: Login) -> None:
        sync(profile, login)
        desk = bootstrap.open_desk(profile, login)
        row = desk.queue.rows()[0]
        assert desk.writing.send(row.id, "您好，请问订单号是多少？") is None
        sync(profile, login, until=lambda cache: len(cache.messages(row.id)) >= 2)
        desk.close()

    stub = Stub(serve_one)
    assert session.run("practice", workstation=stub) == 0
    profile, login, band, _ = stub.opened[0]
    assert "PRACTICE" in band and login.agent.role == "agent"
    said = capsys.readouterr().out
    assert "目标 3:00" in said and "1/1" in said
    with sqlite3.connect(profile.outbox) as outbox:
        bodies = [body for (body,) in outbox.execute("SELECT body FROM practice")]
    outbox.close()
    kept = [msgspec.json.decode(body, type=PracticeResult) for body in bodies]
    assert len(kept) == 1 and len(kept[0].answers) == 1
    assert kept[0].target == 180_000 and kept[0].inside == 1
