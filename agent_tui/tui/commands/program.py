"""The program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui import lang
from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Help(Intent):
    id = "help"
    default_keys = "f1"
    letters = "question_mark"
    title = Both("帮助", "help")
    doc = Both("所有按键", "Every key")
    footer = ("queue", "composer", "find")

    async def run(self, screen: Workstation) -> None:
        screen.show_help()


class Palette(Intent):
    id = "palette"
    default_keys = "ctrl+p"
    title = Both("命令", "commands")
    doc = Both("按名称找命令（中文、英文或 id）", "Find a command by name (Chinese, English or id)")
    footer = ("queue",)

    async def run(self, screen: Workstation) -> None:
        screen.app.action_command_palette()


class SwitchLanguage(Intent):
    id = "switch_language"
    letters = "L"
    title = Both("English", "中文")
    doc = Both("切换界面语言", "Switch the interface language")

    async def run(self, screen: Workstation) -> None:
        lang.use("en" if lang.current() == "zh" else "zh")
        screen.relabel()


class SwitchTheme(Intent):
    id = "switch_theme"
    title = Both("主题", "theme")
    doc = Both("明暗主题切换", "Switch between the dark and the light theme")

    async def run(self, screen: Workstation) -> None:
        dark = screen.app.theme == "desk-dark"
        screen.app.theme = "desk-light" if dark else "desk-dark"


class Quit(Intent):
    id = "quit"
    default_keys = "ctrl+q"
    title = Both("退出", "quit")
    doc = Both("退出；有未发送的内容时会先问", "Leave; asks first when something has not been sent")
    asks = True

    async def run(self, screen: Workstation) -> None:
        await screen.leave()
