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

from agent_tui.desk import tray
from agent_tui.desk.desk import Desk
from agent_tui.desk.reasons import reason, way_out
from agent_tui.desk.tray import Way
from agent_tui.domain.ids import ConversationId
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.outbox import TrayItem
from agent_tui.text import clean, clip
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.once import ClosesOnce

KEYS: dict[Way, tuple[str, Both]] = {
    Way.SEND: ("s", Both("仍然发送", "send anyway")),
    Way.EDIT: ("e", Both("编辑", "edit")),
    Way.NOTE: ("n", Both("改为备注", "as a note")),
    Way.COPY: ("y", Both("复制", "copy")),
    Way.DISCARD: ("d", Both("丢弃", "discard")),
}


class TrayScreen(ClosesOnce, ModalScreen[ConversationId | None]):
    """One item a text; below each, the keys that are of use for it just now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "close", show=False),
        Binding("s", "choose('send')", "send anyway", show=False),
        Binding("e,enter", "choose('edit')", "edit", show=False, priority=True),
        Binding("n", "choose('note')", "as a note", show=False),
        Binding("y", "choose('copy')", "copy", show=False),
        Binding("d", "choose('discard')", "discard", show=False),
        Binding("u,ctrl+z", "undo", "undo", show=False),
    ]
    DEFAULT_CSS = """
    TrayScreen { align: center middle; background: $background 60%; }
    TrayScreen > Vertical {
        width: 96; max-width: 98%; height: auto; max-height: 90%;
        background: $panel; border: round $warning; padding: 0 1;
    }
    TrayScreen OptionList { height: auto; max-height: 24; border: none; background: $panel; }
    TrayScreen OptionList:focus { border: none; }
    TrayScreen OptionList:focus > .option-list--option-highlighted {
        background: $surface; color: $foreground; text-style: none;
    }
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
            yield Label(id="tray-keys", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()

    def on_option_list_option_highlighted(self) -> None:
        """Another item: other choices."""
        item = self._item()
        ways = self._desk.tray.ways(item) if item else ()
        keys = [f"{key} {title}" for way, (key, title) in KEYS.items() if way in ways]
        if self._desk.undo_stack.is_discard():
            keys.append(str(Both("u 撤销丢弃", "u undo the discard")))
        keys.append(str(Both("Esc 关闭", "Esc close")))
        self.query_one("#tray-keys", Label).update(" · ".join(keys))

    def _fill(self) -> None:
        items = self._desk.tray.items
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
        if item.reason == tray.DRAFT_LEFT:
            kind = Both("草稿", "draft")
        else:
            kind = Both("挂起", "held") if item.held else Both("被拒", "refused")
        text = item.text or str(Both("（操作）", "(action) ")) + tray.words(item.order.command)
        parts: list[tuple[str, str]] = [
            (f"{'!' if item.held else 'x'} {kind}  ", "$warning bold"),
            (f"{clip(clean(name), 16)}  {fmt.clock(item.order.queued_at)}  ", ""),
            (clean(reason(item.reason, item.detail)), "$secondary"),
            (f"\n   {Both('我：', 'you: ')}{clip(text.replace(chr(10), ' '), 200)}", ""),
        ]
        for line in self._desk.tray.since(item):
            who = line.message.author
            if state is not None and who == state.customer.id:
                who = state.customer.name
            said = clip(line.message.text.replace("\n", " "), 120)
            when = fmt.clock(line.message.at)
            after = Both("其后：", "since: ")
            parts.append((f"\n   {after}{clip(clean(who), 16)} {when} {said}", "$secondary"))
        parts.append((f"\n   → {way_out(item.reason)}\n", "$accent"))
        return Content.assemble(*parts)

    def _item(self) -> TrayItem | None:
        at = self.query_one(OptionList).highlighted
        items = self._desk.tray.items
        return items[at] if at is not None and at < len(items) else None

    def action_choose(self, what: str) -> None:
        """Deal with the highlighted item."""
        item = self._item()
        if item is None:
            return
        way = Way(what)
        if way not in self._desk.tray.ways(item):
            key, title = KEYS[way]
            self._say(Both(f"现在不能{title.zh}（{key}）", f"cannot {title.en} now ({key})"))
            return
        try:
            self._deal(item, way)
        except StoreError as error:
            self.app.notify(clean(str(error)), severity="error", timeout=10, markup=False)

    def _deal(self, item: TrayItem, way: Way) -> None:
        desk = self._desk
        match way:
            case Way.COPY:
                self.app.copy_to_clipboard(item.text)
                self._say(Both("已复制", "copied"))
                return
            case Way.EDIT:
                desk.tray.to_draft(item)
                self.dismiss(item.conversation)
                return
            case Way.DISCARD:
                desk.tray.discard(item)
                self._say(Both("已丢弃 · Ctrl+Z 撤销", "discarded · Ctrl+Z undoes"))
            case Way.SEND | Way.NOTE:
                refused = desk.tray.resend(item) if way is Way.SEND else desk.tray.to_note(item)
                if refused is not None:
                    words = clean(reason(refused.reason, refused.detail))
                    self.app.notify(words, severity="warning", markup=False)
                    return
                self._ring()
        self._show_rest()

    def action_undo(self) -> None:
        """Bring back what was discarded last; other steps are not this screen's."""
        if not self._desk.undo_stack.is_discard():
            self._say(Both("没有可撤销的丢弃", "nothing was discarded just now"))
            return
        try:
            self._desk.undo()
        except StoreError as error:
            self.app.notify(clean(str(error)), severity="error", timeout=10, markup=False)
        self._show_rest()

    def _show_rest(self) -> None:
        if self._desk.tray.items:
            self._fill()
        else:
            self.dismiss(None)

    def _say(self, words: Both) -> None:
        self.app.notify(str(words), timeout=3, markup=False)
