"""What `kb export` and `macros export` share: where the records go."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agent_tui.cli.output import words
from agent_tui.errors import DeskError, UsageError
from agent_tui.lang import Both

Out = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help=words("写到这里；默认是标准输出", "default: stdout")),
]
Force = Annotated[
    bool, typer.Option("--force", help=words("覆盖已有的文件", "overwrite what is there"))
]


def put(content: bytes, form: str, out: Path | None, force: bool) -> Path | None:
    """Write to the file `out` and return it; without one, to stdout. Raises UsageError, DeskError.

    On stdout there is no byte order mark: what reads a pipe takes it for a letter.
    """
    if out is None:
        if form == "xlsx" and sys.stdout.isatty():
            raise UsageError(
                Both("XLSX 不能写到终端", "XLSX is not for a terminal"),
                Both("用 --out 给出文件名", "name a file with --out"),
            )
        sys.stdout.flush()
        sys.stdout.buffer.write(content.removeprefix(b"\xef\xbb\xbf"))
        sys.stdout.buffer.flush()
        return None
    target = out.expanduser()
    refuse_existing(target, force)
    try:
        target.write_bytes(content)
    except OSError as error:
        raise unwritten(target, error) from None
    return target


def refuse_existing(path: Path, force: bool) -> None:
    """Raises UsageError where a file would be overwritten that nobody said to."""
    if path.exists() and not force:
        raise UsageError(
            Both(f"{path} 已存在", f"{path} is there already"),
            Both("加 --force 覆盖", "add --force to overwrite it"),
        )


def unwritten(path: Path, error: OSError) -> DeskError:
    """The error for a file that cannot be written."""
    return DeskError(
        Both(f"写不了 {path}：{error.strerror}", f"cannot write {path}: {error.strerror}")
    )
