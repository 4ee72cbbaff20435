"""Opening a file that others open at the same moment."""

from __future__ import annotations

import threading
from pathlib import Path

from agent_tui.store import sqlite

ROUNDS, TOGETHER = 150, 4


def test_those_who_open_a_new_file_together_all_succeed(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def open_it(path: Path) -> None:
        try:
            connection = sqlite.connect(path, synchronous="NORMAL")
            connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
            connection.close()
        except Exception as error:
            failed.append(error)

    for number in range(ROUNDS):
        path = tmp_path / f"{number}.db"
        threads = [threading.Thread(target=open_it, args=(path,)) for _ in range(TOGETHER)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
