"""What becomes of a reply that WeChat is to pass on, whatever WeChat does."""

from __future__ import annotations

import logging

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.channels.base import Outbound
from agent_tui.channels.wechat import texts
from agent_tui.channels.wechat.api import BUSY, CREDENTIALS, EXPIRED, Told, outcome
from agent_tui.desk import reasons
from agent_tui.domain import commands as c
from agent_tui.domain.ids import InboxId
from agent_tui.lang import use
from agent_tui.server.connecting import connect_wechat
from agent_tui.server.workspace import ChangeWorkspace
from tests.channels.account import Account
from tests.channels.conftest import Connect
from tests.channels.weixin import APP, SECRET
from tests.driver import until

LONG = "一二三四五六七八九十" * 60 + "。"  # 1,803 bytes


def test_a_reply_arrives_once(account: Account) -> None:
    key = account.customer("o17")
    message = account.replies(account.agent(), key, "您好，“中文” & <b>")
    account.arrives(key, message)
    assert account.platform.sent == [("o17", "您好，“中文” & <b>", 0)]
    assert account.row(message)["attempts"] == 1


def test_one_token_serves_until_shortly_before_its_end(account: Account) -> None:
    key, other = account.customer("o1"), account.customer("o2")
    agent = account.agent()
    for text in "一二三":
        for chat in (key, other):
            account.arrives(chat, account.replies(agent, chat, text))
    assert len(account.platform.tokens) == 1
    assert not account.platform.tokens[0][1]


def test_many_at_once_ask_for_one_token(account: Account) -> None:
    chats = [account.customer(f"o{n}") for n in range(6)]
    account.platform.pause = 0.1
    agent = account.agent()
    sent = [(key, account.replies(agent, key, "您好")) for key in chats]
    for key, message in sent:
        account.arrives(key, message)
    assert len(account.platform.tokens) == 1


def test_token_and_message_share_the_time_of_an_attempt(account: Account) -> None:
    account.platform.pause = 0.7  # of the second in all
    key = account.customer()
    message = account.replies(account.agent(), key, "您好")
    found = account.becomes(key, message, "uncertain")
    assert found.code == "no_answer" and found.detail in ("0.2 s", "0.3 s")


def test_a_token_that_ends_soon_is_asked_for_again(connects: Connect) -> None:
    account = connects()
    account.platform.lifetime = 200  # less than what it is renewed before its end
    key = account.customer()
    agent = account.agent()
    for text in "一二":
        account.arrives(key, account.replies(agent, key, text))
    assert len(account.platform.tokens) == 2


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_that_was_refused_is_renewed_once(account: Account, code: int) -> None:
    key = account.customer()
    agent = account.agent()
    account.arrives(key, account.replies(agent, key, "一"))
    account.platform.script.append(code)
    account.arrives(key, account.replies(agent, key, "二"))
    assert account.platform.texts() == ["一", "二"]
    # WeChat gave out the same one again, so another was insisted on.
    assert [force for _, force in account.platform.tokens] == [False, False, True]


def test_a_token_that_another_replica_renewed_is_not_forced(account: Account) -> None:
    key = account.customer()
    agent = account.agent()
    account.arrives(key, account.replies(agent, key, "一"))
    account.platform.expire()
    account.arrives(key, account.replies(agent, key, "二"))
    assert [force for _, force in account.platform.tokens] == [False, False]
    assert account.platform.texts() == ["一", "二"]


def test_refused_twice_it_is_the_credentials(account: Account) -> None:
    account.platform.always = 40001
    key = account.customer()
    message = account.replies(account.agent(), key, "您好")
    found = account.becomes(key, message, "failed")
    assert found.code == "credentials" and found.detail.startswith("40001 ")
    assert len(account.platform.sent) == 2
    account.platform.always = 0
    account.agent().applied(key, c.RetryDelivery(message))
    account.arrives(key, message)


