"""The seconds in which a reply that was sent can still be taken back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent_tui.desk.tray import words
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.grace import Recovered, replies_of
from agent_tui.text import clip

if TYPE_CHECKING:
    from textual.timer import Timer

    from agent_tui.tui.screens.workstation import Workstation

LAST_WORDS = 2.0  # seconds in which what was just sent may reach the server when one leaves
_LOOK = 0.05


class SendGrace:
    """Releases replies at their moment, puts them back, and tells what a crash left."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._timer: Timer | None = None
        self._trouble = ""
        self._known: dict[int, int] = {}  # of a row: what its author knew of the chat
        screen.desk.grace.ms = round(screen.config.interface.grace_seconds * 1000)

    def start(self) -> None:
        """What the last process could not send is a draft by now."""
        try:
            found = self._screen.desk.doing.recover()
        except StoreError as error:
            self._screen.doing.trouble(error)
            return
        for each in found:
            self._tell(each)

    def _tell(self, found: Recovered) -> None:
        screen = self._screen
        state = screen.desk.conversation(found.conversation)
        name = clip(state.customer.name, 16) if state else found.conversation
        for sources in found.sources:
            screen.inserting.put_back(found.conversation, "\n".join(found.texts), sources)
        kept = found.texts or found.notes
        said = Both(
            f"{name}：上次还没发出的内容已放回草稿",
            f"{name}: what had not left when the program ended is a draft again",
        )
        dropped = " · ".join(words(command) for command in found.dropped)
        left_out = Both(f"没有执行：{dropped}", f"not done: {dropped}")
        parts = [each for each, wanted in ((said, kept), (left_out, dropped)) if wanted]
        zh, en = "；".join(each.zh for each in parts), "; ".join(each.en for each in parts)
        screen.doing.say(Both(zh, en), seconds=12)

    # --- time ------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Once a second, and at the very moment."""
        self._release(flush=False)
        if self._screen.desk.grace.strangers():
            self.start()
        self.plan()

    def plan(self) -> None:
        """Wake at the next reply's moment."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        desk = self._screen.desk
        left = desk.grace.next_in(desk.clock())
        if left is not None:
            self._timer = self._screen.set_timer(max(0.01, left / 1000), self.tick)

    def _release(self, *, flush: bool) -> None:
        try:
            released = self._screen.desk.doing.release(flush=flush)
        except StoreError as error:
            if str(error) != self._trouble:  # it is tried again every second
                self._trouble = str(error)
                self._screen.doing.trouble(error)
            return
        self._trouble = ""
        if released:
            self._screen.ui.ring()

    def flush(self) -> None:
        """Nobody will take back now what was sent: all of it goes on its way."""
        self._release(flush=True)

    async def leave(self) -> None:
        """One leaves: what was sent was meant, and has a moment to reach the server."""
        self.flush()
        screen = self._screen
        end = asyncio.get_running_loop().time() + LAST_WORDS
        while screen.desk.pending.unsent and screen.ui.link == "online":
            if asyncio.get_running_loop().time() > end:
                return
            await asyncio.sleep(_LOOK)

    # --- sending ---------------------------------------------------------------------------------

    def sent(self, known: int) -> None:
        """A reply was sent by somebody who knew the chat up to message `known`."""
        step = self._screen.desk.undo_stack.newest()
        if step is not None and step.held:
            waiting = {row.id for row in self._screen.desk.grace.rows}
            self._known = {row: no for row, no in self._known.items() if row in waiting}
            self._known[step.held] = known
        self.plan()

    def tell(self) -> None:
        """It goes out of sight: say how long it can be taken back."""
        seconds = self._screen.config.interface.grace_seconds
        key = self._screen.keymap.shown("undo")
        if seconds:
            words = Both(
                f"{seconds:g} 秒后发出 · {key} 撤回", f"leaves in {seconds:g} s · {key} undoes"
            )
            self._screen.doing.say(words, seconds=seconds)

    # --- taking back -----------------------------------------------------------------------------

    def taken_back(self, step: Undo) -> None:
        """Its words are in the composer again, with what goes with them."""
        screen = self._screen
        if step.taken is None or not replies_of(step.taken):
            return
        for part in c.parts_of(step.taken):
            if isinstance(part, c.SendReply) and part.sources:
                screen.inserting.put_back(step.conversation, part.text, part.sources)
        looked = screen.chat.looked
        if step.held in self._known:
            looked.again(step.conversation, self._known.pop(step.held))
        if screen.current != step.conversation:
            screen.open(step.conversation)
        screen.chat.reload(undoable=True)
