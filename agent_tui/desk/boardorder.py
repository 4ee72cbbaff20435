"""In which order the board's lines stand."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TypeVar

from msgspec.structs import replace

from agent_tui.desk.board import AgentLine, Board, TeamLine
from agent_tui.lang import Both

_Line = TypeVar("_Line", TeamLine, AgentLine)


class Order(StrEnum):
    """By name (agents who are there first), by whose customers hurt most, by load."""

    NAME = "name"
    WORST = "worst"
    LOAD = "load"

    def next(self) -> Order:
        """The one that its key leads to."""
        every = list(Order)
        return every[(every.index(self) + 1) % len(every)]


TITLES = {
    Order.NAME: Both("", ""),
    Order.WORST: Both("最急在上", "worst first"),
    Order.LOAD: Both("最忙在上", "fullest first"),
}


def ordered(board: Board, by: Order) -> Board:
    """`board` in that order; what is alike stays as it stood."""
    match by:
        case Order.NAME:
            return board
        case Order.WORST:
            return replace(
                board,
                teams=tuple(sorted(board.teams, key=_hurting)),
                agents=tuple(sorted(board.agents, key=_hurting)),
            )
        case Order.LOAD:
            return replace(
                board,
                teams=tuple(sorted(board.teams, key=lambda team: -team.waiting)),
                agents=tuple(sorted(board.agents, key=_room)),
            )


def held(now: Board, before: Board) -> Board:
    """`now` with its lines as they stood in `before`; who came since is last."""
    return replace(
        now,
        teams=_as_they_stood(now.teams, before.teams),
        agents=_as_they_stood(now.agents, before.agents),
    )


def _as_they_stood(now: tuple[_Line, ...], before: tuple[_Line, ...]) -> tuple[_Line, ...]:
    places = {line.id: place for place, line in enumerate(before)}
    return tuple(sorted(now, key=lambda line: places.get(line.id, len(places))))


def _hurting(line: TeamLine | AgentLine) -> tuple[int, int]:
    """The more chats are late the worse, then the longest wait; who lets nobody wait comes last."""
    return -line.late, -1 if line.longest is None else -2 - line.longest


def _room(agent: AgentLine) -> float:
    """The share of the limit that is free; less than none if it is exceeded."""
    if agent.capacity > 0:
        return 1 - agent.load / agent.capacity
    return -math.inf if agent.load else math.inf