@pytest.mark.parametrize(
    ("answer", "state", "code", "detail"),
    [
        (45015, "failed", "window_over", "45015 "),
        (43004, "failed", "window_over", "43004 "),
        (45047, "failed", "quota_over", "45047 "),
        (45002, "failed", "too_large", "45002 "),
        (48001, "failed", "credentials", "48001 "),
        (40003, "failed", "refused", "40003 "),
        (87014, "failed", "refused", "87014 "),
        ("hang", "uncertain", "no_answer", "1 s"),
        ("cut", "uncertain", "no_answer", ""),
        ("fail", "uncertain", "server_error", "500"),
        ("babble", "uncertain", "no_answer", "<html>"),
    ],
)
def test_what_did_not_arrive_is_shown_and_never_repeated(
    account: Account, answer: int | str, state: str, code: str, detail: str
) -> None:
    account.platform.script.append(answer)
    key, other = account.customer("o1"), account.customer("o2")
    agent = account.agent()
    message = account.replies(agent, key, "一")
    until(lambda: account.platform.sent)
    account.arrives(other, account.replies(agent, other, "二"))
    found = account.becomes(key, message, state)
    assert found.code == code and found.detail.startswith(detail)
    assert [text for _, text, _ in account.platform.sent] == ["一", "二"]


@pytest.mark.parametrize("answer", [-1, 45009, 45011])
def test_a_busy_wechat_is_asked_again(account: Account, answer: int) -> None:
    account.platform.script.extend([answer])
    key = account.customer()
    message = account.replies(account.agent(), key, "您好")
    account.arrives(key, message)
    assert [answer for _, _, answer in account.platform.sent] == [answer, 0]


@pytest.mark.parametrize("step", [-1, 45009, "fail", "cut", "babble"])
def test_without_a_token_nothing_left_so_it_is_tried_again(
    account: Account, step: int | str
) -> None:
    account.platform.asked.append(step)
    key = account.customer()
    account.arrives(key, account.replies(account.agent(), key, "您好"))
    assert account.platform.texts() == ["您好"]


def test_wechat_out_of_reach(account: Account) -> None:
    account.platform.die()
    key = account.customer()
    message = account.replies(account.agent(), key, "您好")
    until(lambda: (found := account.delivery(key, message)) and found.code == "unreachable")
    account.platform.live()
    account.arrives(key, message)
    assert account.platform.texts() == ["您好"]


def test_a_wrong_secret_until_it_is_put_right(connects: Connect) -> None:
    account = connects(secret="a wrong one")
    key = account.customer()
    agent = account.agent()
    message = account.replies(agent, key, "您好")
    found = account.becomes(key, message, "failed")
    assert (found.code, found.detail) == ("credentials", "40125 invalid appsecret")
    stored = msgspec.json.encode(account.settings)
    made, rows = connect_wechat(
        InboxId("wx"),
        stored,
        app=APP,
        secret=SECRET,
        plain=False,
        api=account.platform.url,
        language="zh",
    )
    assert (made.token, made.key) == (account.settings.token, account.settings.key)
    account.serving.run(ChangeWorkspace([], rows))
    agent.applied(key, c.RetryDelivery(message))
    account.arrives(key, message)


def test_secrets_and_tokens_are_in_no_log_and_on_no_feed(
    account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, name)
    account.platform.script.extend([40001, "cut"])
    key = account.customer()
    agent = account.agent()
    account.becomes(key, account.replies(agent, key, "一"), "uncertain")
    account.arrives(key, account.replies(agent, key, "二"))
    _, events = account.serving.agent("root").snapshot()
    told = str(events) + str([row.body for row in account.serving.log()]) + str(account.rows())
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "/cgi-bin/message/custom/send" in logged  # requests were logged, and
    settings = account.settings
    secret = [settings.secret, settings.token, settings.key]
    secret.append("TOKEN")  # as each of them begins, however it is written
    for each in secret:
        assert each not in logged and each not in told


# --- long texts ----------------------------------------------------------------------------------


