"""The lead's board: every team and agent in a line, and what can be done from there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Static

from agent_tui.desk.board import AgentLine, Board, TeamLine, board
from agent_tui.desk.boardorder import TITLES, held, ordered
from agent_tui.domain.context import is_lead
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui import format as fmt
from agent_tui.tui.screens.once import ClosesOnce
from agent_tui.tui.status import headed
from agent_tui.tui.widgets.boardlines import NOT_COUNTED, BoardList, state_words

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

EVERY_SECONDS = 1.0
LEGEND = Both(
    "响应：近 30 分钟首次响应的中位数；~ 是正在等的平均",
    "reply: median first reply of the last 30 min; ~ mean of the waits that go on",
)


PARTIAL = {
    False: NOT_COUNTED,
    True: Both("≤：有人还有别的团队的会话", "≤: some have chats of other teams, too"),
}


class BoardScreen(ClosesOnce, Screen[None]):
    """Drawn once a second while it is open; costs nothing when it is not."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,B,alt+o", "dismiss(None)", "close", show=False),
        Binding("enter", "look", "their chats", show=False),
        Binding("s", "surge", "surge", show=False),
        Binding("p", "state", "their state", show=False),
        Binding("o", "order", "order", show=False),
        Binding("w,W,alt+w", "wallboard", "wallboard", show=False),
        Binding("f1,question_mark", "help", "keys", show=False),
        Binding("down,j", "move(1)", "down", show=False, priority=True),
        Binding("up,k", "move(-1)", "up", show=False, priority=True),
        Binding("pagedown", "move(12)", "page down", show=False, priority=True),
        Binding("pageup", "move(-12)", "page up", show=False, priority=True),
        Binding("home,g", "move(-10000)", "top", show=False, priority=True),
        Binding("end,G", "move(10000)", "bottom", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    BoardScreen { background: $background; }
    BoardScreen #board-title { height: 1; padding: 0 1; background: $panel; text-style: bold; }
    BoardScreen #board-legend { height: 1; padding: 0 1; color: $secondary; }
    BoardScreen #board-keys { height: 1; padding: 0 1; background: $panel; color: $secondary; }
    """

    def __init__(self, workstation: Workstation) -> None:
        super().__init__()
        self._workstation = workstation
        self._shown: Board | None = None
        self._moved = float("-inf")  # when the cursor did last, by the monotonic clock

    def compose(self) -> ComposeResult:
        yield Static(id="board-title", markup=False)
        yield BoardList(id="board-list")
        yield Static(id="board-legend", markup=False)
        yield Static(id="board-keys", markup=False)

    def on_mount(self) -> None:
        """Draw it, and again every second."""
        self._list = self.query_one(BoardList)
        self._list.focus()
        self._draw()
        self.set_interval(EVERY_SECONDS, self._draw)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        desk = self._workstation.desk
        order = self._workstation.panes.board
        now = ordered(board(desk), order)
        if self._shown is not None and self._still():
            now = held(now, self._shown)
        self._shown = now
        self._list.show(now, desk.directory.policy)
        width = max(10, self.size.width - 2)
        self.query_one("#board-title", Static).update(
            headed(self._workstation.ui, _title(now, str(TITLES[order])), width), layout=False
        )
        self._legend()
        keys = Both(
            "Enter 看会话 · o 排序 · w 大屏 · Esc 返回",
            "Enter their chats · o order · w wallboard · Esc back",
        )
        if is_lead(desk.me):
            keys = Both(
                "Enter 看会话 · p 改坐席状态 · s 高峰支援 · o 排序 · w 大屏 · Esc 返回",
                "Enter chats · p agent's state · s surge · o order · w wallboard · Esc back",
            )
        self.query_one("#board-keys", Static).update(clip(str(keys), width), layout=False)

    def _still(self) -> bool:
        """Whether lines keep their places: somebody is on the way to one of them."""
        seconds = self._workstation.config.interface.freeze_seconds
        return time.monotonic() - self._moved < seconds

    def _legend(self) -> None:
        """All about what is under the cursor that found no room in its line."""
        item, names = self._list.item(), self._workstation.names
        parts = [str(LEGEND)]
        if isinstance(item, TeamLine) and item.surge is not None:
            left = fmt.countdown(item.surge.until - self._workstation.desk.clock())
            joined, by = ", ".join(item.joined) or "-", names.of(item.surge.by)
            more = f"×{item.surge.factor:g}"
            words = Both(
                f"高峰支援还有 {left}，上限 {more}，{by} 开启 · 加入：{joined}",
                f"surge for {left} more, limits {more}, by {by} · joined: {joined}",
            )
            parts = [str(item.name), str(words)]
        elif isinstance(item, TeamLine) and item.opens:
            words = Both(f"休息到 {item.opens}", f"closed until {item.opens}")
            parts = [str(item.name), str(words)]
        elif isinstance(item, AgentLine):
            state = state_words(item, self._workstation.desk.clock())
            parts = [item.name, state, ", ".join(map(names.of, item.teams))]
        if item is not None and item.partial:
            # Before what may be cut, but behind who joined in a surge.
            place = 2 if len(parts) > 1 else 0
            parts.insert(place, str(PARTIAL[isinstance(item, TeamLine)]))
        text = clip(" · ".join(parts), max(10, self.size.width - 2))
        self.query_one("#board-legend", Static).update(text, layout=False)

    def action_move(self, step: int) -> None:
        """Move the cursor; lines keep still for a while."""
        self._moved = time.monotonic()
        self._list.move(step)
        self._legend()

    def action_look(self) -> None:
        """The chats of the agent, or the team's queue, in the list."""
        item = self._list.item()
        if item is None:
            return
        self.dismiss(None)
        if isinstance(item, TeamLine):
            self._workstation.filtering.use(f"team:{item.id} -assigned")
        else:
            self._workstation.filtering.use(f"agent:{item.id}")

    def action_surge(self) -> None:
        """A surge of the team under the cursor."""
        from agent_tui.tui.commands.lead import ask_surge

        item = self._list.item()
        if isinstance(item, TeamLine):
            self.run_worker(ask_surge(self._workstation, item.id), exit_on_error=True)
        else:
            self._workstation.doing.say(Both("先选一个团队", "choose a team first"))

    def action_state(self) -> None:
        """Say what the agent under the cursor is."""
        from agent_tui.tui.commands.lead import set_others

        item = self._list.item()
        if item is None or isinstance(item, TeamLine):
            self._workstation.doing.say(Both("先选一个坐席", "choose an agent first"))
        else:
            self.run_worker(set_others(self._workstation, item.id), exit_on_error=True)

    def action_order(self) -> None:
        """By name, the worst first, the fullest first; the cursor stays on its line's team or
        agent. It is so the next time."""
        self._workstation.panes.order_board()
        self._moved = float("-inf")
        self._draw()

    def action_help(self) -> None:
        """What the keys do, those of the board first."""
        from agent_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self._workstation.keymap, "board"))

    def action_wallboard(self) -> None:
        """Big figures."""
        from agent_tui.tui.screens.wallboard import Wallboard

        self.app.push_screen(Wallboard(self._workstation.desk))


def _title(now: Board, order: str) -> str:
    waiting = sum(team.waiting for team in now.teams)
    late = sum(team.late for team in now.teams)
    longest = max((team.longest for team in now.teams if team.longest is not None), default=None)
    wait = fmt.countdown(longest) if longest is not None else "-"
    online = sum(agent.availability == "online" for agent in now.agents)
    there = f"{online}/{len(now.agents)}"
    words = Both(
        f"看板 · 排队 {waiting} · 最久 {wait} · 超时 {late} · 在线 {there}",
        f"Board · queue {waiting} · longest {wait} · late {late} · online {there}",
    )
    return " · ".join(filter(None, (str(words), fmt.clock(now.now), order)))
