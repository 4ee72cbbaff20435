"""The lines of the queue: a heading for each section, two lines for each conversation."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from agent_tui.desk.reasons import TYPES, word
from agent_tui.desk.rows import QueueRow, Section
from agent_tui.domain.model import Channel, MessageKind, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.sla import Urgency
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.lines import Piece, row

TITLES = {
    Section.TEAM: Both("待认领", "unclaimed"),
    Section.OTHERS: Both("同事的", "colleagues'"),
}
ROW_LINES = 2
IDLE_SIGNS = {Status.PENDING: "~", Status.SNOOZED: "z"}
LOUD = {
    Urgency.CALM: "queue--calm",
    Urgency.WARNING: "queue--warning",
    Urgency.BREACH: "queue--breach",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """A section's title line."""

    section: Section
    count: int


def with_headings(rows: list[QueueRow]) -> list[QueueRow | Heading]:
    """The rows, with a heading before each section but one's own."""
    counts: dict[Section, int] = {}
    for item in rows:
        counts[item.section] = counts.get(item.section, 0) + 1
    found: list[QueueRow | Heading] = []
    section = Section.MINE
    for item in rows:
        if item.section is not section:
            section = item.section
            found.append(Heading(section, counts[section]))
        found.append(item)
    return found


def heading(item: Heading, width: int) -> list[Piece]:
    """A section's title."""
    title = f"── {TITLES[item.section]} {item.count} "
    return [(set_cell_size(title + "─" * width, width), "queue--heading")]


def first_line(item: QueueRow, now: int, policy: Policy, width: int, *, here: bool) -> list[Piece]:
    """Time to the breach that hurts most, name, signs, type, unread. `here`: the cursor is on it.

    Times are ms.
    """
    urgency = item.urgency(now, policy)
    sign = fmt.SIGNS[urgency]
    if item.due is not None:
        timer = fmt.countdown(item.due.at - now)
    else:
        timer = f"({fmt.ago(now - item.last_at)})"
        sign = IDLE_SIGNS.get(item.status, "")
    right: list[Piece] = []
    label = word(TYPES, item.type) if item.type else _channel(item.channel)
    if label:
        right.append((" " + clip(label, 9), "queue--dim"))
    if item.section is Section.OTHERS and item.assignee:
        right.append((" @" + clip(item.assignee, 8), "queue--dim"))
    if item.unsent:
        right.append((f" ~{item.unsent}", "queue--warning"))
    if item.undelivered:
        right.append((f" {fmt.STATES['failed']}{item.undelivered}", "queue--breach"))
    if item.unread:
        right.append((f" *{min(item.unread, 99)}", "queue--unread"))
    name = f"VIP {item.name}" if item.vip else item.name
    mark = "▸" if here else " "
    left = [(f"{mark}{sign:<2}{timer:>7} ", LOUD[urgency]), (name, "queue--name")]
    return row(left, right, width)


def second_line(item: QueueRow, now: int, width: int, *, marked: bool) -> list[Piece]:
    """What was said last; before it, that the row is marked, or goes back to the queue soon."""
    text = item.preview
    if item.draft:
        text = str(Both("[草稿] ", "[draft] ")) + item.draft
    elif item.preview_kind is MessageKind.REPLY:
        text = f"> {text}"
    lead: list[Piece] = [(" [x] ", "queue--mark") if marked else ("     ", "")]
    if item.answer_by is not None:
        left = fmt.countdown(max(0, item.answer_by - now))
        lead.append((str(Both(f"{left} 后退回 ", f"back in {left} ")), "queue--warning"))
    taken = sum(cell_len(piece) for piece, _ in lead)
    return [*lead, (clip(text, max(0, width - taken)), "queue--dim")]


def _channel(channel: Channel) -> str:
    return "" if channel is Channel.WEB else channel.value
