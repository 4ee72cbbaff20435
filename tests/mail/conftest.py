"""A mail server for all tests here, a desk for each; its log must be sound at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_tui.server import audit
from tests.databases import ENGINES, of_engine
from tests.driver import check_log
from tests.mail.desk import Desk
from tests.mail.dovecot import Dovecot, serving

Open = Callable[..., Desk]


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server; every test has a user of its own."""
    with serving() as found:
        yield found


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """An address of a database."""
    with of_engine(str(request.param)) as url:
        yield url


@pytest.fixture
def opens(tmp_path: Path, database: str | None, dovecot: Dovecot) -> Iterator[Open]:
    """Opens desks with settings."""
    made: list[Desk] = []

    def open_(settings: str = "", **more: object) -> Desk:
        one = Desk(tmp_path / f"data{len(made)}", database, dovecot, settings, **more)
        made.append(one)
        return one

    yield open_
    for one in made:
        one.serving.stop()
        check_log(one.serving)
        assert audit.check(one.serving.database).findings == ()
        one.close()


@pytest.fixture
def desk(opens: Open) -> Desk:
    """A desk that is open."""
    return opens().start()
