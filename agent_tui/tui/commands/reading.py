"""Reading the open chat: a cursor over its messages, search in it, what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class _InChat(Intent):
    """Base of all that is done to the open chat."""

    needs_chat = True


class Read(_InChat):
    id = "read"
    default_keys = "alt+up"
    title = Both("阅读", "read")
    doc = Both(
        "到会话内容里逐条看：复制、引用、打开链接",
        "Read message by message: copy, quote, open links",
    )

    async def run(self, screen: Workstation) -> None:
        if screen.reading.active:
            screen.reading.move(-1)
        else:
            screen.reading.enter()


class _Step(_InChat):
    """Base of the steps from message to message."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.reading.move(self.by)


class ReadDown(_Step):
    id = "read_down"
    reading = "j,down"
    title = Both("下一条", "next")
    doc = Both("看下一条消息", "The next message")
    by = 1


class ReadUp(_Step):
    id = "read_up"
    reading = "k,up"
    title = Both("上一条", "previous")
    doc = Both("看上一条消息", "The previous message")
    by = -1


class ReadFirst(_InChat):
    id = "read_first"
    reading = "home,g"
    title = Both("第一条", "first")
    doc = Both("看第一条消息", "The first message")

    async def run(self, screen: Workstation) -> None:
        screen.reading.enter(0)


class ReadLast(_InChat):
    id = "read_last"
    reading = "end,G"
    title = Both("最后一条", "last")
    doc = Both("看最后一条消息", "The last message")

    async def run(self, screen: Workstation) -> None:
        screen.reading.enter(len(screen.reading.lines) - 1)


class CopyMessage(_InChat):
    id = "copy_message"
    reading = "y,enter"
    title = Both("复制", "copy")
    doc = Both(
        "复制这条消息，或空格键标出的一段",
        "Copy the message, or the range begun with the space bar",
    )
    footer = ("transcript",)

    async def run(self, screen: Workstation) -> None:
        screen.reading.copy()


class CopyChat(_InChat):
    id = "copy_chat"
    reading = "Y"
    title = Both("全部复制", "copy all")
    doc = Both(
        "复制整个会话或标出的一段，带时间和姓名，不带备注",
        "Copy the whole chat or the marked range, with times and names, without notes",
    )

    async def run(self, screen: Workstation) -> None:
        if screen.reading.lines:
            screen.reading.copy_all()


class MarkMessage(_InChat):
    id = "mark_message"
    reading = "space"
    title = Both("标段", "range")
    doc = Both("从这条起标一段；再按一次取消", "Begin a range at this message; again: none")

    async def run(self, screen: Workstation) -> None:
        screen.reading.mark()


class Quote(_InChat):
    id = "quote"
    reading = "q"
    title = Both("引用", "quote")
    doc = Both("把这条消息引用到输入框的光标处", "Quote the message at the composer's cursor")
    footer = ("transcript",)

    async def run(self, screen: Workstation) -> None:
        screen.reading.quote()


class EditMessage(_InChat):
    id = "edit_message"
    reading = "e"
    title = Both("修改消息", "edit message")
    doc = Both(
        "修改自己发出的这条回复或备注；不在阅读时是自己的最后一条",
        "Correct this reply or note of one's own; outside the transcript: one's last",
    )
    footer = ("transcript",)
    asks = True

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.amending import amend

        await amend(screen)


class OpenTarget(_InChat):
    id = "open_target"
    reading = "o"
    title = Both("打开", "open")
    doc = Both(
        "打开这条消息里的链接、图片或单号", "Open the link, picture or number of this message"
    )
    footer = ("transcript",)
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.reading.open_here()


class OpenLast(_InChat):
    id = "open_last"
    default_keys = "alt+p"
    title = Both("打开最近的链接", "open last link")
    doc = Both(
        "打开会话里最近的链接或图片，没有时是单号",
        "Open the chat's last link or picture, or else its last number",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.reading.open_last()


class SearchChat(_InChat):
    id = "search_chat"
    default_keys = "alt+f"
    reading = "slash"
    title = Both("会话内查找", "find in chat")
    doc = Both(
        "在这个会话里查找，不分大小写和全半角；n、N 到下一处、上一处",
        "Find in this chat, whatever case and width; n and N go on and back",
    )
    footer = ("transcript",)

    async def run(self, screen: Workstation) -> None:
        screen.reading.search.begin()


class _Match(_InChat):
    """Base of the steps from match to match."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.reading.next_match(self.by)


class SearchNext(_Match):
    id = "search_next"
    reading = "n"
    title = Both("下一处", "next match")
    doc = Both("到会话内查找的下一处", "The next match in the chat")
    by = 1


class SearchPrevious(_Match):
    id = "search_previous"
    reading = "N"
    title = Both("上一处", "previous match")
    doc = Both("到会话内查找的上一处", "The previous match in the chat")
    by = -1


class FirstUnread(_InChat):
    id = "first_unread"
    default_keys = "alt+u"
    title = Both("首条未读", "first unread")
    doc = Both(
        "到打开会话时的第一条未读消息", "To the first message that was unread when it was opened"
    )

    async def run(self, screen: Workstation) -> None:
        screen.reading.first_unread()


INTENTS: tuple[type[Intent], ...] = (
    Read,
    ReadDown,
    ReadUp,
    ReadFirst,
    ReadLast,
    CopyMessage,
    CopyChat,
    MarkMessage,
    Quote,
    EditMessage,
    OpenTarget,
    OpenLast,
    SearchChat,
    SearchNext,
    SearchPrevious,
    FirstUnread,
)
