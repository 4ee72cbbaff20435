"""What commands on the data folder share: options, a writer on it, ids that are checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli.naming import of_teams, one
from agent_tui.cli.output import words
from agent_tui.desk.meant import TEAM
from agent_tui.domain.ids import TeamId
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.server.setup import DataFolder
    from agent_tui.server.writer import Writer

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help=words("数据目录", "the server's data folder")),
]
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help=words("数据库地址", "database, if not the folder's own")),
]


def data_folder(data: Path | None) -> Path:
    """`--data`, or the default place."""
    from agent_tui import paths

    return data.expanduser() if data else paths.data_home() / "server"


@contextmanager
def administering(data: Path | None, database: str | None) -> Iterator[tuple[DataFolder, Writer]]:
    """The folder's configuration and a writer on its database. Raises ServerError, ConfigError."""
    import logging

    from agent_tui.cli import edge
    from agent_tui.server import setup

    edge.log_to_stderr(logging.WARNING)
    folder = setup.open_existing(data_folder(data), database)
    with setup.administration(folder) as (_, writer):
        yield folder, writer


def team_of(key: str, writer: Writer) -> TeamId:
    """The team of this id or name. Raises NotFound, UsageError."""
    return TeamId(one(TEAM, key, of_teams(writer.directory.teams.values())))


def exists(kind: Both, key: str) -> UsageError:
    """The error for an id that is taken."""
    return UsageError(
        Both(f"已有{kind.zh} {key}", f"the {kind.en} {key} exists already"),
        Both("换一个编号", "choose another id"),
    )


def check_id(key: str, pattern: str, reserved: frozenset[str] = frozenset()) -> None:
    """Raises UsageError for what cannot be an id."""
    if not re.fullmatch(pattern, key) or key in reserved:
        raise UsageError(
            Both(f"不能用 {key!r} 作编号", f"{key!r} cannot be an id"),
            Both("用字母、数字和 -，最多 40 个", "use letters, digits and -, at most 40"),
        )
