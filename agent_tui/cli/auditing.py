"""`audit`: who did what when, from the server's log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import audit_words, naming, output
from agent_tui.cli.asking import ask
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.work import open_session
from agent_tui.desk.meant import AGENT
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.protocol import AuditEntry

MOST = 10_000
PAGE = 500


def audit(
    conversation: Annotated[
        str,
        typer.Option(metavar="ID", help=words("会话编号或其开头", "an id or how it begins")),
    ] = "",
    agent: Annotated[
        str,
        typer.Option(
            metavar="AGENT", help=words("谁做的；也可 system、customer", "by whom; or system")
        ),
    ] = "",
    since: Annotated[
        str, typer.Option(metavar="AGE", help=words("多久以来，如 1h、2d", "such as 1h or 2d"))
    ] = "",
    kind: Annotated[
        str, typer.Option(metavar="KIND", help=words("事件，如 assigned", "such as assigned"))
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=MOST, help=words("最多多少条", "at most so many"))
    ] = 100,
    json: Json = False,
) -> None:
    """Who did what when, newest first: a lead's teams, or all for an administrator."""
    if kind:
        naming.known(kind, audit_words.KINDS, Both("事件", "event"))
    asked = {
        "conversation": _conversation(conversation) if conversation else "",
        "agent": _agent(agent) if agent else "",
        "kind": kind,
        "since": str(_since(since)) if since else "",
    }
    found = _pages({name: value for name, value in asked.items() if value}, limit)
    if conversation and not found and not (agent or kind or since):
        raise NotFound(
            Both(f"没有会话 {conversation}", f"there is no conversation {conversation}"),
            Both("用 agent-tui queue 查看编号", "agent-tui queue lists their ids"),
        )
    output.listing(found, json, audit_words.line, Both("没有记录", "nothing is recorded"))


def _pages(asked: dict[str, str], limit: int) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    before: int | None = None
    while len(found) < limit:
        more = {"limit": str(min(PAGE, limit - len(found)))}
        if before is not None:
            more["before"] = str(before)
        page = ask(lambda wire, more=more: wire.audit(asked | more))  # type: ignore[misc]
        found += page.entries
        before = page.next
        if before is None:
            break
    return found


def _conversation(name: str) -> str:
    """The id that `name` begins, if it is known here; the server may know others. Raises UsageError
    if it begins several."""
    with open_session(offline=True) as session:
        found = session.desk.conversations.matching(name)
        return session.find(name) if found else name


def _agent(name: str) -> str:
    """The id of whom `name` means here; the server may know others. Raises UsageError if several
    are called so."""
    with open_session(offline=False) as session:
        if naming.is_who(name, "me"):
            return session.desk.me.id
        called = naming.of_agents(session.desk.directory.agents().values())
        return naming.meant(AGENT, name, called) or name


def _since(text: str) -> int:
    """The moment (ms) that lies so long ago. Raises UsageError."""
    from agent_tui.domain import durations

    length = durations.parse(text)
    if length is None or length.ms < 0:
        raise UsageError(
            Both(f"{text} 不是时长", f"{text} is no length of time"),
            Both("写成 30m、1h、2d", "write 30m, 1h or 2d"),
        )
    return max(0, time.time_ns() // 1_000_000 - length.ms)
