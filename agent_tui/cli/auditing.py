"""`audit`: who did what when, from the server's log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.asking import ask
from agent_tui.cli.output import words
from agent_tui.cli.work import Json, open_session
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.protocol import AuditEntry

MOST = 10_000
PAGE = 500
TECHNICAL = frozenset({"epoch", "since", "message", "id", "client", "number"})
MOMENTS = frozenset({"until", "due", "answer_by"})
KINDS = {
    "claimed": Both("认领", "claimed"),
    "released": Both("放回队列", "released"),
    "assigned": Both("转给", "assigned"),
    "reply_sent": Both("回复", "replied"),
    "note_added": Both("备注", "note"),
    "tagged": Both("加标签", "tagged"),
    "untagged": Both("去标签", "untagged"),
    "priority_set": Both("优先级", "priority"),
    "type_set": Both("问题类型", "type"),
    "status_set": Both("状态", "status"),
    "reopened": Both("重新打开", "reopened"),
    "conversation_opened": Both("新会话", "opened"),
    "customer_wrote": Both("客户来信", "customer wrote"),
    "availability_set": Both("在线状态", "presence"),
    "surge_set": Both("高峰", "surge"),
    "routing_saved": Both("改了路由", "routing"),
    "policy_saved": Both("改了时限", "policy"),
    "agent_saved": Both("改了账号", "account"),
    "command_refused": Both("没有生效", "refused"),
}


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
    asked = {
        "conversation": _conversation(conversation) if conversation else "",
        "agent": agent,
        "kind": kind,
        "since": str(_since(since)) if since else "",
    }
    found = _pages({name: value for name, value in asked.items() if value}, limit)
    if json:
        output.document(found)
        return
    for each in found:
        output.say(_line(each))
    if not found:
        output.note(Both("没有记录", "nothing is recorded"))


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
    """The id that `name` begins, if it is known here; the server may know others."""
    with open_session(offline=True) as session:
        found = session.desk.find_id(name)
    return found[0] if len(found) == 1 else name


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


def _line(each: AuditEntry) -> str:
    from agent_tui import text
    from agent_tui.desk import reasons
    from agent_tui.tui import format as shown

    moved = each.owner_before != each.owner_after
    owners = f"{each.owner_before or '-'} → {each.owner_after or '-'}"
    said: list[str] = []
    for name, value in each.detail.items():
        if name in TECHNICAL or (moved and name == "agent"):
            continue
        if name == "why":
            said.append(reasons.why(value))
        elif name in MOMENTS and value.isdecimal():
            said.append(f"{name}={shown.local(int(value)):%m-%d %H:%M}")
        else:
            said.append(f"{name}={value}")
    fields = (
        shown.local(each.at).strftime("%m-%d %H:%M:%S"),
        text.fit(each.by, 12),
        text.fit(str(KINDS.get(each.kind, each.kind)), 14),
        text.fit(each.conversation or "-", 14),
        owners if moved else "",
        text.clip(text.clean(" ".join(said)), 100),
        each.client,
    )
    return "  ".join(filter(None, fields))
