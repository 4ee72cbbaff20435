"""`agents`, `teams`, `surge`, `presence`: who is at work, and where help is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agent_tui.cli import naming, output
from agent_tui.cli.asking import ask
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.work import Offline, open_session, warn_if_old
from agent_tui.domain.staffing import Availability
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.cli.lead_shapes import AgentEntry, TeamEntry
    from agent_tui.desk.board import AgentLine, Response, TeamLine

Team = Annotated[
    str, typer.Argument(metavar="TEAM", help=words("团队编号或名称", "a team's id or name"))
]


def agents(
    team: Annotated[
        str, typer.Option(metavar="TEAM", help=words("只看这个团队", "of this team only"))
    ] = "",
    offline: Offline = False,
    json: Json = False,
) -> None:
    """List agents: state, load, longest wait, what is late, how fast they answer now."""
    from agent_tui.desk.board import board

    with open_session(offline) as session:
        warn_if_old(session)
        wanted = naming.team(session.desk, team) if team else None
        found = board(session.desk).agents
        entries = [agent_entry(each) for each in found if wanted is None or wanted in each.teams]
    output.listing(entries, json, _agent_line, Both("没有坐席", "no agents"))


def teams(offline: Offline = False, json: Json = False) -> None:
    """List teams: who waits, what is late, who is online, how much room is left."""
    from agent_tui.desk.board import board

    with open_session(offline) as session:
        warn_if_old(session)
        entries = [team_entry(each) for each in board(session.desk).teams]
    output.listing(entries, json, _team_line, Both("没有团队", "no teams"))


def surge(
    team: Team,
    switch: Annotated[Literal["on", "off"], typer.Argument(help=words("开或关", "on or off"))],
    minutes: Annotated[
        int, typer.Option(min=1, max=7 * 24 * 60, help=words("持续多少分钟", "for so long"))
    ] = 60,
    factor: Annotated[
        float, typer.Option(min=1, max=10, help=words("上限乘以多少", "capacities grow by this"))
    ] = 1.5,
    json: Json = False,
) -> None:
    """Call everybody to a team, or end that."""
    from agent_tui.cli.lead_shapes import SurgeState
    from agent_tui.desk.board import would_join
    from agent_tui.domain.protocol import SurgeRequest
    from agent_tui.tui import format as shown

    on = switch == "on"
    with open_session(offline=False) as session:
        key = naming.team(session.desk, team)
        joined = would_join(session.desk, key) if on else []
    asked = SurgeRequest(key, minutes if on else 0, factor)
    found = ask(lambda wire: wire.surge(asked))
    if json:
        output.document(SurgeState(key, on, found.until, found.factor, joined))
    elif on:
        until = shown.local(found.until).strftime("%m-%d %H:%M")
        helpers = "、".join(joined), ", ".join(joined)
        output.say(
            Both(
                f"{team} 高峰支援开始，上限 ×{found.factor:g}，到 {until} 为止；"
                f"支援：{helpers[0] or '无'}",
                f"surge in {team}: capacities ×{found.factor:g} until {until};"
                f" joining: {helpers[1] or 'nobody'}",
            )
        )
    else:
        output.say(Both(f"{team} 的高峰支援结束", f"the surge in {team} is over"))


def presence(
    said: Annotated[
        list[str],
        typer.Argument(
            metavar="[AGENT] STATE",
            help=words(
                "online、busy、away 或 offline；前面可写坐席",
                "online, busy, away or offline; of somebody else: the agent before it",
            ),
        ),
    ],
    reason: Annotated[str, typer.Option(help=words("原因", "why"))] = "",
    json: Json = False,
) -> None:
    """Say whether an agent takes chats: yourself, or as a lead somebody else."""
    from agent_tui.cli.lead_shapes import PresenceState
    from agent_tui.domain.protocol import AvailabilityRequest

    *who, state = said
    if len(who) > 1:
        raise UsageError(
            Both("写成：presence [坐席] 状态", "write: presence [AGENT] STATE"),
            Both("一次一个坐席", "one agent at a time"),
        )
    states = [str(each) for each in Availability]
    if not who and state not in states:  # perhaps it is a person, and the state was left out
        raise NotFound(
            Both(f"没有状态 {state}", f"there is no state {state}"),
            Both(
                f"写成：presence [坐席] 状态；状态有 {' '.join(states)}",
                f"write: presence [AGENT] STATE; states are {' '.join(states)}",
            ),
        )
    naming.known(state, states, Both("状态", "state"))
    with open_session(offline=False) as session:
        me = session.desk.me.id
        agent = naming.agent(session.desk, who[0]) if who else me
    asked = AvailabilityRequest(Availability(state), reason=reason, told=True, agent=agent)
    found = ask(lambda wire: wire.availability(asked))
    if json:
        output.document(PresenceState(found.agent, found.availability, found.reason, found.since))
        return
    output.say(f"{found.agent}  {_state(found.availability)}  {found.reason}".rstrip())


# --- entries and lines ---------------------------------------------------------------------------


def agent_entry(line: AgentLine) -> AgentEntry:
    """An agent's line of the board as a document."""
    from agent_tui.cli.lead_shapes import AgentEntry

    return AgentEntry(
        id=line.id,
        name=line.name,
        teams=list(line.teams),
        state=line.availability,
        reason=line.reason,
        since=line.since,
        load=line.load,
        capacity=line.capacity,
        chats=line.chats,
        longest_wait=line.longest,
        late=line.late,
        response=line.response.ms if line.response else None,
        response_measured=_measured(line.response),
        partial=line.partial,
    )


