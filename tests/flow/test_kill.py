"""kill -9, twenty times each, under traffic: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from agent_tui.bootstrap import Login
from agent_tui.domain import commands as c
from agent_tui.domain.ids import MessageId
from agent_tui.store.outbox import Outbox
from tests.driver import (
    AgentClient,
    Serving,
    Visitor,
    check_log,
    conversation_of,
    make_folder,
    until,
)
from tests.flow.children import nursery
from tests.flow.workstation import Workstation, account

KILLS = 20


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Traffic:
    """Threads that write and repeat each request until it is acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []
        self.repeated = 0
        self.stop = threading.Event()
        self.errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def visitor(self, who: Visitor, name: str) -> None:
        """A customer who writes line after line."""
        path = f"{who.path}/messages"
        self._run(
            lambda n: who.call("POST", path, {"id": f"{name}-{n}", "text": f"{name}-{n}"}), name
        )

    def agent(self, who: AgentClient, conversation: str, name: str) -> None:
        """An agent who notes line after line; a repeated order keeps its number."""
        orders: dict[int, c.Order] = {}

        def write(n: int) -> object:
            note = c.AddNote(MessageId(f"{name}-{n}"), f"{name}-{n}")
            order = orders.get(n) or orders.setdefault(n, who.order(conversation, note))
            return who.send([order])

        self._run(write, name)

    def _run(self, write: object, name: str) -> None:
        def loop() -> None:
            n = 0
            try:
                while not self.stop.is_set():
                    try:
                        answer = write(n)  # type: ignore[operator]
                    except httpx.HTTPError:
                        self.repeated += 1
                        time.sleep(0.01)
                        continue
                    if answer.status == 503:  # on its way down, or up
                        continue
                    assert answer.status == 200, answer
                    self.acknowledged.append(f"{name}-{n}")
                    n += 1
            except BaseException as error:
                self.errors.append(error)

        thread = threading.Thread(target=loop, name=name)
        self._threads.append(thread)
        thread.start()

    def goes_on(self) -> None:
        """Return when a few more were acknowledged."""
        enough = len(self.acknowledged) + 5
        until(lambda: len(self.acknowledged) > enough, 20)

    def end(self) -> None:
        """No more writing."""
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        assert self.errors == []


def test_the_server_is_killed(tmp_path: Path) -> None:
    limits = '[limits]\nweb_message = "1000000/minute"\nweb_address = "1000000/minute"\n'
    serving = Serving(make_folder(tmp_path, limits))
    port = free_port()
    serving.base = f"http://127.0.0.1:{port}"
    rng = random.Random(5)
    with nursery() as children:
        pid = children.start("server", str(tmp_path), port)
        until(serving._answers)
        traffic = Traffic()
        visitors = [serving.visitor() for _ in range(3)]
        for visitor in visitors:
            visitor.say("anfang")
        keys = [conversation_of(serving, visitor) for visitor in visitors]
        for n, visitor in enumerate(visitors):
            traffic.visitor(visitor, f"v{n}")
        for n, key in enumerate(keys[:2]):
            traffic.agent(serving.agent("bo"), key, f"a{n}")
        for _ in range(KILLS):
            traffic.goes_on()
            time.sleep(rng.uniform(0, 0.15))
            children.kill(pid)
            pid = children.start("server", str(tmp_path), port)
        traffic.goes_on()
        traffic.end()
        children.kill(pid)
    assert traffic.repeated > KILLS

    check_log(serving)
    texts = [m.text for key in keys for m in serving.messages(key)]
    counted = Counter(texts)
    assert max(count for text, count in counted.items() if text != "anfang") == 1
    assert set(traffic.acknowledged) <= counted.keys()
    for name in ("v0", "v1", "v2", "a0", "a1"):
        numbers = [int(t.split("-")[1]) for t in texts if t.startswith(f"{name}-")]
        assert numbers == list(range(len(numbers)))
        # At most one line was written whose acknowledgement got lost.
        acknowledged = sum(t.startswith(f"{name}-") for t in traffic.acknowledged)
        assert acknowledged <= len(numbers) <= acknowledged + 1
    serving.close()


