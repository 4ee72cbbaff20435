"""What agents suggest for the knowledge base, old and new side by side."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent, Article, Conversation, Suggestion
from agent_tui.lang import Both
from agent_tui.text import clean_line, clip, fit, wrap
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.findlines import FindLines
from agent_tui.tui.widgets.keyline import KeyLine
from agent_tui.tui.widgets.lines import Piece

Waiting = tuple[Conversation, Suggestion]
Chosen = tuple[str, Conversation, Suggestion]


class SideBySide(FindLines, can_focus=False):
    """Old on the left, new on the right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"diff--old", "diff--new"}
    DEFAULT_CSS = """
    SideBySide > .diff--old { color: $error; }
    SideBySide > .diff--new { color: $success; }
    """


class ReviewScreen(ClosesOnce, ModalScreen[Chosen | None]):
    """a publishes, e edits first, d declines, o opens the chat it came from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "close", show=False),
        Binding("a", "choose('accept')", "publish", show=False),
        Binding("e,enter", "choose('edit')", "edit and publish", show=False, priority=True),
        Binding("d", "choose('decline')", "decline", show=False),
        Binding("o", "choose('open')", "open the chat", show=False),
        Binding("pagedown,space", "page(1)", "page down", show=False, priority=True),
        Binding("pageup", "page(-1)", "page up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    ReviewScreen { align: center middle; background: $background 60%; }
    ReviewScreen > Vertical {
        width: 110; max-width: 98%; height: 94%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    ReviewScreen #review-title { text-style: bold; height: 1; }
    ReviewScreen OptionList {
        height: auto; max-height: 6; border: none; padding: 0; background: $panel;
    }
    ReviewScreen OptionList:focus { border: none; }
    ReviewScreen #review-text { height: 1fr; background: $panel; border-top: dashed $border; }
    """

    def __init__(
        self,
        waiting: Sequence[Waiting],
        article: Callable[[str], Article | None],
        agents: Mapping[AgentId, Agent],
    ) -> None:
        super().__init__()
        self._waiting = waiting
        self._article = article
        self._agents = agents

    def compose(self) -> ComposeResult:
        count = len(self._waiting)
        with Vertical():
            title = Both(f"知识建议 {count}", f"Suggestions {count}")
            yield Label(str(title), id="review-title", markup=False)
            yield OptionList(id="review-list", compact=True, markup=False)
            yield SideBySide(id="review-text")
            keys = Both(
                "a 发布 · e 改后发布 · d 不采用 · o 打开会话 · 空格 翻页 · Esc 关闭",
                "a publish · e edit first · d decline · o chat · space scrolls · Esc close",
            )
            yield KeyLine(keys)

    def on_mount(self) -> None:
        """Fill the list."""
        options = self.query_one(OptionList)
        options.add_options([Option(self._label(*each)) for each in self._waiting])
        options.highlighted = 0
        options.focus()

    def on_option_list_option_highlighted(self) -> None:
        """Another one."""
        self._draw()

    def on_resize(self) -> None:
        """Two columns of the width there is."""
        self.call_after_refresh(self._draw)

    def _label(self, state: Conversation, suggestion: Suggestion) -> str:
        author = self._agents.get(suggestion.author)
        kind = Both("修改", "correction") if suggestion.article else Both("新知识", "new")
        who = author.name if author else suggestion.author
        when = fmt.local(suggestion.at).strftime("%m-%d %H:%M")
        return clean_line(f"{kind} · {suggestion.title} · {who} {when} · {state.customer.name}", 96)

    def _draw(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is None:
            return
        _, suggestion = self._waiting[at]
        old = self._article(suggestion.article) if suggestion.article else None
        view = self.query_one(SideBySide)
        view.show(list(compared(old, suggestion, view.text_width)))

    def action_choose(self, what: str) -> None:
        """Something is to be done with the highlighted one."""
        at = self.query_one(OptionList).highlighted
        if at is not None:
            state, suggestion = self._waiting[at]
            self.dismiss((what, state, suggestion))

    def action_page(self, step: int) -> None:
        """Scroll the texts."""
        view = self.query_one(SideBySide)
        view.scroll_lines(step * (view.size.height - 1))


def compared(old: Article | None, new: Suggestion, width: int) -> Iterator[list[Piece]]:
    """What the article says and what it would say, with - and + before lines that differ."""
    if new.reason:
        why = str(Both(f"理由：{new.reason}", f"why: {new.reason}"))
        yield from ([(line, "find--internal")] for line in wrap(why, width))
    if new.article and old is None:
        gone = str(Both("原来的知识已经没有了", "the article is gone"))
        yield [(clip(gone, width), "find--internal")]
    elif old is not None and old.version != new.version:
        changed = str(Both("作者写后这条知识又改过", "the article changed since this was written"))
        yield [(clip(changed, width), "find--internal")]
    if old is None:
        yield from _beside([], _text(new.title, new.questions, new.body), width)
    else:
        before = _text(old.title, old.questions, old.body)
        yield from _beside(before, _text(new.title, new.questions, new.body), width)


def _text(title: str, questions: Sequence[str], body: str) -> list[str]:
    return [title, *(f"？{each}" for each in questions), "", *body.splitlines()]


def _beside(old: list[str], new: list[str], width: int) -> Iterator[list[Piece]]:
    half = max(8, (width - 3) // 2)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        same = kind == "equal"
        left = [part for line in old[a:b] for part in _lines(line, "  " if same else "- ", half)]
        right = [part for line in new[c:d] for part in _lines(line, "  " if same else "+ ", half)]
        for number in range(max(len(left), len(right))):
            yield [
                (
                    fit(left[number] if number < len(left) else "", half),
                    "" if same else "diff--old",
                ),
                (" │ ", "find--dim"),
                (right[number] if number < len(right) else "", "" if same else "diff--new"),
            ]


def _lines(text: str, sign: str, width: int) -> list[str]:
    first, *rest = wrap(text, width - 2)
    return [sign + first, *("  " + line for line in rest)]
