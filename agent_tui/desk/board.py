"""The lead's board: every team and every agent in a line, as this desk sees them now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import TYPE_CHECKING

import msgspec

from agent_tui.desk.rows import QueueRow
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Agent, Conversation, Role, Status, Team
from agent_tui.domain.plan import UNENDING, Plan, surge_of
from agent_tui.domain.routing import Floor
from agent_tui.domain.staffing import Availability, Duty, Surge
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk

LATELY_MS = 30 * 60 * 1000
_ORDER = {each: place for place, each in enumerate(Availability)}


class Response(msgspec.Struct, frozen=True):
    """How fast customers are answered now (ms).

    `measured`: the median time to the first reply, of the chats that got theirs in the last 30
    minutes. Else nobody was answered lately, and it is the mean of the waits that go on.
    """

    ms: int
    measured: bool


class AgentLine(msgspec.Struct, frozen=True):
    """One agent. `longest` (ms): the longest that one of their customers waits for a reply now.

    `partial`: they may have chats of teams that are not seen here, so `load` may be too low.
    """

    id: AgentId
    name: str
    teams: tuple[TeamId, ...]
    availability: Availability
    reason: str
    since: int
    load: float
    capacity: float
    chats: int
    longest: int | None
    late: int
    response: Response | None
    partial: bool = False


class TeamLine(msgspec.Struct, frozen=True):
    """One team. `waiting`: open chats that nobody has; `longest` (ms) and `late` count those that
    agents have, too. `room`: the load that its agents could still take; `partial`: at most that,
    since some of them may have chats that are not seen here. `online` of `agents`: of those who are
    given chats at all. `opens`: when a team that is closed
    works again, as its own clocks show it; empty while it works."""

    id: TeamId
    name: Both
    waiting: int
    longest: int | None
    late: int
    online: int
    agents: int
    room: float
    response: Response | None
    surge: Surge | None
    joined: tuple[str, ...]  # names of floating agents who help in the surge
    partial: bool = False
    opens: str = ""


class Board(msgspec.Struct, frozen=True):
    """Both tables, as of `now` (ms)."""

    now: int
    teams: tuple[TeamLine, ...]
    agents: tuple[AgentLine, ...]


class Scene(msgspec.Struct, frozen=True):
    """What a board is made of. `rows` are the open chats; `states` those whose first replies are
    looked at, resolved ones among them as far as the desk still knows them. `all`: no chat of any
    team is missing."""

    now: int
    plan: Plan
    teams: Sequence[Team]
    agents: Sequence[Agent]
    duties: Mapping[AgentId, Duty]
    surges: Collection[Surge]
    rows: Sequence[QueueRow]
    states: Iterable[Conversation]
    all: bool = False


def board(desk: Desk) -> Board:
    """The board of the teams that the desk's agent works for; an administrator's: of all."""
    me, every = desk.me, list(desk.directory.teams().values())
    shown = every if me.role is Role.ADMIN else [team for team in every if team.id in me.teams]
    return compose(
        Scene(
            now=desk.clock(),
            plan=desk.directory.plan,
            teams=shown,
            agents=list(desk.directory.agents().values()),
            duties=desk.directory.duties(),
            surges=list(desk.directory.surges().values()),
            rows=desk.queue.rows(),
            states=desk.conversations.live(),
            all=len(shown) == len(every),
        )
    )


def compose(scene: Scene) -> Board:
    """Both tables of a scene."""
    floor = Floor(scene.plan, scene.duties, scene.surges, scene.now)
    shown = {team.id for team in scene.teams}
    working = [each for each in scene.agents if not each.disabled and each.role is not Role.TRAINEE]
    by_agent: dict[AgentId, list[QueueRow]] = defaultdict(list)
    by_team: dict[TeamId, list[QueueRow]] = defaultdict(list)
    for row in scene.rows:
        by_team[TeamId(row.team)].append(row)
        if row.assignee is not None:
            by_agent[row.assignee].append(row)
    of_agents, of_teams = _first_replies(scene)

    loads = {
        agent.id: sum(
            scene.plan.weigh(row.channel)
            for row in by_agent[agent.id]
            if row.status not in UNENDING
        )
        for agent in working
    }
    here = [a for a in working if any(floor.works_for(a, team) for team in shown)]
    agents = [
        _agent(agent, by_agent[agent.id], loads[agent.id], of_agents[agent.id], scene, floor)
        for agent in here
    ]
    agents.sort(key=lambda line: (_ORDER[line.availability], line.name, line.id))
    teams = [
        _team(team, by_team[team.id], here, loads, of_teams[team.id], scene, floor)
        for team in scene.teams
    ]
    return Board(scene.now, tuple(teams), tuple(agents))


def _first_replies(
    scene: Scene,
) -> tuple[dict[AgentId, list[int]], dict[TeamId, list[int]]]:
    """How long (ms) the first replies of late took, by who answered last and by team."""
    of_agents: dict[AgentId, list[int]] = defaultdict(list)
    of_teams: dict[TeamId, list[int]] = defaultdict(list)
    for state in scene.states:
        at = state.first_reply_at
        if at is None or at < scene.now - LATELY_MS:
            continue
        of_teams[state.team].append(at - state.opened_at)
        if state.last_reply_by is not None:
            of_agents[state.last_reply_by].append(at - state.opened_at)
    return of_agents, of_teams


def _agent(
    agent: Agent,
    rows: Sequence[QueueRow],
    load: float,
    firsts: Sequence[int],
    scene: Scene,
    floor: Floor,
) -> AgentLine:
    duty = scene.duties.get(agent.id, Duty(agent.id, Availability.OFFLINE))
    waits = _waits(rows, scene.now)
    return AgentLine(
        id=agent.id,
        name=agent.name,
        teams=agent.teams,
        availability=duty.availability,
        reason=duty.reason,
        since=duty.since,
        load=load,
        capacity=limit(agent, floor),
        chats=sum(row.status not in UNENDING for row in rows),
        longest=max(waits, default=None),
        late=_late(rows, scene.now),
        response=_response(firsts, waits),
        partial=_partial(agent, scene),
    )


def limit(agent: Agent, floor: Floor) -> float:
    """The load that the agent may have now, with the surges that they help in."""
    teams = {*agent.teams, *(surge.team for surge in floor.surges)}
    of_teams = (floor.capacity(agent, team) for team in teams if floor.works_for(agent, team))
    return max(floor.plan.capacity(agent), *of_teams, 0.0)


def elsewhere(agent: Agent, seen: Collection[TeamId], plan: Plan) -> bool:
    """Whether the agent may have chats of other teams than those that are seen."""
    return agent.floating or not _served(agent.teams, plan) <= set(seen)


def _served(teams: Iterable[TeamId], plan: Plan) -> set[TeamId]:
    """These, and every team whose chats run over to them."""
    found = set(teams)
    while more := {
        TeamId(key)
        for key, rules in plan.routing.teams.items()
        if rules.overflow in found and key not in found
    }:
        found |= more
    return found


def _partial(agent: Agent, scene: Scene) -> bool:
    seen = [team.id for team in scene.teams]
    return not scene.all and elsewhere(agent, seen, scene.plan)


def _team(
    team: Team,
    rows: Sequence[QueueRow],
    here: Sequence[Agent],
    loads: Mapping[AgentId, float],
    firsts: Sequence[int],
    scene: Scene,
    floor: Floor,
) -> TeamLine:
    waits = _waits(rows, scene.now)
    able = [
        agent
        for agent in here
        if floor.works_for(agent, team.id) and floor.capacity(agent, team.id) > 0
    ]
    online = [agent for agent in able if floor.takes(agent)]
    open_now = scene.plan.open_hours(team.id).is_open(scene.now)
    return TeamLine(
        id=team.id,
        name=Both(team.name_zh, team.name_en),
        waiting=sum(row.assignee is None and row.status is Status.OPEN for row in rows),
        longest=max(waits, default=None),
        late=_late(rows, scene.now),
        online=len(online),
        agents=len(able),
        room=sum(max(0.0, floor.capacity(a, team.id) - loads[a.id]) for a in online),
        response=_response(firsts, waits),
        surge=_surge(scene, team.id),
        joined=tuple(agent.name for agent in able if team.id not in agent.teams),
        partial=any(_partial(agent, scene) for agent in online),
        opens="" if open_now else scene.plan.opens(team.id, scene.now),
    )


def _surge(scene: Scene, team: TeamId) -> Surge | None:
    return surge_of(scene.surges, team, scene.now)


def _waits(rows: Iterable[QueueRow], now: int) -> list[int]:
    return [
        max(0, now - row.waiting_since)
        for row in rows
        if row.waiting_since is not None and row.status is not Status.SNOOZED
    ]


def _late(rows: Iterable[QueueRow], now: int) -> int:
    return sum(
        row.due is not None and row.due.at <= now and row.status is not Status.SNOOZED
        for row in rows
    )


def _response(firsts: Sequence[int], waits: Sequence[int]) -> Response | None:
    if firsts:
        return Response(int(median(firsts)), measured=True)
    return Response(int(fmean(waits)), measured=False) if waits else None


def would_join(desk: Desk, team: TeamId) -> list[str]:
    """Names of the floating agents who would help `team` in a surge and take chats now."""
    floor = desk.directory.floor(desk.clock())
    return [
        agent.name
        for agent in desk.directory.agents().values()
        if agent.floating and team not in agent.teams and floor.takes(agent)
    ]
