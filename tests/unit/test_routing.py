"""Who gets which chat: order, room, language, skill, overflow, surge, and the reason each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent_tui.domain.calendars import Calendar
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Channel, Conversation, Role, Status
from agent_tui.domain.plan import Plan, PlanError
from agent_tui.domain.routing import Blocked, Floor, Placed, Seat, dispatch, order_key
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge, TeamRules, TypeRules
from agent_tui.domain.why import Because
from tests import factories as f

PUSH = TeamRules(assign="least_loaded")


def floor(
    *duties: Duty,
    surges: Sequence[Surge] = (),
    now: int = f.NOW,
    teams: dict[str, TeamRules] | None = None,
    **routing: Any,
) -> Floor:
    rules = {"after-sales": PUSH, "logistics": PUSH} if teams is None else teams
    plan = Plan(Routing(teams=rules, **routing))
    return Floor(plan, {duty.agent: duty for duty in duties}, surges, now)


def on(*names: str) -> tuple[Duty, ...]:
    return tuple(Duty(AgentId(name), Availability.ONLINE) for name in names)


def seats(*agents: Agent, **loads: float) -> dict[AgentId, Seat]:
    return {each.id: Seat(each, loads.get(each.id, 0.0)) for each in agents}


def waiting(id: str = "c1", since: int = f.NOW - f.MINUTE, **more: Any) -> Conversation:
    return f.conversation(id=id, waiting_since=since, opened_at=since, **more)


def outcome(found: Sequence[Placed | Blocked]) -> list[tuple[str, str, str]]:
    return [
        (each.conversation, each.agent if isinstance(each, Placed) else "", each.why.code)
        for each in found
    ]


def one(s: Conversation, seated: dict[AgentId, Seat], at: Floor, last: str = "") -> tuple[str, str]:
    known = {s.id: AgentId(last)} if last else {}
    ((_, agent, why),) = outcome(dispatch([s], seated, at, known))
    return agent, why


def test_the_least_loaded_gets_it() -> None:
    two = seats(f.agent("anna"), f.agent("bo"), anna=2, bo=1)
    assert one(waiting(), two, floor(*on("anna", "bo"))) == ("bo", Because.LEAST_LOADED)
    bigger = seats(replace(f.agent("anna"), capacity=10.0), f.agent("bo"), anna=2, bo=2)
    assert one(waiting(), bigger, floor(*on("anna", "bo")))[0] == "anna"


def test_who_may_have_nothing_gets_not_even_what_weighs_nothing() -> None:
    two = seats(replace(f.agent("anna"), capacity=0.0), f.agent("bo"))
    at = floor(*on("anna", "bo"), mail_load=0)
    mail = waiting(channel=Channel.MAIL)
    assert one(mail, two, at) == ("bo", Because.LEAST_LOADED)


@pytest.mark.parametrize(("assign", "expected"), [("longest_idle", "bo"), ("round_robin", "anna")])
def test_other_ways_to_choose(assign: Any, expected: str) -> None:
    two = seats(f.agent("anna"), f.agent("bo"))
    two[AgentId("anna")].freed_at, two[AgentId("bo")].freed_at = 9, 1
    two[AgentId("anna")].assigned_at, two[AgentId("bo")].assigned_at = 1, 9
    at = floor(*on("anna", "bo"), teams={"after-sales": TeamRules(assign=assign)})
    assert one(waiting(), two, at) == (expected, assign)


@pytest.mark.parametrize(
    ("agent", "availability", "load", "expected"),
    [
        (f.agent("anna", teams=("logistics",)), Availability.ONLINE, 0, Because.NOBODY_ONLINE),
        (f.agent("anna"), Availability.BUSY, 0, Because.NOBODY_ONLINE),
        (f.agent("anna"), Availability.AWAY, 0, Because.NOBODY_ONLINE),
        (f.agent("anna", disabled=True), Availability.ONLINE, 0, Because.NOBODY_ONLINE),
        (f.agent("anna", role=Role.TRAINEE), Availability.ONLINE, 0, Because.NOBODY_ONLINE),
        (replace(f.agent("anna"), skills=("refunds",)), Availability.ONLINE, 5, Because.AT_LIMIT),
        (
            replace(f.agent("anna"), skills=("refunds",), capacity=0.0),
            Availability.ONLINE,
            0,
            Because.NOBODY_ONLINE,
        ),
        (replace(f.agent("anna"), languages=("en",)), Availability.ONLINE, 0, Because.NO_LANGUAGE),
        (replace(f.agent("anna"), skills=("audit",)), Availability.ONLINE, 0, Because.NO_SKILL),
        (replace(f.agent("anna"), shift="nights"), Availability.ONLINE, 0, Because.NOBODY_ONLINE),
    ],
)
def test_why_nobody_gets_it(
    agent: Agent, availability: Availability, load: float, expected: str
) -> None:
    at = floor(
        Duty(agent.id, availability),
        types={"refund": TypeRules(skill="refunds")},
        calendars={"nights": Calendar(zone="UTC", hours={"mon-sun": "22:00-06:00"})},
    )
    assert one(waiting(type="refund"), seats(agent, anna=load), at) == ("", expected)


def test_a_closed_team_says_when_it_opens() -> None:
    closed = TeamRules(assign="least_loaded", calendar="days")
    at = floor(
        *on("anna"),
        teams={"after-sales": closed},
        calendars={"days": Calendar(zone="UTC", hours={"mon-sun": "09:00-17:00"})},
    )
    (found,) = dispatch([waiting()], seats(f.agent("anna")), at, {})
    assert (found.why.code, found.why.values) == ("closed_until", ("after-sales", "01-15 09:00"))


def test_a_returning_customer_gets_whom_they_know_if_there_is_room() -> None:
    two = seats(f.agent("anna"), f.agent("bo"), anna=4)
    at = floor(*on("anna", "bo"))
    assert one(waiting(), two, at, "anna") == ("anna", Because.LAST_AGENT)
    assert one(waiting(), seats(f.agent("anna"), f.agent("bo"), anna=5), at, "anna")[0] == "bo"
    declined = waiting(declined=(AgentId("anna"),))
    assert one(declined, seats(f.agent("anna"), f.agent("bo")), at, "anna")[0] == "bo"
    assert one(declined, seats(f.agent("anna")), floor(*on("anna")))[0] == "anna"  # who else?


def test_a_team_helps_another_after_a_while() -> None:
    helped = TeamRules(assign="least_loaded", overflow="logistics", overflow_after=60)
    rules = {"after-sales": helped, "logistics": PUSH}
    helper = seats(f.agent("lu", teams=("logistics",)))
    at = floor(*on("lu"), teams=rules)
    young = waiting(since=f.NOW - 59 * f.SECOND)
    assert one(young, helper, at) == ("", Because.NOBODY_ONLINE)
    assert one(waiting(), helper, at) == ("lu", Because.OVERFLOW)


def test_in_a_surge_floating_agents_join_and_limits_grow() -> None:
    floating = replace(f.agent("lu", teams=("logistics",)), floating=True)
    both = seats(f.agent("anna"), floating, anna=5, lu=5)
    surge = Surge(TeamId("after-sales"), f.NOW - 1, f.NOW + 1, factor=1.5)
    late = Surge(TeamId("after-sales"), f.NOW - 9, f.NOW)
    chats = [waiting(f"c{n}") for n in range(8)]
    assert not any(
        isinstance(each, Placed)
        for each in dispatch(chats, both, floor(*on("anna", "lu"), surges=[late]), {})
    )
    found = dispatch(chats, both, floor(*on("anna", "lu"), surges=[surge]), {})
    given = [each.agent for each in found if isinstance(each, Placed)]
    assert sorted(given) == ["anna"] * 3 + ["lu"] * 3  # ceil(5 x 1.5) = 8
    assert {each.why.code for each in found if isinstance(each, Placed) and each.agent == "lu"} == {
        Because.SURGE
    }


def test_complaints_then_vips_then_who_waits_longest_then_mail() -> None:
    chats = [
        waiting("mail", since=1, channel=Channel.MAIL),
        waiting("new", since=30),
        waiting("old", since=20),
        waiting("vip", since=40, customer=f.customer(tier="VIP")),
        waiting("angry", since=50, type="complaint"),
    ]
    assert [s.id for s in sorted(chats, key=order_key)] == ["angry", "vip", "old", "new", "mail"]


def test_teams_that_pull_are_left_alone() -> None:
    assert dispatch([waiting()], seats(f.agent("anna")), floor(*on("anna"), teams={}), {}) == []


people = st.lists(
    st.builds(
        lambda n, teams, capacity, load, skills: (
            replace(f.agent(f"a{n}", teams=tuple(teams)), capacity=capacity, skills=tuple(skills)),
            load,
        ),
        st.integers(0, 6),
        st.sets(st.sampled_from(["after-sales", "logistics"])),
        st.sampled_from([None, 0.0, 1.0, 3.0]),
        st.sampled_from([0.0, 0.25, 1.0, 3.0, 5.0]),
        st.sets(st.sampled_from(["refunds"])),
    ),
    max_size=6,
    unique_by=lambda each: each[0].id,
)
chats = st.lists(
    st.builds(
        lambda n, since, team, kind, channel, vip: waiting(
            f"c{n}",
            since=f.NOW - since,
            team=team,
            type=kind,
            channel=channel,
            customer=f.customer(tier="VIP" if vip else ""),
        ),
        st.integers(0, 40),
        st.integers(1, 200_000),
        st.sampled_from(["after-sales", "logistics"]),
        st.sampled_from(["", "refund", "complaint"]),
        st.sampled_from([Channel.WEB, Channel.MAIL]),
        st.booleans(),
    ),
    max_size=25,
    unique_by=lambda each: each.id,
)


@given(people, chats)
def test_never_over_the_limit_never_idle_beside_a_waiting_chat_never_out_of_order(
    found: list[tuple[Agent, float]], queue: list[Conversation]
) -> None:
    """Judged by a slow look at the result, chat by chat and seat by seat."""
    at = floor(*on(*(agent.id for agent, _ in found)), types={"refund": TypeRules(skill="refunds")})
    seated = {agent.id: Seat(agent, load) for agent, load in found}
    before = {key: seat.load for key, seat in seated.items()}
    results = dispatch(queue, seated, at, {})
    assert sorted(each.conversation for each in results) == sorted(s.id for s in queue)
    states = {s.id: s for s in queue}

    def may(agent: Agent, s: Conversation) -> bool:
        return s.team in agent.teams and (s.type != "refund" or "refunds" in agent.skills)

    for key, seat in seated.items():
        given = [
            states[x.conversation] for x in results if isinstance(x, Placed) and x.agent == key
        ]
        assert seat.load == before[key] + sum(at.plan.load(s) for s in given)
        assert not given or seat.load <= at.plan.capacity(seat.agent)
        assert all(may(seat.agent, s) for s in given)
    for result in results:
        s = states[result.conversation]
        if isinstance(result, Placed):
            continue
        for seat in seated.values():  # nobody who could have it has room
            full = seat.load + at.plan.load(s) > at.plan.capacity(seat.agent)
            assert not may(seat.agent, s) or full
        for other in results:  # nobody later in line of the same kind was served before
            o = states[other.conversation]
            alike = (o.team, o.type, o.channel) == (s.team, s.type, s.channel)
            if isinstance(other, Placed) and alike:
                assert order_key(o) < order_key(s)


@pytest.mark.parametrize(
    ("routing", "place"),
    [
        (Routing(teams={"a": TeamRules(calendar="x")}), "routing.teams.a.calendar"),
        (Routing(hours={"web": "x"}), "routing.hours.web"),
        (Routing(hours={"pigeon": ""}), "routing.hours.pigeon"),
        (Routing(teams={"a": TeamRules(overflow="x")}), "routing.teams.a.overflow"),
        (
            Routing(teams={"a": TeamRules(overflow="b"), "b": TeamRules(overflow="a")}),
            "routing.teams.b.overflow",
        ),
        (
            Routing(
                teams={
                    "a": TeamRules(overflow="b"),
                    "b": TeamRules(overflow="c"),
                    "c": TeamRules(overflow="b"),
                }
            ),
            "routing.teams.c.overflow",
        ),
        (Routing(capacity=0, teams={"a": PUSH}), "routing.capacity"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(routing: Routing, place: str) -> None:
    with pytest.raises(PlanError) as caught:
        Plan(routing)
    assert caught.value.place == place
    assert caught.value.what.zh and caught.value.hint.en


def test_a_circle_is_told_without_what_leads_into_it() -> None:
    chain = {"a": TeamRules(overflow="b"), "b": TeamRules(overflow="c")}
    with pytest.raises(PlanError) as caught:
        Plan(Routing(teams=chain | {"c": TeamRules(overflow="b")}))
    assert caught.value.what.en == "runs in a circle: b → c → b"


def test_what_sleeps_or_is_solved_weighs_nothing() -> None:
    plan = Plan(Routing())
    assert plan.load(f.conversation()) == 1.0
    assert plan.load(f.conversation(channel=Channel.MAIL)) == 0.25
    assert plan.load(f.conversation(channel=Channel.PHONE)) == 0.5
    assert plan.load(f.conversation(status=Status.PENDING)) == 1.0
    assert plan.load(f.conversation(status=Status.SNOOZED)) == 0.0
    assert plan.load(f.conversation(id=ConversationId("x"), status=Status.RESOLVED)) == 0.0
