"""`kb new` and `kb edit`: article files in the editor of whoever works here."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui import errors
from agent_tui.cli import linting, output
from agent_tui.cli.linting import Data
from agent_tui.cli.output import words
from agent_tui.errors import DeskError, NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.model import Article

# Points (0 to 100) from which a title may be meant; by which the best leads to be taken unasked.
MEANT, LEAD = 70, 12
TEMPLATE = """\
---
title: {title}
lang: {lang}
# {asked}
questions: []
tags: []
# {audience}
audience: public
owner: ""
# valid: {{from: 2026-01-01, to: 2026-12-31}}
---

"""
ASKED = Both("顾客会怎么问，一行一个", "other ways customers ask for it, one a line")
AUDIENCE = Both(
    "public：可以发给客户；internal：只给同事",
    "public: a customer may get it; internal: for colleagues only",
)


def new(
    key: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help=words("编号，即 kb/ 下的路径", "its path below kb/")),
    ] = None,
    title: Annotated[str, typer.Option(help=words("标题", "its title"))] = "",
    lang: Annotated[
        Literal["zh", "en"] | None, typer.Option(help=words("语言", "its language"))
    ] = None,
    category: Annotated[str, typer.Option(help=words("分类", "the folder for it"))] = "",
    edit: Annotated[
        bool, typer.Option("--edit", help=words("接着在编辑器里打开", "then open it"))
    ] = False,
    data: Data = None,
) -> None:
    from agent_tui import frontmatter
    from agent_tui.knowledge.articles import one_line
    from agent_tui.knowledge.importing import plan
    from agent_tui.knowledge.importing.row import Row, Unfit, language_of

    if not key and not one_line(title):
        raise UsageError(
            Both("要有编号或标题", "an id or a title is needed"),
            "agent-tui kb new returns/refund-time --title 退款多久到账",
        )
    root = linting.editable(data)
    key = (key or "").removesuffix(".md")
    suffix = key[-2:] if key.endswith((".zh", ".en")) else ""
    name = one_line(title) or key.split("/")[-1].removesuffix(f".{suffix}").replace("-", " ")
    try:
        language = language_of(lang or suffix, "", name)
        # The id is made as it is for an imported article.
        row = Row("", name, id=key, lang=language, category=category)
        path = root / f"{plan.Planner(root).id_of(row, language)}.md"
    except Unfit as unfit:
        raise UsageError(unfit.why) from None
    title = frontmatter.scalar(name)
    text = TEMPLATE.format(title=title, lang=language, asked=ASKED, audience=AUDIENCE)
    make(path, text, "kb")
    if edit:
        _edit(root, path)


def edit(
    wanted: Annotated[
        str, typer.Argument(metavar="ID|TITLE", help=words("编号或标题", "its id, or its title"))
    ],
    data: Data = None,
) -> None:
    root = linting.editable(data)
    _edit(root, root / f"{_chosen(root, wanted)}.md")


def make(path: Path, text: str, command: str) -> None:
    """Write a new file of `kb` or `macros`, and say where. Raises UsageError where there is one."""
    from agent_tui.knowledge import files

    path.parent.mkdir(parents=True, exist_ok=True)
    if not files.create(path, text):
        edit = f"agent-tui {command} edit"
        raise UsageError(
            Both(f"{path} 已存在", f"{path} is there already"),
            Both(f"用 {edit} 修改它", f"change it with {edit}"),
        )
    output.say(str(path))


# --- which one -----------------------------------------------------------------------------------


def _chosen(root: Path, wanted: str) -> str:
    """The id of the article that is meant. Raises NotFound, and UsageError when it is not clear."""
    key = wanted.removesuffix(".md").removeprefix("./").removeprefix("kb/")
    path = (root / f"{key}.md").resolve()
    # `Path.is_file` raises for a name that is too long, as a question may be.
    if os.path.isfile(path) and path.is_relative_to(root.resolve()):  # a broken one too
        return key
    found = _candidates(root, wanted)
    if not found:
        raise NotFound(
            Both(f"没有知识 {wanted}", f"there is no article {wanted}"),
            Both("agent-tui kb search 可以搜索", "agent-tui kb search looks for it"),
        )
    if len(found) == 1:
        return found[0].id
    if not output.is_tty():
        raise UsageError(
            Both(f"“{wanted}”有好几篇", f"“{wanted}” is in several"),
            "\n  ".join(f"{article.id}  {article.title}" for article in found),
        )
    return _asked(found)


def _candidates(root: Path, wanted: str) -> list[Article]:
    """The articles that may be meant, best first; one if that is clear."""
    from rapidfuzz import fuzz

    from agent_tui.knowledge import articles
    from agent_tui.knowledge.articles import plain

    asked = plain(wanted)
    found, _ = articles.load(root)
    exact = [article for article in found if plain(article.title) == asked]
    if exact:
        return exact
    scored = []
    for article in found:
        names = map(plain, (article.title, article.id.split("/")[-1], *article.questions))
        score = max(max(fuzz.ratio(asked, n), 0.95 * fuzz.partial_ratio(asked, n)) for n in names)
        if score >= MEANT:
            scored.append((score, article))
    scored.sort(key=lambda each: (-each[0], each[1].id))
    if len(scored) > 1 and scored[0][0] - scored[1][0] >= LEAD:
        scored = scored[:1]
    return [article for _, article in scored[:9]]


def _asked(found: list[Article]) -> str:
    for number, article in enumerate(found, 1):
        output.note(f"{number}  {article.id}  {article.title}")
    answer = output.answer(Both("哪一篇？", "which one?"))
    if not answer.isdecimal() or not 1 <= int(answer) <= len(found):
        raise typer.Exit(errors.EXIT_FAILED)
    return found[int(answer) - 1].id


# --- the editor ----------------------------------------------------------------------------------


def _edit(root: Path, path: Path) -> None:
    """Open `path` until its lint finds no error, or whoever edits it lets it be."""
    while True:
        open_editor(path)
        if not _wrong(root, path):
            return
        if not again():
            raise typer.Exit(errors.EXIT_FAILED)


def again() -> bool:
    """Something is wrong with the file: whether whoever is there wants the editor once more."""
    return output.is_tty() and output.confirmed(Both("再打开改一改吗？", "open it again?"))


def open_editor(path: Path) -> None:
    """Wait until whoever works here has closed `path`. Raises DeskError, UsageError."""
    command = _editor()
    try:
        done = subprocess.run([*command, str(path)], check=False)
    except OSError as error:
        raise DeskError(
            Both(f"{command[0]} 打不开：{error.strerror}", f"{command[0]}: {error.strerror}"),
            Both("设置 VISUAL 或 EDITOR", "set VISUAL or EDITOR"),
        ) from None
    if done.returncode:
        raise DeskError(
            Both(
                f"{command[0]} 以 {done.returncode} 结束",
                f"{command[0]} ended with {done.returncode}",
            )
        )


def _wrong(root: Path, path: Path) -> bool:
    """Say what is wrong in the file at `path`; whether there is an error among it."""
    from agent_tui.knowledge import lint

    name = path.relative_to(root).as_posix()
    _, problems = lint.lint(root)
    mine = [problem for problem in problems if problem.path == name]
    for problem in mine:
        output.say(linting.line_of(root, problem))
    return any(not problem.warning for problem in mine)


def _editor() -> list[str]:
    """$VISUAL, $EDITOR, or what is usually there. Raises UsageError."""
    for variable in ("VISUAL", "EDITOR"):
        given = os.environ.get(variable, "")
        try:
            command = shlex.split(given)
        except ValueError:  # a quote that is not closed: no such program, then
            command = [given]
        if command:
            return command
    # An editor of a person's own may do without a terminal; these do not.
    for name in ("sensible-editor", "nano", "vi"):
        if output.is_tty() and shutil.which(name):
            return [name]
    raise UsageError(
        Both("没有可用的编辑器", "there is no editor to use"),
        Both("设置 VISUAL 或 EDITOR", "set VISUAL or EDITOR"),
    )
