"""Before many chats are changed: what would be done, who would have how much, what is left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from agent_tui.desk.bulk import DryRun
from agent_tui.desk.loads import Load
from agent_tui.lang import Both
from agent_tui.text import clean_line, fit
from agent_tui.tui.screens.low import GivesWay
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.widgets.boardlines import NOT_COUNTED
from agent_tui.tui.widgets.keyline import KeyLine

NAME = 14
BAR = 16
Line = list[tuple[str, str]]


class DryRunScreen(GivesWay, ClosesOnce, ModalScreen[bool]):
    """Enter does it, Escape does not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "dismiss(True)", "do it", show=False, priority=True),
        Binding("escape,n,q", "dismiss(False)", "back", show=False),
    ]
    DEFAULT_CSS = """
    DryRunScreen { align: center middle; background: $background 60%; }
    DryRunScreen > Vertical {
        width: 76; max-width: 98%; height: auto; max-height: 100%;
        background: $panel; border: round $primary; padding: 0 1;
    }
    DryRunScreen #run-title { text-style: bold; height: auto; }
    DryRunScreen VerticalScroll { height: auto; background: $panel; }
    """

    scrolls, most, beside = "VerticalScroll", 40, 6

    def __init__(self, run: DryRun, undo: str) -> None:
        super().__init__()
        self._run = run
        self._undo = undo  # the key that does

    def compose(self) -> ComposeResult:
        run = self._run
        count = len(run.steps)
        with Vertical():
            title = f"{run.title} · {counted(count)}"
            yield Label(clean_line(title, 200), id="run-title", markup=False)
            with VerticalScroll():
                yield Static(_text(run), markup=False)
            keys = Both(
                f"Enter 执行 · Esc 返回 · 之后 {self._undo} 一次全撤",
                f"Enter does it · Esc back · afterwards {self._undo} takes all of it back",
            )
            if not count:
                keys = Both("没有可做的 · Esc 返回", "nothing to do · Esc back")
            yield KeyLine(keys)


def counted(chats: int) -> Both:
    """So many chats, in words."""
    return Both(f"{chats} 个会话", "1 chat" if chats == 1 else f"{chats} chats")


def _text(run: DryRun) -> Content:
    lines = [Content.assemble(*line) for line in (*_loads(run), *_notes(run), *_skipped(run))]
    return Content("\n").join(lines)


def _loads(run: DryRun) -> Iterator[Line]:
    if not run.loads:
        return
    title = Both("负载 前 → 后 / 上限", "load before → after / limit")
    yield [(f"{'':{NAME}} {title}", "$secondary")]
    scale = max(1.0, *(max(each.before, each.after, each.capacity) for each in run.loads))
    for each in run.loads:
        more = "+" if each.partial else ""
        figures = f"{each.before:g}{more} → {each.after:g}{more}"
        limit = f" / {each.capacity:g}"
        color = "$error bold" if each.over and each.after > each.before else ""
        yield [
            (fit(each.name, NAME), ""),
            (" " * max(1, 11 - cell_len(figures)) + figures, color or "bold"),
            (fit(limit, 6), "$secondary"),
            *bars(each, scale),
            (" !!" if color else "", "$error bold"),
        ]
    if any(each.partial for each in run.loads):
        yield [(str(NOT_COUNTED), "$secondary")]


def bars(load: Load, scale: float) -> Line:
    """What stays, what comes (+) or goes (-), and the room that is left."""
    unit = BAR / scale if scale > BAR else 1.0

    def cells(amount: float) -> int:
        return round(amount * unit)

    stays, most = cells(min(load.before, load.after)), cells(max(load.before, load.after))
    sign, color = ("+", "$success bold") if load.after >= load.before else ("-", "$secondary")
    return [
        ("▮" * stays, "$secondary"),
        (sign * (most - stays), color),
        ("▯" * max(0, cells(load.capacity) - most), "$secondary"),
    ]


def _notes(run: DryRun) -> Iterator[Line]:
    for note in run.notes:
        yield [("! ", "$warning bold"), (str(note), "$warning")]


def _skipped(run: DryRun) -> Iterator[Line]:
    counts = Counter(str(why) for _, why in run.skipped)
    if counts:
        total = len(run.skipped)
        yield [(str(Both(f"跳过 {total} 个：", f"{total} skipped:")), "$warning")]
    for why, count in counts.most_common():
        yield [(f"  {count} · {clean_line(why, 100)}", "$warning")]
