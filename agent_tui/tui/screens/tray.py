"""The tray of what was not sent: every text, with its reason and one-key choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from agent_tui.desk import tray
from agent_tui.desk.desk import Desk
from agent_tui.desk.drafts import conversation_of
from agent_tui.desk.guarding.findings import Finding
from agent_tui.desk.reasons import reason, way_out
from agent_tui.desk.tray import Way
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.tray import TrayItem
from agent_tui.text import clean, clip
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.low import GivesWay
from agent_tui.tui.screens.once import ClosesOnce

KEYS: dict[Way, tuple[str, Both]] = {
    Way.SEND: ("s", Both("仍然发送", "send anyway")),
    Way.EDIT: ("e", Both("编辑", "edit")),
    Way.NOTE: ("n", Both("改为备注", "as a note")),
    Way.COPY: ("y", Both("复制", "copy")),
    Way.DISCARD: ("d", Both("丢弃", "discard")),
}
FOLLOW_SECONDS = 1.0


class Look(Protocol):
    """What is looked for in words before they leave."""

    def __call__(self, key: ConversationId, text: str, *, note: bool) -> Sequence[Finding]:
        """What was found in `text` for chat `key`, or in a `note` there."""


class TrayScreen(GivesWay, ClosesOnce, ModalScreen[ConversationId | None]):
    """One item a text; below each, the keys that are of use for it just now. The answer is the
    draft that an item became."""

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
        width: 96; max-width: 98%; height: auto; max-height: 100%;
        background: $panel; border: round $warning; padding: 0 1;
    }
    TrayScreen OptionList { height: auto; border: none; background: $panel; }
    TrayScreen OptionList:focus { border: none; }
    TrayScreen OptionList:focus > .option-list--option-highlighted {
        background: $surface; color: $foreground; text-style: none;
    }
    TrayScreen .keys { color: $secondary; }
    """

    scrolls, most, beside = "#tray-list", 24, 4

    def __init__(self, desk: Desk, ring: Callable[[], None], look: Look) -> None:
        super().__init__()
        self._desk = desk
        self._ring = ring
        self._look = look
        self._items: list[TrayItem] = []  # as they stand on the screen

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(id="tray-title", markup=False)
            yield OptionList(id="tray-list")
            yield Label(id="tray-keys", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Fill the list, and keep it current: items come and go while one reads."""
        self._fill()
        self.set_interval(FOLLOW_SECONDS, self._follow)

    def _follow(self) -> None:
        if self.is_active and self._items != self._desk.tray.items:
            self._show_rest()

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
        before, self._items = self._item(), list(self._desk.tray.items)
        items = self._items
        title = Both(f"待处理 {len(items)}", f"Tray {len(items)}")
        self.query_one("#tray-title", Label).update(str(title))
        options = self.query_one(OptionList)
        at = items.index(before) if before in items else options.highlighted or 0
        options.clear_options()
        options.add_options([Option(self._label(item)) for item in items])
        if items:
            options.highlighted = min(at, len(items) - 1)
            options.focus()

    def _label(self, item: TrayItem) -> Content:
        key = conversation_of(item.conversation)
        state, agents = self._desk.conversation(key), self._desk.directory.agents()
        name = state.customer.name if state else key
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
            who: str = line.message.author
            if state is not None and who == state.customer.id:
                who = state.customer.name
            elif (agent := agents.get(AgentId(who))) is not None:
                who = agent.name
            said = clip(line.message.text.replace("\n", " "), 120)
            when = fmt.clock(line.message.at)
            after = Both("其后：", "since: ")
            parts.append((f"\n   {after}{clip(clean(who), 16)} {when} {said}", "$secondary"))
        parts.append((f"\n   → {way_out(item.reason)}\n", "$accent"))
        return Content.assemble(*parts)

    def _item(self) -> TrayItem | None:
        at = self.query_one(OptionList).highlighted
        return self._items[at] if at is not None and at < len(self._items) else None

    def action_choose(self, what: str) -> None:
        """Deal with the highlighted item."""
        item = self._item()
        if item is None:
            return
        if item not in self._desk.tray.items:
            self._show_rest()
            self._say(Both("这一条期间已处理", "this one was dealt with meanwhile"))
            return
        way = Way(what)
        if way not in self._desk.tray.ways(item):
            key, title = KEYS[way]
            self._say(Both(f"现在不能{title.zh}（{key}）", f"cannot {title.en} now ({key})"))
            return
        if way not in (Way.SEND, Way.NOTE):
            self._try(item, way)
            return
        text, note = tray.said(item.order.command) if way is Way.SEND else (item.text, True)
        findings = self._look(item.conversation, text, note=note)
        if findings:
            self.run_worker(self._ask(item, way, text, findings))
        else:
            self._try(item, way)

    async def _ask(self, item: TrayItem, way: Way, text: str, findings: Sequence[Finding]) -> None:
        """What an ordinary reply is not sent with unasked leaves from here no more easily."""
        from agent_tui.tui.screens.guard import GuardScreen

        meant = await self.app.push_screen_wait(GuardScreen(text, findings))
        if meant and item in self._desk.tray.items:
            self._try(item, way)

    def _try(self, item: TrayItem, way: Way) -> None:
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
                self.dismiss(desk.tray.to_draft(item))
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
