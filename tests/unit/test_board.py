"""The board: what each figure counts."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from agent_tui.desk.board import Board, Response, Scene, compose
from agent_tui.desk.boardorder import Order, held, ordered
from agent_tui.desk.rows import row_of
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Agent, Channel, Conversation, Role, Status, Team
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge, TeamRules
from tests import factories as f

NOW = f.NOW + 3_600_000
MINUTE = 60_000
SALES, REFUNDS = TeamId("sales"), TeamId("refunds")
LI = Agent(AgentId("li"), "Li", Role.AGENT, (SALES,))
WANG = Agent(AgentId("wang"), "Wang", Role.AGENT, (SALES, REFUNDS), capacity=2)
FLOATER = Agent(AgentId("wu"), "Wu", Role.AGENT, (TeamId("other"),), floating=True)
TRAINEE = Agent(AgentId("tim"), "Tim", Role.TRAINEE, (SALES,))
TEAMS = (Team(SALES, "售前", "Sales"), Team(REFUNDS, "退款", "Refunds"))


def chat(key: str, **fields: Any) -> Conversation:
    """An open chat of the sales team that waits for nothing."""
    return f.conversation(key, team=SALES, **fields)


def waiting(key: str, minutes: float, **fields: Any) -> Conversation:
    """One whose customer has waited so long."""
    return chat(key, waiting_since=NOW - int(minutes * MINUTE), waiting=1, **fields)


def seen(*states: Conversation, **fields: Any) -> Board:
    """The board over these, everybody but the floater online."""
    plan = Plan(Routing())
    me = LI
    rows = [row_of(s, me, Policy(), plan, draft="", unsent=0) for s in states]
    online = {each.id: Duty(each.id, Availability.ONLINE) for each in (LI, WANG)}
    scene = Scene(
        now=NOW,
        plan=plan,
        teams=TEAMS,
        agents=(LI, WANG, FLOATER, TRAINEE),
        duties=online,
        surges=(),
        rows=[row for row in rows if row.status != "resolved"],
        states=states,
    )
    return compose(replace(scene, **fields))


def test_waiting_counts_open_chats_that_nobody_has() -> None:
    board = seen(
        waiting("a", 1),
        waiting("b", 5, assignee=LI.id),
        waiting("c", 9, status=Status.SNOOZED),
        chat("d", status=Status.PENDING),
    )
    sales, refunds = board.teams
    assert (sales.waiting, sales.longest, sales.late) == (1, 5 * MINUTE, 1)
    assert (refunds.waiting, refunds.longest, refunds.late) == (0, None, 0)


def test_load_weighs_channels_and_leaves_out_what_sleeps() -> None:
    board = seen(
        chat("a", assignee=LI.id),
        chat("b", assignee=LI.id, channel=Channel.MAIL),
        chat("c", assignee=LI.id, status=Status.SNOOZED),
    )
    li = next(line for line in board.agents if line.id == "li")
    assert (li.load, li.capacity, li.chats) == (1.25, 5.0, 2)


def test_room_is_what_those_online_can_still_take() -> None:
    board = seen(chat("a", assignee=WANG.id))
    sales, refunds = board.teams
    assert (sales.room, sales.online, sales.agents) == (6.0, 2, 2)
    assert (refunds.room, refunds.online) == (1.0, 1)
    away = {LI.id: Duty(LI.id, Availability.AWAY)}
    assert seen(duties=away).teams[0].room == 0


def test_a_lead_who_is_given_nothing_is_not_counted() -> None:
    lead = Agent(AgentId("lee"), "Lee", Role.LEAD, (SALES,), capacity=0)
    duties = {each.id: Duty(each.id, Availability.ONLINE) for each in (LI, lead)}
    sales, _ = seen(agents=(LI, WANG, lead), duties=duties).teams
    assert (sales.online, sales.agents) == (1, 2)


def test_who_may_have_what_runs_over_from_teams_that_are_not_seen() -> None:
    runs_over = Plan(Routing(teams={"other": TeamRules(overflow="sales"), "sales": TeamRules()}))
    for plan, partial in ((Plan(Routing()), False), (runs_over, True)):
        li = next(line for line in seen(plan=plan).agents if line.id == "li")
        assert li.partial is partial
    assert not any(line.partial for line in seen(plan=runs_over, all=True).agents)


def test_a_surge_raises_limits_and_shows_who_joined() -> None:
    duties = {each.id: Duty(each.id, Availability.ONLINE) for each in (LI, WANG, FLOATER)}
    surge = Surge(SALES, NOW - 1, NOW + MINUTE, factor=2.0)
    board = seen(duties=duties, surges=(surge,))
    sales, refunds = board.teams
    assert sales.joined == ("Wu",) and sales.surge == surge and sales.online == 3
    assert sales.room == 10 + 4 + 10 and refunds.room == 2
    assert {line.id: line.capacity for line in board.agents} == {"li": 10, "wang": 4, "wu": 10}
    over = seen(duties=duties, surges=(replace(surge, until=NOW),))
    assert over.teams[0].surge is None and not over.teams[0].joined


def test_response_is_the_median_of_late_first_replies() -> None:
    def answered(key: str, seconds: int, ago: int) -> Conversation:
        at = NOW - ago * MINUTE
        opened_at = at - seconds * 1000
        fields = {"opened_at": opened_at, "first_reply_at": at, "last_reply_by": LI.id}
        return chat(key, status=Status.RESOLVED, **fields)

    states = [answered("a", 10, 1), answered("b", 20, 2), answered("c", 900, 3)]
    states.append(answered("d", 5, 31))  # too long ago
    board = seen(*states, waiting("w", 4))
    li, wang = board.agents
    assert li.response == Response(20_000, measured=True) == board.teams[0].response
    assert wang.response is None


def test_without_late_replies_it_is_the_mean_wait() -> None:
    board = seen(waiting("a", 2), waiting("b", 4))
    assert board.teams[0].response == Response(3 * MINUTE, measured=False)


def test_other_orders_put_who_drowns_or_who_is_full_on_top() -> None:
    zoe = Agent(AgentId("zoe"), "Zoe", Role.AGENT, (SALES,), capacity=4)
    lead = Agent(AgentId("lee"), "Lee", Role.LEAD, (SALES,), capacity=0)
    states = [
        waiting("a", 2, assignee=LI.id),
        chat("b", assignee=LI.id),
        waiting("c", 9, assignee=zoe.id),
        waiting("d", 3, assignee=WANG.id),
        chat("e", assignee=WANG.id),
        f.conversation("r", team=REFUNDS, waiting_since=NOW - 20 * MINUTE, first_reply_at=1),
    ]
    board = seen(*states, agents=[LI, WANG, zoe, lead])

    def names(order: Order) -> tuple[list[str], list[str]]:
        found = ordered(board, order)
        return [line.id for line in found.teams], [line.id for line in found.agents]

    assert names(Order.NAME) == (["sales", "refunds"], ["li", "wang", "lee", "zoe"])
    assert [line.late for line in board.agents] == [0, 1, 0, 1]
    assert names(Order.WORST)[1] == ["zoe", "wang", "li", "lee"]
    assert names(Order.LOAD)[1] == ["wang", "li", "zoe", "lee"]
    assert names(Order.LOAD)[0] == ["refunds", "sales"]
    assert [order.next() for order in Order] == [Order.WORST, Order.LOAD, Order.NAME]


def test_lines_keep_their_places_while_held_with_their_new_figures() -> None:
    before = ordered(seen(waiting("a", 5, assignee=LI.id)), Order.WORST)
    assert [line.id for line in before.agents] == ["li", "wang"]
    zoe = Agent(AgentId("zoe"), "Zoe", Role.AGENT, (SALES,), capacity=4)
    states = [waiting("b", 9, assignee=WANG.id), waiting("c", 20, assignee=zoe.id)]
    now = ordered(seen(*states, agents=[LI, WANG, zoe]), Order.WORST)
    assert [line.id for line in now.agents] == ["zoe", "wang", "li"]
    still = held(now, before)
    assert [(line.id, line.late) for line in still.agents] == [("li", 0), ("wang", 1), ("zoe", 1)]
    assert [line.id for line in still.teams] == [line.id for line in before.teams]
    gone = held(ordered(seen(agents=[WANG]), Order.WORST), before)
    assert [line.id for line in gone.agents] == ["wang"]


def test_who_is_on_it_and_in_which_order() -> None:
    duties = {
        LI.id: Duty(LI.id, Availability.AWAY, "lunch", NOW - 1),
        WANG.id: Duty(WANG.id, Availability.ONLINE),
    }
    lines = seen(duties=duties).agents
    assert [(line.id, line.availability, line.reason) for line in lines] == [
        ("wang", "online", ""),
        ("li", "away", "lunch"),
    ]
