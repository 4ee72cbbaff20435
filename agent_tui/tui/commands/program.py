"""The program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.pick import Confirm

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
        from agent_tui.tui.screens.help import HelpScreen
        from agent_tui.tui.status import focus_of  # it reads the table that this is in

        screen.app.push_screen(HelpScreen(screen.keymap, focus_of(screen)))


class Palette(Intent):
    id = "palette"
    default_keys = "ctrl+p"
    title = Both("命令", "commands")
    doc = Both(
        "找命令：中文、拼音、首字母、英文或 id",
        "Find a command: Chinese, pinyin, initials, English or its id",
    )
    footer = ("queue",)
    asks = True

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.palette import PaletteScreen

        chosen = await screen.app.push_screen_wait(PaletteScreen(screen.keymap))
        if chosen:
            await screen.action_intent(chosen)


class GuidedTour(Intent):
    id = "tour"
    title = Both("导览", "tour")
    doc = Both(
        "三分钟导览，用练习顾客；再选一次结束",
        "A tour of three minutes with practice customers; again: end it",
    )

    async def run(self, screen: Workstation) -> None:
        screen.tour.toggle()


class SkipStep(Intent):
    id = "tour_skip"
    title = Both("跳过这步", "skip the step")
    doc = Both("导览：跳过这一步", "The tour: go on without this step")

    async def run(self, screen: Workstation) -> None:
        screen.tour.skip()


class ShowMeter(Intent):
    id = "meter"
    title = Both("按键计数", "key meter")
    doc = Both(
        "每条回复用了几个键：今天、本周；只记在本机",
        "Keys for an answer, today and this week; kept on this machine only",
    )

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.screens.meter import MeterScreen

        screen.app.push_screen(MeterScreen(screen.meter.days, screen.meter.today()))


class Quit(Intent):
    id = "quit"
    default_keys = "ctrl+q"
    title = Both("退出", "quit")
    doc = Both(
        "退出；草稿留着，有没送达服务器的会先问",
        "Leave; drafts are kept; asks first if the server does not have everything yet",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        screen.chat.keep_draft()
        await screen.grace.leave()
        count = screen.desk.pending.deeds
        question = Both(
            f"{count} 项还没有送达服务器；会留在发件箱，下次启动时再送。现在退出？",
            f"{count} not yet with the server; kept in the outbox for the next start. Leave?",
        )
        if count and not await screen.app.push_screen_wait(Confirm(str(question))):
            return
        screen.ui.remember()
        screen.app.exit()
