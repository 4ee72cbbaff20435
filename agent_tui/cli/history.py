"""`history`: full-text search over past messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.shapes import FoundMessage
    from agent_tui.domain.finding import Found
    from agent_tui.domain.query import Query
    from agent_tui.domain.words import Folding
    from agent_tui.paths import Profile
    from agent_tui.sync.history import Finds

CELLS = 72  # of a message's text in a line
INDEX_SECONDS = 1.0  # before a search, for messages that are not indexed yet

history = typer.Typer(no_args_is_help=True, help=words("以往的消息", "Past messages."))


@history.callback()
def group() -> None:
    """Makes `search` a command of its own even while it is the only one."""


@history.command(
    "search", help=words("全文搜索以往的消息", "Search past messages, here and on the server.")
)
def search(
    query: Annotated[
        str,
        typer.Argument(
            help=words(
                '词都要出现；"引号"里是原话；from:customer|agent|note with:名字 '
                "after:2026-11-01 before:日期",
                'all words; "a phrase"; from:customer|agent|note with:NAME '
                "after:2026-11-01 before:DATE",
            )
        ),
    ],
    limit: Annotated[int, typer.Option(min=1, max=200, help=words("条数", "how many"))] = 20,
    local: Annotated[
        bool, typer.Option("--local", help=words("只搜本机", "only what is stored here"))
    ] = False,
    server: Annotated[
        bool, typer.Option("--server", help=words("只问服务端", "only what the server has"))
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help=words("说明搜了什么", "tell what was looked for, and where")
        ),
    ] = False,
    json: Json = False,
) -> None:
    import contextlib

    from agent_tui import bootstrap
    from agent_tui.domain.query import parse

    if local and server:
        raise UsageError(
            Both("--local 和 --server 只能选一个", "--local and --server exclude each other"),
            Both("都不写就是两边都搜", "without them both are searched"),
        )
    profile = bootstrap.default_profile()
    with contextlib.closing(bootstrap.history(profile, bootstrap.require_login(profile))) as past:
        asked = parse(query, past.folding)
        if not server:
            _index(profile, past.folding)
        look = past.here if local else past.server if server else past.everywhere
        finds = look(query, limit)
    if explain:
        _explain(asked, finds)
    if json:
        output.document([_document(each) for each in finds.found])
    else:
        for each in finds.found:
            output.say(_line(each))
        if not finds.found:
            output.note(Both("没有找到", "nothing found"))
    for note in finds.notes:
        output.note(note)


def _index(profile: Profile, folding: Folding) -> None:
    """Whoever only uses the command line has no workstation that does it beside the work."""
    import contextlib
    import time

    from agent_tui.store.cache import Cache

    if profile.cache.exists():
        with contextlib.closing(Cache(profile.cache)) as cache:
            end = time.monotonic() + INDEX_SECONDS
            while cache.index(folding) and time.monotonic() < end:
                pass


def _document(found: Found) -> FoundMessage:
    from agent_tui.cli.shapes import FoundMessage

    return FoundMessage(
        conversation=found.conversation,
        no=found.no,
        name=found.name,
        at=found.at,
        kind=found.kind,
        author=found.author,
        text=found.text,
        spans=[list(span) for span in found.spans],
        score=round(found.score, 3),
        online=found.online,
    )


def _line(found: Found) -> str:
    from agent_tui import text
    from agent_tui.domain.excerpt import excerpt
    from agent_tui.tui import format as shown

    at = shown.local(found.at).strftime("%Y-%m-%d %H:%M")
    who = text.fit(found.name if found.kind == "customer" else f"{found.name} ← {found.author}", 20)
    where = str(Both("（服务端）", " (server)")) if found.online else ""
    said, _ = excerpt(found.text, found.spans, CELLS)
    return f"{found.conversation} {found.no:>4}  {at}  {who}  {said}{where}"


def _explain(query: Query, finds: Finds) -> None:
    """On stderr: terms as they were understood, filters, and where was looked."""
    from agent_tui.tui import format as shown

    for term in query.terms:
        phrase = " ".join(term.words) + ("…" if term.open else "")
        ends = f" | …{term.ending[::-1]}" if term.ending else ""
        output.note(Both(f"词：{phrase}{ends}", f"term: {phrase}{ends}"))
    where = query.where
    if where.kinds:
        kinds = " ".join(sorted(where.kinds))
        output.note(Both(f"谁写的：{kinds}", f"written by: {kinds}"))
    if where.names:
        names = " ".join(where.names)
        output.note(Both(f"客户：{names}", f"customer: {names}"))
    for moment, side in (
        (where.after, Both("不早于", "not before")),
        (where.before, Both("早于", "before")),
    ):
        if moment is not None:
            output.note(f"{side} {shown.local(moment).isoformat(timespec='minutes')}")
    for each in finds.looked:
        place = Both("本机", "here") if each.place == "here" else Both("服务端", "server")
        trouble = f"  {each.trouble}" if each.trouble else ""
        output.note(
            Both(
                f"{place.zh}：{each.found} 条，{each.ms} 毫秒{trouble}",
                f"{place.en}: {each.found} found, {each.ms} ms{trouble}",
            )
        )
