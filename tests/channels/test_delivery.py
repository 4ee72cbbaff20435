"""What becomes of a reply that is pushed, whatever the other side does."""

from __future__ import annotations

import pytest

from agent_tui.channels import signature
from agent_tui.domain import commands as c
from agent_tui.domain.model import Status
from agent_tui.server.clock import now_ms
from tests.channels.conftest import Open
from tests.channels.shop import Shop
from tests.driver import conversation_of, until


@pytest.fixture
def database() -> None:
    """The folder's own file: what the engines do differently is in test_rows and test_crash."""


def test_a_reply_arrives_once_signed_and_with_its_key(shop: Shop) -> None:
    key = shop.customer("u1")
    message = shop.replies(shop.agent(), key, "您好")
    shop.arrives(key, message)
    [got] = shop.receiver.got
    assert got.key == message
    assert got.json == {
        "message": message,
        "conversation": key,
        "customer": "u1",
        "agent": "Anna",
        "text": "您好",
        "at": shop.serving.messages(key)[-1].at,
    }
    assert signature.verify(shop.secret, got.headers, got.body, now_ms()) == message
    assert shop.row(message)["attempts"] == 1
    shop.stays_quiet()


@pytest.mark.parametrize(
    ("answer", "state", "code", "detail"),
    [
        ("refuse", "failed", "refused", "422 no such person"),
        ("refuse and stall", "failed", "refused", "422"),
        ("move", "failed", "refused", "302"),
        ("fail", "uncertain", "server_error", "500"),
        ("hang", "uncertain", "no_answer", "1 s"),
        ("cut", "uncertain", "no_answer", ""),
        ("babble", "uncertain", "no_answer", ""),
    ],
)
def test_what_was_not_accepted_is_shown_and_never_repeated(
    shop: Shop, answer: str, state: str, code: str, detail: str
) -> None:
    shop.receiver.script.append(answer)
    key, other = shop.customer("u1"), shop.customer("u2")
    agent = shop.agent()
    message = shop.replies(agent, key, "一")
    until(lambda: shop.receiver.got)
    # Whatever happens here, the next conversation is served.
    passing = shop.replies(agent, other, "二")
    shop.arrives(other, passing)
    found = shop.becomes(key, message, state)
    assert found.code == code and found.detail.startswith(detail)
    assert shop.row(message)["state"] == state
    assert shop.receiver.seen() == [message, passing]


def test_nothing_left_so_it_is_tried_again(shop: Shop) -> None:
    shop.receiver.die()
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "您好")
    until(lambda: (found := shop.delivery(key, message)) and found.code == "unreachable")
    assert shop.delivery(key, message).state == "queued"  # type: ignore[union-attr]
    shop.receiver.live()
    shop.arrives(key, message)
    assert shop.receiver.seen() == [message]


def test_who_asks_to_wait_is_asked_again(shop: Shop) -> None:
    shop.receiver.script.extend(["busy", "busy"])
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "您好")
    shop.arrives(key, message)
    assert shop.receiver.seen() == [message] * 3


def test_an_agent_sends_it_again_under_the_same_key(shop: Shop) -> None:
    shop.receiver.script.append("cut")
    key = shop.customer()
    agent = shop.agent()
    message = shop.replies(agent, key, "您好")
    shop.becomes(key, message, "uncertain")
    agent.applied(key, c.RetryDelivery(message))
    shop.arrives(key, message)
    assert shop.receiver.seen() == [message, message]
    refused = agent.do(key, c.RetryDelivery(message))
    assert [result.reason for result in refused] == ["no_such_delivery"]


def test_an_agent_settles_it_and_changes_their_mind(shop: Shop) -> None:
    shop.receiver.script.append("refuse")
    key = shop.customer()
    agent = shop.agent()
    message = shop.replies(agent, key, "您好")
    failed = shop.becomes(key, message, "failed")
    agent.applied(key, c.SettleDelivery(message))
    settled = shop.becomes(key, message, "settled")
    assert settled.detail == failed.detail
    assert [r.reason for r in agent.do(key, c.RetryDelivery(message))] == ["changed_since"]
    agent.applied(key, c.UnsettleDelivery(message, failed.state))
    assert shop.row(message)["state"] == "failed"
    agent.applied(key, c.RetryDelivery(message))
    shop.arrives(key, message)


def test_a_receiver_that_takes_a_key_once_gets_it_until_it_answers(opens: Open) -> None:
    shop = opens("repeats = 3", idempotent=True).start()
    shop.receiver.script.extend(["fail", "cut", "hang"])
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "您好")
    shop.arrives(key, message, 40)
    assert shop.receiver.seen() == [message] * 4
    assert shop.receiver.taken() == {"您好": 1}


