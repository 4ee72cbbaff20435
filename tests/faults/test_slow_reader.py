"""Who does not read is cut, and costs the server one buffer; who holds too much open is refused."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text

from agent_tui.domain import commands as c
from agent_tui.server import feed, schema
from tests.driver import AgentClient, Http, Serving, conversation_of, make_folder, new_id, until
from tests.flow.children import nursery

STALL = 2.0
READERS = 5
MEGABYTE = 1_000_000
TEXT = "长" * 100_000  # 300 kB


@contextmanager
def elsewhere(root: Path, config: str) -> Iterator[tuple[Serving, int]]:
    """A server in a process of its own, and its process id."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    serving = Serving(make_folder(root, config))
    serving.base = f"http://127.0.0.1:{port}"
    with nursery() as children:
        pid = children.start("server", str(root), port)
        until(serving._answers, 20)
        try:
            yield serving, pid
        finally:
            serving.close()


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError


def metric(serving: Serving, name: str) -> float:
    """A figure that the server tells."""
    for line in httpx.get(f"{serving.base}/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[-1])
    return 0.0


def indexed(serving: Serving) -> bool:
    """Whether the full-text index has every message: its reading fills the database's caches."""
    with serving.database.read() as connection:
        last = connection.execute(text("SELECT max(seq) FROM message")).scalar_one()
        return bool(connection.execute(text("SELECT seq FROM indexed")).scalar_one() >= last)


def here(serving: Serving) -> str:
    """The cursor at this moment, without a snapshot."""
    with serving.database.read() as connection:
        row = connection.execute(select(schema.workspace)).one()
    return str(feed.cursor(row.feed, row.head, row.chain))


def idle_reader(serving: Serving, client: AgentClient, window: int = 4096) -> socket.socket:
    """A stream whose reader has read the greeting and then stops."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    reader.settimeout(10)
    reader.connect(("127.0.0.1", int(serving.base.rsplit(":", 1)[1])))
    reader.sendall(
        f"GET /v1/stream?client=slow&since={here(serving)} HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {client.token}\r\n\r\n".encode()
    )
    heard = b""
    while b": hello" not in heard:
        heard += reader.recv(1024)
    return reader


def write(client: AgentClient, key: str, size: int) -> None:
    """Notes of so many bytes together."""
    for _ in range(size // (12 * 3 * len(TEXT))):
        client.applied(key, *(c.AddNote(new_id(), TEXT) for _ in range(12)))


def test_a_reader_that_stops_is_cut_and_nothing_is_kept_for_it(tmp_path: Path) -> None:
    with elsewhere(tmp_path, f"[server]\nstall_seconds = {STALL}\n") as (serving, pid):
        visitor = serving.visitor()
        visitor.say("你好")
        anna = serving.agent()
        key = conversation_of(serving, visitor)
        write(anna, key, 40 * MEGABYTE)  # what is remembered for everybody is full
        until(lambda: indexed(serving), 60)
        before = resident(pid)
        with ExitStack() as stack:
            for _ in range(READERS):
                stack.enter_context(idle_reader(serving, anna))
            began = time.monotonic()
            write(anna, key, 50 * MEGABYTE)
            until(lambda: metric(serving, "agent_tui_slow_readers_cut_total") == READERS)
            until(lambda: metric(serving, 'agent_tui_streams{kind="agent"}') == 0)
            took = time.monotonic() - began
            grown = resident(pid) - before
        assert grown < READERS * 8 * MEGABYTE, (grown, took)


def test_a_reader_that_is_only_slow_is_not_cut(tmp_path: Path) -> None:
    with elsewhere(tmp_path, f"[server]\nstall_seconds = {STALL}\n") as (serving, _):
        visitor = serving.visitor()
        visitor.say("你好")
        anna = serving.agent()
        key = conversation_of(serving, visitor)
        with idle_reader(serving, anna, 65_536) as reader:
            write(anna, key, 4 * MEGABYTE)
            heard = 0
            while heard < 2 * MEGABYTE:
                got = reader.recv(16_384)
                assert got, heard
                heard += len(got)
                time.sleep(0.1)  # a page takes longer than STALL
        assert metric(serving, "agent_tui_slow_readers_cut_total") == 0


LIMITS = "[limits]\nstreams = 3\nweb_streams = 2\naddress_streams = 3\n"


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Serving]:
    """A server that allows few streams."""
    found = Serving(make_folder(tmp_path / "strict", LIMITS)).start()
    yield found
    found.close()


def test_an_account_holds_so_many_streams(strict: Serving) -> None:
    anna, bo = strict.agent("anna"), strict.agent("bo")
    since = anna.now()
    with ExitStack() as stack:
        for _ in range(3):
            stream = stack.enter_context(anna.stream(since))
            until(lambda: stream.comments)  # noqa: B023
        with anna.stream(since) as fourth:
            until(lambda: fourth.status)
            assert fourth.status == 429
        with bo.stream(since) as other:
            until(lambda: other.comments)
        refused = anna.call("GET", "/v1/stream", since=since, client="x")
        assert (refused.code, refused.headers["retry-after"]) == ("rate_limited", "5")
    # Their places are free again.
    until(lambda: _status(anna, since) == 200)


def _status(anna: AgentClient, since: str) -> int:
    with anna.stream(since) as stream:
        until(lambda: stream.status)
        return stream.status


def test_a_visitor_and_an_address_hold_so_many(strict: Serving) -> None:
    one, two = (Http(strict.base, strict.visitor().token) for _ in range(2))
    url = "/v1/web/web/stream"
    with ExitStack() as stack:

        def status(caller: Http) -> int:
            answer = stack.enter_context(
                caller._http.stream("GET", url)  # stays open until the block ends
            )
            return answer.status_code

        assert [status(one) for _ in range(3)] == [200, 200, 429]
        assert [status(two) for _ in range(2)] == [200, 429]
