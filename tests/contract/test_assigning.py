"""Chats are sorted and given out by a running server, on both engines, and every step is logged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Conversation, Role, Status
from agent_tui.domain.policy import Policy
from agent_tui.domain.routing import availability
from agent_tui.domain.rules import Rule
from agent_tui.domain.staffing import Availability, Routing, TeamRules
from agent_tui.domain.why import Why
from agent_tui.server import assigning
from agent_tui.server import directory as directories
from tests import factories as f
from tests.databases import of_engine
from tests.driver import (
    AgentClient,
    Serving,
    chat,
    check_log,
    make_folder,
    new_id,
    until,
)

PUSH = TeamRules(assign="least_loaded", overflow="", overflow_after=1)
ROUTING = Routing(
    capacity=2,
    answer_within=1,
    lease=2,
    ignored=2,
    teams={"after-sales": PUSH},
    rules=(
        Rule(name="refund", any=("退款", "refund"), type="refund", tags=("钱",)),
        Rule(name="parcel", any=("快递",), type="delivery", team="logistics"),
    ),
)


@pytest.fixture
def shop(tmp_path: Any, engine: str) -> Iterator[Serving]:
    """A server that gives chats out; short times."""
    with of_engine(engine) as url:
        found = Serving(make_folder(tmp_path, database=url)).start()
        found.change(e.RoutingSaved(ROUTING))
        yield found
        found.stop()
        check_log(found)
        found.close()


def settings(shop: Serving, **changes: Any) -> None:
    shop.change(e.RoutingSaved(replace(ROUTING, **changes)))


def says(who: AgentClient, what: str = "online", *, told: bool = True, **more: Any) -> Any:
    body = {"availability": what, "client": who.client, "told": told, **more}
    return who.ok("POST", "/v1/availability", body)


def owned(shop: Serving, key: ConversationId, owner: str | None) -> Conversation:
    def there() -> Conversation | None:
        state = shop.state(key)
        return state if state.assignee == owner else None

    found: Conversation = until(there, what=f"{key} with {owner}")
    return found


def held(shop: Serving, key: ConversationId, code: str) -> Conversation:
    def there() -> Conversation | None:
        state = shop.state(key)
        return state if Why.decode(state.held).code == code else None

    found: Conversation = until(there, what=f"{key} held for {code}")
    return found


def test_chats_go_to_who_is_there_up_to_their_limit_and_say_why_they_wait(shop: Serving) -> None:
    settings(shop, answer_within=600, lease=600)
    _, first = chat(shop)
    held(shop, first, "nobody_online")
    anna = shop.agent("anna")
    says(anna)
    state = owned(shop, first, "anna")
    assert Why.decode(state.placed).code == "least_loaded"
    assert state.held == ""
    _, second = chat(shop)
    owned(shop, second, "anna")
    _, third = chat(shop)
    assert Why.decode(held(shop, third, "at_limit").held).values == ("1", "after-sales")
    anna.applied(first, c.SetStatus(Status.RESOLVED))
    owned(shop, third, "anna")


def test_a_swamped_team_leaves_the_others_their_place(
    shop: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigning, "WAITING", 2)
    teams = {"after-sales": PUSH, "logistics": PUSH}
    settings(shop, answer_within=600, lease=600, teams=teams)
    waiting = [chat(shop)[1] for _ in range(3)]
    _, parcel = chat(shop, "快递到哪了")
    held(shop, waiting[0], "nobody_online")
    shop.change(e.AgentSaved(f.agent("kim", teams=("logistics",))))
    says(shop.agent("kim"))
    owned(shop, parcel, "kim")


def test_a_message_sorts_its_conversation(shop: Serving) -> None:
    _, key = chat(shop, "我要退款")
    state = shop.state(key)
    assert (state.type, state.team, state.tags) == ("refund", "after-sales", ("钱",))
    assert Why.decode(state.reason).values == ("退款", "1", "refund")
    visitor, key = chat(shop, "在吗")
    assert shop.state(key).type == ""
    told = visitor.say("我的快递呢")
    assert told["seq"] == visitor.sees()["messages"][-1]["seq"]  # the message's, not its sorting's
    state = shop.state(key)
    assert (state.type, state.team) == ("delivery", "logistics")
    assert Why.decode(state.reason).values == ("快递", "2", "parcel")
    assert {row.by for row in shop.log() if row.kind == "type_set"} == {"system"}
    visitor.say("refund!")
    assert shop.state(key).type == "delivery"


def test_who_does_not_look_loses_the_chat_and_in_the_end_their_place(shop: Serving) -> None:
    settings(shop, lease=600)
    anna, bo = shop.agent("anna"), shop.agent("bo")
    says(anna)
    _, key = chat(shop)
    owned(shop, key, "anna")
    says(bo)
    state = owned(shop, key, "bo")
    assert state.declined == ("anna",)
    bo.applied(key, c.MarkRead(1))
    bo.applied(key, c.SetStatus(Status.RESOLVED))
    says(bo, "busy")
    chat(shop)  # again to anna: the second in a row
    until(lambda: _duty(shop, "anna") is Availability.AWAY)


def test_who_looks_at_one_of_many_is_not_away(shop: Serving) -> None:
    settings(shop, lease=600, capacity=6, answer_within=3)
    anna = shop.agent("anna")
    chats = [chat(shop)[1] for _ in range(4)]
    says(anna)
    for key in chats:
        owned(shop, key, "anna")
    anna.applied(chats[0], c.MarkRead(1))  # and reads and writes there until the others go back
    for key in chats[1:]:
        until(lambda key=key: "anna" in shop.state(key).declined)  # type: ignore[misc]
    assert _duty(shop, "anna") is Availability.ONLINE
    for key in [chat(shop)[1] for _ in range(2)]:  # who then looks at none of what is new is
        owned(shop, key, "anna")
    until(lambda: _duty(shop, "anna") is Availability.AWAY)


def _duty(shop: Serving, agent: str) -> Availability:
    with shop.database.read() as connection:
        known = directories.load(connection, 0)
    return availability(known.duties, AgentId(agent))


def test_a_chat_leaves_with_its_agents_lease(shop: Serving) -> None:
    anna = shop.agent("anna")
    says(anna)
    _, key = chat(shop)
    owned(shop, key, "anna")
    anna.applied(key, c.MarkRead(1))
    until(lambda: _duty(shop, "anna") is Availability.OFFLINE, what="the lease ends")
    owned(shop, key, None)
    released = [row.event() for row in shop.log() if row.kind == "released"]
    assert [Why.decode(each.why).code for each in released] == ["lease_ended"]  # type: ignore[union-attr]
    # Back after a gap, the client only tells that it is there: the server takes its word.
    says(anna, told=False)
    until(lambda: _duty(shop, "anna") is Availability.ONLINE)


def test_who_was_away_before_the_server_lost_them_still_is(shop: Serving) -> None:
    anna = shop.agent("anna")
    since = says(anna, "away", reason="去|仓库")["since"]
    until(lambda: _duty(shop, "anna") is Availability.OFFLINE, what="the lease ends")
    back = says(anna, "away", told=False, reason="去|仓库")
    assert (back["availability"], back["reason"], back["since"]) == ("away", "去|仓库", since)
    until(lambda: _duty(shop, "anna") is Availability.OFFLINE, what="the lease ends")
    assert says(anna, "away", reason="吃饭")["since"] > since  # something else is new


def test_a_lead_sets_another_and_the_others_client_does_not_undo_it(shop: Serving) -> None:
    settings(shop, lease=600)
    anna, lee, bo = shop.agent("anna"), shop.agent("lee"), shop.agent("bo")
    says(anna)
    assert says(lee, "away", agent="anna", reason="午饭")["reason"] == "午饭"
    assert says(anna, told=False)["availability"] == "away"
    body = {"availability": "away", "agent": "anna"}
    assert bo.call("POST", "/v1/availability", body).status == 403
    assert lee.call("POST", "/v1/availability", body | {"agent": "nobody"}).status == 404
    says(anna)
    assert says(anna, told=False)["availability"] == "online"


def test_a_rule_for_a_team_that_is_not_there_leaves_the_chat_where_it_is(shop: Serving) -> None:
    lost = Rule(name="lost", any=("退款",), type="refund", team="nobody")
    settings(shop, rules=(lost,), lease=600, answer_within=600)
    says(shop.agent("anna"))
    _, key = chat(shop, "我要退款")
    state = owned(shop, key, "anna")
    assert (state.team, state.type) == ("after-sales", "refund")


def test_a_leads_word_counts_however_long_the_names_are(shop: Serving) -> None:
    lead, other = "lead-" + "x" * 35, "agent-" + "x" * 34
    shop.change(
        e.AgentSaved(f.agent(lead, role=Role.LEAD)), e.AgentSaved(f.agent(other, name="Long"))
    )
    body = {"availability": "away", "agent": other}
    head = shop.agent(lead)
    until(lambda: head.call("POST", "/v1/availability", body).status == 200)
    body = {"availability": "away", "client": "c" * 65}
    assert shop.agent().call("POST", "/v1/availability", body).status == 400


def test_leaving_one_of_two_machines_is_no_goodbye(shop: Serving) -> None:
    settings(shop, lease=600)
    desk, laptop = shop.agent("anna", "desk"), shop.agent("anna", "laptop")
    says(desk)
    says(laptop, told=False)
    assert says(laptop, "offline")["availability"] == "online"
    assert says(desk, "offline")["availability"] == "offline"


def test_a_surge_is_begun_by_a_lead_and_lets_more_in(shop: Serving) -> None:
    settings(shop, lease=600, answer_within=600, capacity=1)
    anna, lee = shop.agent("anna"), shop.agent("lee")
    says(anna)
    _, first = chat(shop)
    owned(shop, first, "anna")
    _, second = chat(shop)
    held(shop, second, "at_limit")
    body = {"team": "after-sales", "minutes": 5}
    assert anna.call("POST", "/v1/surge", body).status == 403
    assert lee.call("POST", "/v1/surge", {"team": "none", "minutes": 5}).status == 404
    began = lee.ok("POST", "/v1/surge", body)
    owned(shop, second, "anna")
    ended = lee.ok("POST", "/v1/surge", body | {"minutes": 0})
    assert ended["since"] == began["since"] and ended["until"] < began["until"]
    _, third = chat(shop)
    held(shop, third, "at_limit")


def test_a_returning_customer_meets_their_agent(shop: Serving) -> None:
    settings(shop, lease=600, answer_within=600, capacity=9)
    anna, bo = shop.agent("anna"), shop.agent("bo")
    says(bo)
    visitor, key = chat(shop)
    state = owned(shop, key, "bo")
    bo.applied(
        key,
        c.SendReply(new_id(), "好了", state.epoch, state.messages),
        c.Release(),
        c.SetStatus(Status.RESOLVED),
    )
    says(anna)
    for _ in range(2):  # bo has more to do than anna
        says(anna, "busy")
        chat(shop)
        until(lambda: not [s for s in shop.states().values() if _waits(s)])
        says(anna)
    visitor.say("还有个问题")
    state = owned(shop, key, "bo")
    assert Why.decode(state.placed).code == "last_agent"


def _waits(state: Conversation) -> bool:
    return state.assignee is None and state.status is Status.OPEN


def test_clocks_ring_once_and_are_in_the_log(shop: Serving) -> None:
    shop.change(e.PolicySaved(Policy(first_reply=2, warning=1)))
    _, key = chat(shop)

    def rung() -> list[tuple[str, str]]:
        found = [row.event() for row in shop.log() if row.kind == "clock_rang"]
        return [(x.deadline, x.mark) for x in found if isinstance(x, e.ClockRang)]

    until(lambda: len(rung()) >= 2)
    assert rung() == [("first_reply", "warning"), ("first_reply", "breach")]
    assert [each.mark for each in shop.state(key).rung] == ["warning", "breach"]


def test_figures_that_change_move_the_clocks_that_run(shop: Serving) -> None:
    _, key = chat(shop)
    assert shop.state(key).rung == ()
    shop.change(e.PolicySaved(Policy(first_reply=1)))
    until(lambda: shop.state(key).rung)


def test_a_waiting_customer_knows_their_place_and_the_wait(shop: Serving) -> None:
    settings(shop, lease=600, answer_within=600, capacity=1)
    anna = shop.agent("anna")
    says(anna)
    _, first = chat(shop)
    owned(shop, first, "anna")
    second_visitor, second = chat(shop)
    held(shop, second, "at_limit")
    visitor, third = chat(shop)
    held(shop, third, "at_limit")
    assert second_visitor.sees()["queue"]["ahead"] == 0
    told = visitor.sees()["queue"]
    assert told["ahead"] == 1
    assert 0 < told["low"] < told["high"]
    with visitor.stream() as stream:
        until(lambda: stream.data("queue"))
        anna.applied(first, c.SetStatus(Status.RESOLVED))
        owned(shop, second, "anna")
        anna.applied(second, c.SetStatus(Status.RESOLVED))
        owned(shop, third, "anna")
        until(lambda: stream.data("queue")[-1] is None)
    assert "queue" not in visitor.sees()
