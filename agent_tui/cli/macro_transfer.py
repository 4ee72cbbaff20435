"""`macros import` and `macros export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors
from agent_tui.cli import linting, macro_files, output
from agent_tui.cli.linting import Data, Json
from agent_tui.cli.macro_files import Own
from agent_tui.cli.output import words
from agent_tui.cli.transfer import with_bar
from agent_tui.errors import DeskError, UsageError
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
    lang: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(help=words("没写语言的算这种", "for those that do not say theirs")),
    ] = None,
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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=words("只说会怎样", "only say what would be done"))
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help=words("已有的也更新", "change those that are there"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=words("不再询问", "do not ask"))] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.macros import importing
    from agent_tui.macros.importing.plan import Planner

    root = macro_files.folder(data, own)
    mine = root == macro_files.personal()
    planner = Planner(root, lang=lang or "", folder="" if mine else group, own=mine)
    steps: list[Step] = []
    for source in sources:
        with with_bar(importing.read(source.expanduser(), form, brackets=brackets), None) as rows:
            steps += map(planner.step, rows)
    wanted = [s for s in steps if s.kind == "new" or (s.kind == "update" and update)]
    told = False
    if not json:
        _table(steps, root, update=update)
        told = True
    if wanted and not dry_run and not yes:
        _confirm(wanted, root)
    if not dry_run:
        steps = _write(steps, root, update)
    _tell(steps, root, dry_run=dry_run, update=update, json=json, told=told)
    if any(step.kind == "failed" for step in steps):
        raise typer.Exit(errors.EXIT_FAILED)


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


def _write(steps: list[Step], root: Path, update: bool) -> list[Step]:
    """Write what is new and, with `update`, what differs. What went wrong is `failed`."""
    import msgspec

    from agent_tui.knowledge.importing import plan

    done: list[Step] = []
    with with_bar(steps, len(steps)) as shown:
        for step in shown:
            why: Both | None = None
            if step.kind == "new" or (step.kind == "update" and update):
                try:
                    why = plan.apply(step, root)
                except OSError as error:
                    why = Both(f"写不了：{error.strerror}", f"cannot be written: {error.strerror}")
            done.append(msgspec.structs.replace(step, kind="failed", why=why) if why else step)
    return done


def _table(steps: list[Step], root: Path, *, update: bool) -> None:
    for step in steps:
        output.say(_line(step, root, update=update))


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


def _tell(
    steps: list[Step], root: Path, *, dry_run: bool, update: bool, json: bool, told: bool
) -> None:
    from collections import Counter

    from agent_tui.cli.shapes import Imported

    if json:
        output.document(
            [Imported(s.kind, s.place, s.path, list(s.changes), str(s.why or "")) for s in steps]
        )
    elif told:
        for step in steps:
            if step.kind == "failed":
                output.say(_line(step, root, update=update))
    kinds = Counter(step.kind for step in steps)
    lost = kinds["skipped"] + kinds["failed"]
    output.note(
        Both(
            f"新增 {kinds['new']}，改动 {kinds['update']}，相同 {kinds['same']}，不收 {lost}",
            f"{kinds['new']} new, {kinds['update']} changed, {kinds['same']} the same, "
            f"{lost} refused",
        )
    )
    if dry_run:
        output.note(Both("什么也没写", "nothing was written"))
    elif kinds["update"] and not update:
        output.note(
            Both("不同的没有动：加 --update 更新", "what differed was let be: --update takes it")
        )


# --- export --------------------------------------------------------------------------------------


def export(
    form: Annotated[
        Literal["json", "csv", "xlsx"], typer.Option("--format", help=words("格式", "the format"))
    ] = "json",
    out: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help=words("写到这里；默认是标准输出", "default: stdout")),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help=words("覆盖已有的文件", "overwrite what is there"))
    ] = False,
    data: Data = None,
) -> None:
    from agent_tui.knowledge import exporting
    from agent_tui.macros.importing import ours

    found = sorted(linting.sources_of(data).library().all.values(), key=lambda macro: macro.id)
    records = [ours.record(macro) for macro in found]
    if form == "json":
        content = exporting.to_json(records)
    elif form == "csv":
        content = exporting.to_csv(records, ours.FIELDS)
    else:
        content = exporting.to_xlsx(records, ours.FIELDS, "macros")
    if out is None:
        if form == "xlsx" and sys.stdout.isatty():
            raise UsageError(
                Both("XLSX 不能写到终端", "XLSX is not for a terminal"),
                Both("用 --out 给出文件名", "name a file with --out"),
            )
        sys.stdout.flush()
        sys.stdout.buffer.write(content.removeprefix(b"\xef\xbb\xbf"))
        sys.stdout.buffer.flush()
        return
    target = out.expanduser()
    if target.exists() and not force:
        raise UsageError(
            Both(f"{target} 已存在", f"{target} is there already"),
            Both("加 --force 覆盖", "add --force to overwrite it"),
        )
    try:
        target.write_bytes(content)
    except OSError as error:
        what = error.strerror
        raise DeskError(
            Both(f"写不了 {target}：{what}", f"cannot write {target}: {what}")
        ) from None
    count = len(records)
    output.note(Both(f"{count} 条，写到 {target}", f"{count} macros, written to {target}"))
