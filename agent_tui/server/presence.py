"""Who types or looks: passed on while it lasts, never stored."""

from __future__ import annotations

import msgspec

from agent_tui.domain.ids import AgentId, CustomerId, TeamId
from agent_tui.domain.model import Conversation
from agent_tui.domain.protocol import Presence

PRESENCE_MS = 6_000  # that typing lasts unless it is told again
LOOKING_MS = 45_000


class Place(msgspec.Struct, frozen=True):
    """Of a conversation, what decides who may know who types in it."""

    team: TeamId
    assignee: AgentId | None
    visitor: CustomerId

    @classmethod
    def of(cls, state: Conversation) -> Place:
        """Where `state` is."""
        return cls(state.team, state.assignee, state.visitor)


class Told(msgspec.Struct, frozen=True):
    """A passing thing on its way to the other replicas; `source` is the one that it came from."""

    source: str
    presence: Presence
    place: Place
