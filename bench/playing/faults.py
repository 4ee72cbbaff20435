"""Seeded bugs: houses that do one thing wrong, each to be found by the judge."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Conversation
from agent_tui.domain.routing import Blocked, Floor, Placed, Seat
from playing.house import PureHouse


class _Faulty(PureHouse):
    """Does one thing wrong, each time that it could."""

    def with_room(self, floor: Floor) -> set[TeamId]:
        """Always looks at everybody."""
        return set(self.shop.teams)


class Lifo(_Faulty):
    """The last who came is served first."""

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: Mapping[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """One by one, the latest first."""
        found: list[Placed | Blocked] = []
        for s in sorted(waiting, key=lambda s: s.opened_at, reverse=True):
            (placed,) = super().dispatch([s], seats, floor, last)
            if isinstance(placed, Placed):
                seats[placed.agent].load += floor.plan.load(s)
            found.append(placed)
        return found


class _OtherSeats(_Faulty):
    """Gives out as if the agents were not as they are."""

    def taken_for(self, seat: Seat) -> Seat:
        """What an agent's seat is taken for."""
        raise NotImplementedError

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: Mapping[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """On other seats."""
        others = {key: self.taken_for(seat) for key, seat in seats.items()}
        return super().dispatch(waiting, others, floor, last)


class OneTooMany(_OtherSeats):
    """Everybody gets one more than they may have."""

    def taken_for(self, seat: Seat) -> Seat:
        """With a chat less in hand than there is."""
        return msgspec.structs.replace(seat, load=seat.load - 1)


class OneTooFew(_OtherSeats):
    """Who has room for one chat more is passed over."""

    def taken_for(self, seat: Seat) -> Seat:
        """With a chat more in hand than there is."""
        return msgspec.structs.replace(seat, load=seat.load + 1)


class Mixed(_OtherSeats):
    """Any agent gets any chat, of whatever team."""

    def taken_for(self, seat: Seat) -> Seat:
        """As if everybody were in every team."""
        agent = msgspec.structs.replace(seat.agent, teams=tuple(self.shop.teams))
        return msgspec.structs.replace(seat, agent=agent)


class Forgetful(_Faulty):
    """A chat whose number ends in 7 is never given out, and no reason is said."""

    def _place(self, found: Placed | Blocked, words: dict[int, str]) -> None:
        if not found.conversation.endswith("7"):
            super()._place(found, words)


class Rung(_Faulty):
    """Breaches of some chats stand in the log more or less often than once."""

    times = 1

    def _append(
        self,
        event: e.LoggedEvent,
        by: str,
        key: ConversationId | None,
        before: Conversation | None,
        after: Conversation | None,
    ) -> None:
        breach = isinstance(event, e.ClockRang) and event.mark == "breach"
        wrong = breach and key is not None and key.endswith(("0", "4", "8"))
        for _ in range(self.times if wrong else 1):
            super()._append(event, by, key, before, after)


class Dropped(Rung):
    """A breach is missing."""

    times = 0


class Doubled(Rung):
    """A breach is there twice."""

    times = 2


class TooEarly(_Faulty):
    """Clocks ring half a minute ahead."""

    def ring(self, conversation: ConversationId) -> None:
        """At a moment that is still to come."""
        now = self.now
        self.now = now + 30_000
        try:
            super().ring(conversation)
        finally:
            self.now = now


class Lost(_Faulty):
    """A customer's message in ten is not recorded."""

    def record(self, event: e.ConversationEvent, by: str, key: ConversationId) -> None:
        """Left out."""
        if (
            isinstance(event, e.CustomerWrote)
            and key in self.states
            and event.message.endswith("3")
        ):
            return
        super().record(event, by, key)
