"""A cursor reader beside 16 writers loses nothing of our feed, and does lose with a sequence."""

from __future__ import annotations

import pytest

from tests.databases import ENGINES, database
from tests.postgres import gaps

WRITERS = 16
COMMITS = 10_000


@pytest.mark.parametrize("engine", ENGINES)
def test_the_feed_has_no_gaps(engine: str) -> None:
    found, findings = gaps.audited_feed(engine, WRITERS, COMMITS)
    assert (found.lost, found.in_order, findings) == (0, True, ())


def test_a_raw_sequence_loses() -> None:
    with database() as url:
        found = gaps.raw_sequence(url, WRITERS, 3_000)
    assert found.lost > 0
