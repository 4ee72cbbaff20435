"""The lines of the queue: a heading for each section, two lines for each conversation."""

from __future__ import annotations

from collections.abc import Sequence
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
from agent_tui.tui.targets import named
from agent_tui.tui.widgets.lines import Piece, row

TITLES = {
    Section.MINE: Both("我的", "mine"),
    Section.TEAM: Both("待认领", "unclaimed"),
    Section.OTHERS: Both("同事的", "colleagues'"),
}
CHANNELS = {
    Channel.MAIL: Both("邮件", "mail"),
    Channel.WEBHOOK: Both("外部", "webhook"),
    Channel.WECHAT: Both("微信", "WeChat"),
    Channel.WECOM: Both("企微", "WeCom"),
    Channel.PHONE: Both("电话", "phone"),
}
WHISPER = Both("[备注]", "[note]")
ROW_LINES = 2
LEFT = 11  # cells before the name
NAME = 14  # cells of a name that the type gives way to
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


def headings(rows: Sequence[QueueRow]) -> list[tuple[int, Heading]]:
    """A heading before each section but one's own at the top, with the row's place."""
    found: list[tuple[int, Heading]] = []
    section, start = Section.MINE, 0
    for place, item in enumerate(rows):
        if item.section is not section:
            _count(found, place - start)
            section, start = item.section, place
            found.append((place, Heading(section, 0)))
    _count(found, len(rows) - start)
    return found


def _count(found: list[tuple[int, Heading]], rows: int) -> None:
    """Now it is known how many stand below the last heading."""
    if found:
        place, last = found[-1]
        found[-1] = (place, Heading(last.section, rows))


def heading(item: Heading, width: int) -> list[Piece]:
    """A section's title."""
    title = f"── {TITLES[item.section]} {item.count} "
    return [(set_cell_size(title + "─" * width, width), "queue--heading")]


def first_line(item: QueueRow, now: int, policy: Policy, width: int, *, here: bool) -> list[Piece]:
    """Time to the breach that hurts most, name, signs, type, unread. `here`: the cursor is on it.

    Times are ms.
    """
    sign, timer, urgency = clock(item, now, policy)
    right, _ = _right(item, width)
    mark = "▸" if here else " "
    left = [(f"{mark}{sign:<2}{timer:>7} ", LOUD[urgency]), (_name(item), "queue--name")]
    return row(left, right, width)


def _name(item: QueueRow) -> str:
    return f"VIP {item.name}" if item.vip else item.name


def _right(item: QueueRow, width: int) -> tuple[list[Piece], list[str]]:
    """What stands at the end of the first line; and for the second, what the name left no room for:
    whose it is, the type."""
    right: list[Piece] = []
    if item.unsent:
        right.append((f" ~{item.unsent}", "queue--warning"))
    if item.trayed:
        right.append((f" x{item.trayed}", "queue--warning"))
    if item.undelivered:
        right.append((f" {fmt.STATES['failed']}{item.undelivered}", "queue--breach"))
    if item.unread:
        right.append((f" *{min(item.unread, 99)}", "queue--unread"))
    room = width - LEFT - min(cell_len(_name(item)), NAME)
    room -= sum(cell_len(text) for text, _ in right)
    below: list[str] = []
    labels = [clip(word(TYPES, item.type), 9)] if item.type else []
    if item.section is Section.OTHERS and item.assignee:
        labels.insert(0, "@" + clip(item.assignee, 8))
    for place, label in enumerate(labels):
        room -= cell_len(label) + 1
        if room < 0:
            below = labels[place:]
            break
        right.insert(place, (f" {label}", "queue--dim"))
    return right, below


def clock(item: QueueRow, now: int, policy: Policy) -> tuple[str, str, Urgency]:
    """The sign, the time that is left or since when it is quiet, and how loud it is."""
    urgency = item.urgency(now, policy)
    if item.due is not None:
        return fmt.SIGNS[urgency], fmt.countdown(item.due.at - now), urgency
    return IDLE_SIGNS.get(item.status, ""), f"({fmt.ago(now - item.last_at)})", urgency


def back_in(item: QueueRow, now: int) -> str:
    """When it goes back to the queue unless it is looked at; empty if it does not."""
    if item.answer_by is None:
        return ""
    left = fmt.countdown(max(0, item.answer_by - now))
    return str(Both(f"{left} 后退回 ", f"back in {left} "))


def second_line(
    item: QueueRow,
    now: int,
    width: int,
    *,
    marked: bool,
    number: int | None = None,
    whisper: str = "",
) -> list[Piece]:
    """What was said last, or a colleague noted (`whisper`); before it the chat's `number` in the
    ring, that the row is marked, that it goes back to the queue soon, what the first line has no
    room for, and the channel, unless it is the web."""
    text, color = named(item.preview), "queue--dim"
    if whisper:
        text, color = f"{WHISPER} {named(whisper)}", "queue--warning"
    elif item.draft:
        what = Both("[备注草稿]", "[note draft]") if item.noting else Both("[草稿]", "[draft]")
        text = f"{what} {named(item.draft)}"
    elif item.preview_kind is MessageKind.REPLY:
        text = f"> {text}"
    lead: list[Piece]
    if marked:
        lead = [(str(number or " "), "queue--number"), ("[x] ", "queue--mark")]
    else:
        lead = [(f"  {number or ' '}  ", "queue--number" if number else "")]
    if back := back_in(item, now):
        lead.append((back, "queue--warning"))
    _, below = _right(item, width)
    lead += [(f"{label} · ", "queue--dim") for label in below]
    if item.channel is not Channel.WEB:
        lead.append((f"{CHANNELS[item.channel]}: ", "queue--channel"))
    taken = sum(cell_len(piece) for piece, _ in lead)
    return [*lead, (clip(text, max(0, width - taken)), color)]
