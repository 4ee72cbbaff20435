"""A local file goes to the server; its address goes into what is being written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent_tui.desk import attaching
from agent_tui.domain.ids import ConversationId
from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.store.drafts import note_key
from agent_tui.text import clean
from agent_tui.tui.asking import OFFLINE
from agent_tui.tui.screens.path import PathPrompt

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Attaching:
    """One file at a time. What did not go up is offered again by its path."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._path = ""

    async def ask(self) -> None:
        """Ask for a file, hand it in, and put its address where was being written when asked."""
        screen = self._screen
        chat, note = screen.current, screen.composer.note
        title = str(Both("发送图片或文件", "Send a picture or file"))
        typed = await screen.app.push_screen_wait(PathPrompt(title, self._path))
        if not typed or chat is None:
            return
        self._path = typed
        try:
            address = await self._handed_in(typed)
        except DeskError as error:
            why, key = clean(str(error.title)), screen.keymap.shown("attach")
            words = Both(
                f"没有上传：{why} · {key} 再试，路径还在",
                f"not uploaded: {why} · {key} tries again, the path is kept",
            )
            screen.doing.say(words, seconds=8)
            return
        self._path = ""
        self._put(chat, note, address)

    async def _handed_in(self, typed: str) -> str:
        screen = self._screen
        file = await asyncio.to_thread(attaching.read, typed, screen.desk.clock())
        port = screen.ui.port
        if port is None:
            raise OFFLINE
        screen.doing.say(Both(f"正在上传 {clean(file.name)}", f"uploading {clean(file.name)}"))
        answer = await asyncio.wrap_future(port.upload(*file))
        return clean(answer.address)

    def _put(self, chat: ConversationId, note: bool, address: str) -> None:
        screen = self._screen
        if screen.current == chat and screen.composer.note == note:
            self._put_alone(address)
            screen.doing.say(Both("已上传，发出去就能看", "uploaded: it is seen once it is sent"))
            return
        screen.chat.keep_draft()
        key = note_key(chat) if note else chat
        known = screen.desk.drafts.get(key)
        text = f"{known.text}\n{address}" if known else address
        try:
            screen.desk.drafts.save(key, text)
        except DeskError as error:
            screen.doing.say(Both(f"{error.title}：{address}", f"{error.title}: {address}"))
            return
        if screen.current == chat:
            screen.chat.reload(undoable=True)
        screen.doing.say(Both("已上传，放进了那边的草稿", "uploaded, and put into that draft"))

    def _put_alone(self, address: str) -> None:
        """On a line of its own: what stands beside it would be read as part of it."""
        composer = self._screen.composer
        row, column = composer.cursor_location
        line = composer.document.get_line(row)
        before, after = ("\n" if part.strip() else "" for part in (line[:column], line[column:]))
        composer.put(f"{before}{address}{after}")
