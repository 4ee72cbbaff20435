"""The dialogue in which an article is written or corrected."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, TextArea

from agent_tui.lang import Both
from agent_tui.text import clean, clean_line
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.screens.writing import Lines, WritingScreen, field, heading, keys, wrong
from agent_tui.tui.widgets.typing import OrderedInput


class Written(msgspec.Struct, frozen=True):
    """What the dialogue begins and ends with. `name` is a new article's id, for whoever publishes;
    `reason` tells the lead why."""

    title: str = ""
    questions: tuple[str, ...] = ()
    body: str = ""
    reason: str = ""
    name: str = ""


class WriteScreen(WritingScreen[Written]):
    """An article's fields."""

    DEFAULT_CSS = """
    WriteScreen > Vertical { width: 84; height: 30; }
    WriteScreen #write-questions { height: 3; }
    WriteScreen #write-body { height: 1fr; min-height: 4; }
    """

    leaving = Both("不提交，丢掉写好的内容？", "Leave, and throw away what you wrote?")

    def __init__(
        self, title: str, start: Written, *, publish: bool = False, named: bool = False
    ) -> None:
        """`publish`: no reason is asked for; `named`: the article's id is."""
        super().__init__()
        self._heading = title
        self._start = start
        self._publish = publish
        self._named = named

    def compose(self) -> ComposeResult:
        start = self._start
        with Vertical():
            yield heading(clean_line(self._heading, 200))
            if self._named:
                yield field(Both("编号（分类/名称）", "id (category/name)"))
                yield OrderedInput(start.name, id="write-name", compact=True)
            yield field(Both("标题", "title"))
            yield OrderedInput(start.title, id="write-title", compact=True)
            yield field(Both("客户会怎么问（一行一个）", "how customers ask (a line each)"))
            yield Lines("\n".join(start.questions), id="write-questions")
            yield field(Both("正文（会发给客户）", "text (goes to customers)"))
            yield Lines(start.body, id="write-body")
            if not self._publish:
                yield field(Both("理由（给组长看）", "why (for the lead)"))
                yield OrderedInput(start.reason, id="write-reason", compact=True)
            yield wrong()
            done = Both("发布", "publish") if self._publish else Both("提交给组长", "to the lead")
            yield keys(
                Both(
                    f"Ctrl+S {done.zh} · Tab 下一栏 · Esc 返回",
                    f"Ctrl+S {done.en} · Tab next field · Esc back",
                )
            )

    def on_mount(self) -> None:
        """A correction is of the text; a new one begins with its title."""
        for area in self.query(Lines):
            area.move_cursor(area.document.end)
        self.query_one("#write-body" if self._start.body else "#write-title").focus()

    def _written(self) -> Written:
        def line(name: str) -> str:
            found = self.query(f"#write-{name}").results(Input)
            return next((clean_line(box.value, 1_000) for box in found), "")

        questions = self.query_one("#write-questions", TextArea).text.splitlines()
        return Written(
            title=line("title"),
            questions=tuple(each.strip() for each in questions if each.strip()),
            body=clean(self.query_one("#write-body", TextArea).text).strip(),
            reason=line("reason"),
            name=line("name"),
        )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next field."""
        event.stop()
        self.focus_next()

    def _begun(self) -> Written:
        return self._start

    def _empty(self, written: Written) -> str:
        if not written.title:
            return "write-title"
        return "" if written.body else "write-body"

    def _amiss(self, written: Written) -> Both | None:
        if not written.title and not written.body:
            return Both("标题和正文还空着", "title and text are still empty")
        if not written.title:
            return Both("标题还空着", "the title is still empty")
        if not written.body:
            return Both("正文还空着", "the text is still empty")
        if not self._publish and written == self._start:
            return Both("还没有改动", "nothing was changed")
        return None


class LineScreen(ClosesOnce, ModalScreen[str | None]):
    """One line to type; Enter ends, Escape leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back", show=False)]
    DEFAULT_CSS = """
    LineScreen { align: center middle; background: $background 60%; }
    LineScreen > Vertical {
        width: 70; max-width: 95%; height: auto;
        background: $panel; border: round $primary; padding: 0 1;
    }
    LineScreen Input { border: none; height: 1; padding: 0; background: $background; }
    LineScreen .keys { color: $secondary; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._question, markup=False)
            yield OrderedInput(compact=True)
            yield keys(Both("Enter 确定 · Esc 返回", "Enter done · Esc back"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        self.dismiss(clean_line(event.value, 1_000))
