"""A place for the simulation's files, for as long as the tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sim import world


@pytest.fixture(scope="session", autouse=True)
def simulation_place() -> Iterator[None]:
    """Made once a worker."""
    with world.place():
        yield
        world.folder.cache_clear()
