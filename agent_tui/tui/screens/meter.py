"""The keystroke meter: today, this week, the week before, and how it went day by day."""

from __future__ import annotations

import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from agent_tui.lang import Both
from agent_tui.text import fit
from agent_tui.tui.meter import Day, Days
from agent_tui.tui.screens.once import ClosesOnce

SHOWN_DAYS = 14
BAR = 30  # cells
NOTHING = Both("还没有发出过回复", "nothing was sent yet")
NOTE = Both(
    "只记在这台机器上，只给你自己看，不会上传。从打开会话数到发送。",
    "Kept on this machine, for you alone, and never sent. From the key that opens a chat"
    " to the one that sends.",
)


class MeterScreen(ClosesOnce, ModalScreen[None]):
    """Figures to look at; Escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss(None)", "close", show=False)
    ]
    DEFAULT_CSS = """
    MeterScreen { align: center middle; background: $background 60%; }
    MeterScreen > Vertical {
        width: 72; max-width: 98%; height: auto; max-height: 96%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    """

    def __init__(self, days: Days, today: datetime.date) -> None:
        super().__init__()
        self._days = days
        self._today = today

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(self._content(), markup=False)

    def _content(self) -> Content:
        title = Both("每条回复用的键 — Esc 关闭", "Keys for an answer — Esc closes")
        parts: list[tuple[str, str]] = [(f"{title}\n\n", "bold")]
        for name, day in self._spans():
            parts += [(fit(str(name), 16), "$secondary"), (f"{_words(day)}\n", "")]
        parts.append(("\n", ""))
        shown = self._last_days()
        most = max((day.each or 0 for _, day in shown), default=0)
        for date, day in shown:
            if day.each is not None:
                bar = "█" * max(1, round(BAR * day.each / most))
                parts += [(f"{date:%m-%d} ", "$secondary"), (f"{bar} ", "$accent")]
                parts.append((f"{day.each:.1f}\n", ""))
        if not most:
            parts.append((f"{NOTHING}\n", "$secondary"))
        parts.append((f"\n{NOTE}", "$secondary"))
        return Content.assemble(*parts)

    def _spans(self) -> list[tuple[Both, Day]]:
        day = datetime.timedelta(days=1)
        monday = self._today - self._today.weekday() * day
        return [
            (Both("今天", "today"), self._days.total(self._today, self._today)),
            (Both("本周", "this week"), self._days.total(monday, self._today)),
            (Both("上周", "last week"), self._days.total(monday - 7 * day, monday - day)),
        ]

    def _last_days(self) -> list[tuple[datetime.date, Day]]:
        first = self._today - datetime.timedelta(days=SHOWN_DAYS - 1)
        dates = (first + datetime.timedelta(days=number) for number in range(SHOWN_DAYS))
        return [(date, self._days.total(date, date)) for date in dates]


def _words(day: Day) -> str:
    if day.each is None:
        return "–"
    ready = round(100 * day.ready / day.answers)
    return str(
        Both(
            f"{day.each:.1f} 键 · {day.answers} 条回复 · {ready}% 用现成的",
            f"{day.each:.1f} keys · {day.answers} answers · {ready}% ready-made",
        )
    )
