"""The JSON documents of a lead's commands; what `shapes` says of them all holds here, too."""

from __future__ import annotations

from agent_tui.cli.shapes import Shape


class AgentEntry(Shape, frozen=True):
    """`agents --json` is a list of these: who is online first. Lengths are ms."""

    id: str
    name: str
    teams: list[str]
    state: str
    reason: str
    since: int
    load: float
    capacity: float
    chats: int
    longest_wait: int | None
    late: int
    response: int | None
    response_measured: bool
    partial: bool


class TeamEntry(Shape, frozen=True):
    """`teams --json` is a list of these. Lengths are ms."""

    id: str
    name_zh: str
    name_en: str
    waiting: int
    longest_wait: int | None
    late: int
    online: int
    agents: int
    room: float
    response: int | None
    response_measured: bool
    surge_until: int | None
    surge_factor: float | None
    joined: list[str]
    partial: bool
    opens: str


class SurgeState(Shape, frozen=True):
    """`surge --json`."""

    team: str
    on: bool
    until: int
    factor: float
    joined: list[str]


class PresenceState(Shape, frozen=True):
    """`presence --json`."""

    agent: str
    state: str
    reason: str
    since: int


class MovePlanned(Shape, frozen=True):
    """A chat that goes from one to another; null stands for the queue."""

    conversation: str
    owner: str | None
    to: str | None


class LoadShift(Shape, frozen=True):
    """What an agent has before and after."""

    agent: str
    name: str
    capacity: float
    before: float
    after: float
    chats_before: int
    chats_after: int
    partial: bool


class LeftOut(Shape, frozen=True):
    """A chat that was left as it is, and why in words."""

    conversation: str
    why: str


class Reassigned(Shape, frozen=True):
    """`reassign --json`. `outcome`: dry_run, applied, partly or queued."""

    outcome: str
    moves: list[MovePlanned]
    loads: list[LoadShift]
    notes: list[str]
    skipped: list[LeftOut]
    applied: int
    queued: int


class StaffEntry(Shape, frozen=True):
    """`user set --json`. `capacity`: null is the shop's figure."""

    id: str
    name: str
    role: str
    teams: list[str]
    skills: list[str]
    languages: list[str]
    capacity: float | None
    floating: bool
    shift: str
