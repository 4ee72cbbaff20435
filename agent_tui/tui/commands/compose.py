"""Writing: notes, macros, the unsent tray."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.macros.slots import KEYS
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.pick import Choice, Picker
from agent_tui.tui.screens.undelivered import UndeliveredScreen
from agent_tui.tui.versions import title_of

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Note(Intent):
    id = "note"
    default_keys = "ctrl+b"
    letters = "n"
    title = Both("备注", "note")
    doc = Both(
        "写内部备注，也用来悄悄提醒接待的人：再按一次回到回复",
        "Write a note for colleagues, a whisper to whose chat it is; once more: back to replying",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.doing.open_target()
        screen.going.toggle_note()


class NoteCall(Intent):
    id = "phone_note"
    letters = "P"
    title = Both("记电话", "phone note")
    doc = Both(
        "记下一通电话：号码、称呼、客户说了什么；接着记在他的电话会话里，没有就新建",
        "Note a call: number, name, what was said; in the customer's phone chat, or a new one",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.calling.note()


class PickMacro(Intent):
    id = "macros"
    default_keys = "ctrl+e"
    letters = "m"
    title = Both("宏", "macros")
    doc = Both("按名称选一个宏插入", "Pick a macro by name and insert it")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        target, moment = screen.doing.target(), screen.inserting.moment()
        macros = sorted(
            moment.offered(), key=lambda each: (not each.head.key, each.head.key, each.id)
        )
        heads = [macro.head for macro in macros]
        choices = [
            Choice(
                macro.id,
                title_of(moment.library, macro),
                " ".join(filter(None, (head.key, f"/{head.short}"))),
                " ".join((head.title, head.short, *head.tags, head.note)),
            )
            for macro, head in zip(macros, heads, strict=True)
        ]
        title = screen.doing.about(Both("插入宏", "Insert a macro"))
        chosen = await screen.app.push_screen_wait(Picker(title, choices))
        if chosen:
            screen.inserting.from_key(screen.desk.macros.library().all[chosen], target)


class MacroSlot(Intent):
    """Base of the function keys, one class for each."""

    key = ""
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        found = screen.inserting.moment().by_key(self.key)
        if found is None:
            screen.doing.say(Both(f"{self.key} 没有宏", f"there is no macro on {self.key}"))
        else:
            screen.inserting.from_key(found)


def _slot(key: str) -> type[MacroSlot]:
    return type(
        f"Macro{key}",
        (MacroSlot,),
        {
            "__doc__": f"The macro on {key}.",
            "id": f"macro_{key.lower()}",
            "key": key,
            "default_keys": key.lower(),
            "title": Both(f"宏 {key}", f"macro {key}"),
            "doc": Both(f"插入 {key} 上的宏", f"Insert the macro on {key}"),
        },
    )


MACRO_SLOTS = tuple(_slot(key) for key in KEYS)


class NextStep(Intent):
    id = "next_step"
    default_keys = "alt+c"
    title = Both("下一步", "next step")
    doc = Both(
        "插入流程的下一步，或上一条回复之后该用的宏",
        "Insert the next step of the flow, or a macro that follows the last reply",
    )
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.flows.next()


class SaveMacro(Intent):
    id = "save_macro"
    default_keys = "alt+m"
    title = Both("存为宏", "save as macro")
    doc = Both(
        "把正在写的，或刚发出的回复存成自己的宏，马上能用",
        "Keep what is being written, or the reply sent last, as a macro of one's own",
    )
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.own_macros.save()


class SendNext(Intent):
    id = "send_next"
    default_keys = "alt+n"
    title = Both("发送并下一个", "send, next")
    doc = Both(
        "发送，并打开最紧急的会话；发出前可撤回",
        "Send, and open the most urgent chat; can be taken back while it waits",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.chat.submit(screen.composer.text, to_next=True)


class SendResolveNext(Intent):
    id = "send_resolve_next"
    default_keys = "alt+d"
    title = Both("发送并解决", "send, resolve")
    doc = Both(
        "发送、标为已解决，并打开最紧急的会话；发出前可一次全部撤回",
        "Send, resolve, and open the most urgent chat; one undo takes all of it back",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.chat.submit(screen.composer.text, resolve=True, to_next=True)


class ClearDraft(Intent):
    id = "clear_draft"
    default_keys = "alt+z"
    title = Both("清空", "clear")
    doc = Both(
        "清空正在写的内容；空的时候再按一次，刚才的又回来",
        "Clear what is being written; pressed again in an empty field, it is back",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.chat.clear()


class UnsentTray(Intent):
    id = "tray"
    default_keys = "alt+x"
    title = Both("待处理", "tray")
    doc = Both(
        "服务器没收下的内容：看原因，再处理；待发的会自己送出",
        "What the server did not take: see why, and deal with it; what is to go out goes by itself",
    )

    async def run(self, screen: Workstation) -> None:
        if screen.desk.tray.items:
            screen.show_tray()
        else:
            screen.doing.say(_waiting(screen))


def _waiting(screen: Workstation) -> Both:
    """That nothing has to be dealt with, and what goes out by itself."""
    count = screen.desk.pending.deeds + len(screen.desk.grace.rows)
    if not count:
        return Both("没有待处理的，也没有待发的", "the tray is empty, and nothing is to go out")
    later = Both("，联网后", " once online") if screen.ui.link != "online" else Both("，", "")
    return Both(
        f"没有待处理的；{count} 项待发{later.zh}会自己送出",
        f"the tray is empty; {count} to go out, by itself{later.en}",
    )


class Undelivered(Intent):
    id = "undelivered"
    default_keys = "ctrl+s"
    letters = "s"
    title = Both("没送达", "undelivered")
    doc = Both(
        "没送达或送达不明的回复：重发，或了结",
        "Replies that did not arrive, or may not have: send again, or settle",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        key = screen.doing.target()
        if key is not None and screen.desk.messages.undelivered(key):
            screen.app.push_screen(UndeliveredScreen(screen.desk, key, screen.ui.ring))
        else:
            screen.doing.say(Both("回复都已送达", "every reply arrived"))


class TakeDraft(Intent):
    id = "take_draft"
    default_keys = "ctrl+right_square_bracket"
    title = Both("采用草稿", "take draft")
    doc = Both(
        "把同事没发出的草稿插入到光标处；不会自动发送",
        "Insert a colleague's unsent draft at the cursor; it is never sent by itself",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.offers.take()


class DismissDraft(Intent):
    id = "dismiss_draft"
    default_keys = "ctrl+backslash"
    title = Both("忽略草稿", "dismiss draft")
    doc = Both("不用同事没发出的草稿；可撤销", "Dismiss a colleague's unsent draft; can be undone")
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        screen.offers.dismiss()
