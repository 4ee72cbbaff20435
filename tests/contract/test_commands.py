"""Numbered commands: each applied once, in order, and never lost."""

from __future__ import annotations

import threading

import pytest
from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, MessageId, TeamId
from agent_tui.domain.model import Role, Status
from agent_tui.domain.protocol import PROTOCOL, PROTOCOL_HEADER
from tests import factories as f
from tests.driver import AgentClient, Http, Serving, chat, new_id, until


def test_commands_take_effect_in_order(serving: Serving) -> None:
    visitor, key = chat(serving)
    anna = serving.agent()
    results = anna.do(key, c.Claim(), c.Tag("退货"), f.reply(new_id(), "好的", epoch=1))
    assert [(r.number, r.outcome) for r in results] == [
        (1, "applied"),
        (2, "applied"),
        (3, "applied"),
    ]
    state = serving.state(key)
    assert (state.assignee, state.tags, state.epoch) == ("anna", ("退货",), 1)
    assert visitor.texts() == ["你好", "好的"]


def test_sending_again_changes_nothing_and_answers_the_same(serving: Serving) -> None:
    visitor, key = chat(serving)
    anna = serving.agent()
    orders = [anna.order(key, f.reply(new_id(), "一次", epoch=0)), anna.order(key, c.Tag("x"))]
    first = anna.send(orders)
    assert first.status == 200
    for again in (orders, orders[:1], orders[1:]):
        assert anna.send(again).body["last"] == 2
    more = [*orders, anna.order(key, c.Tag("y"))]
    assert [r["outcome"] for r in anna.send(more).body["results"]] == ["applied"] * 3
    assert visitor.texts() == ["你好", "一次"]
    assert serving.state(key).tags == ("x", "y")