def test_a_long_reply_goes_in_parts(account: Account) -> None:
    key = account.customer()
    message = account.replies(account.agent(), key, f"{LONG}\n{LONG}")
    account.arrives(key, message)
    assert account.platform.texts() == [LONG, LONG]


def test_of_a_reply_that_arrived_in_part_it_is_told_how_far(account: Account) -> None:
    account.platform.script.extend([0, 45047])
    key = account.customer()
    message = account.replies(account.agent(), key, f"{LONG}\n第二段从这里开始，{LONG}")
    found = account.becomes(key, message, "uncertain")
    assert found.code == "partly"
    assert found.detail.startswith("1/2; 第二段从这里开始") and "45047" in found.detail
    account.stays_as_sent()


def test_if_the_first_part_does_not_arrive_the_others_are_not_sent(account: Account) -> None:
    account.platform.script.extend([45015])
    key = account.customer()
    message = account.replies(account.agent(), key, LONG * 2)
    assert account.becomes(key, message, "failed").code == "window_over"
    assert len(account.platform.sent) == 1


def test_more_parts_than_a_customer_should_get_never_leave(account: Account) -> None:
    key = account.customer()
    message = account.replies(account.agent(), key, LONG * 4)
    found = account.becomes(key, message, "failed")
    assert (found.code, found.detail) == ("too_large", "3 x 2048 B")
    assert account.platform.sent == []


@given(st.text(max_size=400), st.integers(8, 64))
def test_parts_are_small_and_together_the_text(text: str, most: int) -> None:
    text = text.encode("utf-8", "ignore").decode()
    found = texts.parts(text, most)
    assert all(len(part.encode()) <= most for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())
    if text.strip():
        assert all(found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("好的", ["好的"]),
        ("第一句话在这。第二句话在这里", ["第一句话在这。", "第二句话在这里"]),
        ("第一行在这里\n第二行。在这里", ["第一行在这里", "第二行。在这里"]),
        ("Hello there Sir. How are you", ["Hello there Sir.", "How are you"]),
        ("word another thirdword more x", ["word another", "thirdword more x"]),
        ("一二三四五六七八九十一二三四", ["一二三四五六七八九十", "一二三四"]),
    ],
)
def test_a_text_is_cut_where_it_pauses(text: str, wanted: list[str]) -> None:
    most = 22 if text.isascii() else 30
    assert texts.parts(text, most) == wanted


# --- words ---------------------------------------------------------------------------------------


def test_every_code_has_words_in_both_languages() -> None:
    codes = {-1, 0, 40003, 43004, 45002, 45015, 45047, *BUSY, *CREDENTIALS, *EXPIRED}
    found = [outcome(Told(code, "why")) for code in sorted(codes)]
    named = {each.code for each in found if hasattr(each, "code")} | {"partly"}
    try:
        for code in named:
            use("zh")
            zh = reasons.delivery(code, "why")
            use("en")
            en = reasons.delivery(code, "why")
            assert code in reasons.DELIVERIES and zh != en and "why" in zh and "why" in en
    finally:
        use("zh")


async def test_a_customer_is_named_as_wechat_names_them() -> None:
    """The text is sent as it is: WeChat shows escapes of JSON's as they stand."""
    import json

    from agent_tui.channels.wechat.port import WeChat
    from agent_tui.channels.wechat.settings import WeChatSettings
    from agent_tui.settings.server import Outgoing

    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, json={"access_token": "t", "expires_in": 7200, "errcode": 0})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        wechat = WeChat(WeChatSettings("a", "s", "t", "k"), Outgoing(), http)
        outbound = Outbound("m1", "c1", "o1", "Anna", "您好", 0, 0)
        assert type(await wechat.deliver(outbound)).__name__ == "Arrived"
    assert "您好".encode() in bodies[1]
    assert json.loads(bodies[1]) == {
        "touser": "o1",
        "msgtype": "text",
        "text": {"content": "您好"},
    }
