"""Plays a day: customers come, agents answer, and the server is asked to do its part in time."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count

from agent_tui.domain import clocks
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.staffing import Availability
from playing.customers import Customers
from playing.desks import Desks, Order
from playing.draws import Visit
from playing.house import House, Row

LOOK_MS = 200  # the server looks this often for chats to give out
AFTER_MS = 10 * 60 * 1000  # what runs on when everybody has left

Action = Callable[[], None]


class Day:
    """Virtual time. What is due at the same moment happens in the order in which it was planned."""

    def __init__(self, house: House, visits: Iterable[Visit], order: Order) -> None:
        self.house = house
        self.model = house.shop.model
        self.until = self.model.at(self.model.quiet) + AFTER_MS
        self._plan: list[tuple[int, int, Action]] = []
        self._turns = count()
        self._changed: dict[ConversationId, None] = {}
        self._timers: dict[ConversationId, int] = {}
        self._look_at: int | None = None
        self.customers = Customers(self)
        self.desks = Desks(self, order)
        house.heard = self._hear
        for person in house.shop.people:
            for move in person.moves:
                self.at(move.at, partial(self.desks.move, person.agent.id, move))
        for visit in visits:
            self.at(visit.at, partial(self.customers.arrive, visit))

    @property
    def now(self) -> int:
        """The moment (ms)."""
        return self.house.now

    def at(self, moment: int, action: Action) -> None:
        """Plan `action`."""
        heapq.heappush(self._plan, (moment, next(self._turns), action))

    def play(self) -> None:
        """All of it."""
        while self._plan and self._plan[0][0] <= self.until:
            self.house.now, _, action = heapq.heappop(self._plan)
            action()
            self._set_timers()
        self.house.now = self.until

    # --- the server's clock ----------------------------------------------------------------------

    def look(self, at: int) -> None:
        """Chats are given out at `at`, or at the server's next look after."""
        at = -(-at // LOOK_MS) * LOOK_MS
        if self._look_at is not None and self.now < self._look_at <= at:
            return
        if self._look_at is None or at < self._look_at or self._look_at <= self.now:
            self._look_at = at
        self.at(at, partial(self._give_out, at))

    def _give_out(self, at: int) -> None:
        if self._look_at is not None and self._look_at <= at:
            self._look_at = None
        self.house.give_out()

    def _set_timers(self) -> None:
        shop = self.house.shop
        for key in self._changed:
            at = clocks.next_ring(self.house.states[key], shop.policy, shop.plan)
            if at is not None and at != self._timers.get(key):
                self._timers[key] = at
                self.at(max(at, self.now), partial(self._ring, key, at))
        self._changed.clear()

    def _ring(self, key: ConversationId, at: int) -> None:
        if self._timers.get(key) == at:
            del self._timers[key]
            self.house.ring(key)
            self._changed[key] = None

    # --- what happened ---------------------------------------------------------------------------

    def _hear(self, row: Row, before: Conversation | None, after: Conversation | None) -> None:
        if after is None:
            if isinstance(row.event, e.AvailabilitySet):
                self._came_or_went(row.event)
            return
        self._changed[after.id] = None
        assert isinstance(row.event, e.ConversationEvent)
        self._may_be_given_out(row.event, before, after)
        if isinstance(row.event, e.ReplySent):
            self.customers.answered(after)
        owner = after.assignee
        if owner is not None and after.status is Status.OPEN:
            self.desks.something_for(owner)

    def _came_or_went(self, event: e.AvailabilitySet) -> None:
        self.desks.told(event.duty)
        self.look(self.now)
        if event.duty.availability is Availability.OFFLINE:
            self.look(self.now + self.house.shop.routing.answer_within * 1000)

    def _may_be_given_out(
        self, event: e.ConversationEvent, before: Conversation | None, after: Conversation
    ) -> None:
        had = before.assignee if before is not None else None
        freed = had is not None and (after.assignee != had or after.status is not Status.OPEN)
        wrote = isinstance(event, e.CustomerWrote)
        left = wrote and after.assignee is not None and self._is_offline(after.assignee)
        entered = after.assignee is None and after.status is Status.OPEN
        news = entered and not isinstance(event, e.HeldInQueue | e.ClockRang | e.ClockStarted)
        if freed or left or news:
            self.look(self.now)
        if news:
            since = after.waiting_since or after.opened_at
            for seconds in {
                rules.overflow_after for rules in self.house.shop.routing.teams.values()
            }:
                if since + seconds * 1000 > self.now:
                    self.look(since + seconds * 1000)

    def _is_offline(self, agent: AgentId) -> bool:
        return self.desks.availability(agent) is Availability.OFFLINE
