"""`kb` and `macros`: search, list, render, lint."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors, paths
from agent_tui.cli import output
from agent_tui.cli.output import words
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.sources import Sources
    from agent_tui.frontmatter import Problem
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Macro

Json = Annotated[bool, typer.Option("--json", help=words("输出 JSON", "print JSON"))]
Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help=words("读这个数据目录", "read this data folder")),
]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help=words("目录；默认是自带内容", "default: what is shipped")),
]

kb = typer.Typer(no_args_is_help=True, help=words("知识库", "The knowledge base."))
macros = typer.Typer(no_args_is_help=True, help=words("快捷回复", "Canned replies."))


def _sources(data: Path | None) -> Sources:
    from agent_tui.cli import sources

    return sources.of_folder(data.expanduser()) if data else sources.of_profile()


# --- knowledge -----------------------------------------------------------------------------------


@kb.command("search", help=words("搜索知识和快捷回复", "Search articles and macros."))
def kb_search(
    query: Annotated[str, typer.Argument(help=words("关键词", "what to look for"))],
    lang: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(help=words("优先的语言", "prefer this language")),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help=words("条数", "how many"))] = 10,
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.shapes import Found

    hits = _sources(data).finder().search(query, limit, lang or "")
    if json:
        output.document(
            [
                Found(
                    kind=hit.entry.kind,
                    id=hit.entry.id,
                    title=hit.entry.title,
                    lang=hit.entry.lang,
                    label=hit.entry.label,
                    score=round(hit.score, 1),
                    body=hit.entry.body,
                )
                for hit in hits
            ]
        )
        return
    for hit in hits:
        entry = hit.entry
        output.say(f"{hit.score:5.1f}  {entry.kind:7}  {entry.id}  {entry.title}  {entry.label}")
    if not hits:
        output.note(Both("没有找到", "nothing found"))


@kb.command("lint", help=words("检查知识文件", "Check article files."))
def kb_lint(folder: Folder = None, json: Json = False) -> None:
    from agent_tui.knowledge import articles

    root = _folder(folder, "kb")
    found, problems = articles.lint(root)
    _report(root, len(found), problems, json)


# --- macros --------------------------------------------------------------------------------------


@macros.command("list", help=words("列出快捷回复", "Every macro."))
def macros_list(data: Data = None, json: Json = False) -> None:
    from agent_tui.cli.shapes import MacroEntry

    found = sorted(_sources(data).library().all.values(), key=lambda macro: macro.id)
    if json:
        output.document(
            [
                MacroEntry(
                    id=macro.id,
                    title=macro.head.title,
                    lang=macro.head.lang,
                    key=macro.head.key,
                    short=macro.head.short,
                    scope=macro.head.scope,
                    tags=list(macro.head.tags),
                    slots=list(macro.head.ask),
                )
                for macro in found
            ]
        )
        return
    for macro in found:
        short = f"/{macro.head.short}" if macro.head.short else ""
        output.say(f"{macro.head.key:3} {short:10} {macro.id}  {macro.head.title}")


@macros.command("lint", help=words("检查快捷回复文件", "Check macro files and run their tests."))
def macros_lint(folder: Folder = None, json: Json = False) -> None:
    from agent_tui.macros import library

    root = _folder(folder, "macros")
    found, problems = library.lint(root)
    _report(root, len(found), problems, json)


@macros.command("render", help=words("渲染一条快捷回复", "Print a macro's text, filled in."))
def macros_render(
    key: Annotated[str, typer.Argument(metavar="ID", help=words("编号或 /简称", "id or /short"))],
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help=words("变量或空位", "variable or slot")),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.shapes import Rendered
    from agent_tui.macros import library, template

    sources = _sources(data)
    macro = _find(key, sources.library())
    given = _given(values or (), macro)
    slots = {name: value for name, value in given.items() if name in macro.head.ask}
    text = library.fill(macro, sources.values() | given, slots)
    still_open = [text[start:end] for start, end in template.open_slots(text)]
    if json:
        output.document(Rendered(macro.id, text, still_open))
        return
    output.say(text)
    if still_open:
        places = " ".join(dict.fromkeys(still_open))
        output.note(Both(f"还要填写：{places}", f"still to be filled: {places}"))


def _find(key: str, library: Library) -> Macro:
    short = key.removeprefix("/")
    for macro in library.all.values():
        if macro.id == key or (macro.head.short and macro.head.short == short):
            return macro
    raise NotFound(
        Both(f"没有快捷回复 {key}", f"there is no macro {key}"),
        Both("agent-tui macros list 列出全部", "agent-tui macros list shows them all"),
    )


def _given(pairs: Iterable[str], macro: Macro) -> dict[str, str]:
    """`--set` values by name. Raises UsageError for an unknown name or an unfit value."""
    from agent_tui.macros.template import VARIABLES

    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or (name not in macro.head.ask and name not in VARIABLES):
            slots = " ".join(macro.head.ask) or "-"
            raise UsageError(
                Both(f"--set {pair}：没有这个名字", f"--set {pair}: no such name"),
                Both(f"空位：{slots}", f"slots: {slots}; variables: {' '.join(sorted(VARIABLES))}"),
            )
        pattern = macro.head.ask[name].pattern if name in macro.head.ask else ""
        if pattern and not re.fullmatch(pattern, value):
            raise UsageError(
                Both(f"{name}={value} 不合要求", f"{name}={value} does not fit"),
                Both(f"要匹配 {pattern}", f"it must match {pattern}"),
            )
        given[name] = value
    return given


# --- lint ----------------------------------------------------------------------------------------


def _folder(folder: Path | None, name: str) -> Path:
    root = folder.expanduser() if folder else paths.shipped() / name
    if not root.is_dir():
        raise NotFound(
            Both(f"没有目录 {root}", f"there is no folder {root}"),
            Both("给出放 .md 文件的目录", "name the folder that holds the .md files"),
        )
    return root


def _report(root: Path, good: int, problems: list[Problem], json: bool) -> None:
    from agent_tui.cli.shapes import Finding

    problems = sorted(problems, key=lambda problem: (problem.path, problem.line))
    if json:
        output.document([Finding(str(root / p.path), p.line, str(p.text)) for p in problems])
    else:
        for problem in problems:
            output.say(f"{root / problem.path}:{problem.line}: {problem.text}")
        output.note(
            Both(
                f"{good} 个文件，{len(problems)} 个问题", f"{good} files, {len(problems)} problems"
            )
        )
    if problems:
        raise typer.Exit(errors.EXIT_FAILED)
