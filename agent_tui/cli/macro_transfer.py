"""`macros import` and `macros export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors
from agent_tui.cli import exporting, importing, linting, macro_files, output
from agent_tui.cli.exporting import Force, Out
from agent_tui.cli.importing import DryRun, Lang, Update, Yes
from agent_tui.cli.linting import Data
from agent_tui.cli.macro_files import Own
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.knowledge.importing.plan import Step


def import_(
    sources: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help=words("文件或目录", "files or folders"))
    ],
    form: Annotated[
        Literal[
            "auto", "md", "csv", "xlsx", "json", "chatwoot", "zendesk", "zammad", "livehelperchat"
        ],
        typer.Option("--format", help=words("来源的格式", "what the sources are")),
    ] = "auto",
    lang: Lang = None,
    group: Annotated[
        str,
        typer.Option(
            "--folder", help=words("没写目录的放这里", "for those that do not say theirs")
        ),
    ] = "imported",
    brackets: Annotated[
        bool, typer.Option("--brackets", help=words("[…] 也是空位", "[…] is a slot, too"))
    ] = False,
    own: Own = False,
    dry_run: DryRun = False,
    update: Update = False,
    yes: Yes = False,
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.macros.importing import read
    from agent_tui.macros.importing.plan import Planner

    root = macro_files.folder(data, own)
    mine = root == macro_files.personal()
    planner = Planner(root, lang=lang or "", folder="" if mine else group, own=mine)
    steps: list[Step] = []
    for source in sources:
        found = read(source.expanduser(), form, brackets=brackets)
        with importing.with_bar(found, None) as rows:
            steps += map(planner.step, rows)
    wanted = [s for s in steps if s.kind == "new" or (s.kind == "update" and update)]
    if not json:
        for step in steps:
            output.say(_line(step, root, update=update))
    if wanted and not dry_run and not yes:
        _confirm(wanted, root)
    if not dry_run:
        steps = importing.write(steps, root, update)
    _tell(steps, root, update=update, json=json)
    importing.conclude(steps, dry_run=dry_run, update=update)


def _confirm(wanted: list[Step], root: Path) -> None:
    """Ask before anything is written. Raises UsageError where nobody is there."""
    count = len(wanted)
    if not output.is_tty():
        raise UsageError(
            Both(f"会写 {count} 个文件，还什么都没写", f"{count} files, nothing is written yet"),
            Both("看过上面的列表，再加 --yes", "look at the list above, then add --yes"),
        )
    if not output.confirmed(Both(f"写入 {root}，{count} 个文件？", f"write {count} into {root}?")):
        raise typer.Exit(errors.EXIT_FAILED)


def _line(step: Step, root: Path, *, update: bool) -> str:
    """What becomes of one row, in one line."""
    kinds = {
        "new": Both("新增", "new"),
        "update": Both("改动", "changed"),
        "same": Both("相同", "same"),
        "skipped": Both("不收", "refused"),
        "failed": Both("失败", "failed"),
    }
    parts = [f"{step.place}: {kinds[step.kind]}"]
    if step.path:
        parts.append(str(root / step.path))
    if step.changes:
        held = "" if update else Both("（要 --update）", ", with --update")
        parts.append(f"({', '.join(step.changes)}{held})")
    if step.why:
        parts.append(f"— {step.why}")
    return " ".join(map(str, parts))


def _tell(steps: list[Step], root: Path, *, update: bool, json: bool) -> None:
    """What became of them; where the table was shown, only what it did not know."""
    if json:
        importing.document(steps)
    else:
        for step in steps:
            if step.kind == "failed":
                output.say(_line(step, root, update=update))
    kinds, lost = importing.kinds(steps)
    output.note(
        Both(
            f"新增 {kinds['new']}，改动 {kinds['update']}，相同 {kinds['same']}，不收 {lost}",
            f"{kinds['new']} new, {kinds['update']} changed, {kinds['same']} the same, "
            f"{lost} refused",
        )
    )


# --- export --------------------------------------------------------------------------------------


def export(
    form: Annotated[
        Literal["json", "csv", "xlsx"], typer.Option("--format", help=words("格式", "the format"))
    ] = "json",
    out: Out = None,
    force: Force = False,
    data: Data = None,
) -> None:
    from agent_tui.knowledge.exporting import to_csv, to_json, to_xlsx
    from agent_tui.macros.importing import ours

    found = sorted(linting.sources_of(data).library().all.values(), key=lambda macro: macro.id)
    records = [ours.record(macro) for macro in found]
    if form == "json":
        content = to_json(records)
    elif form == "csv":
        content = to_csv(records, ours.FIELDS)
    else:
        content = to_xlsx(records, ours.FIELDS, "macros")
    target = exporting.put(content, form, out, force)
    if target is not None:
        count = len(records)
        output.note(Both(f"{count} 条，写到 {target}", f"{count} macros, written to {target}"))
