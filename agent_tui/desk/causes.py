"""Why a step could not be undone, in words: what has happened since, rather than that it has."""

from __future__ import annotations

from collections.abc import Mapping

from agent_tui.desk.reasons import PRIORITIES, STATUSES, TYPES
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain.model import Conversation, Status, SuggestionState
from agent_tui.domain.outcome import Held, Reason, Rejected
from agent_tui.lang import Both
from agent_tui.store.tray import TrayItem
from agent_tui.text import clip

SENT = Both("回复已送出，收不回", "the reply has been sent: it cannot be taken back")
SETTLED = {
    SuggestionState.ACCEPTED: Both("这条建议已发布", "the suggestion has been published"),
    SuggestionState.DECLINED: Both("这条建议已定为不采用", "the suggestion has been declined"),
}
NOBODY = Both("已放回队列", "nobody has it now")


def cause(
    step: Undo,
    refused: Rejected | Held,
    state: Conversation | None,
    names: Mapping[str, str],
) -> Both | None:
    """What stands against undoing `step` in a chat that is now `state`; None where the reason's own
    words say it. `names` are people's, by id."""
    if step.command is None:
        if step.replies:
            return None
        return Both(f"“{step.title.zh}”做了就收不回", f"{step.title.en}: this cannot be undone")
    if step.replies:
        return SENT
    if state is None or step.bulk or isinstance(step.command, TrayItem):
        return None
    parts = c.parts_of(step.command)
    if refused.reason is Reason.CHANGED_SINCE:
        return next((found for part in parts if (found := _changed(part, state, names))), None)
    if refused.reason is Reason.NO_SUCH_SUGGESTION:
        return next((found for part in parts if (found := _settled(part, state))), None)
    return None


def _changed(part: c.AgentPart, s: Conversation, names: Mapping[str, str]) -> Both | None:
    match part:
        case c.SetStatus(expect=expect) if expect not in (None, s.status):
            if s.status is Status.OPEN and s.waiting_since is not None:
                who = clip(s.customer.name, 16)
                return Both(
                    f"{who} 又来消息，会话已自动回来",
                    f"{who} wrote again, and the chat came back by itself",
                )
            return _now(STATUSES, s.status)
        case c.SetPriority(expect=expect) if expect not in (None, s.priority):
            return _now(PRIORITIES, s.priority)
        case c.SetType(expect=expect) if expect not in (None, s.type):
            return _now(TYPES, s.type)
        case c.Assign():
            who = names.get(s.assignee or "", s.assignee or "")
            return Both(f"现在归 {who}", f"it is {who}'s now") if s.assignee else NOBODY
    return None


def _now(words: Mapping[str, Both], code: str) -> Both:
    """Somebody has set it to something else."""
    found = words.get(code, Both(code or "-", code or "-"))
    return Both(f"期间已改为“{found.zh}”", f"it was set to “{found.en}” meanwhile")


def _settled(part: c.AgentPart, s: Conversation) -> Both | None:
    known = s.suggestion(part.suggestion) if isinstance(part, c.DeclineSuggestion) else None
    return SETTLED.get(known.state) if known is not None else None
