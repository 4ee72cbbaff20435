"""Who and what the workspace consists of: accounts, teams, inboxes, policy, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy import Connection, select

from agent_tui.domain.ids import AgentId, InboxId, TeamId
from agent_tui.domain.model import Agent, Inbox, Team
from agent_tui.domain.policy import Policy
from agent_tui.server import schema


class Directory(msgspec.Struct, frozen=True):
    """The workspace as of event `seq`."""

    seq: int
    agents: Mapping[AgentId, Agent]
    teams: Mapping[TeamId, Team]
    inboxes: Mapping[InboxId, Inbox]
    policy: Policy


EMPTY = Directory(-1, {}, {}, {}, Policy())


def load(connection: Connection, seq: int) -> Directory:
    """Read the directory from its tables."""
    agents = connection.execute(select(schema.agent.c.state)).scalars()
    teams = connection.execute(select(schema.team.c.state)).scalars()
    inboxes = connection.execute(select(schema.inbox.c.state)).scalars()
    policy = connection.execute(
        select(schema.content.c.body).where(schema.content.c.kind == "policy")
    ).scalar()
    return Directory(
        seq=seq,
        agents={a.id: a for a in (msgspec.json.decode(raw, type=Agent) for raw in agents)},
        teams={t.id: t for t in (msgspec.json.decode(raw, type=Team) for raw in teams)},
        inboxes={i.id: i for i in (msgspec.json.decode(raw, type=Inbox) for raw in inboxes)},
        policy=msgspec.json.decode(policy, type=Policy) if policy else Policy(),
    )
