"""What `kb` and `macros` share: where they read, and how findings are told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui import errors, paths
from agent_tui.cli import output
from agent_tui.cli.output import words
from agent_tui.errors import NotFound
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.sources import Sources
    from agent_tui.frontmatter import Problem

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help=words("读这个数据目录", "read this data folder")),
]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help=words("目录；默认是自带内容", "default: what is shipped")),
]

Strict = Annotated[
    bool, typer.Option("--strict", help=words("提醒也算问题", "let warnings count too"))
]


def sources_of(data: Path | None) -> Sources:
    """What is in the data folder, or what this account has."""
    from agent_tui.cli import sources

    return sources.of_folder(data.expanduser()) if data else sources.of_profile()


def folder_of(folder: Path | None, name: str) -> Path:
    """The folder to check; the shipped one by default. Raises NotFound."""
    root = folder.expanduser() if folder else paths.shipped() / name
    if not root.is_dir():
        raise NotFound(
            Both(f"没有目录 {root}", f"there is no folder {root}"),
            Both("给出放 .md 文件的目录", "name the folder that holds the .md files"),
        )
    return root


def editable(data: Path | None, name: str = "kb") -> Path:
    """The folder (kb/, macros/) that is worked on: of `--data`, of here, of this machine's server.

    Raises NotFound.
    """
    if data is not None:
        given = data.expanduser()
        places = [given / name] if given.name != name else [given, given / name]
    else:
        places = [Path.cwd() / name, paths.data_home() / "server" / name]
    found = next((place for place in places if place.is_dir()), None)
    if found is None:
        where = "、".join(map(str, places)), " or ".join(map(str, places))
        raise NotFound(
            Both(f"没有 {where[0]}", f"there is no {where[1]}"),
            Both(
                "用 --data 给出数据目录，或用 agent-tui init 新建",
                "name the data folder with --data, or make one with agent-tui init",
            ),
        )
    return found


def line_of(root: Path, problem: Problem) -> str:
    """`path:line: text`; a warning says so."""
    mark = Both("提醒：", "warning: ") if problem.warning else ""
    return f"{root / problem.path}:{problem.line}: {mark}{problem.text}"


def report(
    root: Path, good: int, problems: list[Problem], json: bool, strict: bool = False
) -> None:
    """Every finding, then how many. Exits with 1 if there is an error; if `strict`, a warning."""
    from agent_tui.cli.shapes import Finding

    problems = sorted(problems, key=lambda problem: (problem.path, problem.line))
    warnings = sum(problem.warning for problem in problems)
    if json:
        output.document(
            [
                Finding(
                    str(root / p.path), p.line, str(p.text), "warning" if p.warning else "error"
                )
                for p in problems
            ]
        )
    else:
        for problem in problems:
            output.say(line_of(root, problem))
        wrong = len(problems) - warnings
        output.note(
            Both(
                f"{good} 个文件，{wrong} 个问题，{warnings} 个提醒",
                f"{good} files, {wrong} problems, {warnings} warnings",
            )
        )
    if len(problems) > warnings or (strict and warnings):
        raise typer.Exit(errors.EXIT_FAILED)
