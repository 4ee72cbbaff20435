"""What the server does by itself: chats given out, clocks that ring, agents who come and go.

Every replica runs the real loops for it. These steps change what they go by, and let several
replicas try the same thing at once, on what each of them read a moment ago.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from agent_tui.domain import events as e
from agent_tui.domain.calendars import Calendar
from agent_tui.domain.ids import AgentId, ClientId, ConversationId, CustomerId, InboxId, TeamId
from agent_tui.domain.model import Role
from agent_tui.domain.policy import Policy
from agent_tui.domain.protocol import SurgeRequest
from agent_tui.domain.rules import Rule
from agent_tui.domain.staffing import Assign, Availability, Duty, Routing, TeamRules, TypeRules
from agent_tui.server import assigning, clocks, duty, duty_api
from agent_tui.server import directory as directories
from agent_tui.server.accounts import save_agent
from agent_tui.server.inbound import Received, SaveCustomer, TakeInbound
from agent_tui.server.workspace import ChangeWorkspace
from agent_tui.server.writer import Job
from tests import factories as f
from tests.sim import dispatching, ringing
from tests.sim.history import HandedIn, Heard, Violation
from tests.sim.replicas import Replica, pick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sim.world import World

POWER = "reactions"
AGENTS = ("anna", "bo", "lo", "lee")
LANGUAGES = ((), (), ("zh",), ("en",))
SKILLS = ((), ("refund",))
ASSIGN: tuple[Assign, ...] = ("pull", "least_loaded", "least_loaded", "longest_idle", "round_robin")
STATES = (*(Availability.ONLINE,) * 6, Availability.BUSY, Availability.AWAY, Availability.OFFLINE)
# Of days alike, in UTC: what is open when must be plain to the checker. Runs begin at 08:00.
CALENDARS = {
    "morning": Calendar(zone="UTC", hours={"mon-sun": "06:00-08:01, 08:02-12:00"}),
    "split": Calendar(zone="UTC", hours={"mon-sun": "08:00-08:03, 08:05-22:00"}),
}
RULES = (
    Rule(name="complaint", any=("v3",), type="complaint"),
    Rule(name="refund", any=("v2",), type="refund", team="after-sales"),
)


def settings_change(world: World) -> None:
    """Other settings for giving out and sorting are published, or other figures."""
    rng = world.rng
    if rng.random() < 0.3:
        policy = Policy(
            first_reply=rng.choice((5, 20, 180)),
            next_reply=rng.choice((5, 20, 180)),
            warning=rng.choice((2, 4, 100)),
            complaint_escalation=rng.choice((10, 3600)),
            follow_up=rng.choice((10, 3600)),
            solve_common=rng.choice((8, 300)),
            close_pending=rng.choice((15, 86_400)),
        )
        _submit(world, ChangeWorkspace([e.PolicySaved(policy)]))
        return
    calendars = ("", "", *CALENDARS)
    overflow = "logistics" if rng.random() < 0.4 else ""
    routing = Routing(
        capacity=rng.choice((1, 2, 3)),
        chat_load=rng.choice((1.0, 1.0, 0.5)),
        lease=rng.choice((3, 10, 60)),
        answer_within=rng.choice((2, 10, 60)),
        ignored=rng.choice((1, 3)),
        last_agent=rng.choice((1, 86_400)),
        warn_at=rng.choice(((75,), (25, 50, 75), ())),
        hours=rng.choice(({}, {}, {"web": "split"})),
        teams={
            "after-sales": TeamRules(
                assign=rng.choice(ASSIGN),
                calendar=rng.choice(calendars),
                overflow=overflow,
                overflow_after=rng.choice((1, 10)),
            ),
            "logistics": TeamRules(assign=rng.choice(ASSIGN), calendar=rng.choice(calendars)),
        },
        types={
            "refund": TypeRules(
                difficulty=rng.choice(("", "common", "complex")), skill=rng.choice(("", "refund"))
            ),
            "order": TypeRules(difficulty="common"),
        },
        calendars=CALENDARS,
        rules=RULES if rng.random() < 0.7 else (),
    )
    _submit(world, ChangeWorkspace([e.RoutingSaved(routing)]))


def staff_changes(world: World) -> None:
    """What chats are given out by: somebody's skills, languages, capacity, shift, or floating."""
    rng = world.rng
    agent = world.shadow.agent(rng.choice(AGENTS), world.shadow.head)
    changed = replace(
        agent,
        skills=rng.choice(SKILLS),
        languages=rng.choice(LANGUAGES),
        capacity=rng.choice((None, None, 0.5, 2)),
        floating=rng.random() < 0.4,
        shift=rng.choice(("", "", *CALENDARS)),
    )
    if agent.role is not Role.TRAINEE and not agent.disabled:
        _submit(world, save_agent(changed))


def agent_reports(world: World) -> None:
    """An agent's program says that they are there, or they or a lead say what they are."""
    rng = world.rng
    login = AgentId(rng.choice(AGENTS))
    told = rng.random() < 0.5
    state = rng.choice(STATES) if told else Availability.ONLINE
    by, client = login, f"{login} at {rng.randint(1, 2)}"
    if told and rng.random() < 0.2:
        by = AgentId("lee")
        client = client if login == by else f"by {by} for {login}"
    job = duty.Report(login, ClientId(client), state, "", told=told, by=by)
    replica = pick(world.replicas, rng)
    if replica is not None:
        leaves = told and by == login and state is Availability.OFFLINE
        said = Heard(login, client, world.now_ms(), 0 if leaves else world.now_ms())
        world.history.heard.append(said)
        world.scheduler.spawn(_report(world, replica, job, said), world.network)


