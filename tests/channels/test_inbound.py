"""A shop's system hands in what customers write: signed, once, and under the shop's own names."""

from __future__ import annotations

from typing import Any

import pytest

from agent_tui.channels import signature
from agent_tui.errors import Unauthorized
from agent_tui.server.clock import now_ms
from tests.channels.shop import Shop
from tests.driver import Http

MINUTE = 60_000
HELLO = {"customer": {"id": "u7", "name": "王女士"}, "text": "在吗", "subject": "包裹"}
# Published with the Standard Webhooks specification: every library of that standard agrees.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY, AT = b'{"test": 2432232314}', 1614265330_000


def test_the_published_example() -> None:
    assert signature.headers(SECRET, VECTOR["webhook-id"], BODY, AT) == VECTOR
    assert signature.verify(SECRET, VECTOR, BODY, AT) == VECTOR["webhook-id"]
    two = VECTOR | {"webhook-signature": f"v1,AAAA v2,BBBB {VECTOR['webhook-signature']}"}
    assert signature.verify(SECRET, two, BODY, AT + 5 * MINUTE)


@pytest.mark.parametrize(
    ("headers", "secret", "body", "at"),
    [
        ({}, "whsec_" + "A" * 43 + "=", BODY, AT),
        ({}, SECRET, BODY + b" ", AT),
        ({}, SECRET, BODY, AT + 6 * MINUTE),
        ({}, SECRET, BODY, AT - 6 * MINUTE),
        ({"webhook-id": "msg_other"}, SECRET, BODY, AT),
        ({"webhook-timestamp": "1614265331"}, SECRET, BODY, AT),
        ({"webhook-signature": VECTOR["webhook-signature"].replace("v1", "v2")}, SECRET, BODY, AT),
        ({"webhook-signature": "v1,"}, SECRET, BODY, AT),
        ({"webhook-signature": ""}, SECRET, BODY, AT),
    ],
)
def test_anything_else_is_refused(
    headers: dict[str, str], secret: str, body: bytes, at: int
) -> None:
    with pytest.raises(Unauthorized):
        signature.verify(secret, VECTOR | headers, body, at)


def test_a_message_comes_in_under_the_shops_name(shop: Shop) -> None:
    answer = shop.hands_in(HELLO, key="order-1")
    assert answer.status == 200 and answer.body["id"] == "order-1"
    [state] = shop.serving.states().values()
    assert (state.customer.name, state.channel, state.inbox) == ("王女士", "webhook", "shop")
    assert state.subject == "包裹"
    assert [m.text for m in shop.serving.messages(state.id)] == ["在吗"]


def test_the_same_message_is_taken_once(shop: Shop) -> None:
    first = shop.hands_in(HELLO, key="order-1")
    again = shop.hands_in(HELLO, key="order-1", at=now_ms() - MINUTE)
    other = shop.hands_in(HELLO | {"text": "别的"}, key="order-1")
    assert first.body == again.body == other.body
    [state] = shop.serving.states().values()
    assert state.messages == 1
    assert shop.hands_in(HELLO, key="order-2").status == 200
    [state] = shop.serving.states().values()
    assert state.messages == 2


def test_each_customer_has_a_conversation_of_their_own(shop: Shop) -> None:
    assert shop.customer("u1") != shop.customer("u2")
    assert shop.customer("u1") == shop.customer("u1")


NOT_TAKEN: list[tuple[dict[str, Any], int]] = [
    ({"secret": signature.new_secret()}, 401),
    ({"at": 0}, 401),
    ({"raw": b"not json"}, 400),
    ({"raw": b'{"text": "who?"}'}, 400),
    ({"key": "k" * 129}, 400),
    ({"body": {"customer": {"id": ""}, "text": "x"}}, 400),
    ({"body": {"customer": {"id": "a\x00b"}, "text": "x"}}, 400),
    ({"body": {"customer": {"id": "u1"}, "text": " "}}, 400),
    ({"body": {"customer": {"id": "u1"}, "text": "x" * 100_001}}, 413),
    ({"raw": b"x" * 5_000_000}, 413),
]


def test_what_is_not_taken(shop: Shop) -> None:
    for request, status in NOT_TAKEN:
        assert shop.hands_in(**({"body": HELLO} | request)).status == status, request
    assert shop.serving.states() == {}


def test_inboxes_that_take_nothing_this_way(shop: Shop) -> None:
    for inbox in ("web", "nowhere"):
        assert Http(shop.serving.base).call("POST", f"/v1/inbound/{inbox}", HELLO).status == 404


def test_a_shop_that_hands_in_too_much_is_slowed_down(shop: Shop) -> None:
    shop.serving.stop()
    config = shop.serving.folder.root / "config.toml"
    config.write_text('[limits]\ninbound = "2/minute"\n', "utf-8")
    from agent_tui.server.setup import DataFolder

    shop.serving.folder = DataFolder(shop.serving.folder.root, shop.serving.folder.url)
    shop.serving.start()
    # What is not the shop's own does not count.
    assert shop.hands_in(HELLO, secret=SECRET).status == 401
    assert [shop.hands_in(HELLO).status for _ in range(3)] == [200, 200, 429]
