"""One server for each module and each engine: its tests use customers of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import ENGINES, of_engine
from tests.driver import Serving, check_log, make_folder


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Everything here holds on both."""
    return str(request.param)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Iterator[Serving]:
    """A running server; when the module is done its log must be sound."""
    with of_engine(engine) as url:
        found = Serving(make_folder(tmp_path_factory.mktemp("data"), database=url)).start()
        yield found
        found.stop()
        check_log(found)
        found.close()
