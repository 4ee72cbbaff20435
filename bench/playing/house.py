"""The server of a day, in memory: the product's pure functions, and what its jobs do with them.

`give_out` does what `agent_tui.server.assigning` does, `ring` what `agent_tui.server.clocks` does,
and seats are kept as in `agent_tui.server.seats`. `bench/day.py --server` plays the same days
through these themselves.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from agent_tui.domain import clocks, routing
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context
from agent_tui.domain.decide import decide
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import Agent, Conversation, Customer, Status
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.domain.routing import Blocked, Floor, Placed, Seat
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.domain.why import Because, Why
from playing.draws import Visit
from playing.shop import Shop
from playing.told import Told

SYSTEM, CUSTOMER = "system", "customer"
FIRST = 40  # of a team's queue, who are looked at before all the others
LOOK_AGAIN = 10_000  # ms; while nobody has room, why the others wait is looked at so often
_LOOKED = (e.MarkedRead, e.ReplySent, e.NoteAdded)


@dataclass(frozen=True, slots=True)
class Row:
    """An event of the log."""

    seq: int
    at: int
    by: str
    conversation: str | None
    event: e.LoggedEvent


@dataclass(frozen=True, slots=True)
class Dispatched:
    """Chats were given out at `at`; the log then ended with `seq`."""

    seq: int
    at: int


class Log:
    """What happened, and when chats were given out."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.rounds: list[Dispatched] = []

    def digest(self) -> str:
        """The same for the same log."""
        found = hashlib.sha256()
        for row in self.rows:
            head = (row.seq, row.at, row.by, row.conversation)
            found.update(msgspec.json.encode((head, row.event)))
        return found.hexdigest()


class House(Protocol):
    """What those who write to a server may ask of it. `now` is set by the harness (ms)."""

    now: int
    shop: Shop
    log: Log
    states: dict[ConversationId, Conversation]
    owned: defaultdict[AgentId, set[ConversationId]]  # open ones
    heard: Callable[[Row, Conversation | None, Conversation | None], None]

    def receive(self, visit: Visit, text: str, message: str) -> ConversationId:
        """A customer's message."""

    def do(self, agent: AgentId, conversation: ConversationId, command: c.AgentCommand) -> bool:
        """An agent's command; whether it was applied."""

    def say(self, agent: AgentId, availability: Availability, reason: str = "") -> None:
        """An agent is there, or not."""

    def give_out(self) -> None:
        """Chats are given out."""

    def ring(self, conversation: ConversationId) -> None:
        """The conversation's clocks ring."""


def customer_of(visit: Visit) -> Customer:
    """The customer's record."""
    tier = "VIP" if visit.vip else ""
    return Customer(CustomerId(visit.customer), visit.customer, visit.language, tier)


