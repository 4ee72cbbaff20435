"""Looks at a reply before it leaves, and at what came while it was written. Loaded with the first
second of work, not with the first picture: the patterns take longer than all the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk import reasons
from agent_tui.desk.checking import Checking
from agent_tui.desk.guarding.findings import Finding, Kind
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.domain.outcome import Held
from agent_tui.lang import Both
from agent_tui.text import clip

if TYPE_CHECKING:
    from agent_tui.desk.transcripts import Line
    from agent_tui.tui.screens.workstation import Workstation

LINES = 6  # of what others wrote since
LINE_CELLS = 300


class SendGuards(Checking):
    """The guards of one workstation."""

    def __init__(self, screen: Workstation) -> None:
        super().__init__(screen.desk, screen.config.guards)
        self._screen = screen
        self._stale = screen.config.guards.stale

    def look(self, key: ConversationId, text: str, *, note: bool = False) -> list[Finding]:
        """Everything to look at in `text` before it goes to chat `key`."""
        found = self.check(key, text, note=note)
        stale = self._news(key) if self._stale and not note else None
        return [stale, *found] if stale is not None else found

    def held(self, held: Held) -> Finding:
        """What the rules would do with it, as a finding."""
        zh, en = reasons.both(held.reason, held.detail)
        return Finding(Kind.HELD, 0, 0, Both(zh, en))

    def others(self, key: ConversationId) -> Finding | None:
        """Whose chat it is, unless its owner or nobody else is the author, or the author was the
        last to answer in it."""
        state, me = self._screen.desk.conversation(key), self._screen.desk.me.id
        if state is None or state.assignee in (None, me) or state.last_reply_by == me:
            return None
        owner = self._screen.names.of(state.assignee or "")
        reason = Both(
            f"这是{owner}的会话：发出去客户就会看到",
            f"this is {owner}'s chat: the customer reads what you send",
        )
        return Finding(Kind.OTHERS, 0, 0, reason)

    def _news(self, key: ConversationId) -> Finding | None:
        lines = self._screen.chat.looked.since(key)
        if not lines:
            return None
        count = len(lines)
        reason = Both(
            f"你开始写之后，对方又说了 {count} 句",
            f"{count} new since you began to write"
            if count > 1
            else "new since you began to write",
        )
        shown = tuple(self._line(key, line) for line in lines[-LINES:])
        return Finding(Kind.STALE, 0, 0, reason, shown)

    def _line(self, key: ConversationId, line: Line) -> str:
        message = line.message
        if message.kind is MessageKind.CUSTOMER:
            state = self._screen.desk.conversation(key)
            name = state.customer.name if state else ""
        else:
            name = self._screen.names.of(message.author)
        return clip(f"{name}: {message.text}", LINE_CELLS)