async def _report(world: World, replica: Replica, job: duty.Report, said: Heard) -> None:
    shadow = world.shadow
    head = shadow.head
    answer = await replica.do(job).ended
    if shadow is world.shadow and isinstance(answer, Duty):
        said.acknowledged = world.now_ms()
        said.until += bool(said.until) * _shortest_lease(world, head) * 1000
        world.history.note(f"{said.client} was heard: {answer.availability}")


def _shortest_lease(world: World, since: int) -> int:
    """Seconds, of the settings that held at event `since` or came after it."""
    versions = world.shadow.things.get(("routing", "routing"), [])
    before = [routing for seq, routing in versions if seq <= since][-1:] or [Routing()]
    found = [*before, *(routing for seq, routing in versions if seq > since)]
    return min(routing.lease for routing in found if isinstance(routing, Routing))


def surge(world: World) -> None:
    """A team's surge begins, changes or ends."""
    rng = world.rng
    team = TeamId(rng.choice(("after-sales", "logistics")))
    asked = SurgeRequest(team, rng.choice((0, 1, 1, 60)), rng.choice((1.5, 2.0)))
    _submit(world, duty_api._SetSurge(asked, AgentId("lee")))


def all_react_at_once(world: World) -> None:
    """Several replicas look for what is to be done, and do it some time later."""
    for replica in world.replicas:
        if not replica.up:
            continue
        for job in list(_jobs(world, replica)):
            for _ in range(world.rng.choice((1, 1, 2))):
                _later(world, world.rng.choice(world.replicas), job)


def all_in_one_batch(world: World) -> None:
    """Chats come, and are given out one by one in the batch in which somebody leaves."""
    replica = pick(world.replicas, world.rng)
    if replica is not None:
        world.scheduler.spawn(_one_batch(world, replica), world.network)


async def _one_batch(world: World, replica: Replica) -> None:
    rng, history = world.rng, world.history
    come: list[ConversationId] = []
    for _ in range(2):
        number = history.counts["customer messages"]
        history.counts["customer messages"] += 1
        customer = CustomerId(f"w{number}")  # of new ones: others' chats mostly have an owner
        external, text = f"{customer}/{number}", f"{customer} 写 {number}"
        saved = await replica.do(SaveCustomer(f.customer(customer))).ended
        if not replica.up or isinstance(saved, Exception):
            return
        job = TakeInbound(InboxId("web"), customer, external, text)
        answer = await replica.do(job).ended
        if isinstance(answer, Received):
            history.handed_in.append(HandedIn(external, text, answer))
            come.append(answer.conversation)
        if not replica.up:
            return
    jobs: list[Job] = [assigning.GiveOut([key]) for key in come]
    if rng.random() < 0.5:
        duties = [x for x in world.shadow.all_things(world.shadow.head).values() if _is_on(x)]
        for there in duties[:1]:
            assert isinstance(there, Duty)
            away = replace(there, availability=Availability.AWAY, since=world.now_ms())
            jobs.insert(0, ChangeWorkspace([e.AvailabilitySet(away)]))
    for each in jobs:
        replica.do(each)


def _is_on(thing: object) -> bool:
    return isinstance(thing, Duty) and thing.availability is Availability.ONLINE


def _jobs(world: World, replica: Replica) -> Iterator[Job]:
    """What is to be done, as `replica` sees it now."""
    now = world.now_ms()
    with replica.database.read() as connection:
        known = directories.load(connection, 0)
        if found := assigning.candidates(connection, known, now):
            yield assigning.GiveOut(found)
        if ringing := clocks.due(connection, now):
            yield clocks.Ring(ringing)
        if gone := duty.gone(connection, known, now):
            yield duty.EndLeases(gone)


def _later(world: World, replica: Replica, job: Job) -> None:
    def go() -> None:
        if replica.up:
            replica.do(job)

    world.scheduler.later(world.rng.uniform(0.0, 0.4), go)


def _submit(world: World, job: Job) -> None:
    replica = pick(world.replicas, world.rng)
    if replica is not None:
        replica.do(job)


STEPS = (
    (settings_change, 3),
    (staff_changes, 2),
    (agent_reports, 14),
    (surge, 1.5),
    (all_react_at_once, 6),
    (all_in_one_batch, 3),
)


def at_rest(world: World) -> None:
    """React until nothing is left to do, and judge what stands then (13 to 17)."""
    if POWER not in world.powers:
        return
    for _ in range(100):
        replica = pick(world.replicas, world.rng)
        assert replica is not None
        jobs = list(_jobs(world, replica))
        if not jobs:
            break
        for job in jobs:
            replica.do(job)
        world.scheduler.run_until(world.scheduler.time + 0.1)
    else:
        raise Violation(16, f"the server always finds more to do: {jobs}")
    ringing.invariant_13_marks_ring_once(world)
    ringing.invariant_14_what_is_due_has_rung(world, world.now_ms())
    dispatching.invariant_15_given_to_one_who_may(world)
    dispatching.invariant_16_nobody_waits_beside_room(world, world.now_ms())
    dispatching.invariant_17_leases_end_once(world)
