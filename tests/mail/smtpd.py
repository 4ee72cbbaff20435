"""A mail server on a real socket, of which every answer can be told: refuse, hang, cut, lie."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

GOOD = {
    "connect": b"220 here",
    "EHLO": b"250 here",
    "MAIL": b"250 ok",
    "RCPT": b"250 ok",
    "DATA": b"354 go on",
    "dot": b"250 taken",
    "QUIT": b"221 bye",
}
CUT, HANG = b"cut", b"hang"


@dataclass(frozen=True)
class Got:
    """A mail that came as far as its last dot."""

    sender: str
    to: str
    data: bytes
    answer: bytes

    @property
    def mail(self) -> EmailMessage:
        """As programs read it."""
        found = message_from_bytes(self.data, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class Server:
    """Answers as `script` says (stage -> answers, the last for ever), else well. `cut` closes the
    connection in place of an answer, `hang` says nothing until `release`."""

    script: dict[str, deque[bytes]] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    port: int = 0
    pause: float = 0.0  # seconds before a line

    def __post_init__(self) -> None:
        self.release = threading.Event()
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._server: socket.socket | None = None
        self.live()

    def says(self, stage: str, *answers: bytes) -> None:
        """From now on, at `stage`."""
        self.script[stage] = deque(answers)

    def live(self) -> None:
        """Listen, again on the same port."""
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._run(self._accept, self._server)

    def die(self) -> None:
        """Stop listening."""
        if self._server is not None:
            with contextlib.suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
        self._server = None

    def close(self) -> None:
        """End every thread."""
        self.die()
        self.release.set()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def _run(self, function: object, *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            self.connections += 1
            self._run(self._serve, connection)

    def _answer(self, stage: str) -> bytes:
        known = self.script.get(stage)
        if not known:
            return GOOD.get(stage, b"250 ok")
        return known.popleft() if len(known) > 1 else known[0]

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(30)
            lines = connection.makefile("rb")
            self._say(connection, self._answer("connect"))
            sender = to = ""
            while line := lines.readline():
                stage = line.split()[0].decode().upper() if line.split() else ""
                if stage == "MAIL":
                    sender = line.decode().split("<")[1].split(">")[0]
                if stage == "RCPT":
                    to = line.decode().split("<")[1].split(">")[0]
                answer = self._answer(stage)
                self._say(connection, answer)
                if stage == "DATA" and answer.startswith(b"354"):
                    if self._answer("body") == CUT:  # a reset, while there is much to read
                        linger = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        time.sleep(0.3)
                        lines.close()
                        return
                    data = self._data(lines)
                    answer = self._answer("dot")
                    self.got.append(Got(sender, to, data, answer))
                    self._say(connection, answer)
                if stage == "QUIT":
                    return

    def _data(self, lines: object) -> bytes:
        out = b""
        while True:
            line: bytes = lines.readline()  # type: ignore[attr-defined]
            if not line:
                raise EOFError
            if line == b".\r\n":
                return out
            out += line[1:] if line.startswith(b".") else line

    def _say(self, connection: socket.socket, answer: bytes) -> None:
        if answer == CUT:
            connection.shutdown(socket.SHUT_RDWR)
            raise EOFError
        if answer == HANG:
            self.release.wait(60)
            raise EOFError
        for line in answer.split(b"\r\n"):
            time.sleep(self.pause)
            connection.sendall(line + b"\r\n")
