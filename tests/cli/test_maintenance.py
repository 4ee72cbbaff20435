"""`agent-tui server ...` on a data folder that is not served, and on one that is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.cli.conftest import Cli, Server


def test_migrate_says_where_it_stands(cli: Cli, folder: Path) -> None:
    found = cli("server", "migrate", "--json", "--data", str(folder)).json()
    assert found["before"] == found["after"] and found["database"].startswith("sqlite:")
    sqlite3.connect(folder / "empty.db").close()
    fresh = ("--database", f"sqlite:///{folder / 'empty.db'}")
    found = cli("server", "migrate", "--json", "--data", str(folder), *fresh).json()
    assert found["before"] is None and found["after"]


def test_check_names_what_is_wrong(cli: Cli, folder: Path) -> None:
    sound = cli("server", "check", "--json", "--data", str(folder))
    assert sound.code == 0 and sound.json()["findings"] == []
    with sqlite3.connect(folder / "server.db") as database:
        database.execute("DELETE FROM agent WHERE id = 'anna'")
    database.close()
    damaged = cli("server", "check", "--data", str(folder))
    assert damaged.code == 1
    assert "agent anna" in damaged.out and "agent-tui server restore" in damaged.err


def test_backup_restore_and_copy(cli: Cli, folder: Path, tmp_path: Path) -> None:
    where = ("--data", str(folder))
    backup = tmp_path / "backup.db"
    made = cli("server", "backup", str(backup), "--json", *where).json()
    assert made["rows"] > 0 and backup.stat().st_mode & 0o077 == 0
    assert cli("server", "backup", str(backup), *where).code == 1
    refused = cli("server", "restore", str(backup), *where)
    assert refused.code == 1 and "--replace" in refused.err
    unasked = cli("server", "restore", str(backup), "--replace", *where)
    assert unasked.code == 2 and "--yes" in unasked.err
    restored = cli("server", "restore", str(backup), "--replace", "--yes", "--json", *where)
    assert restored.json()["rows"] == made["rows"]
    other = f"sqlite:///{tmp_path / 'other.db'}"
    copied = cli("server", "copy", other, *where)
    assert copied.code == 0 and "agent-tui serve" in copied.err
    assert cli("server", "copy", f"sqlite:///{folder / 'server.db'}", *where).code == 2
    assert cli("server", "check", *where, "--database", other).code == 0


def test_compact(cli: Cli, folder: Path) -> None:
    where = ("--data", str(folder))
    assert cli("server", "compact", "--json", *where).json() == {"events": 0}
    folded = cli("server", "compact", "--keep-days", "0", "--json", *where).json()
    assert folded["events"] > 0
    assert cli("server", "check", "--json", *where).json()["events"] == 0


def test_nothing_is_replaced_beneath_a_running_server(
    cli: Cli, server: Server, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    where = ("--data", str(server.data))
    assert cli("server", "backup", str(backup), *where).code == 0
    refused = cli("server", "restore", str(backup), "--replace", "--yes", *where)
    assert refused.code == 1 and "agent-tui serve" in refused.err
