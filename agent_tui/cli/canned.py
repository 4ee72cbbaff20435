"""`macros`: list, lint, render."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import linting, output
from agent_tui.cli.linting import Data, Folder, Json
from agent_tui.cli.output import words
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Macro

macros = typer.Typer(no_args_is_help=True, help=words("快捷回复", "Canned replies."))


@macros.command("list", help=words("列出快捷回复", "Every macro."))
def macros_list(data: Data = None, json: Json = False) -> None:
    from agent_tui.cli.shapes import MacroEntry

    found = sorted(linting.sources_of(data).library().all.values(), key=lambda macro: macro.id)
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

    root = linting.folder_of(folder, "macros")
    found, problems = library.lint(root)
    linting.report(root, len(found), problems, json)


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

    sources = linting.sources_of(data)
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
