"""Every key, from the one table of intents."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from agent_tui.lang import Both
from agent_tui.text import fit
from agent_tui.tui.commands import INTENTS, key_name
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.find import KEYS

PREFIXES = Both(
    "查找框里开头输入：只查宏、知识、往来；全角也行",
    "first in the find box: only macros, articles, past chats; full width works too",
)
MORE = (
    ("Enter", Both("发送；在查找框里是插入", "send; in the find box: insert")),
    ("Ctrl+J", Both("换行", "new line")),
    ("/short", Both("宏的短名，再按 Tab 或 Enter", "a macro's short name, then Tab or Enter")),
    ("Tab", Both("到查找框", "go to the find box")),
    ("/ ? @", PREFIXES),
    *((key, Both(f"查找框：{doc.zh}", f"find box: {doc.en}")) for key, _, doc in KEYS.values()),
    (
        "Tab ↓ ↑ Enter",
        Both("筛选框：补全、选一条、到列表", "filter box: complete, choose, go to the list"),
    ),
    (
        "Enter p s w",
        Both(
            "看板：看会话、改坐席状态、高峰支援、大屏",
            "board: their chats, an agent's state, a surge, the wallboard",
        ),
    ),
)


class HelpScreen(ClosesOnce, ModalScreen[None]):
    """A page to scroll; any of Escape, F1 and q closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter", "dismiss(None)", "close", show=False)
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 90; max-width: 98%; height: 90%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    """

    def __init__(self, overrides: dict[str, str]) -> None:
        super().__init__()
        self._overrides = overrides

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(self._text(), markup=False)

    def _text(self) -> Content:
        title = Both(
            "按键（任何位置 · 列表里） — Esc 关闭", "Keys (anywhere · in the queue) — Esc closes"
        )
        parts: list[tuple[str, str]] = [(f"{title}\n\n", "bold")]
        for key, doc in MORE:
            parts += [(fit(key, 22), "$accent bold"), (f"{doc}\n", "")]
        for intent in INTENTS:
            everywhere = self._overrides.get(intent.id, intent.default_keys)
            keys = " ".join(key_name(k) for k in everywhere.split(",") if k)
            letters = " ".join(key_name(k) for k in intent.letters.split(",") if k and k != "/")
            both = " · ".join(part for part in (keys, letters) if part) or "Ctrl+P …"
            parts += [(fit(both, 22), "$accent bold"), (f"{intent.doc}\n", "")]
        return Content.assemble(*parts)
