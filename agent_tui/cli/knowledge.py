"""`kb`: search, lint, stats. Its other commands are in `authoring` and `transfer`."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import typer

from agent_tui.cli import authoring, linting, output, transfer
from agent_tui.cli.linting import Data, Folder, Strict
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.lang import Both

kb = typer.Typer(no_args_is_help=True, help=words("知识库", "The knowledge base."))


@kb.command("search", help=words("搜索知识和快捷回复", "Search articles and macros."))
def search(
    query: Annotated[str, typer.Argument(help=words("关键词", "what to look for"))],
    lang: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(help=words("优先的语言", "prefer this language")),
    ] = None,
    kind: Annotated[
        Literal["article", "macro"] | None,
        typer.Option(help=words("只找这一种", "only of this kind")),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help=words("条数", "how many"))] = 10,
    explain: Annotated[
        bool, typer.Option("--explain", help=words("说明得分", "say where each score comes from"))
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.cli.shapes import Found
    from agent_tui.knowledge.entry import Context

    index = linting.sources_of(data).index()
    hits = index.search(
        query,
        limit,
        where=(lambda entry: entry.kind == kind) if kind else None,
        context=Context(language=lang or ""),
    )
    if json:
        output.document(
            [
                Found(
                    kind=hit.entry.kind,
                    id=hit.entry.id,
                    title=hit.entry.title,
                    lang=hit.entry.language,
                    label=hit.entry.label,
                    score=round(hit.score, 1),
                    body=hit.entry.body,
                    matched=hit.name,
                    why={part: round(points, 1) for part, points in hit.why},
                )
                for hit in hits
            ]
        )
        return
    for hit in hits:
        entry = hit.entry
        output.say(f"{hit.score:5.1f}  {entry.kind:7}  {entry.id}  {entry.title}  {entry.label}")
        if explain:
            parts = "  ".join(f"{part} {points:+.1f}" for part, points in hit.why)
            output.say(f"         “{hit.name}”  {parts}")
    if not hits:
        output.note(Both("没有找到", "nothing found"))


@kb.command("lint", help=words("检查知识文件", "Check article files."))
def lint(
    folder: Folder = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    from agent_tui.knowledge import lint as linter

    root = linting.folder_of(folder, "kb")
    found, problems = linter.lint(root)
    linting.report(root, len(found), problems, json, strict)


@kb.command("stats", help=words("知识库有多少、缺什么", "How much there is, and what is missing."))
def stats(
    days: Annotated[
        int, typer.Option(min=1, max=365, help=words("统计最近几天的使用", "uses of so many days"))
    ] = 30,
    data: Data = None,
    json: Json = False,
) -> None:
    from agent_tui.cli import counting
    from agent_tui.knowledge import stats as statistics

    found = linting.sources_of(data).articles
    used = None if data else counting.usage(days)
    counted = statistics.count(found, datetime.datetime.now().astimezone().date(), used)
    if json:
        output.document(counted)
        return
    for title, value in statistics.lines(counted):
        output.say(f"{title}: {value}")


@kb.command("history", help=words("一篇知识的各个版本", "The versions of an article."))
def history(
    key: Annotated[str, typer.Argument(metavar="ID", help=words("知识编号", "the article's id"))],
    json: Json = False,
) -> None:
    from agent_tui.cli import counting

    found = counting.versions(key)
    if json:
        output.document(found)
        return
    for each in found.versions:
        at = datetime.datetime.fromtimestamp(each.at / 1000).astimezone()
        said = each.article.title if each.article else str(Both("撤下", "withdrawn"))
        body = each.article.body.splitlines()[0] if each.article and each.article.body else ""
        output.say(f"{at:%Y-%m-%d %H:%M}  {each.by or '-':10}  {said}  {body}")
    if not found.versions:
        output.note(Both("没有记录", "nothing is known of it"))


kb.command("new", help=words("新建一篇知识", "Make an article file."))(authoring.new)
kb.command("edit", help=words("在编辑器里打开一篇", "Open an article in your editor."))(
    authoring.edit
)
kb.command("import", help=words("从别处导入知识", "Take in articles from elsewhere."))(
    transfer.import_
)
kb.command("export", help=words("导出知识", "Write articles for use elsewhere."))(transfer.export)
