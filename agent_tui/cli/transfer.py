"""`kb import` and `kb export`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from agent_tui import errors
from agent_tui.cli import linting, output
from agent_tui.cli.linting import Data, Json
from agent_tui.cli.output import words
from agent_tui.errors import DeskError, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.model import Article
    from agent_tui.knowledge.importing.plan import Step

T = TypeVar("T")
# From how many articles on a bar is shown.
MANY = 200
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
    lang: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(help=words("没写语言的算这种", "for those that do not say theirs")),
    ] = None,
    category: Annotated[
        str, typer.Option(help=words("没写分类的算这类", "for those that do not say theirs"))
    ] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help=words("指出列名", "name a column")),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=words("只说会怎样", "only say what would be done"))
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help=words("已有的也更新", "change those that are there"))
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=words("不再询问", "do not ask"))] = False,
    json: Json = False,
) -> None:
    from agent_tui.knowledge import importing
    from agent_tui.knowledge.importing import plan

    source = source.expanduser()
    root = linting.editable(data)
    if source.resolve().is_relative_to(root.resolve()):
        raise UsageError(
            Both(f"{source} 已在 {root} 里", f"{source} lies in {root} already"),
            Both("agent-tui kb lint 检查它", "agent-tui kb lint checks it"),
        )
    rows = importing.read(source, form, _columns(columns or ()))
    with with_bar(rows, None) as read:
        steps = list(plan.plan(read, root, lang=lang or "", category=category))
    updates = [step for step in steps if step.kind == "update"]
    if update and updates and not dry_run and not yes:
        _confirm(updates, root)
    if not dry_run:
        steps = _write(steps, root, update)
    _tell(steps, root, dry_run=dry_run, update=update, json=json)
    if any(step.kind == "failed" for step in steps):
        raise typer.Exit(errors.EXIT_FAILED)


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
                    what = error.strerror
                    why = Both(f"写不了：{what}", f"cannot be written: {what}")
            done.append(msgspec.structs.replace(step, kind="failed", why=why) if why else step)
    return done


def _tell(steps: list[Step], root: Path, *, dry_run: bool, update: bool, json: bool) -> None:
    from collections import Counter

    from agent_tui.cli.shapes import Imported

    if json:
        output.document(
            [Imported(s.kind, s.place, s.path, list(s.changes), str(s.why or "")) for s in steps]
        )
    else:
        for step in steps:
            output.say(_line(step, root, update))
    kinds = Counter(step.kind for step in steps)
    wrote = Both("更新", "updated") if update and not dry_run else Both("要更新", "to update")
    lost = kinds["skipped"] + kinds["failed"]
    output.note(
        Both(
            f"新增 {kinds['new']}，{wrote.zh} {kinds['update']}，相同 {kinds['same']}，跳过 {lost}",
            f"{kinds['new']} new, {kinds['update']} {wrote.en}, {kinds['same']} the same, "
            f"{lost} skipped",
        )
    )
    if dry_run:
        output.note(Both("什么也没写", "nothing was written"))
    elif kinds["update"] and not update:
        output.note(
            Both("不同的没有动：加 --update 更新", "what differed was let be: --update takes it")
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


@contextmanager
def with_bar(items: Iterable[T], total: int | None) -> Iterator[Iterable[T]]:
    """`items`, with a bar on the terminal's stderr while they are gone through, if many."""
    if not sys.stderr.isatty() or (total is not None and total < MANY):
        yield items
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        words_ = Both("读取", "reading") if total is None else Both("写入", "writing")
        yield progress.track(items, total=total, description=str(words_))


# --- export --------------------------------------------------------------------------------------


def export(
    form: Annotated[
        Literal["md", "csv", "xlsx", "json"],
        typer.Option("--format", help=words("格式", "the format")),
    ] = "csv",
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

    found = _articles(data)
    if form == "md":
        _export_files(found, out, force)
        return
    records = [exporting.record(article, source) for article, source in found]
    make = {"csv": exporting.to_csv, "xlsx": exporting.to_xlsx, "json": exporting.to_json}[form]
    content = make(records)
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
    _refuse_existing(target, force)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise _unwritten(target, error) from None
    _note_count(len(found), target)


def _articles(data: Path | None) -> list[tuple[Article, str]]:
    """(article, where it was imported from) of the data folder, or of this account."""
    if data is None:
        return [(article, "") for article in linting.sources_of(None).articles]
    from agent_tui.knowledge import exporting

    root = linting.editable(data)
    found, problems = exporting.load(root)
    for problem in problems:
        output.note(linting.line_of(root, problem))
    return found


def _export_files(found: list[tuple[Article, str]], out: Path | None, force: bool) -> None:
    from agent_tui.knowledge import exporting, files

    if out is None:
        raise UsageError(
            Both("Markdown 要写到目录里", "Markdown goes to a folder"),
            Both("用 --out 给出目录", "name it with --out"),
        )
    root = out.expanduser()
    ready = list(exporting.to_files(found))
    for name, _ in ready:
        _refuse_existing(root / name, force)
    for name, text in ready:
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not files.create(path, text):
                files.replace(path, text)
        except OSError as error:
            raise _unwritten(path, error) from None
    _note_count(len(ready), root)


def _refuse_existing(path: Path, force: bool) -> None:
    if path.exists() and not force:
        raise UsageError(
            Both(f"{path} 已存在", f"{path} is there already"),
            Both("加 --force 覆盖", "add --force to overwrite it"),
        )


def _unwritten(path: Path, error: OSError) -> DeskError:
    return DeskError(
        Both(f"写不了 {path}：{error.strerror}", f"cannot write {path}: {error.strerror}")
    )


def _note_count(count: int, target: Path) -> None:
    output.note(Both(f"{count} 篇，写到 {target}", f"{count} articles, written to {target}"))
