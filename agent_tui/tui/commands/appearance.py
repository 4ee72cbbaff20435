"""How the screen is divided and what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from agent_tui import lang
from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

STEP = 4  # cells


class SwitchLanguage(Intent):
    id = "switch_language"
    letters = "L"
    title = Both("English", "中文")
    doc = Both("切换界面语言，下次启动照旧", "Switch the interface language, and keep it so")

    async def run(self, screen: Workstation) -> None:
        lang.use("en" if lang.current() == "zh" else "zh")
        screen.relabel()
        screen.panes.chose_language()
        letter = screen.keymap.letter("switch_language")
        if letter:  # it may have been hit by accident, in a language one does not read
            words = (
                f"English · {letter}：中文"
                if lang.current() == "en"
                else f"中文 · {letter}: English"
            )
            screen.doing.say(Both(words, words))


class SwitchTheme(Intent):
    id = "switch_theme"
    title = Both("主题", "theme")
    doc = Both(
        "选主题：深色、浅色、高对比、终端的 16 色；边选边看",
        "Choose a theme, seeing each: dark, light, high contrast, the terminal's 16 colours",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.screens.themes import ThemePicker

        before = screen.app.theme
        chosen = await screen.app.push_screen_wait(ThemePicker(before))
        screen.ui.use_theme(chosen or before)
        if chosen:
            screen.panes.chose_theme(chosen)


class _QueueWidth(Intent):
    """Base of what makes the queue wider or narrower."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.panes.widen_left(self.by)


class WidenQueue(_QueueWidth):
    id = "widen_queue"
    title = Both("列表加宽", "wider queue")
    doc = Both("列表加宽 4 格", "Make the queue 4 cells wider")
    by = STEP


class NarrowQueue(_QueueWidth):
    id = "narrow_queue"
    title = Both("列表收窄", "narrower queue")
    doc = Both("列表收窄 4 格", "Make the queue 4 cells narrower")
    by = -STEP


class _SideWidth(Intent):
    """Base of what makes search and card wider or narrower."""

    by: ClassVar[int]

    async def run(self, screen: Workstation) -> None:
        screen.panes.widen_side(self.by)


class WidenSide(_SideWidth):
    id = "widen_side"
    title = Both("右栏加宽", "wider side")
    doc = Both("查找和客户资料加宽 4 格", "Make search and card 4 cells wider")
    by = STEP


class NarrowSide(_SideWidth):
    id = "narrow_side"
    title = Both("右栏收窄", "narrower side")
    doc = Both("查找和客户资料收窄 4 格", "Make search and card 4 cells narrower")
    by = -STEP


class ToggleSide(Intent):
    id = "toggle_side"
    title = Both("右栏显隐", "side on or off")
    doc = Both(
        "收起或显示右栏，会话更宽；查找和资料的键照样能用",
        "Hide or show search and card; their own keys still show them",
    )

    async def run(self, screen: Workstation) -> None:
        screen.panes.toggle_side()


class ResetLayout(Intent):
    id = "reset_layout"
    title = Both("恢复版面", "reset layout")
    doc = Both("栏宽和右栏恢复原样", "Widths and panes as they come")

    async def run(self, screen: Workstation) -> None:
        screen.panes.reset()


PANES = (WidenQueue, NarrowQueue, WidenSide, NarrowSide, ToggleSide, ResetLayout)