def test_but_not_for_ever(opens: Open) -> None:
    shop = opens("repeats = 1", idempotent=True).start()
    shop.receiver.always = "fail"
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "您好")
    assert shop.becomes(key, message, "uncertain").code == "server_error"
    assert shop.receiver.seen() == [message] * 2
    shop.stays_quiet()


def test_a_conversation_keeps_its_order_and_holds_up_no_other(shop: Shop) -> None:
    shop.receiver.script.append("hang")
    slow, fast = shop.customer("slow"), shop.customer("fast")
    agent = shop.agent()
    first = shop.replies(agent, slow, "慢一")
    until(lambda: shop.receiver.got)
    second, third = shop.replies(agent, slow, "慢二"), shop.replies(agent, slow, "慢三")
    for text in ("快一", "快二"):
        shop.arrives(fast, shop.replies(agent, fast, text))
    # All that while the first one was on its way.
    assert shop.row(first)["state"] == "sending"
    assert shop.receiver.texts() == ["慢一", "快一", "快二"]
    shop.arrives(slow, third)
    assert shop.becomes(slow, first, "uncertain").code == "no_answer"
    assert shop.receiver.texts() == ["慢一", "快一", "快二", "慢二", "慢三"]
    assert shop.row(second)["state"] == "sent"


def test_later_ones_wait_while_an_earlier_one_may_still_leave(shop: Shop) -> None:
    shop.receiver.die()
    key = shop.customer()
    agent = shop.agent()
    messages = [shop.replies(agent, key, text) for text in "一二三"]
    until(lambda: (found := shop.delivery(key, messages[0])) and found.code)
    shop.receiver.live()
    shop.arrives(key, messages[2])
    assert shop.receiver.seen() == messages


def test_what_cannot_leave_in_time_fails(opens: Open) -> None:
    shop = opens("expiry = 2").start()
    shop.receiver.die()
    key = shop.customer()
    agent = shop.agent()
    first, second = shop.replies(agent, key, "一"), shop.replies(agent, key, "二")
    assert shop.becomes(key, first, "failed").code in ("gave_up", "expired")
    assert shop.becomes(key, second, "failed").code in ("gave_up", "expired")
    shop.receiver.live()
    shop.stays_quiet()


def test_a_server_that_comes_back_too_late_sends_nothing(opens: Open) -> None:
    shop = opens("expiry = 4").start()
    shop.receiver.die()
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "您好")
    shop.serving.stop()
    until(lambda: now_ms() - shop.row(message)["at"] > 4000)
    assert shop.row(message)["state"] == "queued"
    shop.receiver.live()
    shop.serving.start()
    assert shop.becomes(key, message, "failed").code == "expired"
    shop.stays_quiet()
    assert shop.receiver.got == []


def test_a_body_over_the_bound_never_leaves(opens: Open) -> None:
    shop = opens("body_bytes = 1024").start()
    key = shop.customer()
    message = shop.replies(shop.agent(), key, "长" * 400)
    assert shop.becomes(key, message, "failed").code == "too_large"
    assert shop.receiver.got == []


def test_a_closed_conversation_comes_back_when_its_last_reply_did_not_arrive(shop: Shop) -> None:
    shop.receiver.script.append("hang")
    key = shop.customer()
    agent = shop.agent()
    message = shop.replies(agent, key, "再见")
    agent.applied(key, c.SetStatus(Status.RESOLVED))
    shop.becomes(key, message, "uncertain")
    state = shop.serving.state(key)
    assert state.status is Status.OPEN and state.owed_since is not None


def test_a_web_page_comes_and_asks_so_nothing_is_pushed(shop: Shop) -> None:
    visitor = shop.serving.visitor()
    visitor.say("你好")
    key = conversation_of(shop.serving, visitor)
    shop.replies(shop.agent(), key, "您好")
    assert shop.serving.state(key).deliveries == ()
    assert shop.rows() == []


def test_an_inbox_without_an_address_says_so(shop: Shop) -> None:
    from sqlalchemy import delete

    from agent_tui.server import schema
    from agent_tui.server.workspace import ChangeWorkspace

    key = shop.customer()
    shop.serving.run(ChangeWorkspace([], [(delete(schema.channel), {})]))
    message = shop.replies(shop.agent(), key, "您好")
    assert shop.becomes(key, message, "failed").code == "no_address"


def test_the_secret_is_on_no_feed_and_in_no_event(shop: Shop) -> None:
    key = shop.customer()
    root = shop.serving.agent("root")
    shop.arrives(key, shop.replies(shop.agent(), key, "您好"))
    _, events = root.snapshot()
    told = str(events) + str([row.body for row in shop.serving.log()])
    assert "shop" in told
    assert shop.secret not in told and shop.secret.removeprefix("whsec_") not in told
    assert shop.receiver.url not in told
