"""Getting around."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from agent_tui.desk.rows import View
from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.finds import NUMBERED
from agent_tui.tui.listing import VIEW_NAMES
from agent_tui.tui.ring import SLOTS
from agent_tui.tui.screens.pick import Choice, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

FAR = 100_000  # rows: beyond the end of every list


class NextUrgent(Intent):
    id = "next_urgent"
    default_keys = "ctrl+n"
    title = Both("下一个", "next")
    doc = Both(
        "打开最紧急的会话：先我的，再待认领的",
        "Open the most urgent chat: of mine first, then unclaimed ones",
    )
    footer = ("queue", "composer")

    async def run(self, screen: Workstation) -> None:
        screen.going.open_next()


class OpenChat(Intent):
    id = "open_chat"
    letters = "enter,o,right"
    title = Both("打开", "open")
    doc = Both("打开光标所在的会话并开始回复", "Open the chat under the cursor and start to reply")
    footer = ("queue",)

    async def run(self, screen: Workstation) -> None:
        row = screen.queue.row_at_cursor()
        if row is not None:
            screen.open(row.id)


class BackChat(Intent):
    id = "back_chat"
    # The second is what terminals with the kitty protocol send for the same two keys.
    default_keys = "ctrl+circumflex_accent,ctrl+6"
    letters = "b"
    title = Both("上一会话", "previous chat")
    doc = Both(
        "回到刚才的会话；再按一次又回来", "Back to the chat before this one; once more: here again"
    )

    async def run(self, screen: Workstation) -> None:
        screen.ring.back()


class _RingStep(Intent):
    """Base of the steps from one of my chats to another."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.ring.step(self.by)


class RingNext(_RingStep):
    id = "ring_next"
    default_keys = "alt+right"
    title = Both("我的下一个", "my next chat")
    doc = Both(
        "我的会话里的下一个（1–9 号依次）；并排时是右边一个",
        "The next of my chats, in the order of their numbers; of tiles, the one to the right",
    )
    by = 1


class RingPrevious(_RingStep):
    id = "ring_previous"
    default_keys = "alt+left"
    title = Both("我的上一个", "my previous chat")
    doc = Both(
        "我的会话里的上一个；并排时是左边一个",
        "The previous of my chats; of tiles, the one to the left",
    )
    by = -1


class RingSlot(Intent):
    """Base of the numbers, one class for each."""

    slot = 0

    async def run(self, screen: Workstation) -> None:
        screen.ring.go(self.slot)


def _slot(slot: int) -> type[RingSlot]:
    return type(
        f"Ring{slot}",
        (RingSlot,),
        {
            "__doc__": f"My chat number {slot}.",
            "id": f"ring_{slot}",
            "slot": slot,
            "letters": str(slot),
            # With the smaller numbers Alt inserts an answer.
            **({"default_keys": f"alt+{slot}"} if slot > NUMBERED else {}),
            "title": Both(f"{slot} 号会话", f"chat {slot}"),
            "doc": Both(f"打开我的 {slot} 号会话", f"Open my chat number {slot}"),
        },
    )


RING_SLOTS = tuple(_slot(slot) for slot in range(1, SLOTS + 1))


class ToggleTiles(Intent):
    id = "tiles"
    default_keys = "alt+g"
    title = Both("并排", "tiles")
    doc = Both(
        "宽屏上并排显示 2–6 个会话：最紧急的我的会话；再按一次只看一个",
        "Two to six chats side by side on a wide terminal, the most urgent of mine; again: one",
    )

    async def run(self, screen: Workstation) -> None:
        await screen.tiles.toggle()


class _Neighbour(Intent):
    """Base of what opens the chat beside this one in the list."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.going.open_neighbour(self.by)


class NextInList(_Neighbour):
    id = "next_in_list"
    default_keys = "ctrl+down"
    title = Both("下一行", "next row")
    doc = Both("打开列表里的下一个会话", "Open the next chat in the list")
    by = 1


class PreviousInList(_Neighbour):
    id = "previous_in_list"
    default_keys = "ctrl+up"
    title = Both("上一行", "previous row")
    doc = Both("打开列表里的上一个会话", "Open the previous chat in the list")
    by = -1


class _CursorMove(Intent):
    """Base of what moves the list's cursor."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.queue.move(self.by)


class CursorDown(_CursorMove):
    id = "cursor_down"
    letters = "down,j"
    title = Both("下移", "down")
    doc = Both("光标下移一行", "Move the cursor down a row")
    by = 1


class CursorUp(_CursorMove):
    id = "cursor_up"
    letters = "up,k"
    title = Both("上移", "up")
    doc = Both("光标上移一行", "Move the cursor up a row")
    by = -1


class CursorTop(_CursorMove):
    id = "cursor_top"
    letters = "home,g"
    title = Both("到顶", "top")
    doc = Both("光标移到第一行", "Move the cursor to the first row")
    by = -FAR


class CursorBottom(_CursorMove):
    id = "cursor_bottom"
    letters = "end,G"
    title = Both("到底", "bottom")
    doc = Both("光标移到最后一行", "Move the cursor to the last row")
    by = FAR


class FocusQueue(Intent):
    id = "focus_queue"
    default_keys = "escape"
    title = Both("返回", "back")
    doc = Both(
        "从查找回到输入框，从输入框回到列表", "From search to the composer, from there to the queue"
    )
    footer = ("composer", "find")

    async def run(self, screen: Workstation) -> None:
        screen.going.back()


class FocusComposer(Intent):
    id = "focus_composer"
    letters = "tab,i"
    reading = "tab,i"
    title = Both("回复", "reply")
    doc = Both("到输入框", "Go to the composer")

    async def run(self, screen: Workstation) -> None:
        screen.going.to_composer()


class Find(Intent):
    id = "find"
    default_keys = "ctrl+f"
    letters = "slash,/"
    title = Both("查找", "find")
    doc = Both("查找知识库和宏；Enter 插入到光标处", "Search articles and macros; Enter inserts")
    footer = ("queue", "composer")

    async def run(self, screen: Workstation) -> None:
        screen.going.to_find()


class ShowCard(Intent):
    id = "show_card"
    default_keys = "ctrl+o"
    title = Both("客户", "customer")
    doc = Both(
        "显示或收起客户资料和最近的订单", "Show or hide the customer's card with the last order"
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.card.toggle()


class _Page(Intent):
    """Base of what turns the transcript's pages."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        if not screen.reading.page(self.by):
            screen.transcript.page(self.by)


class PageUp(_Page):
    id = "page_up"
    default_keys = "pageup"
    title = Both("上翻", "page up")
    doc = Both("会话内容上翻一页", "Scroll the transcript up a page")
    by = -1


class PageDown(_Page):
    id = "page_down"
    default_keys = "pagedown"
    title = Both("下翻", "page down")
    doc = Both("会话内容下翻一页", "Scroll the transcript down a page")
    by = 1


class ChooseView(Intent):
    id = "choose_view"
    default_keys = "f12"
    letters = "v"
    title = Both("视图", "view")
    doc = Both(
        "选择列表显示哪些会话：我的、待认领、全部、等客户、已搁置、未发",
        "Choose which chats the queue shows: mine, unclaimed, all, waiting, snoozed, unsent",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        choices = [Choice(view, str(title)) for view, title in VIEW_NAMES.items()]
        picker = Picker(str(Both("显示哪些会话", "Show which chats")), choices, filtered=False)
        chosen = await screen.app.push_screen_wait(picker)
        if chosen:
            screen.listing.set_view(View(chosen))
