"""Faults put into what the server does by itself, each of which the simulation must find."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from msgspec.structs import replace

from agent_tui.domain import clocks as marks
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Conversation
from agent_tui.domain.routing import Floor, Seat
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.domain.why import Because, Why
from agent_tui.server import assigning, seats, workspace
from agent_tui.server.directory import Directory
from agent_tui.server.duty import EndLeases
from agent_tui.server.unit import SYSTEM, Unit
from tests.sim.mutations import Case

POWERS = ("reactions",)


def rung_ignored(patch: pytest.MonkeyPatch) -> None:
    """What was due when a replica looked rings, whoever let it ring meanwhile."""
    real = marks.ring

    def ring(s: Conversation, **given: Any) -> tuple[e.ConversationEvent, ...]:
        return real(replace(s, rung=()), **given)

    patch.setattr(marks, "ring", ring)


def loads_read_before(patch: pytest.MonkeyPatch) -> None:
    """Chats are given out by the loads as they were when a replica looked."""
    real = seats.read
    seen: dict[AgentId, Seat] = {}

    def read(
        connection: Any, directory: Directory, agents: Collection[AgentId]
    ) -> dict[AgentId, Seat]:
        found = real(connection, directory, agents)
        seen.update({key: replace(seat) for key, seat in found.items()})
        return found

    def load(unit: Unit, agents: Collection[AgentId]) -> dict[AgentId, Seat]:
        found = real(unit.connection, unit.directory, agents)
        return {key: replace(seen.get(key, seat)) for key, seat in found.items()}

    patch.setattr(seats, "read", read)
    patch.setattr(seats, "load", load)


def the_batch_is_not_seen(patch: pytest.MonkeyPatch) -> None:
    """Jobs of one batch each reckon with the loads that are stored."""

    def load(unit: Unit, agents: Collection[AgentId]) -> dict[AgentId, Seat]:
        return seats.read(unit.connection, unit.directory, agents)

    patch.setattr(seats, "load", load)


def leases_end_unseen(patch: pytest.MonkeyPatch) -> None:
    """Whose leases had ended when a replica looked goes offline."""

    def run(self: EndLeases, unit: Unit) -> None:
        for agent in self._agents:
            why = Why(Because.LEASE_ENDED, (agent,)).encode()
            duty = Duty(agent, Availability.OFFLINE, why, unit.at)
            workspace.record(unit, e.AvailabilitySet(duty), SYSTEM)

    patch.setattr(EndLeases, "run", run)


def timers_stay(patch: pytest.MonkeyPatch) -> None:
    """Other settings do not move the clocks that run."""
    patch.setattr(workspace, "_look_at_all", list)


def rung_is_over(patch: pytest.MonkeyPatch) -> None:
    """Other settings move only the clocks that have something more to ring."""
    real = workspace._look_at_all
    patch.setattr(workspace, "_look_at_all", lambda: real()[:1])


def settings_of_before(patch: pytest.MonkeyPatch) -> None:
    """What a batch records of agents and settings counts from the next one on."""
    patch.setattr(Unit, "learn", lambda self, event: None)


def only_the_first(patch: pytest.MonkeyPatch) -> None:
    """A chat that nobody can take holds up those behind it."""
    patch.setattr(assigning, "WAITING", 1)


def breach_first(patch: pytest.MonkeyPatch) -> None:
    """Of what is due at the same look, the breach rings before what should have warned of it."""
    patch.setattr(marks, "_order", lambda ring: (ring.mark != marks.BREACH, ring.at))


def shifts_ignored(patch: pytest.MonkeyPatch) -> None:
    """An agent after their shift is given chats."""

    def takes(self: Floor, agent: Any) -> bool:
        duty = self.duties.get(agent.id)
        return duty is not None and duty.availability is Availability.ONLINE

    patch.setattr(Floor, "takes", takes)


ALL = tuple(
    Case(mutation, seed, POWERS)
    for mutation, seed in (
        (rung_ignored, 0),
        (loads_read_before, 2),
        (the_batch_is_not_seen, 19),
        (leases_end_unseen, 0),
        (timers_stay, 0),
        (rung_is_over, 1),
        (settings_of_before, 19),
        (only_the_first, 0),
        (breach_first, 0),
        (shifts_ignored, 18),
    )
)
