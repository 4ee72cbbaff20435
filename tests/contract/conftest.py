"""One server for each module: its tests use customers of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.driver import Serving, check_log, make_folder


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A running server; when the module is done its log must be sound."""
    found = Serving(make_folder(tmp_path_factory.mktemp("data"))).start()
    yield found
    found.stop()
    check_log(found)
    found.close()