def test_a_gap_is_refused_whole(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    first, _, third = (anna.order(key, c.Tag(str(n))) for n in range(3))
    answer = anna.send([first, third])
    assert (answer.status, answer.code) == (409, "gap")
    assert serving.state(key).tags == ()
    assert anna.send([first]).status == 200


def test_a_number_is_not_used_for_something_else(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    first = anna.order(key, c.Tag("a"))
    anna.send([first])
    answer = anna.send([replace(first, command=c.Tag("b"))])
    assert (answer.status, answer.code) == (422, "reused")
    assert serving.state(key).tags == ("a",)


def test_a_client_id_belongs_to_one_account(serving: Serving) -> None:
    _, key = chat(serving)
    anna, bo = serving.agent(), serving.agent("bo")
    anna.applied(key, c.Tag("a"))
    bo.client, bo.number = anna.client, anna.number
    answer = bo.send([bo.order(key, c.Tag("b"))])
    assert (answer.status, answer.code) == (409, "not_your_client")


def test_a_refused_command_consumes_its_number(serving: Serving) -> None:
    _, key = chat(serving)
    anna, bo = serving.agent(), serving.agent("bo")
    bo.applied(key, c.Claim())
    results = anna.do(key, c.Claim(), c.Tag("danach"))
    assert [(r.outcome, r.reason) for r in results] == [
        ("refused", "already_claimed"),
        ("applied", ""),
    ]
    assert serving.state(key).tags == ("danach",)


def test_a_refusal_is_told_to_its_client_alone(serving: Serving) -> None:
    _, key = chat(serving)
    anna, bo = serving.agent(), serving.agent("bo")
    since = anna.now()
    bo.applied(key, c.Claim())
    anna.do(key, c.Claim())
    (refusal,) = [x.body for x in anna.events(since) if isinstance(x.body, e.CommandRefused)]
    assert refusal == e.CommandRefused(anna.client, 1, "already_claimed", False, key, "bo")
    assert not [x for x in bo.events(since) if isinstance(x.body, e.CommandRefused)]
    # A client that builds its cache anew is told again.
    _, events = anna.snapshot()
    assert [x.body for x in events if isinstance(x.body, e.CommandRefused)] == [refusal]


def test_what_is_so_already_is_settled_without_an_effect(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    anna.applied(key, c.Tag("a"))
    since = anna.now()
    anna.applied(key, c.Tag("a"))
    page = anna.page(since)
    assert [x.body for x in page.events] == [e.CommandSettled(anna.client, 2)]
    assert page.done == 2


def test_a_batch_is_one_number_and_all_or_nothing(serving: Serving) -> None:
    visitor, key = chat(serving)
    anna = serving.agent()
    reply = f.reply(new_id(), "按流程", epoch=0)
    anna.applied(key, c.Batch((reply, c.Tag("退货"), c.SetStatus(Status.PENDING))))
    state = serving.state(key)
    assert (state.tags, state.status) == (("退货",), Status.PENDING)
    anna.applied(key, c.SetStatus(Status.RESOLVED))
    again = f.reply(new_id(), "又一次", epoch=1, seen=2)
    (held,) = anna.do(key, c.Batch((c.Tag("不该有"), again, c.SetStatus(Status.PENDING))))
    assert (held.outcome, held.reason) == ("held", "closed")
    assert serving.state(key).tags == ("退货",)
    assert visitor.texts() == ["你好", "按流程"]


def test_age_is_a_difference_of_one_clock(serving: Serving) -> None:
    """An agent's clock may be wrong by years: only how long the reply lay there counts."""
    _, key = chat(serving)
    anna = serving.agent()
    from agent_tui.domain.protocol import CommandsRequest

    def send(lay_for: int) -> str:
        anna.number += 1
        reply = f.reply(new_id(), "回答", epoch=serving.state(key).epoch)
        queued = f.order(reply, anna.number, key, queued_at=1_000)
        request = CommandsRequest(anna.client, 1_000 + lay_for, (queued,))
        return str(anna.ok("POST", "/v1/commands", request)["results"][0]["outcome"])

    assert send(9 * f.MINUTE) == "applied"
    assert send(11 * f.MINUTE) == "held"
    assert send(-f.DAY) == "applied"


def test_a_late_reply_is_held_when_the_customer_wrote_since(serving: Serving) -> None:
    visitor, key = chat(serving, "一")
    anna = serving.agent()
    anna.applied(key, c.Claim())
    visitor.say("等等，还有")
    late = f.reply(new_id(), "回答", epoch=1, seen=1)
    (held,) = anna.do(key, late, age=3 * f.MINUTE)
    assert (held.outcome, held.reason) == ("held", "customer_wrote")
    anna.applied(key, replace(late, message=new_id(), force=True))


def test_a_reply_to_a_reassigned_chat_is_offered_to_its_new_owner(serving: Serving) -> None:
    visitor, key = chat(serving)
    anna, lee, lo = serving.agent(), serving.agent("lee"), serving.agent("lo")
    anna.applied(key, c.Claim())
    lee.applied(key, c.Assign(AgentId("lo"), TeamId("logistics")))
    since = lo.now()
    reply = f.reply(new_id(), "写了一半的回答", epoch=1)
    (refused,) = anna.do(key, reply)
    assert (refused.outcome, refused.reason) == ("refused", "out_of_scope")
    (offer,) = [x.body for x in lo.events(since) if isinstance(x.body, e.DraftOffered)]
    assert offer == e.DraftOffered(AgentId("anna"), "写了一半的回答", reply.message)
    (kept,) = serving.state(key).offers
    assert (kept.text, kept.author) == ("写了一半的回答", "anna")
    _, snapshot = lo.snapshot()
    assert kept in [
        o for x in snapshot for o in getattr(getattr(x.body, "state", None), "offers", ())
    ]
    lo.applied(key, c.SettleDraft(reply.message))
    assert serving.state(key).offers[0].settled
    assert visitor.texts() == ["你好"]


def test_a_note_that_was_undone_while_offline_is_gone_for_all(serving: Serving) -> None:
    """Note and undo arrive in one request, and a customer's message took the predicted number."""
    visitor, key = chat(serving)
    anna = serving.agent()
    note = c.AddNote(new_id(), "写错了")
    orders = [anna.order(key, note), anna.order(key, c.RemoveNote(note.message, no=2))]
    visitor.say("第二句")
    answer = anna.send(orders)
    assert [r["outcome"] for r in answer.body["results"]] == ["applied", "applied"]
    assert [(m.text, m.removed) for m in serving.messages(key)] == [
        ("你好", False),
        ("第二句", False),
        ("写错了", True),
    ]


def test_nobody_takes_back_another_ones_message(serving: Serving) -> None:
    visitor, key = chat(serving)
    _, other = chat(serving)
    anna, bo = serving.agent(), serving.agent("bo")
    note = c.AddNote(new_id(), "安娜的备注")
    anna.applied(key, note)
    (first,) = bo.do(key, c.RemoveNote(note.message, no=2))
    customers = serving.messages(key)[0].id
    (second,) = bo.do(key, c.RemoveNote(customers, no=1))
    (third,) = anna.do(other, c.RemoveNote(note.message, no=1))
    assert {r.reason for r in (first, second, third)} == {"no_such_note"}
    assert not any(m.removed for k in (key, other) for m in serving.messages(k))
    assert visitor.texts() == ["你好"]


def test_texts_are_cleaned_at_the_door(serving: Serving) -> None:
    visitor, key = chat(serving)
    anna = serving.agent()
    esc = "\x1b[31m红\u202e\x07"
    reply = f.reply(new_id(), esc, epoch=0)
    anna.applied(key, c.Batch((c.Tag(esc), reply)), c.SetType(esc), c.AddNote(new_id(), esc))
    state = serving.state(key)
    assert (state.tags, state.type) == (("[31m红",), "[31m红")
    assert {m.text for m in serving.messages(key)[1:]} == {"[31m红"}
    assert "\x1b" not in str(visitor.sees())


@pytest.mark.parametrize(
    "command",
    [
        c.SetStatus(Status.SNOOZED, until=2**64),
        c.SetStatus(Status.SNOOZED, until=-5),
        f.reply("m" * 65, "x", epoch=0),
        f.reply("\u2028", "x", epoch=0),
        c.AddNote(MessageId(""), "x"),
        c.Tag("t" * 65),
    ],
)
def test_malformed_commands_are_refused_and_nothing_else_suffers(
    serving: Serving, command: c.AgentCommand
) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    results = anna.do(key, command, c.Tag("danach"))
    assert [r.outcome for r in results] == ["refused", "applied"]
    assert results[0].reason == "malformed"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"client": "", "sent_at": 1, "orders": []},
        {"client": "k" * 65, "sent_at": 1, "orders": []},
        {"client": "k1", "sent_at": 1, "orders": [{"number": 0}]},
        {
            "client": "k1",
            "sent_at": 1,
            "orders": [
                {"number": 0, "conversation": "c", "queued_at": 1, "command": {"do": "claim"}}
            ],
        },
        {"client": "k1", "sent_at": 1, "orders": [{"number": 1, "command": {"do": "x"}}]},
    ],
)
def test_requests_that_make_no_sense(serving: Serving, body: object) -> None:
    answer = serving.agent().call("POST", "/v1/commands", body)
    assert (answer.status, answer.code) == (400, "bad_request")


