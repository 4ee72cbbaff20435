"""A shop's own system on a real socket: it can answer, refuse, hang, cut, fail, and die."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import msgspec

ANSWERS = {
    "accept": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "refuse": b"HTTP/1.1 422 No\r\nContent-Length: 14\r\n\r\nno such person",
    "refuse and stall": b"HTTP/1.1 422 No\r\nContent-Length: 14\r\n\r\nno",
    "move": b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
    "busy": b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    "fail": b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    "babble": b"220 this is not HTTP\r\n\r\n",
}


@dataclass(frozen=True)
class Got:
    """One request, read whole."""

    headers: dict[str, str]
    body: bytes
    answer: str

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Receiver:
    """Answers as `script` says, then as `always`: a key of `ANSWERS`, `hang` (until `release`), or
    `cut` (the whole request is read, then the connection is reset)."""

    always: str = "accept"
    script: deque[str] = field(default_factory=deque)
    got: list[Got] = field(default_factory=list)
    port: int = 0
    pause: float = 0.0  # seconds before an answer

    def __post_init__(self) -> None:
        self.release = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._server: socket.socket | None = None
        self.live()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/replies"

    def seen(self) -> list[str]:
        """The keys of all requests, in the order of arrival."""
        return [got.key for got in self.got]

    def texts(self) -> list[str]:
        """What those said."""
        return [got.json["text"] for got in self.got]

    def taken(self) -> Counter[str]:
        """Texts that were accepted, as a system that honours the keys keeps them."""
        found = {got.key: got.json["text"] for got in self.got if got.answer == "accept"}
        return Counter(found.values())

    def live(self) -> None:
        """Listen, again on the same port."""
        self._server = socket.socket()
        self._server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.bind(("127.0.0.1", self.port))
        self._server.listen(64)
        self.port = self._server.getsockname()[1]
        self._run(self._accept, self._server)

    def die(self) -> None:
        """Stop listening: connections are refused."""
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)  # wakes the one who accepts
            self._server.close()
        self._server = None

    def close(self) -> None:
        """End every thread."""
        self.die()
        self.release.set()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _run(self, function: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            headers, body = _request(connection)
            with self._lock:
                answer = self.script.popleft() if self.script else self.always
                self.got.append(Got(headers, body, answer))
            if answer == "cut":
                # No linger: the other side sees a reset, not an end.
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif answer == "hang":
                self.release.wait(60)
            else:
                self.release.wait(self.pause)
                connection.sendall(ANSWERS[answer])
                if "stall" in answer:
                    self.release.wait(60)


def _request(connection: socket.socket) -> tuple[dict[str, str], bytes]:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += _more(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers["content-length"]):
        body += _more(connection)
    return headers, body


def _more(connection: socket.socket) -> bytes:
    found = connection.recv(65536)
    if not found:
        raise ConnectionError
    return found
