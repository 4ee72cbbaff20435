"""What WeChat hands in over HTTP: taken once, answered in time, its files kept."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from agent_tui.channels.wechat.settings import new_key
from agent_tui.server.run import Listen
from tests.channels.account import Account, said, sha1, xml
from tests.channels.conftest import Connect
from tests.channels.shop import Shop
from tests.channels.test_wechat_callback import BOMB, EVENTS
from tests.databases import of_engine
from tests.driver import Serving, check_log


def test_the_test_of_the_address(account: Account) -> None:
    answer = account.calls(account.query(echostr="4375120948345356249"), None)
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    assert answer.headers["content-type"].startswith("text/plain")
    for query in (
        account.query(echostr="1", token="another"),
        account.query(echostr="1", at=int(time.time()) - 301),
        {"echostr": "1"},
    ):
        refused = account.calls(query, None)
        assert refused.status_code == 401 and refused.text != "1"
    for echo in ("", "<b>五</b>", "x" * 300):
        assert account.calls(account.query(echostr=echo), None).status_code == 400


@pytest.mark.parametrize("as_json", [False, True])
def test_a_message_in_the_safe_mode(account: Account, as_json: bool) -> None:
    answer = account.hears(said("在吗", "o17"), as_json=as_json)
    assert (answer.status_code, answer.text) == (200, "success")
    [state] = account.serving.states().values()
    assert (state.channel, state.inbox, state.customer.language) == ("wechat", "wx", "zh")
    assert account.heard() == ["在吗"]


def test_plain_messages_are_taken_only_where_that_was_chosen(connects: Connect) -> None:
    careful, plain = connects(), connects(plain=True)
    body = xml(said("在吗"))
    refused = careful.calls(careful.query(), body)
    assert refused.status_code == 401 and careful.heard() == []
    taken = plain.calls(plain.query(), body)
    assert taken.text == "success" and plain.heard() == ["在吗"]
    # One that is encrypted, too; in the compatible mode only what was encrypted counts.
    query, outer = plain.safe(xml(said("密文", number=2)))
    both = outer.replace(b"</xml>", b"<Content>forged</Content></xml>")
    assert plain.calls(query, both).text == "success"
    assert plain.heard() == ["在吗", "密文"]


def test_what_is_forged_is_not_taken(account: Account) -> None:
    body = xml(said("在吗"))
    good, outer = account.safe(body)
    other_key, other_app = account.safe(body, key=new_key()), account.safe(body, app="wx0")
    _, another = account.safe(xml(said("别的")))
    old = account.query(at=int(time.time()) - 400)
    for query, sent, status in (
        ({}, outer, 401),
        (good | {"msg_signature": ""}, outer, 401),
        (good | {"msg_signature": sha1("x")}, outer, 401),
        (good | {"signature": sha1("x")}, outer, 401),
        (good, another, 401),
        (good | old, outer, 401),
        (*other_key, 401),
        (*other_app, 401),
        (good, BOMB, 400),
        (good, b"", 400),
        (good, b"[1]", 400),
        (good, b"{}", 401),
        (good, b"<xml>" + b"x" * 300_000 + b"</xml>", 400),
    ):
        answer = account.calls(query, sent)
        assert answer.status_code == status, (query, sent[:80], answer.text)
        assert "success" not in answer.text
    for fields in (said("x", ""), said("x", "o\x01".strip()), said("x", "o" * 129)):
        assert account.hears(fields, as_json=True).status_code == 400
    assert account.serving.states() == {}
    assert account.calls(good, outer, inbox="nowhere").status_code == 404
    assert account.calls(good, outer, inbox="web").status_code == 404


def test_retries_and_replays_are_taken_once(account: Account) -> None:
    fields = said("在吗")
    query, body = account.safe(xml(fields))
    # WeChat's three tries are signed anew; the first is heard again by whoever recorded it.
    for _ in range(3):
        assert account.hears(fields).text == "success"
    assert account.calls(query, body).text == "success"
    assert account.calls(query, body).text == "success"
    assert account.heard() == ["在吗"]
    account.hears(said("还在吗", number=7002))
    assert account.heard() == ["在吗", "还在吗"]
    [state] = account.serving.states().values()
    assert state.messages == 2


def test_two_at_the_same_time_are_taken_once(account: Account) -> None:
    answers: list[httpx.Response] = []

    def call() -> None:
        answers.append(account.hears(said("在吗")))

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.text for answer in answers] == ["success"] * 6
    assert account.heard() == ["在吗"]


def test_two_replicas_take_a_message_once(tmp_path: Path) -> None:
    with of_engine("postgresql") as url:
        account = Account(tmp_path / "data", url)
        account.start()
        second = Serving(account.serving.folder, Listen("127.0.0.1", 0)).start()
        try:
            for number in range(10):
                fields = said(f"第 {number} 条", f"o{number % 3}", number + 1)
                calls = [
                    threading.Thread(
                        target=lambda base=base, fields=fields: account.calls(
                            *account.safe(xml(fields)), base=base
                        )
                    )
                    for base in (account.serving.base, second.base)
                ]
                for call in calls:
                    call.start()
                for call in calls:
                    call.join()
            assert sorted(account.heard()) == sorted(f"第 {n} 条" for n in range(10))
            assert len(account.serving.states()) == 3
        finally:
            second.close()
            account.serving.stop()
            check_log(account.serving)
            account.close()


def test_events_and_empty_words_open_no_conversation(account: Account) -> None:
    for event in EVENTS:
        fields = {"FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": event}
        for as_json in (False, True):
            answer = account.hears(fields, as_json=as_json)
            assert (answer.status_code, answer.text) == (200, "success")
    assert account.hears(said(" \u200b ")).text == "success"
    assert account.serving.states() == {}


def test_too_many_are_slowed_down_and_tests_of_the_address_are_not(tmp_path: Path) -> None:
    account = Account(tmp_path / "data", None, '[limits]\ninbound = "2/minute"\n')
    try:
        account.start()
        codes = [account.hears(said("x", number=n)).status_code for n in range(1, 4)]
        assert codes == [200, 200, 429]
        assert account.calls(account.query(echostr="1"), None).status_code == 200
    finally:
        account.close()


def test_a_webhooks_address_has_no_such_test(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "data", None).start()
    try:
        answer = httpx.get(f"{shop.serving.base}/v1/inbound/shop", trust_env=False)
        assert answer.status_code == 404
    finally:
        shop.close()


# --- files ---------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
PICTURE = {"MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/x", "MediaId": "m1"}


def test_a_picture_is_kept_as_a_file(account: Account) -> None:
    account.platform.media["m1"] = ("image/jpeg", PNG)
    fields = said("", **PICTURE)
    assert account.hears(fields).text == "success"
    [text] = account.heard()
    assert text.startswith(f"{account.serving.base}/files/") and text.endswith(".png")
    assert httpx.get(text, trust_env=False).content == PNG
    account.hears(fields)  # a retry fetches nothing again
    assert account.heard() == [text] and account.platform.fetched == ["m1"]


def test_a_voice_is_kept_with_what_was_heard(account: Account) -> None:
    account.platform.media["v1"] = ("voice/amr", b"#!AMR\nxyz")
    account.hears(said("", MsgType="voice", MediaId="v1", Recognition="快递到哪了"))
    lead, address = account.heard()[0].split("\n")
    assert lead == "[语音] 快递到哪了" and address.endswith("/wechat.amr")


def test_a_token_that_ended_is_renewed_for_a_file(account: Account) -> None:
    account.platform.media["m1"] = account.platform.media["m2"] = ("image/png", PNG)
    account.hears(said("", number=1, **PICTURE))
    account.platform.expire()
    account.hears(said("", number=2, **(PICTURE | {"MediaId": "m2"})))
    assert [text.rpartition(".")[2] for text in account.heard()] == ["png", "png"]


def test_a_file_that_is_not_to_be_had_leaves_its_link(connects: Connect) -> None:
    link = "[图片] http://mmbiz.qpic.cn/x"
    gone = connects()
    gone.hears(said("", **PICTURE))
    assert gone.heard() == [link]
    large = connects("[files]\nfile_bytes = 65536\n")
    large.platform.media["m1"] = ("image/png", PNG + b"x" * 70_000)
    large.hears(said("", **PICTURE))
    assert large.heard() == [link]
    none = connects("[files]\nfile_bytes = 0\n")
    none.platform.media["m1"] = ("image/png", PNG)
    none.hears(said("", **PICTURE))
    assert none.heard() == [link] and none.platform.fetched == []
    dead = connects()
    dead.platform.die()
    dead.hears(said("", **PICTURE))
    assert dead.heard() == [link]
    dead.platform.live()


def test_wechat_is_answered_in_time_though_its_files_are_slow(account: Account) -> None:
    account.platform.media["m1"] = ("image/png", PNG)
    account.platform.pause = 20.0
    started = time.monotonic()
    assert account.hears(said("", **PICTURE)).text == "success"
    assert time.monotonic() - started < 5.0  # it asks for that
    assert account.heard() == ["[图片] http://mmbiz.qpic.cn/x"]
