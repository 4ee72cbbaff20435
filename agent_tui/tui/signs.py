"""What the signs in the list and in a chat mean, for the help page."""

from __future__ import annotations

from agent_tui.domain.sla import Urgency
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.queuelines import IDLE_SIGNS, WHISPER

LIST: tuple[tuple[str | Both, Both], ...] = (
    (
        "2:10  -2:10",
        Both("离最紧的时限还有多久；负数是已超时", "time to what is due; a minus: too late"),
    ),
    (
        f"{fmt.SIGNS[Urgency.WARNING]}  {fmt.SIGNS[Urgency.BREACH]}",
        Both("快超时；已超时", "due soon; too late"),
    ),
    ("(5m)", Both("没人在等，安静了多久", "nobody waits; how long it has been quiet")),
    (
        "  ".join(f"{sign}(5m)" for sign in IDLE_SIGNS.values()),
        Both("已回复，等客户；已搁置", "answered, the customer's turn; snoozed"),
    ),
    ("*3", Both("客户有 3 条未读", "3 unread")),
    ("~2  x1", Both("2 条待发；1 条待处理", "2 to go out; 1 in the tray")),
    (f"{fmt.STATES['failed']}1", Both("1 条没送到，或不确定", "1 did not arrive, or may not have")),
    ("@li", Both("在谁手上", "whose it is")),
    (
        "1-9",
        Both("列表里按它打开；4–9 也可 Alt+数字", "in the list it opens it; 4-9 also with Alt"),
    ),
    ("[x]  >", Both("已标记；最后一句是我们说的", "marked; the last word was ours")),
    (WHISPER, Both("同事在你的会话里留的备注", "a colleague's note in a chat of yours")),
)


def of_messages() -> list[tuple[str, Both]]:
    """The states of what one wrote, those of one sign in one line."""
    words: dict[str, list[Both]] = {}
    for state, sign in fmt.STATES.items():
        words.setdefault(sign, []).append(fmt.STATE_WORDS[state])
    return [
        (sign, Both("、".join(each.zh for each in both), ", ".join(each.en for each in both)))
        for sign, both in words.items()
    ]
