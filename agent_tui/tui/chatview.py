"""Draws the open conversation: transcript, header, card, and who types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk.reasons import reason
from agent_tui.desk.transcripts import Line
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.model import Channel, Conversation, Message, MessageKind
from agent_tui.domain.protocol import Presence
from agent_tui.lang import Both
from agent_tui.store.tray import TrayItem
from agent_tui.tui.onlookers import Onlookers
from agent_tui.tui.widgets.panels import ChatHeader
from agent_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class ChatView:
    """From the desk's read models to the widgets of the middle and the card."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self.onlookers = Onlookers(screen)

    def draw(self) -> None:
        """Transcript, header and card of the open conversation."""
        key = self._screen.current
        state = self._screen.desk.conversation(key) if key else None
        if key is not None and state is None:
            self._screen.doing.say(Both("会话已不在你的范围内", "the chat went out of your scope"))
            self._screen.going.leave()
            return
        self.fill(self._screen.transcript, state, read_no=self._screen.chat.read_before)
        self._screen.card.draw()
        self._screen.offers.draw(state)
        self.header()
        self._screen.chat.mark_read()

    def fill(self, transcript: Transcript, state: Conversation | None, *, read_no: int) -> None:
        """Show the messages of a chat in `transcript`; what follows number `read_no` is new."""
        desk = self._screen.desk
        names = {str(key): agent.name for key, agent in self._screen.names.agents.items()}
        transcript.captions.left = desk.grace.left
        transcript.captions.phone = state is not None and state.channel is Channel.PHONE
        transcript.captions.undo = self._screen.keymap.shown("undo")
        transcript.show(
            state.id if state else None,
            self._lines(state.id) if state else [],
            customer=state.customer.name if state else "",
            names=names,
            now=desk.clock(),
            read_no=read_no,
            hint=self._hint(),
        )

    def _lines(self, key: ConversationId) -> list[Line]:
        """The chat's, and then one's own replies to it that were held: they lie in the tray."""
        desk = self._screen.desk
        lines = desk.transcript(key)
        last = lines[-1].message.no if lines else 0
        held = [item for item in desk.tray.items if item.conversation == key and item.text]
        return lines + [
            Line(
                Message(
                    id=MessageId(f"tray:{item.id}"),
                    no=last + place,
                    at=item.at,
                    kind=MessageKind.REPLY,
                    author=desk.me.id,
                    text=item.text,
                ),
                "held",
                self._held(item),
            )
            for place, item in enumerate(held, 1)
        ]

    def _held(self, item: TrayItem) -> str:
        key = self._screen.keymap.shown("tray")
        why = reason(item.reason, item.detail)
        return str(Both(f"{why} · {key} 处理", f"{why} · {key} deals with it"))

    def _hint(self) -> str:
        key = self._screen.keymap.shown("undelivered") or str(Both("命令面板", "palette"))
        return str(Both(f"{key} 重发或了结", f"{key} sends again or settles"))

    def header(self) -> None:
        """The running clock and who types."""
        screen = self._screen
        state = screen.desk.conversation(screen.current) if screen.current else None
        header = screen.query_one("#header", ChatHeader)
        self.head(header, state, here=screen.tiles.on, below=screen.transcript.below())

    def head(
        self,
        header: ChatHeader,
        state: Conversation | None,
        *,
        unread: bool = False,
        here: bool = False,
        below: int = 0,
    ) -> None:
        """Draw the header of a chat; with how much of it is `unread`, and whether one is `here`.
        `below`: messages that came beneath what one reads."""
        desk, words = self._screen.desk, ""
        if state is not None:
            words = self.onlookers.words(state.id, desk.clock())
        if below:
            more = str(Both(f"↓ {below} 条新消息", f"↓ {below} new below"))
            words = f"{more} · {words}" if words else more
        header.show(
            state,
            desk.directory.policy,
            desk.directory.plan,
            desk.clock(),
            me=desk.me.id,
            names=self._screen.names.shown,
            presence=words,
            number=self._screen.ring.number(state.id) if state else None,
            unread=state.unread if state and unread else 0,
            here=here,
        )

    def presence(self, presence: Presence) -> None:
        """Somebody types or looks."""
        self.onlookers.heard(presence)
        if presence.conversation == self._screen.current:
            self.header()

    def tick(self) -> None:
        """Once a second: what counts down, who looks, and that we do."""
        self._screen.transcript.tick(self._screen.desk.clock())
        self.onlookers.tick()
        self.header()
