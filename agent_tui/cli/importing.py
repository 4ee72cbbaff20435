"""What `kb import` and `macros import` share: options, the bar, writing files, what is said."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from agent_tui import errors
from agent_tui.cli import output
from agent_tui.cli.output import words
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.knowledge.importing.plan import Step

T = TypeVar("T")
# From how many rows on a bar is shown.
MANY = 200
Lang = Annotated[
    Literal["zh", "en"] | None,
    typer.Option(help=words("没写语言的算这种", "for those that do not say theirs")),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help=words("只说会怎样", "only say what would be done"))
]
Update = Annotated[
    bool, typer.Option("--update", help=words("已有的也更新", "change those that are there"))
]
Yes = Annotated[bool, typer.Option("--yes", help=words("不再询问", "do not ask"))]


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


def write(steps: list[Step], root: Path, update: bool) -> list[Step]:
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


def document(steps: list[Step]) -> None:
    """What became of each row, as JSON."""
    from agent_tui.cli.shapes import Imported

    output.document(
        [Imported(s.kind, s.place, s.path, list(s.changes), str(s.why or "")) for s in steps]
    )


def kinds(steps: list[Step]) -> tuple[Counter[str], int]:
    """How many there are of each kind, and how many come to nothing."""
    found: Counter[str] = Counter(step.kind for step in steps)
    return found, found["skipped"] + found["failed"]


def conclude(steps: list[Step], *, dry_run: bool, update: bool) -> None:
    """Say what was left undone. Exits with 1 if something could not be written."""
    if dry_run:
        output.note(Both("什么也没写", "nothing was written"))
    elif not update and any(step.kind == "update" for step in steps):
        output.note(
            Both("不同的没有动：加 --update 更新", "what differed was let be: --update takes it")
        )
    if any(step.kind == "failed" for step in steps):
        raise typer.Exit(errors.EXIT_FAILED)