def test_the_workstation_is_killed(tmp_path: Path) -> None:
    serving = Serving(make_folder(tmp_path / "data")).start()
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    profile, out = tmp_path / "profile", tmp_path / "said.txt"
    login = Login(serving.base, serving.token("anna"), account("anna"))
    first = Workstation(profile, login).connect()
    first.until(lambda desk: desk.conversation(key))
    first.close()
    rng = random.Random(6)
    with nursery() as children:
        for n in range(KILLS):
            before = _size(out)
            pid = children.start("client", str(profile), key, f"r{n}", str(out), 10_000, "")
            _grown(out, before)
            time.sleep(rng.uniform(0, 0.3))
            children.kill(pid)
        pid = children.start("client", str(profile), key, "end", str(out), -1, "")
        children.gone(pid, 60)

    enqueued = out.read_text("utf-8").split()
    assert len(enqueued) > KILLS
    texts = visitor_texts(serving, key)
    assert max(Counter(texts).values()) == 1
    assert set(enqueued) <= set(texts)
    # Of each life at most one reply was enqueued that it could not tell of any more.
    assert len(texts) - len(enqueued) <= KILLS
    assert [t for t in texts if t in set(enqueued)] == enqueued
    outbox = Outbox(profile / "outbox.db")
    assert outbox.pending() == [] and outbox.tray() == []
    outbox.close()
    serving.stop()
    rows = check_log(serving)
    numbers = sorted({row.number for row in rows if row.number is not None})
    assert numbers == list(range(1, len(texts) + 1))
    serving.close()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _grown(path: Path, before: int) -> None:
    until(lambda: _size(path) > before, 20)


def visitor_texts(serving: Serving, key: str) -> list[str]:
    return [m.text for m in serving.messages(key) if m.kind == "reply"]


def test_two_processes_share_one_profile(tmp_path: Path) -> None:
    """Numbers are dense, one of them pushes, both see everything; when it goes, the other does."""
    serving = Serving(make_folder(tmp_path / "data")).start()
    visitor = serving.visitor()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    profile = tmp_path / "profile"
    login = Login(serving.base, serving.token("anna"), account("anna"))
    Workstation(profile, login).close()
    done = tmp_path / "done"
    with nursery() as children:
        out = {name: tmp_path / f"{name}.txt" for name in ("one", "two")}
        pids = {
            name: children.start("client", str(profile), key, name, str(path), 40, str(done))
            for name, path in out.items()
        }
        until(lambda: len(visitor_texts(serving, key)) == 80, 30)
        done.write_text("", "utf-8")
        for pid in pids.values():
            children.gone(pid)
        lines = {name: path.read_text("utf-8").splitlines() for name, path in out.items()}
        pushes = sorted(int(each[-1].split()[1]) for each in lines.values())
        assert pushes[0] == 0 < pushes[1]
        # The one that syncs is killed: the other takes over.
        done.unlink()
        late = {name: tmp_path / f"late-{name}.txt" for name in ("three", "four")}
        first = children.start(
            "client", str(profile), key, "three", str(late["three"]), 0, str(done)
        )
        time.sleep(0.5)
        second = children.start(
            "client", str(profile), key, "four", str(late["four"]), 5, str(done)
        )
        until(lambda: len(visitor_texts(serving, key)) == 85, 20)
        children.kill(first)
        children.kill(second)
        last = children.start("client", str(profile), key, "five", str(late["four"]), 3, str(done))
        until(lambda: len(visitor_texts(serving, key)) == 88, 20)
        children.kill(last)
    texts = visitor_texts(serving, key)
    for name, count in (("one", 40), ("two", 40), ("four", 5), ("five", 3)):
        assert [t for t in texts if t.startswith(f"{name}-")] == [
            f"{name}-{n}" for n in range(count)
        ]
    serving.stop()
    rows = check_log(serving)
    assert sorted({row.number for row in rows if row.number}) == list(range(1, 89))
    mine = Workstation(profile, login)
    serving.start()
    mine.connect()
    # What is still pending is laid over the transcript: whole is not yet confirmed.
    mine.until(lambda desk: len(desk.transcript(key)) == 89 and not desk.unsent)
    mine.close()
    serving.close()
