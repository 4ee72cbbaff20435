"""Three replicas in processes of their own on one PostgreSQL, behind a balancer."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.crash.server import LIMITS, free_port
from tests.databases import administration, database
from tests.driver import Serving, make_folder, until
from tests.flow.children import Nursery, nursery
from tests.postgres.balancer import Balancer

REPLICAS = 3


class Fleet:
    """`serving` is the view from outside: its address is the balancer's."""

    def __init__(self, root: Path, url: str, children: Nursery, settings: str = "") -> None:
        self.url = url
        self._children = children
        config = f'{LIMITS}[server]\ndatabase = "{url}"\n{settings}'
        self.serving = Serving(make_folder(root, config))
        self._root = root
        self.ports = [free_port() for _ in range(REPLICAS)]
        self.pids = [0] * REPLICAS
        for n in range(REPLICAS):
            self.start(n)
        self._balancer = Balancer(self.ports).start()
        self.serving.base = f"http://127.0.0.1:{self._balancer.port}"

    def base(self, n: int) -> str:
        """The address of one replica."""
        return f"http://127.0.0.1:{self.ports[n]}"

    def start(self, n: int) -> None:
        """Start replica `n`; returns once it answers."""
        self.pids[n] = self._children.start("server", str(self._root), self.ports[n])
        until(lambda: self.answers(n), 60, f"replica {n} answers")

    def answers(self, n: int) -> bool:
        """Whether replica `n` serves."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.base(n)}/healthz", timeout=2, trust_env=False).is_success
        return False

    def kill(self, n: int) -> None:
        """kill -9."""
        self._children.kill(self.pids[n])

    def pause(self, n: int) -> None:
        """SIGSTOP."""
        os.kill(self.pids[n], signal.SIGSTOP)

    def resume(self, n: int) -> None:
        """SIGCONT."""
        os.kill(self.pids[n], signal.SIGCONT)

    def stop(self, n: int) -> None:
        """The polite way, as in a rolling restart."""
        os.kill(self.pids[n], signal.SIGTERM)
        self._children.gone(self.pids[n])

    def terminate_backends(self) -> int:
        """Cut every connection that the replicas have to the database."""
        with administration(self.url) as run:
            rows = run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).all()
        return len(rows)

    def close(self) -> None:
        """The children end with their nursery."""
        self._balancer.close()
        self.serving.database.close()


@contextlib.contextmanager
def fleet(root: Path, server: Any = None, settings: str = "") -> Iterator[Fleet]:
    """Three replicas on a database of their own, in the common cluster or another; `settings` is
    more of config.toml."""
    with database(server) as url, nursery() as children:
        found = Fleet(root, url, children, settings)
        try:
            yield found
        finally:
            found.close()
