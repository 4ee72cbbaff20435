"""The unsent tray: every text that was not sent, with its reason and one-key choices."""

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
from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both
from agent_tui.store.outbox import TrayItem
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.pick import Confirm


class TrayScreen(ModalScreen[ConversationId | None]):
    """s sends anyway, e edits in the composer, n leaves it as a note, d discards."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "close", show=False),
        Binding("s", "choose('send')", "send anyway", show=False),
        Binding("e,enter", "choose('edit')", "edit", show=False, priority=True),
        Binding("n", "choose('note')", "as a note", show=False),
        Binding("d", "choose('discard')", "discard", show=False),
    ]
    DEFAULT_CSS = """
    TrayScreen { align: center middle; background: $background 60%; }
    TrayScreen > Vertical {
        width: 96; max-width: 98%; height: auto; max-height: 90%;
        background: $panel; border: round $warning; padding: 0 1;
    }
    TrayScreen OptionList { height: auto; max-height: 24; border: none; background: $panel; }
    TrayScreen .keys { color: $secondary; }
    """

    def __init__(self, desk: Desk, ring: Callable[[], None]) -> None:
        super().__init__()
        self._desk = desk
        self._ring = ring

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(id="tray-title", markup=False)
            yield OptionList(id="tray-list")
            keys = Both(
                "s 仍然发送 · e 编辑 · n 改为备注 · d 丢弃 · Esc 关闭",
                "s send anyway · e edit · n as a note · d discard · Esc close",
            )
            yield Label(str(keys), classes="keys", markup=False)

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()

    def _fill(self) -> None:
        items = self._desk.tray
        title = Both(f"未发送 {len(items)}", f"Unsent {len(items)}")
        self.query_one("#tray-title", Label).update(str(title))
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        options.clear_options()
        options.add_options([Option(self._label(item)) for item in items])
        if items:
            options.highlighted = min(at, len(items) - 1)
            options.focus()

    def _label(self, item: TrayItem) -> Content:
        state = self._desk.conversation(item.conversation)
        name = state.customer.name if state else item.conversation
        kind = Both("挂起", "held") if item.held else Both("被拒", "refused")
        text = item.text or str(Both("（没有文字的操作）", "(an action without text)"))
        return Content.assemble(
            (f"{'!' if item.held else 'x'} {kind}  ", "$warning bold"),
            (f"{clip(name, 16)}  {fmt.clock(item.order.queued_at)}  ", ""),
            (reason(item.reason, item.detail), "$secondary"),
            (f"\n   {clip(text, 200)}\n", ""),
        )

    def _item(self) -> TrayItem | None:
        at = self.query_one(OptionList).highlighted
        items = self._desk.tray
        return items[at] if at is not None and at < len(items) else None

    def action_choose(self, what: str) -> None:
        """Deal with the highlighted item."""
        item = self._item()
        if item is not None:
            self.run_worker(self._deal(item, what))

    async def _deal(self, item: TrayItem, what: str) -> None:
        desk = self._desk
        if what == "discard":
            if item.text and not await self.app.push_screen_wait(
                Confirm(str(Both("丢弃这段文字？", "Discard this text?")))
            ):
                return
            desk.discard(item)
        elif what == "edit":
            desk.restore_draft(item)
            self.dismiss(item.conversation)
            return
        else:
            refused = (
                desk.note(item.conversation, item.text) if what == "note" else desk.resend(item)
            )
            if refused is not None:
                words = reason(refused.reason, refused.detail)
                self.app.notify(words, severity="warning", markup=False)
                return
            desk.discard(item)
            self._ring()
        if desk.tray:
            self._fill()
        else:
            self.dismiss(None)
