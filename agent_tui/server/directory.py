"""Who and what the workspace consists of: accounts, teams, inboxes, settings, who is at work."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, InboxId, TeamId
from agent_tui.domain.model import Agent, Inbox, Team
from agent_tui.domain.plan import PLAIN, CalendarError, Plan, PlanError
from agent_tui.domain.policy import Policy
from agent_tui.domain.rules import Rules
from agent_tui.domain.staffing import Duty, Routing, Surge
from agent_tui.knowledge import spelling
from agent_tui.server import schema

log = logging.getLogger(__name__)


class Directory(msgspec.Struct, frozen=True):
    """The workspace as of event `seq`."""

    seq: int
    agents: Mapping[AgentId, Agent]
    teams: Mapping[TeamId, Team]
    inboxes: Mapping[InboxId, Inbox]
    policy: Policy
    plan: Plan
    rules: Rules
    duties: Mapping[AgentId, Duty]
    surges: Mapping[TeamId, Surge]

    def after(self, event: e.WorkspaceEvent) -> Directory:
        """What is known once `event` was recorded; still of `seq`, so that it is read again."""
        match event:
            case e.AgentSaved(agent):
                return replace(self, agents={**self.agents, agent.id: agent})
            case e.TeamSaved(team):
                return replace(self, teams={**self.teams, team.id: team})
            case e.InboxSaved(inbox):
                return replace(self, inboxes={**self.inboxes, inbox.id: inbox})
            case e.PolicySaved(policy):
                return replace(self, policy=policy)
            case e.RoutingSaved(routing):
                plan, rules = _sorting(msgspec.json.encode(routing))
                return replace(self, plan=plan, rules=rules)
            case e.AvailabilitySet(duty):
                return replace(self, duties={**self.duties, duty.agent: duty})
            case e.SurgeSet(surge):
                return replace(self, surges={**self.surges, surge.team: surge})
            case _:
                return self


EMPTY = Directory(-1, {}, {}, {}, Policy(), PLAIN, Rules(()), {}, {})
SETTINGS = ("policy", "routing", "duty", "surge")


def load(connection: Connection, seq: int) -> Directory:
    """Read the directory from its tables."""
    agents = connection.execute(select(schema.agent.c.state)).scalars()
    teams = connection.execute(select(schema.team.c.state)).scalars()
    inboxes = connection.execute(select(schema.inbox.c.state)).scalars()
    content = schema.content.c
    found: dict[str, list[bytes]] = {kind: [] for kind in SETTINGS}
    query = select(content.kind, content.body).where(content.kind.in_(SETTINGS))
    for kind, body in connection.execute(query):
        found[kind].append(bytes(body))
    duties = [msgspec.json.decode(raw, type=Duty) for raw in found["duty"]]
    plan, rules = next(map(_sorting, found["routing"]), (PLAIN, EMPTY.rules))
    surges = [msgspec.json.decode(raw, type=Surge) for raw in found["surge"]]
    return Directory(
        seq=seq,
        agents={a.id: a for a in (msgspec.json.decode(raw, type=Agent) for raw in agents)},
        teams={t.id: t for t in (msgspec.json.decode(raw, type=Team) for raw in teams)},
        inboxes={i.id: i for i in (msgspec.json.decode(raw, type=Inbox) for raw in inboxes)},
        policy=next((msgspec.json.decode(raw, type=Policy) for raw in found["policy"]), Policy()),
        plan=plan,
        rules=rules,
        duties={duty.agent: duty for duty in duties},
        surges={surge.team: surge for surge in surges},
    )


@functools.lru_cache(maxsize=4)
def _sorting(raw: bytes) -> tuple[Plan, Rules]:
    """Compiled once: the directory is read again whenever somebody comes or goes."""
    try:
        routing = msgspec.json.decode(raw, type=Routing)
        return Plan(routing), Rules(routing.rules, spelling.spelling())
    except (PlanError, CalendarError, msgspec.ValidationError):
        # Settings are checked before they are published; a newer program may have published these.
        log.exception("the published routing settings cannot be used")
        return PLAIN, EMPTY.rules
