"""Small questions: pick one of a list, fill in slots, yes or no."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from agent_tui.lang import Both
from agent_tui.tui.screens.low import GivesWay
from agent_tui.tui.screens.narrowing import Choice, matching
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.typing import OrderedInput

if TYPE_CHECKING:
    from agent_tui.macros.model import Slot

__all__ = ["Choice", "Confirm", "Picker", "SlotForm", "matching"]

NOTHING = Both("没有匹配", "nothing fits")
AS_TYPED = Both("没有匹配：Enter 用输入的", "nothing fits: Enter takes what is typed")


class Picker(GivesWay, ClosesOnce, ModalScreen[str | None]):
    """Type to narrow, Enter takes the top one; without a filter a digit takes it at once.

    The answer is the chosen value; with `free`, the typed text if nothing matches; None for Escape.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", show=False),
        Binding("down", "step(1)", "next", show=False, priority=True),
        Binding("up", "step(-1)", "previous", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    Picker { align: center bottom; padding-bottom: 2; background: $background 60%; }
    Picker > Vertical {
        width: 56; max-width: 95%; height: auto; max-height: 100%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    Picker Input { border: none; height: 1; padding: 0; background: $background; }
    Picker OptionList {
        height: auto; border: none; padding: 0; background: $panel;
    }
    Picker #pick-title { text-style: bold; width: 100%; }
    Picker #pick-keys { color: $secondary; }
    """

    scrolls, most, beside = "#pick-list", 16, 7

    def __init__(
        self, title: str, choices: Sequence[Choice], *, filtered: bool = True, free: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._choices = list(choices)
        self._filtered = filtered
        self._free = free
        self._shown: list[Choice] = list(choices)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title, id="pick-title", markup=False)
            if self._filtered:
                narrow = Both("输入筛选：中文、拼音、首字母", "type to narrow")
                yield OrderedInput(placeholder=str(narrow), id="pick-filter", compact=True)
            yield OptionList(id="pick-list", compact=True)
            take = Both("Enter 选定 · Esc 返回", "Enter takes · Esc back")
            if self._free:
                take = Both(f"{take.zh} · 没有的直接输入", f"{take.en} · or type another")
            pick = Both("数字或 Enter 选定 · Esc 返回", "a digit or Enter takes · Esc back")
            yield Label(str(take if self._filtered else pick), id="pick-keys", markup=False)

    def on_mount(self) -> None:
        """Show everything, and focus the filter."""
        options = self.query_one(OptionList)
        if self._filtered:
            options.can_focus = False
            self.query_one(Input).focus()
        self._show(self._choices)

    def _show(self, choices: list[Choice]) -> None:
        self._shown = choices
        options = self.query_one(OptionList)
        options.clear_options()
        for number, choice in enumerate(choices, 1):
            lead = f"{number} " if not self._filtered and number < 10 else ""
            hint = f"  {choice.hint}" if choice.hint != choice.title else ""
            words = Content.assemble((lead, "$accent bold"), choice.title, (hint, "$secondary"))
            options.add_option(Option(words))
        if choices:
            options.highlighted = 0
        else:
            said = str(AS_TYPED if self._free else NOTHING)
            options.add_option(Option(Content.styled(said, "$secondary"), disabled=True))

    def action_step(self, step: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        if self._shown:
            at = options.highlighted or 0
            options.highlighted = max(0, min(len(self._shown) - 1, at + step))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow."""
        self._show(matching(self._choices, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted one, or the text itself."""
        at = self.query_one(OptionList).highlighted
        if self._shown and at is not None:
            self.dismiss(self._shown[at].value)
        elif self._free and event.value.strip():
            self.dismiss(event.value.strip())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter or a click in the list."""
        self.dismiss(self._shown[event.option_index].value)

    def on_key(self, event: events.Key) -> None:
        """A digit takes a choice when there is no filter to type into."""
        if self._filtered or not event.key.isdigit():
            return
        index = int(event.key) - 1
        if 0 <= index < len(self._shown):
            event.stop()
            self.dismiss(self._shown[index].value)


class SlotForm(GivesWay, ClosesOnce, ModalScreen[dict[str, str] | None]):
    """Fill in what a macro asks for. Enter goes to the next slot, and from the last one ends.

    The answer maps slot names to text; None for Escape. A value that does not fit its pattern
    keeps the form open.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back", show=False)]
    DEFAULT_CSS = """
    SlotForm { align: center bottom; padding-bottom: 2; background: $background 60%; }
    SlotForm > Vertical {
        width: 60; max-width: 95%; height: auto; max-height: 100%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    SlotForm VerticalScroll { height: auto; background: $panel; }
    SlotForm Input { border: none; height: 1; padding: 0; background: $background; }
    SlotForm .wrong { color: $error; height: auto; }
    SlotForm #slot-title { text-style: bold; }
    SlotForm .keys { color: $secondary; }
    """

    scrolls, most, beside = "VerticalScroll", 40, 7

    def __init__(self, title: str, slots: dict[str, Slot], values: dict[str, str]) -> None:
        super().__init__()
        self._title = title
        self._slots = slots
        self._values = values

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._title, id="slot-title", markup=False)
            with VerticalScroll(can_focus=False):
                for number, (name, slot) in enumerate(self._slots.items()):
                    yield Label(slot.prompt, markup=False)
                    value = self._values.get(name, "")
                    yield OrderedInput(value, id=f"slot-{number}", compact=True)
            yield Static("", classes="wrong", markup=False)
            keys = Both("Enter 下一项，最后插入 · Esc 返回", "Enter next, then inserts · Esc back")
            yield Label(str(keys), classes="keys", markup=False)

    def on_mount(self) -> None:
        """Start at the first slot that is still empty."""
        inputs = list(self.query(Input))
        empty = next((box for box in inputs if not box.value), inputs[0])
        empty.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Check this slot; go on or finish."""
        event.stop()
        inputs = list(self.query(Input))
        at = inputs.index(event.input)
        names = list(self._slots)
        for index in range(at + 1) if at + 1 < len(inputs) else range(len(inputs)):
            wrong = self._wrong(self._slots[names[index]], inputs[index].value)
            if wrong:
                self.query_one(".wrong", Static).update(wrong)
                inputs[index].focus()
                return
        self.query_one(".wrong", Static).update("")
        if at + 1 < len(inputs):
            inputs[at + 1].focus()
        else:
            self.dismiss({name: box.value.strip() for name, box in zip(names, inputs, strict=True)})

    def _wrong(self, slot: Slot, value: str) -> str:
        text = value.strip()
        if not slot.pattern or re.fullmatch(slot.pattern, text):
            return ""
        return str(
            Both(
                f"“{slot.prompt}”要填 {_in_words(slot.pattern).zh}",
                f"{slot.prompt!r} takes {_in_words(slot.pattern).en}",
            )
        )


def _in_words(pattern: str) -> Both:
    """A slot's pattern for people: digits are said in words, anything else as it is written."""
    digits = re.fullmatch(r"\^?\\d\{(\d+)(?:,(\d+))?\}\$?", pattern)
    if not digits:
        return Both(f"符合 {pattern} 的内容", f"text that matches {pattern}")
    least, most = digits[1], digits[2]
    count = f"{least}–{most}" if most else least
    return Both(f"{count} 位数字", f"{count} digits")


class Confirm(ClosesOnce, ModalScreen[bool]):
    """Before what cannot be undone. Enter or y: yes; Escape or n: no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "yes", show=False),
        Binding("n,escape", "dismiss(False)", "no", show=False),
    ]
    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%; }
    Confirm > Vertical {
        width: 60; max-width: 95%; height: auto;
        background: $panel; border: round $warning; padding: 0 1;
    }
    Confirm Label { width: 100%; }
    Confirm .keys { color: $secondary; margin-top: 1; }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Label(self._question, markup=False)
            yield Label(
                str(Both("Enter 确定 · Esc 返回", "Enter yes · Esc no")),
                classes="keys",
                markup=False,
            )
