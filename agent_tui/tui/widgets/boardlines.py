"""The board's two tables in one list with one cursor."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.geometry import Region

from agent_tui.desk.board import AgentLine, Board, Response, TeamLine
from agent_tui.desk.reasons import AVAILABILITIES, duty_reason, word
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Availability
from agent_tui.lang import Both
from agent_tui.text import clip, fit
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets.lines import LineView, Piece

Item = TeamLine | AgentLine
TEAM_HEADS = (
    Both("团队", "team"),
    Both("排队", "queue"),
    Both("最久", "longest"),
    Both("超时", "late"),
    Both("在线", "online"),
    Both("余量", "room"),
    Both("响应", "reply"),
    Both("高峰支援", "surge"),
)
NOT_COUNTED = Both("+：别的团队的会话没算", "+: chats of other teams are not counted")
CLOSED = Both("休息", "closed")
AGENT_HEADS = (
    Both("坐席", "agent"),
    Both("负载", "load"),
    Both("", ""),
    Both("最久", "longest"),
    Both("超时", "late"),
    Both("会话", "chats"),
    Both("响应", "reply"),
    Both("状态", "state"),
)
# Cells of the figures between the name and the last column.
TEAM_WIDTHS = (7, 11, 6, 8, 7, 8)
AGENT_WIDTHS = (7, 7, 11, 6, 8, 8)
BAR = 6
LATE_SIGN = "!!"


def bar(load: float, capacity: float, cells: int = BAR) -> str:
    """How full somebody is: filled and empty cells, one for each chat where they are so few."""
    size = max(1, min(cells, round(capacity)))
    if capacity <= 0:
        return ""
    full = min(size, round(load / capacity * size)) if load else 0
    return "▮" * max(full, 1 if load else 0) + "▯" * (size - max(full, 1 if load else 0))


class BoardList(LineView, can_focus=True):
    """Shows a board; the cursor stays on its team or agent, wherever that went."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "board--cursor",
        "board--head",
        "board--dim",
        "board--name",
        "board--warning",
        "board--breach",
        "board--surge",
    }
    DEFAULT_CSS = """
    BoardList { height: 1fr; padding: 0 1; }
    BoardList > .board--cursor { background: $row-cursor; }
    BoardList > .board--head { color: $secondary; text-style: bold; }
    BoardList > .board--dim { color: $secondary; }
    BoardList > .board--name { color: $foreground; }
    BoardList > .board--warning { color: $warning; text-style: bold; }
    BoardList > .board--breach { color: $error; text-style: bold; }
    BoardList > .board--surge { color: $accent; text-style: bold; }
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self._items: list[Item | str | None] = []  # None: an empty line; a text: a table's heads
        self._policy = Policy()
        self._now = 0
        self.cursor: tuple[str, str] = ("team", "")

    def show(self, board: Board, policy: Policy) -> None:
        """Show `board`."""
        self._policy, self._now = policy, board.now
        self._items = ["teams", *board.teams, None, "agents", *board.agents]
        places = self._places()
        if self.cursor not in places and places:
            self.cursor = next(iter(places))
        self.resized()
        self.refresh()

    def _places(self) -> dict[tuple[str, str], int]:
        return {
            _key(item): number
            for number, item in enumerate(self._items)
            if isinstance(item, TeamLine | AgentLine)
        }

    def item(self) -> Item | None:
        """The team or agent under the cursor."""
        at = self._places().get(self.cursor)
        item = self._items[at] if at is not None else None
        return item if isinstance(item, TeamLine | AgentLine) else None

    def move(self, step: int) -> None:
        """Move the cursor by `step` rows."""
        places = list(self._places())
        if not places:
            return
        at = places.index(self.cursor) if self.cursor in places else 0
        self.cursor = places[max(0, min(len(places) - 1, at + step))]
        line = self._places()[self.cursor]
        above = line - 1 if self._items[line - 1] in ("teams", "agents") else line
        self.scroll_to_region(Region(0, above, 1, line - above + 1), animate=False)
        self.refresh()

    def on_resize(self) -> None:
        """The width changed."""
        self.resized()

    # --- drawing ---------------------------------------------------------------------------------

    def line_count(self) -> int:
        return len(self._items)

    def line(self, number: int, width: int) -> tuple[list[Piece], str]:
        item = self._items[number]
        if item is None:
            return [(" " * width, "")], ""
        name, last = _widths(width)
        if isinstance(item, str):
            return [(_heads(item, name, last), "board--head")], ""
        here = _key(item) == self.cursor
        mark = "▸" if here else " "
        if isinstance(item, TeamLine):
            pieces = self._team(item, mark, name, last)
        else:
            pieces = self._agent(item, mark, name, last)
        return pieces, "board--cursor" if here else ""

    def _team(self, team: TeamLine, mark: str, name: int, last: int) -> list[Piece]:
        waiting, longest, late, online, room, reply = TEAM_WIDTHS
        there = f"{team.online}/{team.agents}"
        free = f"{'≤' if team.partial and team.room else ''}{team.room:g}"
        note, color = "", "board--surge"
        if team.surge is not None:
            left = fmt.countdown(team.surge.until - self._now)
            note = f"{left} {' '.join(f'+{each}' for each in team.joined)}"
        elif team.opens:
            note, color = str(CLOSED), "board--warning"
        return [
            (fit(mark + str(team.name), name), "board--name"),
            (_right(str(team.waiting), waiting), "" if team.waiting else "board--dim"),
            self._wait(team.longest, longest),
            (_right(str(team.late or "-"), late), _loud(team.late)),
            (
                _right(there, online),
                "" if team.online else "board--breach",
            ),
            (_right(free, room), "" if team.room else "board--warning"),
            (_right(_response(team.response), reply), "board--dim"),
            (fit("  " + note, last), color),
        ]

    def _agent(self, agent: AgentLine, mark: str, name: int, last: int) -> list[Piece]:
        load, gauge, longest, late, chats, reply = AGENT_WIDTHS
        state = state_words(agent, self._now)
        there = agent.availability is not Availability.OFFLINE
        full = agent.load > agent.capacity + 1e-9
        figures = f"{agent.load:g}{'+' if agent.partial else ''}/{agent.capacity:g}"
        return [
            (fit(mark + agent.name, name), "board--name" if there else "board--dim"),
            (_right(figures, load), "board--warning" if full else ""),
            (" " + fit(bar(agent.load, agent.capacity), gauge - 1), "board--dim"),
            self._wait(agent.longest, longest),
            (_right(str(agent.late or "-"), late), _loud(agent.late)),
            (_right(str(agent.chats or "-"), chats), "" if agent.chats else "board--dim"),
            (_right(_response(agent.response), reply), "board--dim"),
            (fit("  " + state, last), "" if agent.availability == "online" else "board--dim"),
        ]

    def _wait(self, ms: int | None, width: int) -> Piece:
        """A wait with its sign: `!` from the warning on, `!!` behind a first reply's time."""
        if ms is None:
            return _right("-   ", width), "board--dim"
        if ms >= self._policy.first_reply * 1000:
            sign, loud = LATE_SIGN, "board--breach"
        elif ms >= self._policy.warning * 1000:
            sign, loud = "!", "board--warning"
        else:
            sign, loud = "", ""
        return _right(f"{fmt.countdown(ms)} {sign:<2}", width), loud


