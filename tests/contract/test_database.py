"""Connections end when their database is closed, also those that were in use."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from agent_tui.server.database import Database
from tests import databases


@pytest.mark.parametrize("engine", databases.ENGINES)
def test_a_connection_in_use_is_closed_when_it_comes_back(engine: str, tmp_path: Path) -> None:
    with databases.of_engine(engine) as url:
        database = Database(url or f"sqlite:///{tmp_path / 'a.db'}")
        held, closed = threading.Event(), threading.Event()
        kept = []

        def use() -> None:
            with database.read() as connection:
                kept.append(connection.connection.dbapi_connection)
                held.set()
                closed.wait(10)
                assert connection.execute(text("SELECT 1")).scalar() == 1

        thread = threading.Thread(target=use)
        thread.start()
        assert held.wait(10)
        database.close()
        closed.set()
        thread.join()
        assert _is_closed(kept[0])

        with database.read() as connection:  # it opens anew
            assert connection.execute(text("SELECT 2")).scalar() == 2
        database.close()


def _is_closed(connection: object) -> bool:
    if hasattr(connection, "closed"):
        return bool(connection.closed)
    try:
        connection.execute("SELECT 1")  # type: ignore[attr-defined]
    except Exception as error:
        return "closed" in str(error)
    return False
