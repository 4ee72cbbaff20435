"""WeChat on a real socket, as its documentation says it behaves: tokens that end, return codes, the
files that customers sent; and connections that hang or break."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

APP, SECRET = "wx2c2769f8efd9abc2", "app-secret-of-the-test"
WORDS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40125: "invalid appsecret",
    40164: "invalid ip, not in whitelist",
    42001: "access_token expired",
    45009: "reach max api daily quota limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
}


@dataclass
class Platform:
    """Sends are answered by `script`, then by `always`: a return code, or `hang`, `cut`, `fail`
    (500), `babble` (a page that is no JSON). `asked` scripts the token's endpoint the same way."""

    always: int | str = 0
    script: deque[int | str] = field(default_factory=deque)
    asked: deque[int | str] = field(default_factory=deque)
    sent: list[tuple[str, str, int | str]] = field(default_factory=list)  # to, text, answer
    tokens: list[tuple[str, bool]] = field(default_factory=list)  # given out, by force
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    lifetime: int = 7200
    fetched: list[str] = field(default_factory=list)
    pause: float = 0.0

    def __post_init__(self) -> None:
        self.release = threading.Event()
        self.valid = ""
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.port = 0
        self.live()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def live(self) -> None:
        """Listen, again on the same port."""
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                platform._answer(self, json.loads(body))

            def do_GET(self) -> None:
                platform._answer(self, {})

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = False
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def die(self) -> None:
        """Stop listening: connections are refused."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        self.release.clear()

    def expire(self) -> None:
        """The token that was given out is good no longer."""
        self.valid = ""

    def texts(self) -> list[str]:
        """What reached the customers."""
        return [text for _, text, answer in self.sent if answer == 0]

    def _answer(self, request: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        parts = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            match parts.path:
                case "/cgi-bin/stable_token":
                    step, found = self._token(body)
                case "/cgi-bin/message/custom/send":
                    step, found = self._send(query, body)
                case "/cgi-bin/media/get":
                    step, found = 0, self._media(query)
                case _:
                    step, found = 0, ("application/json", b'{"errcode":48001}')
        self.release.wait(self.pause)
        with contextlib.suppress(OSError):
            _play(request, self, step, *found)

    def _token(self, body: dict[str, Any]) -> tuple[int | str, tuple[str, bytes]]:
        step = self.asked.popleft() if self.asked else 0
        assert body["grant_type"] == "client_credential" and body["appid"] == APP
        if step == 0 and body["secret"] != SECRET:
            step = 40125
        if step != 0:
            return step, _told(step)
        if not self.valid or body["force_refresh"]:
            self.valid = f"TOKEN+{next(self._numbers)}/="
        self.tokens.append((self.valid, body["force_refresh"]))
        return 0, _json({"access_token": self.valid, "expires_in": self.lifetime})

    def _send(
        self, query: dict[str, str], body: dict[str, Any]
    ) -> tuple[int | str, tuple[str, bytes]]:
        if not self.valid or query.get("access_token") != self.valid:
            step: int | str = 40001
        else:
            step = self.script.popleft() if self.script else self.always
        assert body["msgtype"] == "text"
        self.sent.append((body["touser"], body["text"]["content"], step))
        return step, _told(step)

    def _media(self, query: dict[str, str]) -> tuple[str, bytes]:
        self.fetched.append(query["media_id"])
        if not self.valid or query.get("access_token") != self.valid:
            return "text/plain", _told(40001)[1]  # its errors come as text
        return self.media.get(query["media_id"], _told(40007))


def _json(found: dict[str, Any]) -> tuple[str, bytes]:
    return "application/json; encoding=utf-8", json.dumps(found).encode()


def _told(step: int | str) -> tuple[str, bytes]:
    if isinstance(step, str):
        return "", b""
    return _json({"errcode": step, "errmsg": "ok" if step == 0 else WORDS.get(step, "no")})


def _play(
    request: BaseHTTPRequestHandler, platform: Platform, step: int | str, kind: str, body: bytes
) -> None:
    if step == "hang":
        platform.release.wait(30)
        return
    if step == "cut":
        linger = struct.pack("ii", 1, 0)
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.connection.close()
        return
    if step == "babble":
        kind, body = "text/html", b"<html>a gateway's own page</html>"
    request.send_response(500 if step == "fail" else 200)
    request.send_header("Content-Type", kind or "text/plain")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
