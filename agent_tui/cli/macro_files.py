"""`macros new` and `macros edit`: macro files in the editor of whoever works here."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors, paths
from agent_tui.cli import authoring, linting, output
from agent_tui.cli.linting import Data
from agent_tui.cli.output import words
from agent_tui.errors import DeskError, NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.frontmatter import Problem

Own = Annotated[
    bool, typer.Option("--personal", help=words("自己的，只在这台机器", "one's own, here only"))
]
BODY = Both(
    "{{ customer.name | default('亲') }}，您好！", "Hi {{ customer.name | default('there') }},"
)


def personal() -> Path:
    """Where the agent's own macros lie."""
    return paths.config_home() / "macros"


def folder(data: Path | None, own: bool) -> Path:
    """The macros/ folder that is worked on: one's own if that is said, or if there is no other."""
    if own:
        if data is not None:
            raise UsageError(
                Both("--personal 和 --data 只能用一个", "--personal and --data exclude each other")
            )
        return personal()
    try:
        return linting.editable(data, "macros")
    except NotFound:
        if data is not None:
            raise
        return personal()


def new(
    title: Annotated[str, typer.Argument(metavar="TITLE", help=words("标题", "its title"))],
    text: Annotated[
        str | None,
        typer.Option(
            "--from-text",
            metavar="TEXT",
            help=words("正文；- 读标准输入", "its text; -: from stdin"),
        ),
    ] = None,
    lang: Annotated[
        Literal["zh", "en"] | None, typer.Option(help=words("语言", "its language"))
    ] = None,
    short: Annotated[str, typer.Option(help=words("简称；默认取首字母", "default: initials"))] = "",
    key: Annotated[str, typer.Option(help=words("功能键 F2–F9", "function key F2–F9"))] = "",
    group: Annotated[
        str, typer.Option("--folder", help=words("放进这个目录", "the folder for it"))
    ] = "",
    scope: Annotated[
        str, typer.Option(help=words("给谁用：all 或 team:名称", "for whom: all or team:NAME"))
    ] = "",
    own: Own = False,
    edit: Annotated[
        bool, typer.Option("--edit", help=words("接着在编辑器里打开", "then open it"))
    ] = False,
    data: Data = None,
) -> None:
    from agent_tui.frontmatter import Malformed
    from agent_tui.knowledge.articles import one_line
    from agent_tui.knowledge.importing.plan import slug
    from agent_tui.knowledge.importing.row import language_of
    from agent_tui.macros import drafting, library
    from agent_tui.macros.model import PERSONAL, Head
    from agent_tui.macros.writing import text_of

    root = folder(data, own)
    mine = root == personal()
    body = sys.stdin.read() if text == "-" else text
    language = language_of(lang or "", "", f"{title} {body or ''}")
    found, _ = library.load(root)
    taken = {macro.head.short for macro in found}
    head = Head(
        title=one_line(title),
        lang="en" if language == "en" else "zh",
        key=key.upper(),
        short=short.removeprefix("/") or drafting.short_of(title, taken),
        scope=PERSONAL if mine else scope or "all",
    )
    name = "/".join(slug(part) for part in (*group.split("/"), title) if part.strip(". "))
    path = root / f"{name}{'.en' if head.lang == 'en' and not mine else ''}.md"
    written = text_of(head, body if body is not None else BODY.en if head.lang == "en" else BODY.zh)
    try:
        library.checked(name, written)
    except Malformed as error:
        raise UsageError(error.text, Both("用 --edit 之前先改正", "put that right first")) from None
    if head.short in taken:
        raise UsageError(
            Both(f"/{head.short} 已有了", f"/{head.short} is taken"),
            Both("用 --short 另给一个", "give another one with --short"),
        )
    authoring.make(path, written, "macros")
    if edit:
        _edit(root, path)


def edit(
    wanted: Annotated[
        str, typer.Argument(metavar="ID", help=words("编号或 /简称", "id or /short"))
    ],
    own: Own = False,
    data: Data = None,
) -> None:
    root = folder(data, own)
    _edit(root, _chosen(root, wanted))


def _chosen(root: Path, wanted: str) -> Path:
    """The file that is meant: by its path, or by a short name. Raises NotFound."""
    from agent_tui.macros import library

    key = wanted.removesuffix(".md").removeprefix("./").removeprefix("macros/")
    for name in (key, key.removeprefix("personal/")):
        path = root / f"{name}.md"
        inside = path.resolve().is_relative_to(root.resolve())
        if inside and os.path.isfile(path):  # a broken one too
            return path
    found, _ = library.load(root)
    short = wanted.removeprefix("/")
    for macro in found:
        if short and macro.head.short == short:
            return root / f"{macro.id}.md"
    raise NotFound(
        Both(f"{root} 里没有 {wanted}", f"there is no {wanted} in {root}"),
        Both("agent-tui macros list 列出全部", "agent-tui macros list shows them all"),
    )


def _edit(root: Path, path: Path) -> None:
    """Open a draft of `path`; it takes the file's place only once nothing is wrong with it."""
    from agent_tui import frontmatter
    from agent_tui.knowledge import files

    before = path.read_bytes()  # what cannot be read as text can be put right here
    draft = path.with_name(f".{path.name}")  # hidden: nobody reads it as a macro
    if draft.exists():
        output.note(Both(f"接着上次的草稿 {draft}", f"going on with the draft {draft}"))
    else:
        draft.write_bytes(before)
    while True:
        authoring.open_editor(draft)
        problems = _wrong(root, path, draft)
        if not problems:
            break
        for problem in problems:
            output.say(linting.line_of(root, problem))
        if not authoring.again():
            output.note(Both(f"没有替换；草稿在 {draft}", f"not replaced; the draft is {draft}"))
            raise typer.Exit(errors.EXIT_FAILED)
    if path.read_bytes() != before:
        raise DeskError(
            Both(f"{path} 其间已被改动", f"{path} changed meanwhile"),
            Both(f"草稿在 {draft}", f"the draft is {draft}"),
        )
    if draft.read_bytes() == before:
        output.note(Both("没有改动", "nothing was changed"))
    else:
        files.replace(path, frontmatter.read_text(draft))
        output.say(str(path))
    with suppress(FileNotFoundError):
        draft.unlink()


def _wrong(root: Path, path: Path, draft: Path) -> list[Problem]:
    """The errors that the file would have with the draft's text; warnings are only said."""
    from agent_tui import frontmatter
    from agent_tui.frontmatter import Malformed, Problem
    from agent_tui.macros import linting as linter

    name = path.relative_to(root).as_posix()
    try:
        text = frontmatter.read_text(draft)
    except Malformed as error:
        return [Problem(name, error.line, error.text)]
    _, problems = linter.lint(root, instead={name.removesuffix(".md"): text})
    mine = [problem for problem in problems if problem.path == name]
    for problem in mine:
        if problem.warning:
            output.note(linting.line_of(root, problem))
    return [problem for problem in mine if not problem.warning]
