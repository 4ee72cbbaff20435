"""Before a reply leaves that should be looked at: everything that was found, at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from agent_tui.desk.guards import BLOCKS, Finding
from agent_tui.lang import Both
from agent_tui.text import clean
from agent_tui.tui.screens.low import GivesWay
from agent_tui.tui.screens.once import ClosesOnce

AROUND = 12  # characters shown on either side


class GuardScreen(GivesWay, ClosesOnce, ModalScreen[bool]):
    """The answer is whether to send all the same. Enter answers nothing, and no letter does that
    was on its way when this opened: only `y`, after `settle` seconds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "send", "send all the same", show=False),
        Binding("escape,n", "dismiss(False)", "back", show=False),
        Binding("enter", "stay", "", show=False),
    ]
    DEFAULT_CSS = """
    GuardScreen { align: center middle; background: $background 60%; }
    GuardScreen > Vertical {
        width: 76; max-width: 96%; height: auto; max-height: 100%;
        background: $panel; border: round $warning; padding: 0 1;
    }
    GuardScreen VerticalScroll { height: auto; }
    GuardScreen Static { width: 100%; height: auto; }
    GuardScreen #guard-title { text-style: bold; color: $warning; }
    GuardScreen .keys { color: $secondary; margin-top: 1; }
    """

    scrolls, most, beside = "VerticalScroll", 24, 5

    def __init__(self, text: str, findings: Sequence[Finding], *, settle: float = 0.0) -> None:
        super().__init__()
        self._text = text
        self.findings = findings
        self._settled_at = time.monotonic() + settle
        self._blocked = any(each.kind in BLOCKS for each in findings)

    def compose(self) -> ComposeResult:
        title = Both("还没有发送：先看一眼", "Not sent yet: look at this first")
        keys = Both("y 仍然发送 · Esc 返回修改", "y sends all the same · Esc back to the text")
        if self._blocked:
            keys = Both("填好再发 · Esc 返回修改", "fill it in first · Esc back to the text")
        with Vertical():
            yield Label(str(title), id="guard-title", markup=False)
            with VerticalScroll(can_focus=False):
                for each in self.findings:
                    yield Static(self._drawn(each))
            yield Label(str(keys), classes="keys", markup=False)

    def _drawn(self, finding: Finding) -> Content:
        sign = "x" if finding.kind in BLOCKS else "!"
        parts: list[tuple[str, str]] = [(f"{sign} {clean(str(finding.reason))}", "$warning")]
        if finding.end > finding.start:
            before = self._text[max(0, finding.start - AROUND) : finding.start]
            after = self._text[finding.end : finding.end + AROUND]
            parts += [
                ("\n   …" if finding.start > AROUND else "\n   ", "$secondary"),
                (_flat(before), "$foreground"),
                (_flat(self._text[finding.start : finding.end]), "$error bold underline"),
                (_flat(after), "$foreground"),
                ("…" if finding.end + AROUND < len(self._text) else "", "$secondary"),
            ]
        parts += [(f"\n   {_flat(line)}", "$foreground bold") for line in finding.lines]
        return Content.assemble(*parts)

    def action_send(self) -> None:
        """`y`."""
        if not self._blocked and time.monotonic() >= self._settled_at:
            self.dismiss(True)

    def action_stay(self) -> None:
        """A second Enter is a habit, or a bouncing key: no answer."""


def _flat(text: str) -> str:
    return clean(text).replace("\n", " ")
