"""The folder of a demo or of practice: what lies where, who holds it, and where its server was."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from agent_tui import paths
from agent_tui.domain.model import Agent
from agent_tui.errors import ServerError
from agent_tui.lang import Both

Kind = Literal["demo", "practice"]
KINDS: tuple[Kind, ...] = ("demo", "practice")
NAMES = {"demo": Both("演示", "demo"), "practice": Both("练习", "practice session")}
POLL_SECONDS = 0.05


class Ready(msgspec.Struct, frozen=True):
    """The host's one line: where the server is, and a login for the workstation."""

    url: str
    token: str
    agent: Agent
    expires_at: int
    page: str

    @property
    def port(self) -> int:
        """Of the server."""
        return int(self.url.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class Play:
    """How the host plays: which kind, the seed of its chance, port (0: any) and pace (1: real)."""

    kind: Kind
    seed: int
    port: int = 0
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Folder:
    """One person's demo or practice folder."""

    root: Path

    @classmethod
    def of(cls, kind: Kind) -> Folder:
        """The fixed folder of this user."""
        return cls(paths.data_home() / kind)

    @property
    def lock(self) -> Path:
        """Held by the session, for as long as it lasts."""
        return self.root / "session.lock"

    @property
    def host_lock(self) -> Path:
        """Held by the host."""
        return self.root / "host.lock"

    @property
    def server(self) -> Path:
        """The server's data folder."""
        return self.root / "server"

    @property
    def database(self) -> Path:
        """The server's database."""
        return self.server / "server.db"

    @property
    def ready(self) -> Path:
        """The last Ready."""
        return self.root / "ready.json"

    @property
    def seats(self) -> Path:
        """Who is in the shop."""
        return self.root / "seats.json"

    @property
    def log(self) -> Path:
        """The host's log."""
        return self.root / "host.log"

    @property
    def profile(self) -> paths.Profile:
        """The workstation's profile."""
        return paths.Profile(self.root / "profile")

    def create(self) -> Folder:
        """Make the folder, readable by its owner only. Raises ServerError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ServerError(
                Both(
                    f"建不了 {self.root}：{error.strerror}",
                    f"cannot make {self.root}: {error.strerror}",
                ),
                Both("用 AGENT_TUI_HOME 指定可写的目录", "set AGENT_TUI_HOME to a writable place"),
            ) from error
        return self

    def wipe(self) -> None:
        """Delete everything but the locks; the caller holds them."""
        for path in self.root.iterdir():
            if path in (self.lock, self.host_lock):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def last_ready(self) -> Ready | None:
        """Where the server was last time; None if there was none."""
        try:
            return msgspec.json.decode(self.ready.read_bytes(), type=Ready)
        except (OSError, msgspec.MsgspecError):
            return None

    def log_tail(self, lines: int = 8) -> str:
        """The end of the host's log."""
        try:
            text = self.log.read_text("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.rstrip().splitlines()[-lines:])


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, which names this process meanwhile.

    Raises Taken if another process has it.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Taken(os.read(descriptor, 32).decode("ascii", "replace")) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        # Closing lets go of the lock; the file stays, so that two holders never hold two files.
        os.close(descriptor)


def wait_free(path: Path, patience: float) -> None:
    """Wait until nobody holds the lock file `path`. Raises Taken after `patience` seconds."""
    until = time.monotonic() + patience
    while path.exists():
        with open(path, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                if time.monotonic() >= until:
                    raise Taken(file.read(32).decode("ascii", "replace")) from None
        time.sleep(POLL_SECONDS)


class Taken(Exception):
    """Another process holds a lock; `pid` as it wrote it, perhaps empty."""

    def __init__(self, pid: str) -> None:
        super().__init__(pid)
        self.pid = pid


def write_private(path: Path, body: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    fresh.replace(path)
