"""The public web channel, as the chat page and a mini-program use it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from agent_tui.domain import commands as c
from agent_tui.domain.ids import CustomerId
from agent_tui.domain.model import Status
from agent_tui.server.web_api import WebApi
from tests import factories as f
from tests.driver import Http, Serving, conversation_of, new_id, until


def test_about_an_inbox(serving: Serving) -> None:
    found = Http(serving.base).ok("GET", "/v1/web/web")
    assert found["title"] == {"zh": "青禾生活", "en": "Qinghe Living"}
    assert found["online"] is True
    assert "您好" in found["greeting"]["zh"]
    assert Http(serving.base).call("GET", "/v1/web/nope").status == 404


def test_a_message_opens_a_conversation_with_a_clean_name_and_text(serving: Serving) -> None:
    visitor = serving.visitor(name="王\x1b[31m女士\u202e", language="en-GB")
    answer = visitor.say("你好\x1b]52;c;x\x07\r\n在吗？", id="mine-1")
    state = serving.state(conversation_of(serving, visitor))
    assert (state.customer.name, state.customer.language) == ("王[31m女士", "en")
    assert (state.team, state.inbox, state.visitor) == ("after-sales", "web", visitor.customer)
    (message,) = visitor.sees()["messages"]
    assert message["text"] == "你好]52;c;x\n在吗？"
    assert message["id"] == answer["id"] == "mine-1"
    assert message["seq"] == answer["seq"]
    assert message["from"] == "customer"


def test_a_visitor_without_a_name_gets_one(serving: Serving) -> None:
    visitor = serving.visitor(name="")
    visitor.say("hi")
    state = serving.state(conversation_of(serving, visitor))
    assert state.customer.name == f"访客 {visitor.customer[-4:]}"


def test_the_same_id_is_taken_once(serving: Serving) -> None:
    visitor = serving.visitor()
    first = visitor.say("一次", id="x")
    assert visitor.say("一次", id="x") == first
    assert visitor.say("别的内容", id="x") == first
    assert visitor.texts() == ["一次"]
    other = serving.visitor()
    other.say("我的 x", id="x")
    assert other.texts() == ["我的 x"]


def test_identical_texts_with_different_ids_are_kept(serving: Serving) -> None:
    visitor = serving.visitor()
    for _ in range(3):
        visitor.say("在吗")
    assert visitor.texts() == ["在吗"] * 3


def test_the_same_id_from_many_connections_at_once(serving: Serving) -> None:
    visitor = serving.visitor()
    answers: list[int] = []

    def say() -> None:
        mine = Http(serving.base, visitor.token)
        body = {"id": "once", "text": "同时"}
        answers.append(mine.ok("POST", f"{visitor.path}/messages", body)["seq"])

    threads = [threading.Thread(target=say) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 12
    assert len(set(answers)) == 1
    assert visitor.texts() == ["同时"]


def test_another_visitor_sees_nothing(serving: Serving) -> None:
    one, two = serving.visitor(), serving.visitor()
    one.say("我的秘密")
    two.say("我的")
    assert two.texts() == ["我的"]
    assert one.texts() == ["我的秘密"]
    # Nor does the same visitor's token open another inbox's history.
    assert one.ok("GET", "/v1/web/parcels/messages")["messages"] == []
    stranger = Http(serving.base, "no such token")
    for method, path in (("GET", "messages"), ("POST", "messages"), ("GET", "stream")):
        assert stranger.call(method, f"/v1/web/web/{path}").status == 401


def test_an_agents_token_is_no_visitors(serving: Serving) -> None:
    agent = Http(serving.base, serving.token("anna"))
    assert agent.call("GET", "/v1/web/web/messages").status == 401
    visitor = serving.visitor()
    assert Http(serving.base, visitor.token).call("GET", "/v1/session").status == 401


def test_replies_are_seen_and_notes_never(serving: Serving) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    visitor.say("订单到哪了")
    key = conversation_of(serving, visitor)
    note = c.AddNote(new_id(), "这个客户很急，别让他看到")
    anna.applied(key, note, f.reply(new_id(), "今天到", epoch=0), c.AddNote(new_id(), "第二条"))
    page = visitor.sees()
    assert [(m["from"], m["name"], m["text"]) for m in page["messages"]] == [
        ("customer", "", "订单到哪了"),
        ("agent", "Anna", "今天到"),
    ]
    assert "别让他看到" not in str(page)


def test_a_solved_chat_is_rated_by_its_customer_only(serving: Serving) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    rating = "/v1/web/web/rating"
    visitor.say("订单到哪了")
    key = conversation_of(serving, visitor)
    anna.applied(key, f.reply(new_id(), "今天到", epoch=0))
    assert visitor.call("POST", rating, {"rating": 5}).status == 400
    assert "rating" not in visitor.sees()
    anna.applied(key, c.SetStatus(Status.RESOLVED))
    assert visitor.sees()["rating"] == {"given": 0}
    for bad in ({"rating": 0}, {"rating": 6}, {}, {"rating": 3, "comment": "长" * 501}):
        assert visitor.call("POST", rating, bad).status == 400
    said = "[red]谢谢[/] \x1b[31m"
    assert visitor.call("POST", rating, {"rating": 2, "comment": said}).status == 200
    assert visitor.sees()["rating"] == {"given": 2}
    state = serving.state(key)
    assert (state.rating, state.rating_comment) == (2, "[red]谢谢[/] [31m")
    assert serving.visitor().call("POST", rating, {"rating": 1}).status == 400
    visitor.say("还有个问题")
    assert "rating" not in visitor.sees(), "it is open again"


def test_paging_and_waiting(serving: Serving) -> None:
    visitor = serving.visitor()
    seqs = [visitor.say(f"第 {n} 句")["seq"] for n in range(5)]
    first = visitor.sees(limit=2)
    assert [m["seq"] for m in first["messages"]] == seqs[:2]
    assert (first["cursor"], first["more"]) == (seqs[1], True)
    rest = visitor.sees(after=first["cursor"])
    assert [m["seq"] for m in rest["messages"]] == seqs[2:]
    assert rest["more"] is False
    empty = visitor.sees(after=seqs[-1])
    assert (empty["messages"], empty["cursor"]) == ([], seqs[-1])
    # A waiting poll returns as soon as there is an answer, and not for other people's news.
    anna = serving.agent()
    key = conversation_of(serving, visitor)
    found: list[dict[str, object]] = []
    poll = threading.Thread(target=lambda: found.append(visitor.sees(after=seqs[-1], wait=20)))
    poll.start()
    serving.visitor().say("别人的话")
    anna.applied(key, f.reply(new_id(), "回答", epoch=0, seen=5))
    poll.join(15)
    assert not poll.is_alive()
    assert [m["text"] for m in found[0]["messages"]] == ["回答"]  # type: ignore[attr-defined]


def test_a_reply_between_the_look_and_the_wait_ends_the_poll(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    last = visitor.say("你好")["seq"]
    key = conversation_of(serving, visitor)
    seats = WebApi._seats

    async def late(self: WebApi, kind: str, *given: Any) -> Any:
        with self._service.hub.listen("poll") as listener:
            await asyncio.to_thread(anna.applied, key, f.reply(new_id(), "回答", epoch=0))
            assert await self._service.hub.wait(listener, 10)
        return await seats(self, kind, *given)

    monkeypatch.setattr(WebApi, "_seats", late)
    visitor._http.timeout = httpx.Timeout(15)
    found = visitor.sees(after=last, wait=30)
    assert [each["text"] for each in found["messages"]] == ["回答"]


def test_a_page_is_never_empty_and_more(serving: Serving) -> None:
    visitor = serving.visitor()
    visitor.say("你好")
    assert len(visitor.sees(limit=0)["messages"]) == 1


@pytest.mark.parametrize(
    "query", [{"after": "x"}, {"limit": "-1"}, {"wait": "²"}, {"after": "9" * 99}]
)
def test_queries_that_are_no_numbers(serving: Serving, query: dict[str, str]) -> None:
    visitor = serving.visitor()
    path = f"{visitor.path}/messages"
    assert visitor.call("GET", path, **query).status == 400  # type: ignore[arg-type]


def test_receipts_reach_the_agents(serving: Serving) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    anna.applied(key, f.reply(new_id(), "一", epoch=0), f.reply(new_id(), "二", epoch=1))
    seqs = [m["seq"] for m in visitor.sees()["messages"]]
    visitor.ok("POST", f"{visitor.path}/receipt", {"delivered": seqs[2], "read": seqs[1]})
    state = serving.state(key)
    assert (state.delivered_no, state.seen_no) == (3, 2)
    visitor.ok("POST", f"{visitor.path}/receipt", {"delivered": seqs[0], "read": 0})
    assert serving.state(key) == state
    for bad in ({"delivered": -1}, {"read": 10**30}, {"read": "x"}):
        assert visitor.call("POST", f"{visitor.path}/receipt", bad).status == 400


def test_delivered_means_that_an_agent_has_looked(serving: Serving) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    seqs = [visitor.say(text)["seq"] for text in ("一", "二")]
    key = conversation_of(serving, visitor)
    assert visitor.sees()["delivered"] == 0
    anna.applied(key, c.MarkRead(1))
    assert visitor.sees()["delivered"] == seqs[0]
    anna.applied(key, c.Claim(), c.MarkRead(2))
    assert visitor.sees()["delivered"] == seqs[1]


def test_a_customer_comes_back(serving: Serving) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    visitor.say("问题")
    key = conversation_of(serving, visitor)
    anna.applied(key, c.SetStatus(Status.RESOLVED))
    visitor.say("又来了")
    state = serving.state(key)
    assert (state.status, state.waiting) == (Status.OPEN, 1)


def test_each_inbox_has_its_own_conversation(serving: Serving) -> None:
    visitor = serving.visitor()
    visitor.say("售后问题")
    visitor.ok("POST", "/v1/web/parcels/messages", {"id": "p1", "text": "包裹问题"})
    mine = [s for s in serving.states().values() if s.visitor == visitor.customer]
    assert {(s.inbox, s.team) for s in mine} == {("web", "after-sales"), ("parcels", "logistics")}
    assert visitor.texts() == ["售后问题"]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"id": "", "text": "x"}, 400),
        ({"id": "x" * 65, "text": "x"}, 400),
        ({"id": "a", "text": ""}, 400),
        ({"id": "a", "text": " \n\u200b"}, 400),
        ({"id": "a", "text": "长" * 100_001}, 413),
        ({"id": "a"}, 400),
        ({"id": 5, "text": "x"}, 400),
        ([], 400),
    ],
)
def test_messages_that_cannot_be_taken(serving: Serving, body: object, status: int) -> None:
    visitor = serving.visitor()
    answer = visitor.call("POST", f"{visitor.path}/messages", body)
    assert answer.status == status
    assert answer.body["error"]["title"]
    assert visitor.texts() == []


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff\xfe", b'{"id": "a", "text": "\\ud800"}'])
def test_bodies_that_are_no_json(serving: Serving, raw: bytes) -> None:
    visitor = serving.visitor()
    assert visitor.call("POST", f"{visitor.path}/messages", raw=raw).status == 400


def test_a_hundred_thousand_characters_are_taken(serving: Serving) -> None:
    visitor = serving.visitor()
    visitor.say("长" * 100_000)
    assert visitor.texts() == ["长" * 100_000]


def test_a_body_that_is_too_large(serving: Serving) -> None:
    visitor = serving.visitor()
    answer = visitor.call("POST", f"{visitor.path}/messages", raw=b" " * 4_200_000)
    assert (answer.status, answer.code) == (413, "too_large")


# --- the stream ----------------------------------------------------------------------------------


def test_the_stream_tells_messages_state_and_typing(serving: Serving) -> None:
    visitor, anna = serving.visitor(), serving.agent()
    before = visitor.say("第一句")
    key = conversation_of(serving, visitor)
    with visitor.stream() as stream:
        until(lambda: stream.data("message"))
        serving.visitor().say("别人的话")
        visitor.say("第二句")
        anna.ok("POST", "/v1/typing", {"conversation": key, "typing": True})
        until(lambda: stream.data("typing"))
        anna.applied(key, c.AddNote(new_id(), "内部"), f.reply(new_id(), "回答", epoch=0, seen=2))
        until(lambda: len(stream.data("message")) == 3)
        until(lambda: stream.data("state"))
        assert [m["text"] for m in stream.data("message")] == ["第一句", "第二句", "回答"]
        keys = [int(id) for kind, id, _ in stream.events if kind == "message"]
        assert keys == sorted(keys)
        assert keys[0] == before["seq"]
        assert stream.data("typing")[0]["name"] == "Anna"
        assert stream.data("state")[-1]["delivered"] > 0
    with visitor.stream(after=keys[1]) as again:
        until(lambda: again.data("message"))
        assert [m["text"] for m in again.data("message")] == ["回答"]


def test_the_customers_typing_reaches_the_agents(serving: Serving) -> None:
    visitor, anna, lo = serving.visitor(), serving.agent(), serving.agent("lo")
    visitor.say("你好")
    key = conversation_of(serving, visitor)
    with anna.stream(anna.now()) as stream, lo.stream(lo.now()) as elsewhere:
        until(lambda: stream.comments and elsewhere.comments)
        visitor.ok("POST", f"{visitor.path}/typing")
        (seen,) = until(lambda: stream.data("presence"))
        assert (seen["conversation"], seen["agent"], seen["typing"]) == (key, "", True)
        assert elsewhere.data("presence") == []


# --- merging -------------------------------------------------------------------------------------


def test_merging_customers_and_undoing_it(serving: Serving) -> None:
    old, new = serving.visitor(name="王女士"), serving.visitor(name="小王")
    anna = serving.agent()
    old.say("上次的问题")
    new.say("还是我")
    new.ok("POST", "/v1/web/parcels/messages", {"id": "p", "text": "另一个收件箱"})
    first = conversation_of(serving, old)
    mine = [s.id for s in serving.states().values() if s.visitor == new.customer]
    second = next(key for key in mine if serving.state(key).inbox == "web")
    was = serving.state(second).customer
    anna.applied(second, c.MergeCustomer(CustomerId(old.customer)))
    assert {serving.state(key).customer.name for key in [first, *mine]} == {"王女士"}
    # What the visitor may read stays theirs alone.
    assert new.texts() == ["还是我"]
    assert old.texts() == ["上次的问题"]
    new.say("合并以后")
    assert serving.state(second).customer.id == old.customer
    anna.applied(second, c.UnmergeCustomer(was))
    assert {serving.state(key).customer for key in mine} == {was}
    assert serving.state(first).customer.id == old.customer
    new.say("又分开了")
    assert serving.state(second).customer == was
    anna.applied(second, c.MergeCustomer(CustomerId(new.customer)))
    (refused,) = anna.do(second, c.MergeCustomer(CustomerId("nobody")))
    assert (refused.outcome, refused.reason) == ("refused", "unknown_customer")
