"""Prosody with an SQL archive, on loopback, and XMPP clients just able enough to chat."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from syncing.house import FILLER

HOST = "localhost"
PASSWORD = "bench"
START_SECONDS = 20.0
WAIT = 120.0
CONFIGURED = (
    "mod_mam, archive in SQLite by its own defaults (durable commit a message), no rate limits, "
    "no TLS, SASL PLAIN"
)
CONFIG = """
run_as_root = true
pidfile = "{root}/prosody.pid"
data_path = "{root}/data"
modules_enabled = {{ "roster"; "saslauth"; "mam" }}
modules_disabled = {{ "s2s"; "tls"; "limits"; "offline" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = {{ archive = "sql" }}
sql = {{ driver = "SQLite3"; database = "{root}/archive.sqlite" }}
default_archive_policy = true
archive_cleanup_interval = 86400
log = {{ warn = "{root}/prosody.log" }}
VirtualHost "{host}"
"""


def installed() -> bool:
    """Whether there is a Prosody, with its SQLite driver, to measure."""
    if shutil.which("prosody") is None or shutil.which("prosodyctl") is None:
        return False
    return any(Path("/usr/lib").glob("**/lua/5.*/dbd/sqlite3.so"))


@dataclass(frozen=True)
class Running:
    """Where it listens."""

    port: int
    pid: int


@contextlib.contextmanager
def serving(root: Path, pairs: int) -> Iterator[Running]:
    """Prosody with two accounts for each of `pairs`; a stand-in if it is not installed."""
    if not installed():
        yield Running(0, os.getpid())
        return
    accounts = root / "data" / HOST / "accounts"
    accounts.mkdir(parents=True)
    for number in range(pairs):
        for side in "ab":
            line = f'return {{ ["password"] = "{PASSWORD}" }};\n'
            (accounts / f"{side}{number}.dat").write_text(line)
    port = _free_port()
    config = root / "prosody.cfg.lua"
    config.write_text(CONFIG.format(root=root, port=port, host=HOST))
    with (root / "out").open("w") as out:
        child = subprocess.Popen(["prosody", "--config", str(config), "-F"], stdout=out, stderr=out)
    try:
        _wait_for(port, child, root)
        yield Running(port, child.pid)
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


def _wait_for(port: int, child: subprocess.Popen[bytes], root: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and child.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    logs = [path.read_text() for path in (root / "out", root / "prosody.log") if path.exists()]
    raise SystemExit("prosody did not start\n" + "\n".join(logs)[-3000:])


class Account(asyncio.Protocol):
    """A client logged in as `name`; what it reads is searched for the marks of chat messages."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._read = b""
        self._mark = b""
        self._found: asyncio.Future[None] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self.received = 0
        self._wanted = 0
        self._complete = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._found is not None:
            if self._mark in self._read and not self._found.done():
                self._found.set_result(None)
            return
        *whole, self._read = self._read.split(b"</message>")
        self.received += len(whole)
        if self.received >= self._wanted:
            self._complete.set()

    async def log_in(self) -> None:
        """From the first byte to being available for chats."""
        plain = base64.b64encode(f"\0{self._name}\0{PASSWORD}".encode()).decode()
        begin = (
            f"<stream:stream to='{HOST}' xmlns='jabber:client' version='1.0' "
            "xmlns:stream='http://etherx.jabber.org/streams'>"
        )
        sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
        bind = "urn:ietf:params:xml:ns:xmpp-bind"
        await self._say("<?xml version='1.0'?>" + begin, b"</stream:features>")
        await self._say(f"<auth xmlns='{sasl}' mechanism='PLAIN'>{plain}</auth>", b"<success")
        await self._say(begin, b"</stream:features>")
        await self._say(f"<iq type='set' id='b'><bind xmlns='{bind}'/></iq>", b"</iq>")
        await self._say("<presence/>", b"<presence")
        self._found = None

    async def _say(self, text: str, mark: bytes) -> None:
        self._read, self._mark = b"", mark
        self._found = asyncio.get_running_loop().create_future()
        self.write(text)
        async with asyncio.timeout(WAIT):
            await self._found

    def write(self, text: str) -> None:
        """Send."""
        assert self._transport is not None
        self._transport.write(text.encode())

    async def upto(self, count: int) -> None:
        """Return when `count` messages have come since logging in."""
        self._wanted = count
        if self.received < count:
            self._complete.clear()
            async with asyncio.timeout(WAIT):
                await self._complete.wait()


class Theirs:
    """The cast of pairs on Prosody; the same verbs as ours."""

    def __init__(self, port: int, pairs: int) -> None:
        self._port = port
        self._count = pairs
        self._pairs: list[tuple[Account, Account, str]] = []
        self._sent = 0

    async def open(self) -> None:
        """Log everybody in."""
        for number in range(self._count):
            one, other = await self._account(f"a{number}"), await self._account(f"b{number}")
            self._pairs.append((one, other, f"b{number}@{HOST}"))

    async def _account(self, name: str) -> Account:
        loop = asyncio.get_running_loop()
        _, account = await loop.create_connection(lambda: Account(name), "127.0.0.1", self._port)
        await account.log_in()
        return account

    async def burst(self, each: int) -> float:
        """Every sender writes `each` messages without waiting: seconds until the last came."""
        started = time.perf_counter()
        for sender, _, to in self._pairs:
            sender.write("".join(_message(to, self._sent + number) for number in range(each)))
        await asyncio.gather(*(inbox.upto(self._sent + each) for _, inbox, _ in self._pairs))
        seconds = time.perf_counter() - started
        self._sent += each
        return seconds

    async def singles(self, count: int) -> list[float]:
        """One message in flight in all: seconds from sending to receiving, for each."""
        found: list[float] = []
        for _ in range(count // len(self._pairs)):
            for sender, inbox, to in self._pairs:
                started = time.perf_counter()
                sender.write(_message(to, self._sent))
                await inbox.upto(self._sent + 1)
                found.append(time.perf_counter() - started)
            self._sent += 1
        return found

    async def check(self) -> int:
        """How many each receiver got; raises unless all came."""
        if any(inbox.received != self._sent for _, inbox, _ in self._pairs):
            raise RuntimeError("messages were lost or doubled")
        return self._sent


def _message(to: str, number: int) -> str:
    body = f"<body>#{number} {FILLER}</body>"
    return f"<message to='{to}' type='chat' id='m{number}'>{body}</message>"
