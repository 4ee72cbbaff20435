"""What is written elsewhere, and what goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class EditOutside(Intent):
    id = "editor"
    default_keys = "alt+e"
    title = Both("外部编辑器", "editor")
    doc = Both(
        "用 $VISUAL 或 $EDITOR 写这条回复；存盘退出后回到输入框",
        "Write this reply in $VISUAL or $EDITOR; what is saved comes back to the composer",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.editing import edit_outside

        screen.doing.open_target()
        screen.going.to_composer()
        edit_outside(screen)


class Attach(Intent):
    id = "attach"
    default_keys = "alt+a"
    title = Both("附件", "attach")
    doc = Both(
        "上传本机的图片或文件，地址放进正在写的内容",
        "Upload a picture or file of this machine; its address goes into what is being written",
    )
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        screen.doing.open_target()
        screen.going.to_composer()
        await screen.attaching.ask()
