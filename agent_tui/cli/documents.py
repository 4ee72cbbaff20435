"""Conversations as JSON documents and as lines of text."""

from __future__ import annotations

from agent_tui import text
from agent_tui.cli.shapes import (
    ConversationCard,
    CustomerCard,
    Due,
    Line,
    QueueEntry,
    TrayEntry,
)
from agent_tui.desk import reasons, transcripts
from agent_tui.desk import tray as trays
from agent_tui.desk.desk import Desk
from agent_tui.desk.rows import QueueRow
from agent_tui.domain import sla
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.lang import Both
from agent_tui.store.drafts import conversation_of
from agent_tui.store.tray import TrayItem
from agent_tui.tui import format as shown

WIDTHS = {"due": 24, "name": 14, "place": 16, "preview": 44}


def _due(due: sla.Due | None) -> Due | None:
    return Due(due.deadline, due.at) if due else None


def queue_entry(row: QueueRow) -> QueueEntry:
    """A row of the queue as a document."""
    return QueueEntry(
        id=row.id,
        name=row.name,
        vip=row.vip,
        channel=row.channel,
        team=row.team,
        type=row.type,
        status=row.status,
        assignee=row.assignee,
        section=row.section,
        unread=row.unread,
        preview=row.preview,
        due=_due(row.due),
        waiting_since=row.waiting_since,
        last_at=row.last_at,
        draft=bool(row.draft),
        unsent=row.unsent,
        rating=row.rating,
    )


def queue_line(row: QueueRow, now: int) -> str:
    """A row of the queue as a line: id, why it stands here, who, where, what was said last."""
    due = shown.deadline(row.due, now) if row.due else ""
    fields = (
        row.id,
        text.fit(due, WIDTHS["due"]),
        text.fit(("★" if row.vip else "") + row.name, WIDTHS["name"]),
        text.fit(row.assignee or row.team, WIDTHS["place"]),
        text.clip(row.preview, WIDTHS["preview"]),
    )
    return "  ".join(fields)


def conversation(desk: Desk, key: ConversationId) -> ConversationCard:
    """All of one conversation that the desk can see."""
    state = desk.conversation(key)
    assert state is not None  # found by its id just now
    customer = state.customer
    draft = desk.drafts.get(key)
    return ConversationCard(
        id=state.id,
        customer=CustomerCard(
            id=customer.id,
            name=customer.name,
            language=customer.language,
            tier=customer.tier,
            tags=list(customer.tags),
            contact=customer.contact,
            since=customer.since,
        ),
        inbox=state.inbox,
        channel=state.channel,
        team=state.team,
        assignee=state.assignee,
        status=state.status,
        until=state.until,
        priority=state.priority,
        type=state.type,
        subject=state.subject,
        tags=list(state.tags),
        opened_at=state.opened_at,
        last_at=state.last_at,
        unread=state.unread,
        rating=state.rating,
        rating_comment=state.rating_comment,
        due=_due(sla.due(state, desk.directory.policy, desk.directory.plan)),
        draft=draft.text if draft else "",
        messages=[_line(line) for line in desk.transcript(key)],
    )


def _line(line: transcripts.Line) -> Line:
    return Line(
        no=line.message.no if line.state not in ("grace", "waiting") else 0,
        id=line.message.id,
        at=line.message.at,
        kind=line.message.kind,
        author=line.message.author,
        text=line.message.text,
        state=line.state,
        why=line.why,
        edited=line.message.edited or None,
    )


def tray_entry(desk: Desk, item: TrayItem) -> TrayEntry:
    """An item of the unsent tray as a document."""
    state = desk.conversation(item.conversation)
    return TrayEntry(
        id=item.id,
        conversation=conversation_of(item.conversation),
        name=state.customer.name if state else "",
        at=item.order.queued_at,
        held=item.held,
        reason=item.reason,
        detail=item.detail,
        why=reasons.reason(item.reason, item.detail),
        text=item.text,
        action="" if item.text else trays.words(item.order.command),
        since=[_line(line) for line in desk.tray.since(item)],
        ways=[str(way) for way in desk.tray.ways(item)],
    )


def tray_lines(entry: TrayEntry) -> str:
    """An item of the unsent tray as text: where, why, what, and what was said since."""
    at = shown.local(entry.at).strftime("%m-%d %H:%M")
    head = f"{entry.conversation}  {entry.name or '?'}  {at}  {entry.why}"
    lines = [head, *(f"  {line}" for line in (entry.text or entry.action).splitlines())]
    for line in entry.since:
        when = shown.clock(line.at)
        after = Both(f"其后 {when}：{line.text}", f"since, {when}: {line.text}")
        lines.append(f"  {after}")
    way = reasons.way_out(entry.reason)
    return "\n".join([*lines, f"  → {way}"] if way else lines)


def transcript(desk: Desk, card: ConversationCard) -> str:
    """A conversation as text: who it is, how it stands, and every line."""
    status = reasons.word(reasons.STATUSES, card.status)
    head = f"{card.customer.name} · {card.id} · {status} · {card.assignee or card.team}"
    if card.tags:
        head += " · " + " ".join(f"#{tag}" for tag in card.tags)
    lines = [head, ""]
    agents = {str(key): agent.name for key, agent in desk.directory.agents().items()}
    for line in card.messages:
        who = agents.get(line.author, line.author)
        if line.kind == MessageKind.CUSTOMER:
            who = card.customer.name
        elif line.kind == MessageKind.NOTE:
            who = str(Both(f"{who}（备注）", f"{who} (note)"))
        sign = shown.STATES.get(line.state, "")
        at = shown.local(line.at).strftime("%m-%d %H:%M")
        edited = str(Both("（已修改）", "(edited)")) if line.edited else ""
        lines.append(" ".join(filter(None, (f"{at}  {who}: {line.text}", edited, sign, line.why))))
    if card.draft:
        lines += ["", str(Both(f"草稿：{card.draft}", f"draft: {card.draft}"))]
    return "\n".join(lines)
