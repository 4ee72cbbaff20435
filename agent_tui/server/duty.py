"""Who is at work: agents say so, leads say so of others, and leases end by themselves.

A client that is there renews its lease; that is no event. What changes an agent's availability is.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from sqlalchemy import Connection, delete, func, insert, select

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ClientId
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.domain.why import Because, Why
from agent_tui.server import origins, schema, workspace
from agent_tui.server.directory import Directory
from agent_tui.server.unit import SYSTEM, Needs, Unit

_lease = schema.lease.c


def gone(connection: Connection, directory: Directory, now: int) -> list[AgentId]:
    """Agents who count as at work, but whose leases have all ended by `now` (ms)."""
    query = select(_lease.agent).group_by(_lease.agent).having(func.max(_lease.until) < now)
    found = [AgentId(key) for key in connection.execute(query).scalars()]
    return [key for key in found if _is_there(directory.duties.get(key))]


def _is_there(duty: Duty | None) -> bool:
    return duty is not None and duty.availability is not Availability.OFFLINE


def lost(duty: Duty | None) -> bool:
    """Whether the agent is offline only because nothing was heard of them."""
    return (
        duty is not None
        and duty.availability is Availability.OFFLINE
        and Why.decode(duty.reason).code == Because.LEASE_ENDED
    )


def _lost(was: Duty, at: int) -> Duty:
    """Nothing is heard of the agent any more; what they were is kept for when they come back."""
    said = (was.agent, was.availability, str(was.since), was.reason)
    return Duty(was.agent, Availability.OFFLINE, Why(Because.LEASE_ENDED, said).encode(), at)


def _since(duty: Duty | None, wanted: Duty) -> int:
    """Since when (ms) the agent is `wanted`. Who says after a gap that they are away still is away
    since they first said so; who is online was not in between."""
    if duty is None or not lost(duty) or wanted.availability is Availability.ONLINE:
        return wanted.since
    match Why.decode(duty.reason).values:
        case (_, wanted.availability, since, wanted.reason) if since.isdecimal():
            return int(since)
    return wanted.since


class Report:
    """A client is there. With `told`, its agent (or a lead: `by`) says what they are now; without,
    `availability` is what the client believes, which holds only while the server knows nothing."""

    def __init__(
        self,
        agent: AgentId,
        client: ClientId,
        availability: Availability,
        reason: str,
        *,
        told: bool,
        by: AgentId,
        address: str = "",
    ) -> None:
        self._agent = agent
        self._client = client
        self._availability = availability
        self._reason = reason
        self._told = told
        self._by = by
        self._address = origins.shown(address)
        self._found: Duty | None = None

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Renew the lease; record a change."""
        lasts = unit.directory.plan.routing.lease * 1000
        leaving = self._told and self._availability is Availability.OFFLINE
        until = 0 if leaving and self._by == self._agent else unit.now + lasts
        unit.put(unit.leases, self._client, (self._agent, until))
        unit.writes.append((delete(schema.lease).where(_lease.client == self._client), {}))
        if until:
            row = {"client": self._client, "agent": self._agent, "until": until}
            unit.writes.append((insert(schema.lease), row))
        duty = unit.directory.duties.get(self._agent)
        self._found = duty
        if leaving and self._by == self._agent and self._is_elsewhere(unit):
            return
        if not self._told and duty is not None and not lost(duty):
            return
        wanted = Duty(self._agent, self._availability, self._reason, unit.at)
        same = duty is not None and (duty.availability, duty.reason) == (
            wanted.availability,
            wanted.reason,
        )
        if same:
            return
        wanted = replace(wanted, since=_since(duty, wanted))
        self._found = wanted
        workspace.record(unit, e.AvailabilitySet(wanted), self._by)
        origins.of_last(unit, self._address)

    def _is_elsewhere(self, unit: Unit) -> bool:
        """Whether another client of the agent is there."""
        renewed = unit.leases.items()
        if any(_has(self._agent, lease, unit) for key, lease in renewed if key != self._client):
            return True
        query = select(_lease.client).where(
            _lease.agent == self._agent,
            _lease.client.not_in(sorted(unit.leases)),  # this one's, too
            _lease.until > unit.now,
        )
        return unit.connection.execute(query).first() is not None

    def answer(self, unit: Unit) -> Duty | None:
        """What the agent is now."""
        return self._found


def _has(agent: AgentId, lease: tuple[AgentId, int], unit: Unit) -> bool:
    owner, until = lease
    return owner == agent and until > unit.now


def _is_back(agent: AgentId, unit: Unit) -> bool:
    """Whether a job before this one, in the same batch, heard of the agent."""
    return any(_has(agent, lease, unit) for lease in unit.leases.values())


class EndLeases:
    """Agents of whom nothing is heard any more are offline."""

    def __init__(self, agents: Sequence[AgentId]) -> None:
        self._agents = agents

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Look again: they may have come back meanwhile, or another replica was first."""
        for agent in gone(unit.connection, unit.directory, unit.now):
            if agent in self._agents and not _is_back(agent, unit):
                duty = _lost(unit.directory.duties[agent], unit.at)
                workspace.record(unit, e.AvailabilitySet(duty), SYSTEM)
        unit.writes.append((delete(schema.lease).where(_lease.until < unit.now - 86_400_000), {}))

    def answer(self, unit: Unit) -> None:
        """Nothing to say."""
