"""`macros`: list, lint, render, test, stats. Its other commands are in `macro_files` and
`macro_transfer`."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui import errors
from agent_tui.cli import linting, macro_files, macro_transfer, output
from agent_tui.cli.linting import Data, Folder, Strict
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.errors import ContentError, NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.macros.library import Library
    from agent_tui.macros.linting import Source
    from agent_tui.macros.model import Macro
    from agent_tui.macros.stats import MacroUse

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
def macros_lint(
    folder: Folder = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    from agent_tui.macros import linting as linter

    root = linting.folder_of(folder, "macros")
    found, problems = linter.lint(root)
    linting.report(root, len(found), problems, json, strict)


@macros.command("test", help=words("运行文件里的测试", "Run the tests in macro files."))
def macros_test(
    wanted: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH|ID]",
            help=words("目录、文件、编号或 /简称；默认是自带内容", "default: what is shipped"),
        ),
    ] = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.shapes import MacroTest
    from agent_tui.macros import linting as linter

    root, sources = _to_test(wanted)
    found = [
        MacroTest(
            each.macro.id,
            one.number,
            str(root / each.name),
            one.line,
            one.text,
            list(one.missing),
        )
        for each in sources
        for one in linter.tests(each)
    ]
    failed = [test for test in found if test.missing]
    if json:
        output.document(found)
    elif wanted and not os.path.isdir(os.path.expanduser(wanted)):  # who tests one wants to see it
        for test in found:
            mark = Both("失败", "failed") if test.missing else Both("通过", "passed")
            output.say(f"--- {test.path}:{test.line}: {test.number} {mark}\n{test.text}")
    for test in () if json else failed:
        lacks = " ".join(f"“{piece}”" for piece in test.missing)
        what = Both(f"测试 {test.number} 缺 {lacks}", f"test {test.number} lacks {lacks}")
        output.say(f"{test.path}:{test.line}: {what}")
    counts = f"{len(sources)} / {len(found)} / {len(failed)}"
    output.note(Both(f"{counts}（文件 / 测试 / 失败）", f"{counts} (files / tests / failed)"))
    if failed:
        raise typer.Exit(errors.EXIT_FAILED)


def _to_test(wanted: str | None) -> tuple[Path, list[Source]]:
    """(folder, macro files) that are meant. Raises ContentError for one that cannot be used."""
    from agent_tui import frontmatter
    from agent_tui.frontmatter import Malformed
    from agent_tui.macros import linting as linter

    place = Path(wanted).expanduser() if wanted else linting.folder_of(None, "macros")
    if os.path.isfile(place):
        try:
            one = linter.source(place.stem, frontmatter.read_text(place))
        except Malformed as error:
            raise ContentError(f"{place}:{error.line}: {error.text}") from None
        return place.parent, [one]
    whole = os.path.isdir(place)
    root = place if whole else linting.folder_of(None, "macros")
    sources, problems = frontmatter.read_folder(root, linter.source)
    for problem in problems:
        output.say(linting.line_of(root, problem))
    if problems and whole:
        raise typer.Exit(errors.EXIT_FAILED)
    if wanted and not whole:
        short = wanted.removeprefix("/")
        sources = [s for s in sources if wanted == s.macro.id or short == s.macro.head.short]
        if not sources:
            raise NotFound(
                Both(f"没有 {wanted}", f"there is no {wanted}"),
                Both("给出目录、文件、编号或 /简称", "name a folder, a file, an id or a /short"),
            )
    return root, sources


@macros.command("stats", help=words("哪些用得多，哪些没人用", "What is used, and what never is."))
def macros_stats(data: Data = None, json: Json = False) -> None:
    from agent_tui.cli import counting

    library = linting.sources_of(data).library()
    found = counting.macro_uses(library.all.values(), logged_in=data is None)
    if json:
        output.document(found)
        return
    for use in found:
        if not use.never:
            output.say(_use_line(use))
    never = [use for use in found if use.never]
    if never:
        head = Both(f"没用过（{len(never)}）：", f"never used ({len(never)}):")
        output.say(f"{head} {' '.join(use.id for use in never)}")
    expired = [use for use in found if use.expired]
    if expired:
        days = " ".join(f"{use.id} ({use.expired})" for use in expired)
        output.say(f"{Both('已过期：', 'expired:')} {days}")


def _use_line(use: MacroUse) -> str:
    """Uses in 7 and 30 days, the id, the last day, and whose uses they were."""
    last = ""
    if use.last_at:
        last = f"{datetime.datetime.fromtimestamp(use.last_at / 1000).astimezone():%Y-%m-%d}"
    who = " ".join(f"{agent} {count}" for agent, count in use.agents.items())
    return (
        f"{use.uses_7:5} {use.uses_30:6}  {use.key:3} {use.id}  {use.title}  {last}  {who}".rstrip()
    )


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


macros.command("new", help=words("新建一条快捷回复", "Make a macro file."))(macro_files.new)
macros.command("edit", help=words("在编辑器里打开一条", "Open a macro in your editor."))(
    macro_files.edit
)
macros.command(
    "import", help=words("从别处导入快捷回复", "Take in canned replies from elsewhere.")
)(macro_transfer.import_)
macros.command("export", help=words("导出快捷回复", "Write macros for use elsewhere."))(
    macro_transfer.export
)