def team_entry(line: TeamLine) -> TeamEntry:
    """A team's line of the board as a document."""
    from agent_tui.cli.lead_shapes import TeamEntry

    return TeamEntry(
        id=line.id,
        name_zh=line.name.zh,
        name_en=line.name.en,
        waiting=line.waiting,
        longest_wait=line.longest,
        late=line.late,
        online=line.online,
        agents=line.agents,
        room=line.room,
        response=line.response.ms if line.response else None,
        response_measured=_measured(line.response),
        surge_until=line.surge.until if line.surge else None,
        surge_factor=line.surge.factor if line.surge else None,
        joined=list(line.joined) if line.surge else [],
        partial=line.partial,
        opens=line.opens,
    )


def _measured(response: Response | None) -> bool:
    return response is not None and response.measured


def _agent_line(each: AgentEntry) -> str:
    from agent_tui import text
    from agent_tui.desk import reasons

    reason = reasons.duty_reason(each.reason) if each.reason else ""
    more = "+" if each.partial else ""
    fields = (
        text.fit(each.id, 14),
        text.fit(each.name, 16),
        text.fit(_state(each.state), 8),
        text.fit(f"{each.load:g}{more}/{each.capacity:g}", 8),
        text.fit(str(Both(f"{each.chats} 个", f"{each.chats} chats")), 9),
        *_waits(each.longest_wait, each.late, each.response, each.response_measured),
        reason,
    )
    return "  ".join(fields).rstrip()


def _team_line(each: TeamEntry) -> str:
    from agent_tui import text
    from agent_tui.tui import format as shown

    surge = ""
    if each.surge_until is not None:
        until = shown.clock(each.surge_until)
        helpers = " ".join(each.joined)
        surge = str(Both(f"高峰支援到 {until} {helpers}", f"surge until {until} {helpers}"))
    elif each.opens:
        surge = str(Both(f"休息到 {each.opens}", f"closed until {each.opens}"))
    free = f"{'≤' if each.partial and each.room else ''}{each.room:g}"
    here = Both(
        f"在线 {each.online}/{each.agents} 余 {free}",
        f"{each.online}/{each.agents} online, room {free}",
    )
    fields = (
        text.fit(each.id, 14),
        text.fit(str(Both(each.name_zh, each.name_en)), 14),
        text.fit(str(Both(f"等待 {each.waiting}", f"{each.waiting} waiting")), 12),
        *_waits(each.longest_wait, each.late, each.response, each.response_measured),
        text.fit(str(here), 24),
        surge,
    )
    return "  ".join(fields).rstrip()


def _state(availability: str) -> str:
    from agent_tui.desk.reasons import AVAILABILITIES, word

    return word(AVAILABILITIES, availability)


def _waits(
    longest: int | None, late: int, response: int | None, measured: bool
) -> tuple[str, str, str]:
    from agent_tui import text
    from agent_tui.tui import format as shown

    def length(ms: int | None) -> str:
        return "-" if ms is None else shown.ago(ms)

    reply = f"{'' if measured or response is None else '~'}{length(response)}"
    return (
        text.fit(str(Both(f"最久 {length(longest)}", f"longest {length(longest)}")), 16),
        text.fit(str(Both(f"超时 {late}", f"{late} late")), 8),
        text.fit(str(Both(f"响应 {reply}", f"response {reply}")), 16),
    )
