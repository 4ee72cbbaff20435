"""Every return of the past is noticed, and every reply that it swallowed is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.databases import ENGINES
from tests.restore.rounds import KINDS, play


@pytest.mark.parametrize(("way", "meanwhile"), KINDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_noticed(tmp_path: Path, way: str, meanwhile: str, engine: str) -> None:
    assert play(tmp_path, 1, way, meanwhile, engine) > 0