class PureHouse:
    """`House` without a database."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.now = 0
        self.log = Log()
        self.states: dict[ConversationId, Conversation] = {}
        self.heard: Callable[[Row, Conversation | None, Conversation | None], None]
        self.heard = lambda row, before, after: None
        self.duties: dict[AgentId, Duty] = {}
        self.seats = {key: Seat(agent) for key, agent in shop.agents.items()}
        self.queue: set[ConversationId] = set()
        self._unexplained: set[ConversationId] = set()  # of them, those who have just come
        self._of_team: defaultdict[TeamId, set[ConversationId]] = defaultdict(set)
        self._helpers = {team: _chain(shop, team) for team in shop.teams}
        self._looked_at = 0
        self._is_cut = False
        self._lightest = min(shop.plan.weigh(inbox.channel) for inbox in shop.inboxes.values())
        self.told = Told()
        self.owned: defaultdict[AgentId, set[ConversationId]] = defaultdict(set)
        self._ignored: defaultdict[AgentId, int] = defaultdict(int)
        self._of_customer: defaultdict[CustomerId, list[ConversationId]] = defaultdict(list)

    def receive(self, visit: Visit, text: str, message: str) -> ConversationId:
        """As `server.inbound.TakeInbound`."""
        customer = customer_of(visit)
        running = self._running(customer.id, visit.inbox)
        key = running.id if running else ConversationId(f"c{visit.number:06d}")
        inbox = self.shop.inboxes[InboxId(visit.inbox)]
        command = c.ReceiveMessage(
            message=MessageId(message),
            customer=customer,
            visitor=customer.id,
            inbox=inbox.id,
            channel=inbox.channel,
            team=inbox.team,
            text=text,
        )
        self._decided(key, command, None, CUSTOMER)
        return key

    def _running(self, customer: CustomerId, inbox: str) -> Conversation | None:
        within = self.shop.policy.reopen_within * 1000
        of = (self.states[key] for key in self._of_customer[customer])
        for state in sorted(of, key=lambda each: (each.last_at, each.id), reverse=True):
            open_ = state.status is not Status.RESOLVED
            if state.inbox == inbox and (open_ or self.now - state.last_at <= within):
                return state
        return None

    def do(self, agent: AgentId, conversation: ConversationId, command: c.AgentCommand) -> bool:
        """As `server.orders.SubmitOrders`."""
        return self._decided(conversation, command, self.shop.agents[agent], agent)

    def _decided(
        self, key: ConversationId, command: c.AnyCommand, actor: Agent | None, by: str
    ) -> bool:
        context = Context(
            actor=actor,
            now=self.now,
            policy=self.shop.policy,
            roster=self.shop.agents,
            teams=self.shop.teams,
            plan=self.shop.plan,
            classifier=self.shop.rules,
        )
        outcome = decide(self.states.get(key), command, context, conversation=key)
        applied = not isinstance(outcome, Rejected | Held)
        if isinstance(outcome, Rejected):
            outcome = outcome.events
        if not isinstance(outcome, Held):
            for event in outcome:
                self.record(event, by, key)
        return applied

    def say(self, agent: AgentId, availability: Availability, reason: str = "") -> None:
        """As `server.duty.Report`."""
        duty = Duty(agent, availability, reason, self.now)
        known = self.duties.get(agent)
        if known is None or (known.availability, known.reason) != (availability, reason):
            self._set_duty(duty, agent)

    def _set_duty(self, duty: Duty, by: str) -> None:
        self.duties[duty.agent] = duty
        self._append(e.AvailabilitySet(duty), by, None, None, None)

    # --- what the server does by itself ----------------------------------------------------------

    def give_out(self) -> None:
        """Take back what belongs to nobody any more, then give out."""
        floor = Floor(self.shop.plan, self.duties, (), self.now)
        for agent in sorted(self.duties):
            if self.owned[agent] and self._is_gone(agent, floor):
                self._take_back(agent, floor)
        seats = {k: seat for k, seat in self.seats.items() if floor.takes(seat.agent)}
        if self._give(self._to_place(seats, floor, FIRST), seats, floor):
            # Others than the first few may be the ones for whom there is still room.
            self._give(self._to_place(seats, floor, None), seats, floor)
        self.log.rounds.append(Dispatched(len(self.log.rows), self.now))

    def _give(self, waiting: list[Conversation], seats: dict[AgentId, Seat], floor: Floor) -> bool:
        """One pass; whether these were but the first of many, and somebody still has room."""
        words: dict[int, str] = {}  # most wait for one and the same reason
        cut = self._is_cut
        for found in self.dispatch(waiting, seats, floor, _LastAgents(self)) if waiting else ():
            self._place(found, words)
            self._tell(found, seats, floor)
        return cut and any(self._waits_for(room) for room in self.with_room(seats, floor))

    def _waits_for(self, team: TeamId) -> bool:
        return any(team in helpers and self._of_team[of] for of, helpers in self._helpers.items())

    def _to_place(
        self, seats: dict[AgentId, Seat], floor: Floor, most: int | None
    ) -> list[Conversation]:
        """Whom to look at, of each team at most so many. Where nobody has room nobody is placed,
        and the reasons of those who wait there seldom change."""
        self._is_cut = False
        if self.now - self._looked_at >= LOOK_AGAIN:
            self._looked_at = self.now
            return [self.states[key] for key in self.queue]
        room = self.with_room(seats, floor)
        found = set(self._unexplained)
        for team, helpers in self._helpers.items():
            keys: Collection[ConversationId] = self._of_team[team]
            if room.isdisjoint(helpers):
                continue
            if most is not None and len(keys) > most:
                self._is_cut = True
                states = (self.states[key] for key in keys)
                keys = [s.id for s in heapq.nsmallest(most, states, key=self.first)]
            found.update(keys)
        return [self.states[key] for key in found]

    def first(self, s: Conversation) -> tuple[object, ...]:
        """Sort key, smallest first: whom a free agent is given next."""
        return routing.order_key(s)

    def with_room(self, seats: dict[AgentId, Seat], floor: Floor) -> set[TeamId]:
        """The teams that somebody works for who has room for anything."""
        return {
            team
            for team in self.shop.teams
            if any(
                floor.works_for(seat.agent, team) and floor.has_room(seat, team, self._lightest)
                for seat in seats.values()
            )
        }

    def dispatch(
        self,
        waiting: list[Conversation],
        seats: dict[AgentId, Seat],
        floor: Floor,
        last: Mapping[ConversationId, AgentId],
    ) -> list[Placed | Blocked]:
        """The product's; policies to compare with have their own."""
        copies = {key: msgspec.structs.replace(seat) for key, seat in seats.items()}
        return routing.dispatch(waiting, copies, floor, last)

    def _is_gone(self, agent: AgentId, floor: Floor) -> bool:
        duty = self.duties[agent]
        grace = self.shop.routing.answer_within * 1000
        if duty.availability is Availability.OFFLINE and self.now - duty.since < grace:
            return False
        return floor.gone(self.shop.agents[agent])

    def _take_back(self, agent: AgentId, floor: Floor) -> None:
        at_home = not self.shop.plan.shift(self.shop.agents[agent]).is_open(self.now)
        why = Why(Because.SHIFT_CLOSED if at_home else Because.LEASE_ENDED, (agent,)).encode()
        for key in sorted(self.owned[agent]):
            if self.states[key].waiting_since is not None:
                self.record(e.Released(self.states[key].epoch + 1, why), SYSTEM, key)

    def _tell(self, found: Placed | Blocked, seats: dict[AgentId, Seat], floor: Floor) -> None:
        state = self.states[found.conversation]
        fresh = isinstance(found, Blocked) and state.wait is None
        if fresh and found.why.code == Because.AT_LIMIT:
            queue = [self.states[key] for key in self.queue]
            wait = self.told.of(state, queue, seats, floor)
            if wait is not None:
                self.record(wait, SYSTEM, found.conversation)

    def _place(self, found: Placed | Blocked, words: dict[int, str]) -> None:
        state = self.states[found.conversation]
        why = words.get(id(found.why)) or words.setdefault(id(found.why), found.why.encode())
        if isinstance(found, Placed):
            self.told.ended(state, self.now)
            by = self.now + self.shop.routing.answer_within * 1000
            event = e.Assigned(found.agent, found.team, state.epoch + 1, why, by)
            self.record(event, SYSTEM, state.id)
        elif why != state.held:
            self.record(e.HeldInQueue(why), SYSTEM, state.id)

    def last_agent(self, state: Conversation) -> AgentId | None:
        """Who answered the customer last, within the time that the settings say."""
        since = self.now - self.shop.routing.last_agent * 1000
        of = [self.states[key] for key in self._of_customer[state.customer.id]]
        answered = [s for s in of if s.last_at >= since and s.last_reply_by is not None]
        return max(answered, key=lambda s: s.last_at).last_reply_by if answered else None

    def ring(self, conversation: ConversationId) -> None:
        """Each mark once."""
        state = self.states[conversation]
        shop = self.shop
        for event in clocks.ring(state, policy=shop.policy, plan=shop.plan, now=self.now):
            self.record(event, SYSTEM, conversation)
            if isinstance(event, e.Released) and state.assignee is not None:
                self._was_ignored(state.assignee)

    def _was_ignored(self, agent: AgentId) -> None:
        times, duty = self._ignored[agent], self.duties[agent]
        if times >= self.shop.routing.ignored and duty.availability is Availability.ONLINE:
            why = Why(Because.DECLINED, (agent, str(times))).encode()
            self._set_duty(Duty(agent, Availability.AWAY, why, self.now), SYSTEM)

    # --- the log and its folds -------------------------------------------------------------------

    def record(self, event: e.ConversationEvent, by: str, key: ConversationId) -> None:
        """Append an event of a conversation."""
        before = self.states.get(key)
        after = evolve(before, event, conversation=key, at=self.now)
        self.states[key] = after
        if before is None:
            self._of_customer[after.customer.id].append(key)
        self._sit(event, by, before, after)
        self._queue(key, before, after)
        self._append(event, by, key, before, after)

    def _sit(
        self, event: e.ConversationEvent, by: str, before: Conversation | None, after: Conversation
    ) -> None:
        if isinstance(event, e.Released) and event.why and event.declined and before is not None:
            if before.assignee is not None:
                self._ignored[before.assignee] += 1
        elif isinstance(event, _LOOKED):
            self._ignored[AgentId(by)] = 0
        plan = self.shop.plan
        old = plan.load(before) if before is not None and before.assignee is not None else 0.0
        new = plan.load(after) if after.assignee is not None else 0.0
        if isinstance(event, e.Assigned | e.Claimed) and after.assignee is not None:
            self.seats[after.assignee].assigned_at = self.now
        same = before is not None and before.assignee == after.assignee
        if same and old == new:
            return
        if before is not None and before.assignee is not None:
            self.seats[before.assignee].load -= old
            if old > 0 and (not same or not new):
                self.seats[before.assignee].freed_at = self.now
        if after.assignee is not None:
            self.seats[after.assignee].load += new

    def _queue(self, key: ConversationId, before: Conversation | None, after: Conversation) -> None:
        open_ = after.status is Status.OPEN
        if before is not None and before.assignee is not None:
            self.owned[before.assignee].discard(key)
        if after.assignee is not None and open_:
            self.owned[after.assignee].add(key)
        if after.assignee is None and open_:
            self.queue.add(key)
        else:
            self.queue.discard(key)
        if before is not None:
            self._of_team[before.team].discard(key)
        if key in self.queue:
            self._of_team[after.team].add(key)
        if key in self.queue and not after.held:
            self._unexplained.add(key)
        else:
            self._unexplained.discard(key)

    def _append(
        self,
        event: e.LoggedEvent,
        by: str,
        key: ConversationId | None,
        before: Conversation | None,
        after: Conversation | None,
    ) -> None:
        row = Row(len(self.log.rows) + 1, self.now, by, key, event)
        self.log.rows.append(row)
        self.heard(row, before, after)


def _chain(shop: Shop, team: TeamId) -> set[TeamId]:
    """The team, and those that help it once its chats have waited."""
    found = {team}
    while (team := TeamId(shop.plan.team(team).overflow)) and team not in found:
        found.add(team)
    return found


class _LastAgents(Mapping[ConversationId, AgentId]):
    """Who had each customer before, looked up where somebody has room."""

    def __init__(self, house: PureHouse) -> None:
        self._house = house

    def __getitem__(self, key: ConversationId) -> AgentId:
        found = self._house.last_agent(self._house.states[key])
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[ConversationId]:
        return iter(self._house.queue)

    def __len__(self) -> int:
        return len(self._house.queue)
