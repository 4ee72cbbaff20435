"""A data folder: made by `init`, opened by `serve` and by the administrator's commands."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from agent_tui import config as configs
from agent_tui import paths
from agent_tui.config import Config
from agent_tui.domain import events as e
from agent_tui.domain.ids import InboxId, TeamId
from agent_tui.domain.model import Channel, Inbox, Team
from agent_tui.errors import ServerError
from agent_tui.frontmatter import Problem
from agent_tui.lang import Both
from agent_tui.server import content
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Writer

TEAMS = (
    Team(TeamId("pre-sales"), "售前", "Pre-sales"),
    Team(TeamId("after-sales"), "售后", "After-sales"),
    Team(TeamId("logistics"), "物流", "Logistics"),
    Team(TeamId("refunds"), "退款", "Refunds"),
    Team(TeamId("technical"), "技术", "Technical"),
    Team(TeamId("complaints"), "投诉", "Complaints"),
)
WEB = "web"
# A password in it stays out of the process list and of config.toml.
DATABASE = "AGENT_TUI_DATABASE"


class DataFolder:
    """The server's folder: config.toml, kb/, macros/ and, unless told otherwise, the database."""

    def __init__(self, root: Path, database: str | None = None) -> None:
        self.root = root
        config = configs.load(root / "config.toml")
        self.config: Config = replace(config, orders=config.orders.rooted(root))
        own_file = f"sqlite:///{(root / 'server.db').resolve()}"
        named = database or os.environ.get(DATABASE) or self.config.server.database
        self.url = named or own_file
        self.content = content.Content(root, self.config)

    def open(self) -> Database:
        """The migrated database."""
        database = Database(self.url)
        database.migrate()
        return database

    def publish(self, database: Database, writer: Writer) -> list[Problem]:
        """Bring content and policy up to the files. Returns what is wrong in them."""
        for job in self.content.jobs(database):
            writer.run_now(job)
        return self.content.problems


def create(root: Path, database: str | None = None) -> DataFolder:
    """Make a data folder with the shipped content, default teams and one web inbox.

    Files that exist are left alone. Raises ServerError if the folder cannot be written.
    """
    source = paths.shipped()
    try:
        root.mkdir(parents=True, exist_ok=True)
        for name in ("kb", "macros"):
            if not (root / name).exists():
                shutil.copytree(source / name, root / name)
        if not (root / "config.toml").exists():
            shutil.copy(source / "config.toml", root / "config.toml")
    except OSError as error:
        raise ServerError(
            Both(f"建不了 {root}：{error.strerror}", f"cannot make {root}: {error.strerror}"),
            Both("换一个可写的位置", "choose a place that can be written"),
        ) from error
    folder = DataFolder(root, database)
    with administration(folder) as (db, writer):
        shop = folder.config.shop
        missing: list[e.WorkspaceEvent] = [
            e.TeamSaved(team) for team in TEAMS if team.id not in writer.directory.teams
        ]
        if not writer.directory.inboxes:
            inbox = Inbox(InboxId(WEB), Channel.WEB, TeamId("after-sales"), shop.name, shop.name_en)
            missing.append(e.InboxSaved(inbox))
        if missing:
            writer.run_now(ChangeWorkspace(missing))
        folder.publish(db, writer)
    return folder


@contextmanager
def administration(folder: DataFolder) -> Iterator[tuple[Database, Writer]]:
    """Database and writer for one command; a running server notices within a second."""
    database = folder.open()
    writer = Writer(database, lambda rows: None, now_ms)
    writer.run_now(ChangeWorkspace([]))  # fills `writer.directory`
    try:
        yield database, writer
    finally:
        database.close()


def open_existing(root: Path, database: str | None = None) -> DataFolder:
    """The data folder at `root`. Raises ServerError if `init` never made it."""
    if not (root / "config.toml").exists():
        raise ServerError(
            Both(f"{root} 不是数据目录", f"{root} is not a data folder"),
            Both(f"先运行：agent-tui init {root}", f"make it first: agent-tui init {root}"),
        )
    return DataFolder(root, database)
