"""The server of a day, in memory: the product's pure functions, and what its jobs do with them.

`give_out` does what `agent_tui.server.assigning` does, `ring` what `agent_tui.server.clocks` does,
and seats are kept as in `agent_tui.server.seats`. `bench/day.py --server` plays the same days
through these themselves.
"""

from __future__ import annotations

import hashlib
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
from playing.waiting import Waiting

SYSTEM, CUSTOMER = "system", "customer"
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
        self.waiting = Waiting(shop, self.states)
        self._limits = {key: shop.plan.capacity(agent) for key, agent in shop.agents.items()}
        self._lightest = min(shop.plan.weigh(inbox.channel) for inbox in shop.inboxes.values())
        self.told = Told()
        self.owned: defaultdict[AgentId, set[ConversationId]] = defaultdict(set)
        self._ignored: defaultdict[AgentId, int] = defaultdict(int)
        self._looked: dict[AgentId, int] = {}  # when each last did, ms
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
        for agent in sorted(key for key in self.duties if self.owned[key]):
            if self._is_gone(agent, floor):
                self._take_back(agent, floor)
        keys, whole = self.waiting.few(self.now, self.with_room(floor), self.first)
        self._give(keys, floor)
        if not whole and (room := self.with_room(floor)):
            # Others than the first few may be the ones for whom there is still room.
            self._give(self.waiting.many(room), floor)
        self.log.rounds.append(Dispatched(len(self.log.rows), self.now))

    def _give(self, keys: Collection[ConversationId], floor: Floor) -> None:
        if not keys:
            return
        words: dict[int, str] = {}  # most wait for one and the same reason
        seats = {k: seat for k, seat in self.seats.items() if floor.takes(seat.agent)}
        waiting = [self.states[key] for key in keys]
        for found in self.dispatch(waiting, seats, floor, _LastAgents(self)):
            self._place(found, words)
            self._tell(found, seats, floor)

    def first(self, s: Conversation) -> tuple[object, ...]:
        """Sort key, smallest first: whom a free agent is given next."""
        return routing.order_key(s)

    def with_room(self, floor: Floor) -> set[TeamId]:
        """The teams that somebody works for who has room for anything. No model has a surge."""
        found: set[TeamId] = set()
        for key, seat in self.seats.items():
            fits = seat.load + self._lightest <= self._limits[key] + 1e-9
            if fits and not found.issuperset(seat.agent.teams) and floor.takes(seat.agent):
                found.update(seat.agent.teams)
        return found

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
            queue = [self.states[key] for key in self.waiting.of_team[state.team]]
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

    def _was_at_work(self, before: Conversation) -> bool:
        """Whether its agent has looked at another chat since they got this one."""
        assert before.assignee is not None and before.answer_by is not None
        given = before.answer_by - self.shop.routing.answer_within * 1000
        return self._looked.get(before.assignee, 0) > given

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
            if before.assignee is not None and not self._was_at_work(before):
                self._ignored[before.assignee] += 1
        elif isinstance(event, _LOOKED):
            self._ignored[AgentId(by)] = 0
            self._looked[AgentId(by)] = self.now
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
        self.waiting.changed(key, before, after)

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
        return iter(self._house.waiting.all)

    def __len__(self) -> int:
        return len(self._house.waiting.all)
