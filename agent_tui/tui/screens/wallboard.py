"""The wallboard: each team's figures, big enough for a spare monitor. It needs no keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from agent_tui.desk.board import TeamLine, board
from agent_tui.desk.desk import Desk
from agent_tui.domain.policy import Policy
from agent_tui.lang import Both
from agent_tui.text import clip, fit
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.status import headed
from agent_tui.tui.widgets.figures import LARGE, SMALL, big
from agent_tui.tui.widgets.lines import LineView, Piece

if TYPE_CHECKING:
    from agent_tui.tui.app import WorkstationApp

EVERY_SECONDS = 1.0
PAGE_SECONDS = 10  # where the teams do not fit at once
HEADS = (
    Both("排队", "in queue"),
    Both("最久等待", "longest wait"),
    Both("超时", "late"),
    Both("在线", "online"),
)
# Cells of each figure, by size: those of "99", "-9:59", "99" and "99" with room between. Wider ones
# take what they need.
COLUMNS = {SMALL: (12, 24, 12, 10), LARGE: (20, 44, 20, 16)}
GAP = 2
NAME = {SMALL: 14, LARGE: 18}


class Figures(LineView, can_focus=False):
    """The teams, a page at a time."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "wall--name",
        "wall--head",
        "wall--calm",
        "wall--warning",
        "wall--breach",
    }
    DEFAULT_CSS = """
    Figures { height: 1fr; overflow-y: hidden; scrollbar-gutter: auto; }
    Figures > .wall--name { color: $foreground; text-style: bold; }
    Figures > .wall--head { color: $secondary; }
    Figures > .wall--calm { color: $primary; }
    Figures > .wall--warning { color: $warning; text-style: bold; }
    Figures > .wall--breach { color: $error; text-style: bold; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._lines: list[list[Piece]] = []

    def show(self, teams: tuple[TeamLine, ...], policy: Policy, now: int) -> tuple[int, int]:
        """Draw the teams that fit; the others take their turn. Which page it is, from 1, and of how
        many."""
        wide = sum(_columns(teams, LARGE)) + NAME[LARGE] <= self.size.width
        tall = len(teams) * (LARGE + 1) + 1 <= self.size.height
        height = LARGE if wide and tall else SMALL
        room = max(1, (self.size.height - 1) // (height + 1))
        pages = max(1, -(-len(teams) // room))
        page = now // 1000 // PAGE_SECONDS % pages
        columns = _columns(teams, height)
        spare = max(0, self.size.width - NAME[height] - sum(columns) - 2)
        widths = tuple(each + spare // 6 for each in columns)
        self._lines = [_heads(height, widths)]
        for team in teams[page * room : (page + 1) * room]:
            self._lines += _drawn(team, policy, height, widths)
        self.resized()
        self.refresh()
        return page + 1, pages

    def line_count(self) -> int:
        return len(self._lines)

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        return self._lines[number], ""


class Wallboard(ClosesOnce, Screen[None]):
    """Escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,w,W,alt+w", "dismiss(None)", "close", show=False)
    ]
    DEFAULT_CSS = """
    Wallboard { background: $background; }
    Wallboard #wall-title { height: 1; padding: 0 1; background: $panel; color: $secondary; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def compose(self) -> ComposeResult:
        yield Static(id="wall-title", markup=False)
        yield Figures(id="wall-figures")

    def on_mount(self) -> None:
        """Draw it, and again every second."""
        self.set_interval(EVERY_SECONDS, self._draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        now = board(self._desk)
        page, pages = self.query_one(Figures).show(now.teams, self._desk.directory.policy, now.now)
        online = sum(agent.availability == "online" for agent in now.agents)
        words = Both(f"在线坐席 {online}", f"{online} agents online")
        keys = str(Both("Esc 返回", "Esc back"))
        if pages > 1:
            teams = len(now.teams)
            which = Both(
                f"第 {page}/{pages} 页 · 共 {teams} 个团队",
                f"page {page} of {pages} · {teams} teams",
            )
            keys = f"{which} · {keys}"
        cells = max(10, self.size.width - 2)
        keys = clip(keys, cells)
        room = cells - cell_len(keys)
        app = cast("WorkstationApp", self.app)
        said = headed(app, f"{fmt.clock(now.now)} · {words}", room)
        title = Content.assemble(said, " " * (room - said.cell_length), keys)
        self.query_one("#wall-title", Static).update(title, layout=False)


def _columns(teams: tuple[TeamLine, ...], height: int) -> tuple[int, ...]:
    """How wide the figures are: none is ever cut, it would be another number."""
    columns = list(COLUMNS[height])
    for team in teams:
        drawn = [len(big(text, height)[0]) + GAP for text in _figures(team)]
        columns = list(map(max, columns, drawn))
    return tuple(columns)


def _figures(team: TeamLine, sign: str = "!!") -> tuple[str, str, str, str]:
    wait = "-" if team.longest is None else fmt.countdown(team.longest)
    return str(team.waiting), wait + sign, str(team.late), str(team.online)


def _heads(height: int, widths: tuple[int, ...]) -> list[Piece]:
    text = " " * NAME[height]
    for head, width in zip(HEADS, widths, strict=True):
        text += " " * max(0, width - cell_len(str(head))) + clip(str(head), width)
    return [(text, "wall--head")]


def _drawn(
    team: TeamLine, policy: Policy, height: int, widths: tuple[int, ...]
) -> list[list[Piece]]:
    wait = team.longest
    if wait is None:
        sign, loud = "", "wall--calm"
    elif wait >= policy.first_reply * 1000:
        sign, loud = "!!", "wall--breach"
    elif wait >= policy.warning * 1000:
        sign, loud = "!", "wall--warning"
    else:
        sign, loud = "", "wall--calm"
    colors = (
        "wall--warning" if team.waiting and not team.room else "wall--calm",
        loud,
        "wall--breach" if team.late else "wall--calm",
        "wall--calm" if team.online else "wall--breach",
    )
    lines: list[list[Piece]] = []
    drawn = [big(text, height) for text in _figures(team, sign)]
    names = ["", str(team.name), "", "", ""]
    if team.surge is not None:
        names[2] = str(Both("高峰支援", "surge"))
    elif team.opens:
        names[2] = str(Both(f"休息到 {team.opens[-5:]}", f"until {team.opens[-5:]}"))
    for number in range(height):
        pieces: list[Piece] = [(fit(f" {names[number]}", NAME[height]), "wall--name")]
        for rows, color, width in zip(drawn, colors, widths, strict=True):
            pieces.append((rows[number].rjust(width)[-width:], color))
        lines.append(pieces)
    lines.append([("", "")])
    return lines
