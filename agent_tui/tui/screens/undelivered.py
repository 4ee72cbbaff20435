"""Replies of one conversation that did not arrive, or may not have: one key deals with each."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from agent_tui.desk.desk import Desk
from agent_tui.desk.reasons import reason
from agent_tui.desk.transcripts import Line
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import DeliveryState
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.text import clean, clip
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.low import GivesWay
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.screens.pick import Confirm


class UndeliveredScreen(GivesWay, ClosesOnce, ModalScreen[None]):
    """r sends it again under the same key, d calls it dealt with (which can be undone)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "close", show=False),
        Binding("r", "resend", "send again", show=False),
        Binding("d", "settle", "dealt with", show=False),
    ]
    DEFAULT_CSS = """
    UndeliveredScreen { align: center middle; background: $background 60%; }
    UndeliveredScreen > Vertical {
        width: 96; max-width: 98%; height: auto; max-height: 100%;
        background: $panel; border: round $warning; padding: 0 1;
    }
    UndeliveredScreen OptionList { height: auto; border: none; background: $panel; }
    UndeliveredScreen .keys { color: $secondary; }
    """

    scrolls, most, beside = "#undelivered-list", 24, 4

    def __init__(self, desk: Desk, conversation: ConversationId, ring: Callable[[], None]) -> None:
        super().__init__()
        self._desk = desk
        self._conversation = conversation
        self._ring = ring
        self._lines: list[Line] = []

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(id="undelivered-title", markup=False)
            yield OptionList(id="undelivered-list")
            keys = Both(
                "r 重发 · d 已送达或不用再送 · Esc 关闭",
                "r send again · d arrived, or no longer needed · Esc close",
            )
            yield Label(str(keys), classes="keys", markup=False)

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()

    def _fill(self) -> None:
        self._lines = self._desk.messages.undelivered(self._conversation)
        count = len(self._lines)
        title = Both(f"没送达 {count}", f"Not delivered {count}")
        self.query_one("#undelivered-title", Label).update(str(title))
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        options.add_options([Option(_label(line)) for line in self._lines])
        if self._lines:
            options.highlighted = min(at, count - 1)
            options.focus()
        else:
            self.dismiss(None)

    def _line(self) -> Line | None:
        at = self.query_one(OptionList).highlighted
        return self._lines[at] if at is not None and at < len(self._lines) else None

    def action_resend(self) -> None:
        """Send the highlighted one again; asks first where the customer may get it twice."""
        line = self._line()
        if line is not None:
            self.run_worker(self._resend(line))

    async def _resend(self, line: Line) -> None:
        question = Both(
            "可能已经送达，客户也许会收到两次。仍要重发？",
            "It may have arrived: the customer might get it twice. Send again?",
        )
        sure = line.state == DeliveryState.FAILED
        if sure or await self.app.push_screen_wait(Confirm(str(question))):
            self._do(c.RetryDelivery(line.message.id), None)

    def action_settle(self) -> None:
        """The highlighted one needs no more care."""
        line = self._line()
        if line is not None:
            self._do(c.SettleDelivery(line.message.id), Both("送达已处理", "delivery dealt with"))

    def _do(self, command: c.AgentCommand, title: Both | None) -> None:
        try:
            refused = self._desk.do(self._conversation, command, title=title)
        except StoreError as error:
            self.app.notify(clean(str(error)), severity="error", timeout=10, markup=False)
            return
        if refused is not None:
            words = clean(reason(refused.reason, refused.detail))
            self.app.notify(words, severity="warning", markup=False)
        else:
            self._ring()
        self._fill()


def _label(line: Line) -> Content:
    sign, words = fmt.STATES[line.state], fmt.STATE_WORDS[line.state]
    return Content.assemble(
        (f"{sign} {words}  ", "$warning bold"),
        (f"{fmt.clock(line.message.at)}  ", ""),
        (clip(line.why, 60), "$secondary"),
        (f"\n   {clip(line.message.text, 200)}\n", ""),
    )
