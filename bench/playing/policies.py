"""Four ways to give the same day's chats out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain import routing
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Conversation
from agent_tui.domain.routing import Blocked, Floor, Placed, Seat
from agent_tui.domain.why import Because, Why
from playing.desks import Order, by_arrival, by_urgency
from playing.house import PureHouse
from playing.model import Model
from playing.shop import Shop, shop


class FirstCome(PureHouse):
    """Teams and capacity as in the product, but chats go out in the order of their arrival."""

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: Mapping[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """One after the other; what found no seat finds none for another like it."""
        seats = {key: msgspec.structs.replace(seat) for key, seat in seats.items()}
        found: list[Placed | Blocked] = []
        full: dict[object, Why] = {}
        for s in sorted(waiting, key=self.first):
            alike = (s.team, s.type, s.customer.language, s.declined)
            if alike in full:
                found.append(Blocked(s.id, full[alike]))
                continue
            placed = routing.place(s, seats, floor, None)
            found.append(placed)
            if isinstance(placed, Blocked):
                full[alike] = placed.why
            else:
                seats[placed.agent].load += floor.plan.load(s)
                seats[placed.agent].assigned_at = floor.now
        return found

    def first(self, s: Conversation) -> tuple[object, ...]:
        """Who came first."""
        return (s.waiting_since or s.opened_at, s.id)


class InTurn(PureHouse):
    """Every chat to the next agent who is online, whatever it is about and however many they have.
    There it stays as long as its agent is at work."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop)
        self._circle = sorted(shop.agents)
        self._next = 0

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: Mapping[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """Round and round."""
        found: list[Placed | Blocked] = []
        for s in sorted(waiting, key=lambda s: (s.waiting_since or s.opened_at, s.id)):
            agent = self._take_turn(seats)
            if agent is None:
                found.append(Blocked(s.id, Why(Because.NOBODY_ONLINE, (s.team,))))
            else:
                found.append(Placed(s.id, agent, s.team, Why(Because.ROUND_ROBIN, (agent,))))
        return found

    def with_room(self, floor: Floor) -> set[TeamId]:
        """Everybody always has."""
        return set(self.shop.teams)

    def _take_turn(self, seats: dict[AgentId, Seat]) -> AgentId | None:
        for _ in self._circle:
            agent = self._circle[self._next % len(self._circle)]
            self._next += 1
            if agent in seats:
                return agent
        return None

    def _place(self, found: Placed | Blocked, words: dict[int, str]) -> None:
        if isinstance(found, Blocked):
            super()._place(found, words)
            return
        state = self.states[found.conversation]
        event = e.Assigned(found.agent, found.team, state.epoch + 1, found.why.encode())
        self.record(event, "system", state.id)


@dataclass(frozen=True, slots=True)
class Policy:
    """One of them: its house, and how agents choose among their own chats."""

    key: str
    title: str
    make: Callable[[Model, int], PureHouse]
    order: Order


def _in_turn(model: Model, seed: int) -> PureHouse:
    return InTurn(shop(model, seed, assign="round_robin", overflow=False))


def _teams_in_turn(model: Model, seed: int) -> PureHouse:
    return FirstCome(shop(model, seed, assign="round_robin", overflow=False))


def _least_loaded(model: Model, seed: int) -> PureHouse:
    return FirstCome(shop(model, seed, assign="least_loaded", overflow=False))


def _ours(model: Model, seed: int) -> PureHouse:
    return PureHouse(shop(model, seed))


POLICIES = (
    Policy("a", "round robin over everybody, no limit, first come", _in_turn, by_arrival),
    Policy("b", "round robin in teams, with a limit", _teams_in_turn, by_arrival),
    Policy("c", "least loaded in teams, with a limit", _least_loaded, by_arrival),
    Policy("d", "agent-tui: c, by urgency, with overflow", _ours, by_urgency),
)

__all__ = ["POLICIES", "Policy"]
