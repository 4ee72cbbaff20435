"""Seeded bugs: houses that do one thing wrong, each to be found by the judge."""

from __future__ import annotations

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.domain.routing import Blocked, Floor, Placed, Seat
from playing.house import PureHouse


class _Faulty(PureHouse):
    """Does one thing wrong, each time that it could."""


class Lifo(_Faulty):
    """The last who came is served first."""

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: dict[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """One by one, the latest first."""
        found: list[Placed | Blocked] = []
        for s in sorted(waiting, key=lambda s: s.opened_at, reverse=True):
            (placed,) = super().dispatch([s], seats, floor, last)
            if isinstance(placed, Placed):
                seats[placed.agent].load += floor.plan.load(s)
            found.append(placed)
        return found


class OneTooMany(_Faulty):
    """Everybody gets one more than they may have."""

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: dict[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """With a chat less in hand than there is."""
        less = {k: msgspec.structs.replace(seat, load=seat.load - 1) for k, seat in seats.items()}
        return super().dispatch(waiting, less, floor, last)


class OneTooFew(_Faulty):
    """Who has room for one chat more is passed over."""

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: dict[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """With a chat more in hand than there is."""
        more = {k: msgspec.structs.replace(seat, load=seat.load + 1) for k, seat in seats.items()}
        return super().dispatch(waiting, more, floor, last)


class Mixed(_Faulty):
    """Any agent gets any chat, of whatever team."""

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: dict[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """As if everybody were in every team."""
        teams = tuple(self.shop.teams)
        able = {
            k: msgspec.structs.replace(seat, agent=msgspec.structs.replace(seat.agent, teams=teams))
            for k, seat in seats.items()
        }
        return super().dispatch(waiting, able, floor, last)


class Forgetful(_Faulty):
    """A chat whose number ends in 7 is never given out, and no reason is said."""

    def _place(self, found: Placed | Blocked) -> None:
        if not found.conversation.endswith("7"):
            super()._place(found)


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
