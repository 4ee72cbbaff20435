"""Times and signs as people read them. The only place where local time appears."""

from __future__ import annotations

import datetime

from agent_tui.desk.reasons import DEADLINES, word
from agent_tui.domain.model import Message
from agent_tui.domain.sla import Due, Urgency
from agent_tui.lang import Both

SIGNS = {Urgency.CALM: " ", Urgency.WARNING: "!", Urgency.BREACH: "!!"}
STATES = {
    "grace": "~",
    "waiting": "~",
    "sent": "✓",
    "noted": "✓",
    "delivered": "✓✓",
    "read": "✓✓",
    "queued": "»",
    "held": "!",
    "failed": "✗",
    "uncertain": "?",
    "settled": "✓",
}
STATE_WORDS = {
    "grace": Both("即将发送", "about to be sent"),
    "waiting": Both("等待发送", "waiting"),
    "sent": Both("已发", "sent"),
    "noted": Both("已记", "noted"),
    "delivered": Both("已达", "delivered"),
    "read": Both("已读", "read"),
    "queued": Both("正在送出", "on its way"),
    "held": Both("没有发出", "not sent"),
    "failed": Both("发送失败", "failed"),
    "uncertain": Both("送达不明", "uncertain"),
    "settled": Both("已处理", "dealt with"),
}


def local(at: int) -> datetime.datetime:
    """The local moment of `at` (ms)."""
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC).astimezone()


def clock(at: int) -> str:
    """14:03."""
    return local(at).strftime("%H:%M")


def edited(message: Message) -> str:
    """That its author changed it, and when; of an edit that has not come home, that it waits."""
    if not message.edited:
        return ""
    same = local(message.edited).date() == local(message.at).date()
    when = local(message.edited).strftime("%H:%M" if same else "%m-%d %H:%M")
    if not message.edited_seq:
        return str(Both(f"修改待发 {when}", f"edit waiting {when}"))
    return str(Both(f"已修改 {when}", f"edited {when}"))


def day(at: int, now: int) -> str:
    """The day of `at`, as a line in a transcript says it."""
    then, today = local(at).date(), local(now).date()
    distance = (today - then).days
    if distance == 0:
        return str(Both("今天", "today"))
    if distance == 1:
        return str(Both("昨天", "yesterday"))
    return then.isoformat()


def countdown(left_ms: int) -> str:
    """Time left as 0:48, 12:00, 3h05 or 2d; late ones with a minus."""
    sign = "-" if left_ms < 0 else ""
    seconds = abs(left_ms) // 1000
    if seconds < 3600:
        return f"{sign}{seconds // 60}:{seconds % 60:02}"
    if seconds < 100 * 3600:
        return f"{sign}{seconds // 3600}h{seconds % 3600 // 60:02}"
    return f"{sign}{seconds // 86400}d"


def ago(ms: int) -> str:
    """How long something has been quiet: 40s, 5m, 3h, 2d."""
    seconds = max(0, ms) // 1000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def deadline(due: Due, now: int) -> str:
    """'0:48 to first reply', 'first reply 2:10 late', in words."""
    name = word(DEADLINES, due.deadline)
    if due.at < now:
        over = countdown(now - due.at)
        return str(Both(f"{name}超时 {over}", f"{name} {over} late"))
    left = countdown(due.at - now)
    return str(Both(f"{name} {left}", f"{left} to {name}"))


def tomorrow(now: int, hour: int) -> int:
    """`hour` o'clock local time on the next day, in ms."""
    base = local(now) + datetime.timedelta(days=1)
    moment = base.replace(hour=hour, minute=0, second=0, microsecond=0)
    return int(moment.timestamp() * 1000)
