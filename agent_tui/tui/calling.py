"""Noting a telephone call: asked for in a form, then the conversation opens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Channel, Inbox
from agent_tui.errors import StoreError
from agent_tui.lang import Both, current
from agent_tui.tui.screens.call import Called, CallScreen
from agent_tui.tui.screens.pick import Choice, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

# A server that is there has made the conversation by then.
PATIENCE_SECONDS = 3.0
LOOK_SECONDS = 0.05


class Calling:
    """The dialogue, and what comes after it."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    async def note(self) -> None:
        """Ask for number, name and what was said; what is refused comes back to be put right."""
        inbox = await self._inbox()
        if inbox is None:
            return
        called: Called | None = self._start()
        heading = str(Both(f"记电话 · {inbox.title_zh}", f"Phone note · {inbox.title_en}"))
        while called is not None:
            called = await self._screen.app.push_screen_wait(CallScreen(heading, called))
            if called is None:
                return
            key = self._do(inbox, called)
            if key is not None:
                await self._open(key)
                return

    async def _inbox(self) -> Inbox | None:
        """The phone inbox; where there are several, the one that is chosen."""
        screen = self._screen
        every = screen.desk.directory.inboxes().values()
        phones = [inbox for inbox in every if inbox.channel is Channel.PHONE]
        if not phones:
            screen.doing.say(
                Both(
                    "还没有电话收件箱，请管理员用 agent-tui inbox add 建一个",
                    "there is no phone inbox: an administrator adds one (agent-tui inbox add)",
                ),
                seconds=8,
            )
        if len(phones) < 2:
            return phones[0] if phones else None
        english = current() == "en"
        choices = [
            Choice(inbox.id, inbox.title_en if english else inbox.title_zh, inbox.id)
            for inbox in phones
        ]
        title = str(Both("哪条电话线", "Which line"))
        chosen = await screen.app.push_screen_wait(Picker(title, choices))
        return next((inbox for inbox in phones if inbox.id == chosen), None)

    def _start(self) -> Called:
        """In a phone conversation, its customer."""
        state = self._screen.doing.state() if self._screen.current else None
        if state is None or state.channel is not Channel.PHONE:
            return Called()
        return Called(state.customer.contact, state.customer.name)

    def _do(self, inbox: Inbox, called: Called) -> ConversationId | None:
        screen = self._screen
        key, command = screen.desk.writing.call(
            inbox.id, called.number, called.said, name=called.name
        )
        try:
            refused = screen.desk.do(key, command)
        except StoreError as error:
            screen.doing.trouble(error)
            return None
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return None
        screen.ui.ring()
        return key

    async def _open(self, key: ConversationId) -> None:
        """A new conversation is there once the server has made it; who meanwhile went elsewhere is
        not called back."""
        screen = self._screen
        here = screen.current
        screen.doing.say(Both("已记下", "noted"), seconds=3)
        for _ in range(int(PATIENCE_SECONDS / LOOK_SECONDS)):
            if screen.desk.conversation(key) is not None:
                if screen.current == here and screen.app.screen is screen:
                    screen.open(key)
                return
            await asyncio.sleep(LOOK_SECONDS)
        screen.doing.say(
            Both("已记下，连上服务端后会话就出现", "noted: the chat appears once the server has it")
        )
