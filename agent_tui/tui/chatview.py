"""Draws the open conversation: transcript, header, card, and who types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import Presence
from agent_tui.lang import Both
from agent_tui.tui.commands import key_name
from agent_tui.tui.widgets.panels import ChatHeader, CustomerCard

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class ChatView:
    """From the desk's read models to the widgets of the middle and the card."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._presence: dict[ConversationId, Presence] = {}

    def draw(self) -> None:
        """Transcript, header and card of the open conversation."""
        key = self._screen.current
        state = self._screen.desk.conversation(key) if key else None
        if key is not None and state is None:
            self._screen.doing.say(Both("会话已不在你的范围内", "the chat went out of your scope"))
            self._screen.leave_chat()
            return
        now = self._screen.desk.clock()
        names = {str(key): agent.name for key, agent in self._screen.names.agents.items()}
        self._screen.transcript.show(
            key,
            self._screen.desk.transcript(key) if key else [],
            customer=state.customer.name if state else "",
            names=names,
            me=self._screen.desk.me.id,
            now=now,
            read_no=self._screen.chat.read_before,
            hint=self._hint(),
        )
        self._screen.query_one(CustomerCard).show(state, now)
        self._screen.offers.draw(state)
        self.header()
        self._screen.chat.mark_read()

    def _hint(self) -> str:
        keys = self._screen.config.keys.get("undelivered", "ctrl+s").split(",")[0]
        key = key_name(keys) if keys else str(Both("命令面板", "palette"))
        return str(Both(f"{key} 重发或了结", f"{key} sends again or settles"))

    def header(self) -> None:
        """The running clock and who types."""
        state = (
            self._screen.desk.conversation(self._screen.current) if self._screen.current else None
        )
        words = ""
        if state is not None:
            presence = self._presence.get(state.id)
            if presence is not None and presence.until > self._screen.desk.clock():
                who = presence.agent or str(Both("客户", "customer"))
                words = str(Both(f"{who}正在输入…", f"{who} is typing…"))
        self._screen.query_one(ChatHeader).show(
            state,
            self._screen.desk.policy,
            self._screen.desk.plan,
            self._screen.desk.clock(),
            me=self._screen.desk.me.id,
            names=self._screen.names.shown,
            presence=words,
        )

    def presence(self, presence: Presence) -> None:
        """Somebody types or looks."""
        self._presence[presence.conversation] = presence
        self.header()
