"""`queue`, `show`, `tray`: the desk without a screen; and what all its commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui import errors
from agent_tui.cli import naming, output
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.desk.rows import View
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.session import Session
    from agent_tui.cli.shapes import Verdict
    from agent_tui.desk.desk import Desk
    from agent_tui.desk.rows import QueueRow

DAY_MS = 24 * 3600 * 1000  # for so long `tray` tells what was refused of deeds to many chats

Offline = Annotated[
    bool,
    typer.Option("--offline", help=words("不连接服务端，只用本机数据", "do not sync first")),
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="CONVERSATION",
        help=words("会话编号或其开头", "a conversation's id or its beginning"),
    ),
]


def open_session(offline: bool) -> Session:
    """The session of the default profile. Raises Unauthorized if nobody is logged in."""
    from agent_tui import bootstrap
    from agent_tui.cli.session import Session

    profile = bootstrap.default_profile()
    return Session(profile, bootstrap.require_login(profile), offline=offline)


def queue(
    view: Annotated[
        View | None, typer.Option(help=words("看哪些会话", "which conversations"))
    ] = None,
    where: Annotated[
        str,
        typer.Option(
            metavar="FILTER",
            help=words("筛选，如 'team:refunds waiting>5m'", "such as 'team:refunds waiting>5m'"),
        ),
    ] = "",
    offline: Offline = False,
    json: Json = False,
) -> None:
    """List conversations, the most urgent first."""
    from agent_tui.cli import documents

    with open_session(offline) as session:
        warn_if_old(session)
        desk = session.desk
        rows = chosen(desk, view, where)
        if json:
            output.document([documents.queue_entry(row) for row in rows])
            return
        now = desk.clock()
        for row in rows:
            output.say(documents.queue_line(row, now))
        if not rows:
            output.note(Both("没有会话", "no conversations"))
            if words := naming.filtered(desk, where)[0].words():
                zh, en = "、".join(words), ", ".join(words)
                output.note(
                    Both(
                        f"“{zh}”是按文字找的；条件如 团队:售后 等待>5m -已分配",
                        f"{en!r} is looked for as text; terms are like team:refunds -assigned",
                    )
                )


def chosen(desk: Desk, view: View | None, where: str) -> list[QueueRow]:
    """The rows of `view` that fit the filter; with a filter, all are looked through, snoozed ones
    if it names them. Raises FilterError, NotFound."""
    if not where.strip():
        return desk.queue.shown(view or View.WORK)
    found, seen = naming.filtered(desk, where)
    views = [view] if view else [View.ALL]
    if view is None and "snoozed" in str(found):
        views.append(View.SNOOZED)
    rows = [row for each in views for row in desk.queue.shown(each)]
    fitting = []
    for row in rows:
        state = desk.conversation(row.id)
        if state is not None and found.matches(state, seen):
            fitting.append(row)
    return fitting


def show(conversation: Name, offline: Offline = False, json: Json = False) -> None:
    """Print a conversation with its whole transcript."""
    from agent_tui.cli import documents

    with open_session(offline) as session:
        warn_if_old(session)
        key = session.find(conversation)
        card = documents.conversation(session.desk, key)
        if json:
            output.document(card)
        else:
            output.say(documents.transcript(session.desk, card))


def tray(offline: Offline = False, json: Json = False) -> None:
    """List what was not sent, with the reason and the way out."""
    from agent_tui.cli import documents

    with open_session(offline) as session:
        warn_if_old(session)
        desk = session.desk
        entries = [documents.tray_entry(desk, item) for item in desk.tray.items]
        for deed in desk.pending.bulks:
            if desk.clock() - deed.at < DAY_MS and not desk.pending.waiting(deed):
                session.tell(deed)
        if json:
            output.document(entries)
            return
        for entry in entries:
            output.say(documents.tray_lines(entry))
        if not entries:
            output.note(Both("没有待处理的内容", "the tray is empty"))


def warn_if_old(session: Session) -> None:
    """Say so if what is shown may be old."""
    if session.trouble:
        first = session.trouble.splitlines()[0]
        output.note(Both(f"显示的是本机数据：{first}", f"showing what is stored here: {first}"))


def finish(verdict: Verdict, json: bool) -> None:
    """Say what became of a command, and leave with the exit code that says the same."""
    from agent_tui.desk import reasons

    if json:
        output.document(verdict)
    why = reasons.reason(verdict.reason, verdict.detail) if verdict.reason else ""
    match verdict.outcome:
        case "applied":
            if not json:
                output.say(Both("完成", "done"))
            return
        case "queued":
            output.note(
                Both(
                    "服务端还没收到；已存在发件箱，会自动发送",
                    "the server does not have it yet; it is queued in the outbox",
                )
            )
            raise typer.Exit(errors.EXIT_UNAVAILABLE)
        case "held":
            output.note(
                Both(
                    f"没有发出：{why}。确认后可加 --force",
                    f"held: {why}; look again, then --force if it still holds",
                )
            )
        case _:
            output.note(Both(f"没有生效：{why}", f"refused: {why}"))
    if verdict.text:
        output.note(Both("文字留在待处理列表里", "the text stays in the tray"))
    raise typer.Exit(errors.EXIT_FAILED)
