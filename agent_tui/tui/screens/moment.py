"""When? A time that is typed, and beside it what is understood."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.moments import EXAMPLES, moment
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.typing import OrderedInput

WEEKDAYS = (
    Both("周一", "Mon"), Both("周二", "Tue"), Both("周三", "Wed"), Both("周四", "Thu"),
    Both("周五", "Fri"), Both("周六", "Sat"), Both("周日", "Sun"),
)  # fmt: skip
DAY_MS = 24 * 3600 * 1000


class MomentScreen(ClosesOnce, ModalScreen[int | None]):
    """Enter takes the time that stands below what is typed (ms); None for Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back", show=False)]
    DEFAULT_CSS = """
    MomentScreen { align: center bottom; padding-bottom: 2; background: $background 60%; }
    MomentScreen > Vertical {
        width: 56; max-width: 95%; height: auto;
        background: $panel; border: round $primary; padding: 0 1;
    }
    MomentScreen Input { border: none; height: 1; padding: 0; background: $background; }
    MomentScreen Label { width: 100%; }
    MomentScreen #moment-title { text-style: bold; }
    MomentScreen .keys { color: $secondary; }
    """

    def __init__(self, title: str, clock: Callable[[], int], hour: int, longest: int) -> None:
        """`hour`: what a day alone means; `longest`: how far away it may be (ms)."""
        super().__init__()
        self._title = title
        self._clock = clock
        self._hour = hour
        self._longest = longest

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title, id="moment-title", markup=False)
            yield OrderedInput(placeholder=str(EXAMPLES), id="moment", compact=True)
            yield Label("", id="moment-read", markup=False)
            keys = Both("Enter 确定 · Esc 返回", "Enter takes it · Esc back")
            yield Label(str(keys), classes="keys", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def _read(self, typed: str) -> tuple[int | None, Content]:
        """The time, if it will do, and what is said about it."""
        now = self._clock()
        at = moment(typed, now, self._hour)
        if at is None:
            words = Both("看不懂，或已过去：", "not understood, or past: ")
            said = (
                Content.styled(f"{words}{EXAMPLES}", "$warning") if typed.strip() else Content("")
            )
            return None, said
        if at - now > self._longest:
            days = self._longest // DAY_MS
            words = Both(f"最长 {days} 天", f"{days} days at most")
            return None, Content.styled(str(words), "$warning")
        there = fmt.local(at)
        when = there.strftime("%m-%d %H:%M")
        left = fmt.countdown(at - now)
        far = Both(f"还有 {left}", f"in {left}")
        return at, Content(f"{when} {WEEKDAYS[there.weekday()]} · {far}")

    def on_input_changed(self, event: Input.Changed) -> None:
        """What it would mean."""
        self.query_one("#moment-read", Label).update(self._read(event.value)[1])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, if it is one."""
        event.stop()
        at, said = self._read(event.value)
        self.query_one("#moment-read", Label).update(said)
        if at is not None:
            self.dismiss(at)
