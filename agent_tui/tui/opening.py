"""Opening what a message holds: a link after a question, a number among the customer's orders."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.screens.pick import Choice, Confirm, Picker
from agent_tui.tui.targets import Kind, Target
from agent_tui.tui.viewing import Viewing

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

KINDS = {
    Kind.LINK: Both("链接", "link"),
    Kind.PICTURE: Both("图片", "picture"),
    Kind.FILE: Both("文件", "file"),
    Kind.NUMBER: Both("单号", "number"),
}
SHOWN = 240  # characters of an address in the question


class Opening:
    """One target at a time. Nothing leaves this machine before the agent said yes."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._viewing = Viewing(screen)

    async def one_of(self, found: tuple[Target, ...]) -> None:
        """Open the only one, or ask which."""
        target: Target | None = found[0] if len(found) == 1 else None
        if target is None:
            choices = [
                Choice(str(at), clip(each.name, 46), str(KINDS[each.kind]))
                for at, each in enumerate(found)
            ]
            title = str(Both("打开哪一个", "Open which"))
            chosen = await self._screen.app.push_screen_wait(
                Picker(title, choices, filtered=len(choices) > 9)
            )
            target = found[int(chosen)] if chosen else None
        if target is None:
            return
        if target.kind is Kind.NUMBER:
            self._number(target.value)
        elif not await self._viewing.shown(target):
            await self._address(target)

    def _number(self, value: str) -> None:
        """Show the order that has this number; else say that it is none of this customer's."""
        screen = self._screen
        orders = screen.desk.orders(screen.current) if screen.current else ()
        order = next((each for each in orders if value in (each.no, each.tracking)), None)
        if order is not None:
            state = screen.doing.state()
            screen.card.open()
            language = state.customer.language if state else "zh"
            said = screen.desk.customers.sentence(order, language)
            screen.doing.say(Both(said, said), seconds=8)
            return
        screen.app.copy_to_clipboard(value)
        words = Both(
            f"{value} 不在这位客户的订单里 · 已复制",
            f"{value} is none of this customer's orders · copied",
        )
        screen.doing.say(words)

    async def _address(self, target: Target) -> None:
        screen = self._screen
        screen.app.copy_to_clipboard(target.value)
        doubt = f"\n! {target.doubt}" if target.doubt else ""
        where = Both(f"去往 {target.host}", f"leads to {target.host}")
        if not can_browse():
            words = Both(
                f"已复制，{where.zh}{doubt}；请在自己的浏览器里打开",
                f"copied, {where.en}{doubt}; open it in your own browser",
            )
            screen.doing.say(words, seconds=8)
            return
        shown = clip(target.value, SHOWN)
        question = Both(
            f"用浏览器打开（地址已复制）？\n{shown}\n{where.zh}{doubt}",
            f"Open in the browser (the address is copied)?\n{shown}\n{where.en}{doubt}",
        )
        if await screen.app.push_screen_wait(Confirm(str(question))):
            await self._browse(target.value)

    async def _browse(self, address: str) -> None:
        command = launcher()
        if command is None:
            self._screen.app.open_url(address)
            return
        process = await asyncio.create_subprocess_exec(
            command,
            address,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        if await process.wait():
            self._screen.doing.say(Both("浏览器没有打开", "the browser did not open"))


def can_browse(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser can open where the agent sits: not over ssh, not without a display."""
    if environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"):
        return False
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def launcher(platform: str = sys.platform) -> str | None:
    """The program that opens an address; None: Python's own way. What it prints must not reach
    the screen, so it is started here where it is known."""
    name = {"darwin": "open", "win32": ""}.get(platform, "xdg-open")
    return shutil.which(name) if name else None
