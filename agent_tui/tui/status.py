"""What the bottom line says: link, unsent, time, why the row stands there, the next useful keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from rich.cells import cell_len
from textual.content import Content

from agent_tui.desk.reasons import why, word
from agent_tui.desk.rows import QueueRow
from agent_tui.domain import sla
from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.commands import BY_ID, INTENTS, key_name
from agent_tui.tui.widgets.filterbox import KEYS as FILTER_KEYS
from agent_tui.tui.widgets.filterbox import FilterInput
from agent_tui.tui.widgets.find import KEYS as FIND_KEYS
from agent_tui.tui.widgets.searchbar import KEYS as SEARCH_KEYS

if TYPE_CHECKING:
    from agent_tui.tui.app import WorkstationApp
    from agent_tui.tui.names import Names
    from agent_tui.tui.screens.workstation import Workstation

LINKS = {
    "connecting": (Both("连接中", "connecting"), "$warning"),
    "online": (Both("在线", "online"), "$success"),
    "offline": (Both("离线", "offline"), "$warning bold"),
    "logged_out": (Both("登录失效：agent-tui login", "logged out: agent-tui login"), "$error bold"),
    "outdated": (Both("版本不合，离线", "versions too far apart"), "$error bold"),
    "store_trouble": (Both("本机磁盘有问题", "trouble with the local disk"), "$error bold"),
}


BOXES = {"search": SEARCH_KEYS, "filter": FILTER_KEYS}  # which have only keys of their own
ON_MARKED = (
    "assign",
    "tag",
    "set_priority",
    "snooze",
    "resolve_next",
    "release",
    "mark",
    "mark_all",
)


class StatusParts(TypedDict):
    """Arguments of `StatusLine.show`."""

    link: Content
    duty: tuple[str, str]
    marks: list[str]
    time: str
    reasons: list[str]
    vital: int
    keys: list[tuple[str, str]]


def status_parts(screen: Workstation) -> StatusParts:
    """Everything for the line, as of now."""
    words, color = LINKS.get(screen.ui.link, LINKS["connecting"])
    desk = screen.desk
    focus = focus_of(screen)
    marked = bool(screen.bulk.marked())
    row = screen.queue.row_at_cursor() if focus == "queue" and not marked else None
    vital = _vital(row, desk.clock(), screen.names) if row else []
    return StatusParts(
        link=Content.styled(str(words), color),
        duty=screen.duty.words(),
        marks=[str(words) for words in _marks(screen)],
        time=fmt.clock(desk.clock()),
        reasons=[*vital, *_further(row, screen.names)] if row else [],
        vital=len(vital),
        keys=_marked_keys(screen) if marked else _keys(screen, focus),
    )


def headed(app: WorkstationApp, title: str, width: int) -> Content:
    """The title of a screen that covers the bottom line, cut to `width` cells; before it, while
    the server is not there, the link, and of when what is shown is."""
    if app.link == "online":
        return Content(clip(title, width))
    words, color = LINKS.get(app.link, LINKS["connecting"])
    mark = f"! {words}"
    if app.left_at is not None:
        then = fmt.clock(app.left_at)
        mark += str(Both(f"，{then} 的数字", f", figures of {then}"))
    return Content.assemble((clip(mark, width), color), clip(f" · {title}", width - cell_len(mark)))


def _marks(screen: Workstation) -> list[Both]:
    """What waits here, the most pressing first."""
    desk, shown = screen.desk, screen.keymap.shown
    marks: list[Both] = []
    left = desk.grace.next_in(desk.clock())
    if left is not None:
        key, seconds = shown("undo"), max(1, -(-left // 1000))
        marks.append(Both(f"~{seconds} 秒后发出 {key} 撤回", f"~{seconds} s, {key} takes it back"))
    if count := len(desk.tray.items):
        key = shown("tray")
        marks.append(Both(f"x{count} 待处理 {key}", f"x{count} in the tray {key}"))
    if desk.pending.deeds and left is None:
        marks.append(Both(f"~{desk.pending.deeds} 待发", f"~{desk.pending.deeds} to go out"))
    if count := screen.suggesting.waiting():
        key = screen.keymap.letter("review_suggestions")
        marks.append(Both(f"?{count} 建议 {key}", f"?{count} suggested {key}"))
    if desk.conversations.not_understood:
        marks.append(Both("部分内容需升级", "upgrade to see all"))
    return marks


def focus_of(screen: Workstation) -> str:
    """Where the keys go: queue, transcript, search, filter, composer or find."""
    if screen.queue.has_focus:
        return "queue"
    if screen.reading.active:
        return "transcript"
    if screen.reading.search.is_box(screen.focused):
        return "search"
    if isinstance(screen.focused, FilterInput):
        return "filter"
    return "composer" if screen.composer.has_focus else "find"


def _vital(row: QueueRow, now: int, names: Names) -> list[str]:
    """When somebody must have done something, and why the chat waits or is where it is: what the
    row itself does not say."""
    parts: list[str] = []
    if row.answer_by is not None:
        left = fmt.countdown(max(0, row.answer_by - now))
        parts.append(str(Both(f"没看就在 {left} 后退回", f"goes back in {left} if not looked at")))
    if row.due is not None:
        parts.append(fmt.deadline(row.due, now))
    if row.why:
        parts.append(why(row.why, names.shown))
    return parts


def _further(row: QueueRow, names: Names) -> list[str]:
    """What else weighs, and whose it is."""
    parts = ["VIP"] if row.vip else []
    if row.type in sla.COMPLAINT_TYPES:
        parts.append(word({"complaint": Both("投诉", "complaint")}, row.type))
    if row.unread:
        parts.append(str(Both(f"{row.unread} 条未读", f"{row.unread} unread")))
    parts.append(names.of(row.team))
    return parts


def _keys(screen: Workstation, focus: str) -> list[tuple[str, str]]:
    keys: list[tuple[str, str]] = []
    if focus == "composer":
        note = screen.composer.note
        keys.append(("Enter", str(Both("记备注", "save note") if note else Both("发送", "send"))))
        if screen.composer.offer is not None:
            keys.insert(0, ("Tab", str(Both("取灰字", "grey text"))))
    elif focus == "find":
        keys += _find_keys(screen)
    elif focus in BOXES:
        keys += [(key, str(title)) for key, title in BOXES[focus]]
    for intent in INTENTS:
        if focus not in intent.footer or not _would_do_something(screen, intent.id):
            continue
        reading = screen.keymap.reading[intent.id][:1] if focus == "transcript" else ()
        if key := key_name(*reading) if reading else screen.keymap.shown(intent.id):
            keys.append((key, str(intent.title)))
    return keys


def _would_do_something(screen: Workstation, intent: str) -> bool:
    """No key is named for an answer, a link or words of one's own that are not there."""
    match intent:
        case "answer_1":
            return any(isinstance(row, Hit) for row in screen.find.rows[:1])
        case "edit_message":
            return screen.reading.may_edit()
        case "claim" | "take_over":
            state = screen.doing.state()
            owner = state.assignee if state is not None else None
            return owner is None if intent == "claim" else owner not in (None, screen.desk.me.id)
        case "open_target":
            return bool(screen.reading.targets())
    return True


def _marked_keys(screen: Workstation) -> list[tuple[str, str]]:
    """What acts on all marked chats, by its letter."""
    intents = [BY_ID[name] for name in ON_MARKED]
    letter = screen.keymap.letter
    keys = [(key, str(each.title)) for each in intents if (key := letter(each.id))]
    return [*keys, ("Esc", str(Both("取消标记", "unmark")))]


def _find_keys(screen: Workstation) -> list[tuple[str, str]]:
    """What the box's keys do with the highlighted row."""
    row = screen.find.row()
    if row is None:
        return []
    if isinstance(row, Hit):
        macro = row.entry.kind == "macro"
        ways = [way for name, way in FIND_KEYS.items() if not (macro and name == "correct")]
        return [(key.split()[0], str(title)) for key, title, _ in ways]
    key, title, _ = FIND_KEYS["copy"]
    return [("Enter", str(Both("打开会话", "open the chat"))), (key, str(title))]
