"""A shop of its own for each test, on both engines; its log must be sound at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_tui.server import audit
from tests.channels.account import Account
from tests.channels.shop import Shop
from tests.databases import ENGINES, of_engine
from tests.driver import check_log

Open = Callable[..., Shop]
Connect = Callable[..., Account]


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """An address of a database."""
    with of_engine(str(request.param)) as url:
        yield url


@pytest.fixture
def opens(tmp_path: Path, database: str | None) -> Iterator[Open]:
    """Opens shops with settings."""
    made: list[Shop] = []

    def open_(settings: str = "", idempotent: bool = False) -> Shop:
        one = Shop(tmp_path / f"data{len(made)}", database, settings, idempotent)
        made.append(one)
        return one

    yield open_
    for one in made:
        one.serving.stop()
        check_log(one.serving)
        assert audit.check(one.serving.database).findings == ()
        one.close()


@pytest.fixture
def shop(opens: Open) -> Shop:
    """A shop that is open, and whose system honours no keys."""
    return opens().start()


@pytest.fixture
def connects(tmp_path: Path) -> Iterator[Connect]:
    """Opens servers with a WeChat inbox, with settings."""
    made: list[Account] = []

    def connect(settings: str = "", **more: Any) -> Account:
        one = Account(tmp_path / f"wechat{len(made)}", None, settings, **more)
        made.append(one)
        one.start()
        return one

    yield connect
    for one in made:
        one.serving.stop()
        check_log(one.serving)
        assert audit.check(one.serving.database).findings == ()
        one.close()


@pytest.fixture
def account(connects: Connect) -> Account:
    """One that takes encrypted messages only."""
    return connects()
