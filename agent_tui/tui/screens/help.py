"""Every key as it is now, to read and to search."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agent_tui.lang import Both
from agent_tui.text import fit, wrap
from agent_tui.tui import lookup, signs
from agent_tui.tui.commands import BY_ID, INTENTS
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.keymap import PRESETS, KeyMap
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.filterbox import KEYS as FILTER_KEYS
from agent_tui.tui.widgets.find import KEYS
from agent_tui.tui.widgets.typing import OrderedInput

Part = tuple[str, str]  # text, style

PREFIXES = Both(
    "查找框里开头输入：只查宏、知识、往来；全角也行",
    "first in the find box: only macros, articles, past chats; full width works too",
)
BOARD = (
    ("Enter", Both("看坐席或团队的会话", "the agent's or the team's chats")),
    ("p", Both("改坐席状态", "an agent's state")),
    ("s", Both("高峰支援", "a surge")),
    ("o", Both("换排序", "another order")),
    ("w", Both("大屏", "the wallboard")),
)
MORE = (
    ("Enter", Both("发送；在查找框里是插入", "send; in the find box: insert")),
    ("Ctrl+J", Both("换行", "new line")),
    (
        "Home End Ctrl+U Ctrl+W",
        Both(
            "行首、行尾；删到行首、删一个词",
            "to a line's start or end; delete to its start, or a word",
        ),
    ),
    ("Ctrl+Home Ctrl+End", Both("草稿的开头、结尾", "the draft's beginning or end")),
    (
        "/short",
        Both(
            "宏的短名：Tab 补全，写全了 Enter 也行",
            "a macro's short name: Tab completes it, Enter takes a whole one",
        ),
    ),
    (
        "??yunfei",
        Both("行首：换成最好的答案，Tab 或 Enter", "first in a line: its best answer, by Tab"),
    ),
    (":weixiao", Both("按名字打表情，Tab", "an emoji by its name, Tab")),
    ("Tab", Both("取灰字；没有灰字就到查找框", "take the grey text; without one: to the find box")),
    (
        "→ Ctrl+→",
        Both("取灰字的一个词、一个分句", "take a word, or a clause, of the grey text"),
    ),
    ("↓ ↑", Both("换一条灰字", "another grey text")),
    ("/ ? @", PREFIXES),
    *((key, Both(f"查找框：{doc.zh}", f"find box: {doc.en}")) for key, _, doc in KEYS.values()),
    (
        "Tab ↓ ↑ Enter",
        Both("筛选框：补全、选一条、到列表", "filter box: complete, choose, go to the list"),
    ),
    *((key, Both(f"看板：{doc.zh}", f"board: {doc.en}")) for key, doc in BOARD),
)
# Keys that are no intents, of each focus.
KEYS_OF = {
    "composer": MORE[:2],
    "find": tuple((key, doc) for key, _, doc in KEYS.values()),
    "filter": FILTER_KEYS,
    "board": BOARD,
}
SEARCH = Both(
    "查按键和功能：中文、拼音、英文、按键", "search: what a key does, or the key for something"
)
HERE = Both("这里最常用", "used most here")
# What is looked up first: in this focus, these keys.
USED: dict[str, tuple[str, ...]] = {
    "composer": (
        "answer_1",
        "find",
        "macros",
        "send_next",
        "send_resolve_next",
        "resolve_next",
        "next_urgent",
        "undo",
        "clear_draft",
        "note",
        "insert_order",
        "assign",
        "snooze",
        "focus_queue",
    ),
    "queue": (
        "open_chat",
        "next_urgent",
        "claim",
        "assign",
        "tag",
        "snooze",
        "resolve_next",
        "undo",
        "filter",
        "mark",
        "choose_view",
        "show_card",
    ),
    "transcript": (
        "read_down",
        "read_up",
        "copy_message",
        "quote",
        "open_target",
        "search_chat",
        "focus_composer",
        "focus_queue",
    ),
    "find": ("answer_1", "macros", "focus_queue"),
    "filter": ("filter", "choose_view", "mark_all"),
    "search": ("search_next", "search_previous", "focus_queue"),
}
SIGNS = (
    (Both("列表里的符号", "signs in the list"), signs.LIST),
    (Both("消息前后的符号", "signs beside messages"), tuple(signs.of_messages())),
)
TITLE = Both("按键（任何位置 · 列表里） — Esc 关闭", "Keys (anywhere · in the queue) — Esc closes")
WITHOUT = Both("Ctrl+P 里找", "by Ctrl+P")
NOTHING = Both("没有找到", "nothing found")
KEYS_CELLS = 24
WIDTH, BESIDE = 92, 6  # cells of the page; of its border, padding and scroll bar


class HelpScreen(ClosesOnce, ModalScreen[None]):
    """A page to scroll and to search; Escape, F1 and Enter close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,enter", "dismiss(None)", "close", show=False),
        Binding("down", "scroll(1)", "down", show=False, priority=True),
        Binding("up", "scroll(-1)", "up", show=False, priority=True),
        Binding("pagedown", "scroll(12)", "page down", show=False, priority=True),
        Binding("pageup", "scroll(-12)", "page up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > Vertical {
        width: 92; max-width: 98%; height: 90%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    HelpScreen Input { border: none; height: 1; padding: 0; background: $background; }
    HelpScreen VerticalScroll { height: 1fr; background: $panel; }
    HelpScreen .title { text-style: bold; height: 1; }
    """

    def __init__(self, keymap: KeyMap, focus: str = "queue") -> None:
        """`focus`: where one was; its keys stand on top."""
        super().__init__()
        self._keymap = keymap
        self._focus = focus

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(str(TITLE), classes="title", markup=False)
            yield OrderedInput(id="help-text", placeholder=str(SEARCH), compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(id="help-keys", markup=False)

    def on_mount(self) -> None:
        """All of them, until something is typed."""
        self.query_one(Input).focus()
        self._show("")

    def on_resize(self) -> None:
        """Another width: other lines."""
        self._show(self.query_one(Input).value.strip())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only what was asked for."""
        self._show(event.value.strip())

    def on_input_submitted(self) -> None:
        """Enter in the box."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Move the page."""
        page = self.query_one(VerticalScroll)
        page.scroll_to(y=page.scroll_y + lines, animate=False)

    def _show(self, text: str) -> None:
        parts = self._found(text.lower()) if text else self._everything()
        page = self.query_one("#help-keys", Static)
        page.update(Content.assemble(*(parts or [(str(NOTHING), "$secondary")])))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def _everything(self) -> list[Part]:
        preset = PRESETS[self._keymap.preset].doc
        parts = self._used()
        parts.append((f"\n── {self._keymap.preset}: {preset}\n", "$secondary"))
        for key, doc in MORE:
            parts += self._row(key, doc)
        about = None
        for intent in lookup.grouped():
            group = lookup.group_of(intent)
            if group != about:
                about = group
                parts.append((f"\n── {group}\n", "$secondary"))
            parts += self._line(intent)
        for title, legend in SIGNS:
            parts.append((f"\n── {title}\n", "$secondary"))
            for sign, meaning in legend:
                parts += self._row(str(sign), meaning)
        return parts

    def _used(self) -> list[Part]:
        parts: list[Part] = [(f"── {HERE}\n", "$secondary")]
        for key, doc in KEYS_OF.get(self._focus, ()):
            parts += self._row(key, doc)
        for name in USED.get(self._focus, ()):
            parts += self._line(BY_ID[name])
        return parts

    def _found(self, text: str) -> list[Part]:
        """Those whose key was typed come first, then those that are called so."""
        pressed = [
            each
            for each in INTENTS
            if any(
                f"{key}+".startswith(f"{text}+")  # "alt" finds every key with it
                for key in self._keymap.both(each.id).lower().split()
            )
        ]
        parts: list[Part] = []
        for intent in dict.fromkeys([*pressed, *lookup.found(text)]):
            parts += self._line(intent)
        for title, rows in (("", MORE), *((f"{t.zh} {t.en}", rows) for t, rows in SIGNS)):
            for key, doc in rows:
                if text in f"{title} {key} {doc.zh} {doc.en}".lower():
                    parts += self._row(str(key), doc)
        return parts

    def _line(self, intent: type[Intent]) -> list[Part]:
        return self._row(self._keymap.both(intent.id) or str(WITHOUT), intent.doc)

    def _row(self, key: str, doc: Both) -> list[Part]:
        room = min(WIDTH, self.app.size.width * 98 // 100) - BESIDE - KEYS_CELLS
        lines = ("\n" + " " * KEYS_CELLS).join(wrap(str(doc), max(8, room)))
        return [(fit(key, KEYS_CELLS), "$accent bold"), (f"{lines}\n", "")]