def test_a_command_of_a_newer_program_is_refused_by_its_number(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    beam = {"number": 1, "conversation": key, "queued_at": 1, "command": {"do": "beam", "up": 1}}
    tag = f.order(c.Tag("danach"), 2, key)
    body = {"client": anna.client, "sent_at": 1, "orders": [beam, tag]}
    for _ in range(2):
        results = anna.ok("POST", "/v1/commands", body)["results"]
        assert [r.get("reason", "") for r in results] == ["not_understood", ""]
    assert serving.state(key).tags == ("danach",)


def test_a_client_that_was_told_more_is_told_of_the_loss(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    anna.applied(key, c.Tag("a"))
    body = {"client": anna.client, "sent_at": 1, "orders": [], "acked": 1}
    assert anna.ok("POST", "/v1/commands", body)["last"] == 1
    answer = anna.call("POST", "/v1/commands", body | {"acked": 2})
    assert (answer.status, answer.code) == (409, "lost")


def test_every_answer_names_the_protocol(serving: Serving) -> None:
    anna = serving.agent()
    for answer in (anna.call("GET", "/v1/session"), anna.call("GET", "/v1/changes", since="x")):
        assert answer.headers[PROTOCOL_HEADER.lower()] == str(PROTOCOL)
    assert anna.call("GET", "/v1/session").body["protocol"] == PROTOCOL


def test_an_undone_claim_takes_nothing_from_who_won_it(serving: Serving) -> None:
    """Offline, anna claims and takes it back: the epoch she counted in advance is bo's now."""
    _, key = chat(serving)
    anna, bo = serving.agent(), serving.agent("bo")
    bo.applied(key, c.Claim())
    undo = c.Assign(None, f.AFTER_SALES, epoch=1, owner=AgentId("anna"))
    claim, undone = anna.do(key, c.Claim(), undo)
    assert (claim.reason, undone.reason) == ("already_claimed", "changed_since")
    assert serving.state(key).assignee == "bo"


def test_too_many_at_once(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    assert anna.send([anna.order(key, c.Tag("a")) for _ in range(257)]).status == 400
    anna.number = 0
    answer = anna.send([anna.order(key, c.Tag(str(n % 50))) for n in range(256)])
    assert answer.body["last"] == 256


def test_a_conversation_that_does_not_exist(serving: Serving) -> None:
    (refused,) = serving.agent().do("c-nowhere", c.Claim())
    assert refused.reason == "no_such_conversation"


@pytest.mark.parametrize(
    ("person", "reason"),
    [("lo", "out_of_scope"), ("kid", "not_allowed")],
)
def test_what_is_out_of_scope_is_out_of_reach(serving: Serving, person: str, reason: str) -> None:
    _, key = chat(serving)
    before = serving.state(key)
    stranger = serving.agent(person)
    for command in (c.Claim(), c.Tag("x"), c.Assign(AgentId(person)), c.SetStatus(Status.RESOLVED)):
        (refused,) = stranger.do(key, command)
        assert (refused.outcome, refused.reason) == ("refused", reason)
    assert serving.state(key) == before


def test_a_claim_is_won_by_exactly_one(serving: Serving) -> None:
    def race(racer: AgentClient, key: ConversationId, outcomes: list[str]) -> None:
        outcomes.append(racer.do(key, c.Claim())[0].outcome)

    for _ in range(5):
        _, key = chat(serving)
        racers = [serving.agent(who) for who in ("anna", "bo", "lee") for _ in range(2)]
        outcomes: list[str] = []
        threads = [threading.Thread(target=race, args=(racer, key, outcomes)) for racer in racers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The winner's own second machine finds it done already.
        assert sorted(outcomes) == ["applied"] * 2 + ["refused"] * 4
        assert serving.state(key).epoch == 1


def test_many_clients_at_once_lose_nothing(serving: Serving) -> None:
    _, key = chat(serving)
    clients = [serving.agent() for _ in range(8)]

    def work(client: AgentClient, me: int) -> None:
        for n in range(15):
            client.applied(key, c.AddNote(MessageId(f"w{me}-{n}"), f"{me}/{n}"))

    threads = [threading.Thread(target=work, args=(x, n)) for n, x in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [m.text for m in serving.messages(key)[1:]]
    assert len(texts) == 120
    for me in range(8):
        assert [t for t in texts if t.startswith(f"{me}/")] == [f"{me}/{n}" for n in range(15)]


def test_a_snooze_wakes_once(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    from agent_tui.server.clock import now_ms

    anna.applied(key, c.SetStatus(Status.SNOOZED, until=now_ms() + 1_500))
    assert serving.state(key).status is Status.SNOOZED
    until(lambda: serving.state(key).status is Status.OPEN)
    woken = [r for r in serving.log() if r.conversation == key and r.kind == "reopened"]
    assert [(r.by) for r in woken] == ["system"]
    # One that was taken back meanwhile wakes nobody.
    anna.applied(key, c.SetStatus(Status.SNOOZED, until=now_ms() + 1_000))
    anna.applied(key, c.SetStatus(Status.PENDING))
    _, control = chat(serving)
    anna.applied(control, c.SetStatus(Status.SNOOZED, until=now_ms() + 1_000))
    until(lambda: serving.state(control).status is Status.OPEN)
    assert serving.state(key).status is Status.PENDING


def test_typing_is_told_and_never_stored(serving: Serving) -> None:
    _, key = chat(serving)
    anna, bo, lo = (serving.agent(who) for who in ("anna", "bo", "lo"))
    head = len(serving.log())
    with bo.stream(bo.now()) as told, anna.stream(anna.now()) as own, lo.stream(lo.now()) as out:
        until(lambda: told.comments and own.comments and out.comments)
        anna.ok("POST", "/v1/typing", {"conversation": key, "typing": True})
        (seen,) = until(lambda: told.data("presence"))
        assert (seen["agent"], seen["conversation"]) == ("anna", key)
        assert all(id == "" for kind, id, _ in told.events if kind == "presence")
        # Out of scope one can tell nothing; nobody hears of themselves.
        lo.ok("POST", "/v1/typing", {"conversation": key, "typing": True})
        anna.ok("POST", "/v1/typing", {"conversation": "c-nowhere", "typing": True})
        bo.ok("POST", "/v1/typing", {"conversation": key, "typing": True})
        until(lambda: own.data("presence"))
        assert {p["agent"] for p in own.data("presence")} == {"bo"}
        assert {p["agent"] for p in told.data("presence")} == {"anna"}
        assert out.data("presence") == []
    assert len(serving.log()) == head


def test_an_account_that_was_demoted_is_asked_anew(serving: Serving) -> None:
    """The directory as of the commit decides, not as of the request."""
    _, key = chat(serving)
    temp = f.agent("temp", role=Role.ADMIN, teams=())
    serving.change(e.AgentSaved(temp))
    client = serving.agent("temp")
    client.applied(key, c.Tag("admin"))
    serving.change(e.AgentSaved(replace(temp, role=Role.AGENT)))
    (refused,) = client.do(key, c.Tag("zu spät"))
    assert refused.reason == "out_of_scope"


def test_unknown_fields_are_ignored_so_that_clients_may_be_newer(serving: Serving) -> None:
    _, key = chat(serving)
    anna = serving.agent()
    body = {
        "client": anna.client,
        "sent_at": 1,
        "mood": "good",
        "orders": [
            {
                "number": 1,
                "conversation": key,
                "queued_at": 1,
                "command": {"do": "tag", "tag": "neu", "colour": "red"},
            }
        ],
    }
    assert anna.call("POST", "/v1/commands", body).status == 200
    assert Http(serving.base, anna.token).call("GET", "/v1/session").status == 200
