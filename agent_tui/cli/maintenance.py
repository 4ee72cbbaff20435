"""`agent-tui server migrate|check|backup|restore|copy|compact`: the database, from the shell."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, data_folder
from agent_tui.cli.served import Database as Address
from agent_tui.errors import EXIT_FAILED, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.server.database import Database
    from agent_tui.server.setup import DataFolder

DAY_MS = 24 * 3600 * 1000

server = typer.Typer(no_args_is_help=True, help=words("服务端的数据库", "The server's database."))
Replace = Annotated[
    bool,
    typer.Option("--replace", help=words("覆盖已有数据", "replace what is there")),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=words("不再询问", "do not ask"))]


@contextmanager
def _opened(data: Path | None, address: str | None) -> Iterator[tuple[DataFolder, Database]]:
    """The folder and its migrated database. Raises ServerError, ConfigError."""
    import logging

    from agent_tui.cli import edge
    from agent_tui.server import setup

    edge.log_to_stderr(logging.WARNING)
    folder = setup.open_existing(data_folder(data), address)
    database = folder.open()
    try:
        yield folder, database
    finally:
        database.close()


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr where there is a terminal: what, how many, of how many."""
    if not sys.stderr.isatty():
        yield lambda what, done, of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)


@server.command("migrate", help=words("升级数据库结构", "Bring the schema up to date."))
def migrate(data: Data = None, database: Address = None, json: Json = False) -> None:
    from agent_tui.cli.served_shapes import Migrated
    from agent_tui.server import setup
    from agent_tui.server.database import Database

    folder = setup.open_existing(data_folder(data), database)
    found = Database(folder.url)
    try:
        before = found.version()
        found.migrate()
        after = found.version()
        shown = found.shown
    finally:
        found.close()
    if json:
        output.document(Migrated(database=shown, before=before, after=after or ""))
    elif before == after:
        output.say(Both(f"{shown} 已是最新：{after}", f"{shown} is up to date: {after}"))
    else:
        output.say(f"{shown}: {before or '-'} -> {after}")


@server.command(
    "check",
    help=words("检查日志、链和各表是否一致", "Verify the log, its chain and every table."),
)
def check(data: Data = None, database: Address = None, json: Json = False) -> None:
    from agent_tui.cli.served_shapes import Checked, Wrong
    from agent_tui.server import audit

    with _opened(data, database) as (_, found), _bar() as bar:
        report = audit.check(found, lambda done, of: bar("", done, of))
    if json:
        wrong = [Wrong(place=each.place, what=str(each.what)) for each in report.findings]
        output.document(
            Checked(
                events=report.events,
                floor=report.floor,
                head=report.head,
                conversations=report.conversations,
                findings=wrong,
            )
        )
    else:
        for each in report.findings:
            output.say(f"{each.place}: {each.what}")
        output.say(
            Both(
                f"{report.floor} 到 {report.head}：{report.events} 条事件，"
                f"{report.conversations} 个会话，{len(report.findings)} 处不对",
                f"{report.floor} to {report.head}: {report.events} events, "
                f"{report.conversations} conversations, {len(report.findings)} things wrong",
            )
        )
    if report.findings:
        if not json:
            output.note(
                Both(
                    "停掉服务端，另存数据库，再从备份恢复：agent-tui server restore 文件",
                    "stop the server, copy the database away, then restore a backup: "
                    "agent-tui server restore FILE",
                )
            )
        raise SystemExit(EXIT_FAILED)


@server.command(
    "backup",
    help=words("备份成一个 SQLite 文件", "Write everything to one SQLite file; servers go on."),
)
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=words("新文件", "to make"))],
    data: Data = None,
    database: Address = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.served_shapes import Copied
    from agent_tui.server import copying

    path = file.expanduser()
    with _opened(data, database) as (_, found), _bar() as bar:
        rows = copying.backup(found, path, bar)
    if json:
        output.document(Copied(target=str(path), rows=rows))
    else:
        output.say(Both(f"{path}：{rows} 行", f"{path}: {rows} rows"))


@server.command(
    "restore", help=words("从备份恢复", "Put a backup in place; clients notice and sync again.")
)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=words("备份", "a backup"))],
    replace: Replace = False,
    yes: Yes = False,
    data: Data = None,
    database: Address = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.served_shapes import Copied
    from agent_tui.server import copying, occupancy

    with _opened(data, database) as (_, found), occupancy.alone(found):
        if replace:
            _must_confirm(yes, found.shown)
        with _bar() as bar:
            rows = copying.restore(file.expanduser(), found, bar, replace=replace)
        shown = found.shown
    _tell(json, Copied(target=shown, rows=rows))


@server.command(
    "copy",
    help=words(
        "搬到另一个数据库，坐席端的位置仍有效",
        "Copy everything to another database; the agents' places in the feed stay valid.",
    ),
)
def copy(
    target: Annotated[
        str, typer.Argument(metavar="URL", help="sqlite:///FILE | postgresql://USER@HOST/NAME")
    ],
    replace: Replace = False,
    yes: Yes = False,
    data: Data = None,
    database: Address = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.served_shapes import Copied
    from agent_tui.server import copying, occupancy
    from agent_tui.server.database import Database

    with _opened(data, database) as (folder, source):
        into = Database(target)
        try:
            if into.engine.url == source.engine.url:
                raise UsageError(
                    Both("来源和目标是同一个数据库", "source and target are the same database")
                )
            into.migrate()
            # What a server wrote after the copy would be missing from it.
            with occupancy.alone(source), occupancy.alone(into):
                if replace:
                    _must_confirm(yes, into.shown)
                with _bar() as bar:
                    rows = copying.copy(source, into, bar, replace=replace)
            shown = into.shown
        finally:
            into.close()
    _tell(json, Copied(target=shown, rows=rows))
    if not json:
        output.note(
            Both(
                f"接下来：agent-tui serve --data {folder.root} --database {shown}",
                f"next: agent-tui serve --data {folder.root} --database {shown}",
            )
        )


@server.command(
    "compact", help=words("收起旧事件", "Fold events older than some days into a base.")
)
def compact(
    keep_days: Annotated[
        int | None,
        typer.Option(min=0, help=words("保留的天数", "days to keep, if not as configured")),
    ] = None,
    data: Data = None,
    database: Address = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.served_shapes import Compacted
    from agent_tui.server import compaction

    with _opened(data, database) as (folder, found), _bar() as bar:
        days = folder.config.server.log_days if keep_days is None else keep_days
        keep_all = keep_days is None and not days
        before = 0 if keep_all else time.time_ns() // 1_000_000 - days * DAY_MS
        total, gone = compaction.pending(found, before), 0
        while some := compaction.step(found, before):
            gone += some
            bar("", gone, total)
    if json:
        output.document(Compacted(events=gone))
    else:
        output.say(Both(f"收起 {gone} 条事件", f"{gone} events folded"))


def _tell(json: bool, copied: object) -> None:
    from agent_tui.cli.served_shapes import Copied

    assert isinstance(copied, Copied)
    if json:
        output.document(copied)
    else:
        output.say(
            Both(f"{copied.target}：{copied.rows} 行", f"{copied.target}: {copied.rows} rows")
        )


def _must_confirm(yes: bool, shown: str) -> None:
    if yes:
        return
    question = Both(f"{shown} 里的全部数据将被覆盖，继续？", f"Replace everything in {shown}?")
    if not (output.is_tty() and output.confirmed(question)):
        raise UsageError(
            Both("没有覆盖", "nothing was replaced"), Both("确认时加 --yes", "to confirm: --yes")
        )
