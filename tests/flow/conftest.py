"""A server of its own for each test, whose log must be sound at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.driver import Serving, check_log, make_folder
from tests.flow.workstation import Workstation


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A running server."""
    found = Serving(make_folder(tmp_path / "data")).start()
    yield found
    found.stop()
    check_log(found)
    found.close()


@pytest.fixture
def desk_of(serving: Serving, tmp_path: Path) -> Iterator[Callable[..., Workstation]]:
    """Makes workstations, and closes them."""
    made: list[Workstation] = []

    def make(person: str = "anna", profile: str = "") -> Workstation:
        one = Workstation.of(serving, tmp_path / "profiles" / (profile or person), person)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