def state_words(agent: AgentLine, now: int) -> str:
    """What the agent is, why, and since when if they take no chats."""
    state = word(AVAILABILITIES, agent.availability)
    if agent.reason:
        state += f" {duty_reason(agent.reason)}"
    if agent.availability is not Availability.ONLINE and agent.since:
        state += f" {fmt.ago(now - agent.since)}"
    return state


def _key(item: Item) -> tuple[str, str]:
    return ("team" if isinstance(item, TeamLine) else "agent", item.id)


def _widths(width: int) -> tuple[int, int]:
    """Cells of the name and of the last column."""
    rest = max(20, width - sum(TEAM_WIDTHS))
    name = max(10, min(24, rest // 2))
    return name, max(8, rest - name)


def _heads(table: str, name: int, last: int) -> str:
    teams = table == "teams"
    heads, widths = (TEAM_HEADS, TEAM_WIDTHS) if teams else (AGENT_HEADS, AGENT_WIDTHS)
    waits = 1 if teams else 2
    first, *figures, end = (str(each) for each in heads)
    middle = []
    for index, (title, width) in enumerate(zip(figures, widths, strict=True)):
        # A wait's figures stand before its sign.
        middle.append(_right(title + ("   " if index == waits else ""), width))
    return f"{fit(' ' + first, name)}{''.join(middle)}{fit('  ' + end, last)}"


def _right(text: str, width: int) -> str:
    shown = clip(text, width)
    return set_cell_size(" " * (width - cell_len(shown)) + shown, width)


def _loud(late: int) -> str:
    return "board--breach" if late else "board--dim"


def _response(response: Response | None) -> str:
    """The measured median, or `~` and the mean of the waits that go on."""
    if response is None:
        return "-"
    return f"{'' if response.measured else '~'}{fmt.countdown(response.ms)}"
