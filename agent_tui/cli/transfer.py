"""`kb import` and `kb export`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors
from agent_tui.cli import exporting, importing, linting, output
from agent_tui.cli.exporting import Force, Out
from agent_tui.cli.importing import DryRun, Lang, Update, Yes
from agent_tui.cli.linting import Data
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.model import Article
    from agent_tui.knowledge.importing.plan import Step

Source = Annotated[
    Path,
    typer.Argument(metavar="SOURCE", help=words("文件或目录", "a file or a folder")),
]


def import_(
    source: Source,
    data: Data = None,
    form: Annotated[
        Literal["auto", "md", "csv", "xlsx", "json", "zendesk", "chatwoot"],
        typer.Option("--format", help=words("来源的格式", "what the source is")),
    ] = "auto",
    lang: Lang = None,
    category: Annotated[
        str, typer.Option(help=words("没写分类的算这类", "for those that do not say theirs"))
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help=words("指出列名", "name a column")),
    ] = None,
    dry_run: DryRun = False,
    update: Update = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    from agent_tui.knowledge.importing import plan, read

    source = source.expanduser()
    root = linting.editable(data)
    if source.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            Both(f"{source} 已在 {root} 里", f"{source} lies in {root} already"),
            Both("agent-tui kb lint 检查它", "agent-tui kb lint checks it"),
        )
    with importing.with_bar(read(source, form, _columns(columns or ())), None) as rows:
        steps = list(plan.plan(rows, root, lang=lang or "", category=category))
    updates = [step for step in steps if step.kind == "update"]
    if update and updates and not dry_run and not yes:
        _confirm(updates, root)
    if not dry_run:
        steps = importing.write(steps, root, update)
    _tell(steps, root, dry_run=dry_run, update=update, json=json)
    importing.conclude(steps, dry_run=dry_run, update=update)


def _columns(pairs: Iterable[str]) -> dict[str, str]:
    from agent_tui.knowledge.importing.row import COLUMNS

    found: dict[str, str] = {}
    for pair in pairs:
        field, equals, column = pair.partition("=")
        if not equals or field not in COLUMNS:
            names = " ".join(COLUMNS)
            raise UsageError(
                Both(f"--map {pair} 看不懂", f"--map {pair} makes no sense"),
                Both(f"写成 字段=列名；字段：{names}", f"write FIELD=COLUMN; fields: {names}"),
            )
        found[field] = column
    return found


def _confirm(updates: list[Step], root: Path) -> None:
    """Ask before files are changed. Raises UsageError where nobody is there."""
    count = len(updates)
    if not output.is_tty():
        raise UsageError(
            Both(f"会改动 {count} 个文件", f"files that would change: {count}"),
            Both("先用 --dry-run 看一遍，再加 --yes", "look with --dry-run first, then add --yes"),
        )
    for step in updates[:20]:
        output.note(_line(step, root, update=True))
    if count > 20:
        output.note(Both(f"……还有 {count - 20} 个", f"... and {count - 20} more"))
    if not output.confirmed(Both(f"改动这 {count} 个文件吗？", f"change these files ({count})?")):
        raise typer.Exit(errors.EXIT_FAILED)


def _tell(steps: list[Step], root: Path, *, dry_run: bool, update: bool, json: bool) -> None:
    if json:
        importing.document(steps)
    else:
        for step in steps:
            output.say(_line(step, root, update))
    kinds, lost = importing.kinds(steps)
    wrote = Both("更新", "updated") if update and not dry_run else Both("要更新", "to update")
    output.note(
        Both(
            f"新增 {kinds['new']}，{wrote.zh} {kinds['update']}，相同 {kinds['same']}，跳过 {lost}",
            f"{kinds['new']} new, {kinds['update']} {wrote.en}, {kinds['same']} the same, "
            f"{lost} skipped",
        )
    )


def _line(step: Step, root: Path, update: bool) -> str:
    """What becomes of one row, in one line."""
    path = root / step.path
    if step.kind == "update":
        fields = ", ".join(step.changes)
        held = "" if update else Both("（要 --update）", " (with --update)")
        return f"{step.place}: {Both('更新', 'update')} {path} ({fields}){held}"
    if step.kind in ("new", "same"):
        word = Both("新增", "new") if step.kind == "new" else Both("相同", "same")
        inside = Both("（只给同事）", " (internal)") if step.internal else ""
        return f"{step.place}: {word} {path}{inside}"
    return f"{step.place}: {Both('跳过', 'skipped')}: {step.why}"


# --- export --------------------------------------------------------------------------------------


def export(
    form: Annotated[
        Literal["md", "csv", "xlsx", "json"],
        typer.Option("--format", help=words("格式", "the format")),
    ] = "csv",
    out: Out = None,
    force: Force = False,
    data: Data = None,
) -> None:
    from agent_tui.knowledge.exporting import record, to_csv, to_json, to_xlsx

    found = _articles(data)
    if form == "md":
        _export_files(found, out, force)
        return
    records = [record(article, source) for article, source in found]
    make = {"csv": to_csv, "xlsx": to_xlsx, "json": to_json}[form]
    target = exporting.put(make(records), form, out, force)
    if target is not None:
        _note_count(len(found), target)


def _articles(data: Path | None) -> list[tuple[Article, str]]:
    """(article, where it was imported from) of the data folder, or of this account."""
    if data is None:
        return [(article, "") for article in linting.sources_of(None).articles]
    from agent_tui.knowledge.exporting import load

    root = linting.editable(data)
    found, problems = load(root)
    for problem in problems:
        output.note(linting.line_of(root, problem))
    return found


def _export_files(found: list[tuple[Article, str]], out: Path | None, force: bool) -> None:
    from agent_tui.knowledge import files
    from agent_tui.knowledge.exporting import to_files

    if out is None:
        raise UsageError(
            Both("Markdown 要写到目录里", "Markdown goes to a folder"),
            Both("用 --out 给出目录", "name it with --out"),
        )
    root = out.expanduser()
    ready = list(to_files(found))
    for name, _ in ready:
        exporting.refuse_existing(root / name, force)
    for name, text in ready:
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not files.create(path, text):
                files.replace(path, text)
        except OSError as error:
            raise exporting.unwritten(path, error) from None
    _note_count(len(ready), root)


def _note_count(count: int, target: Path) -> None:
    output.note(Both(f"{count} 篇，写到 {target}", f"{count} articles, written to {target}"))
