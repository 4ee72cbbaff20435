"""A cursor reader beside 16 writers loses nothing of our feed, and does lose with a sequence."""

from __future__ import annotations

from pathlib import Path

from agent_tui.server import audit
from agent_tui.server.database import Database
from tests.databases import database
from tests.driver import make_folder
from tests.postgres import gaps

WRITERS = 16
COMMITS = 10_000


def test_the_feed_has_no_gaps(tmp_path: Path) -> None:
    with database() as url:
        make_folder(tmp_path, database=url)
        found = gaps.feed(url, WRITERS, COMMITS)
        assert (found.lost, found.in_order) == (0, True)
        checked = Database(url)
        assert audit.check(checked).findings == ()
        checked.close()


def test_a_raw_sequence_loses() -> None:
    with database() as url:
        found = gaps.raw_sequence(url, WRITERS, 3_000)
    assert found.lost > 0
