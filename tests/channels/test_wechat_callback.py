"""What WeChat hands in: whose it is, what it says, and that it is taken once."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_tui.channels.base import Inbound, Request
from agent_tui.channels.wechat import callback, message
from agent_tui.channels.wechat.port import WeChat
from agent_tui.channels.wechat.settings import KEY_CHARS, WeChatSettings, new_key, new_token
from agent_tui.errors import DeskError, Unauthorized, UsageError
from agent_tui.settings.server import Outgoing
from tests.channels.account import encrypted, said, sha1, xml

# Published by WeChat with its sample programs.
SAMPLE = WeChatSettings(
    app="wx2c2769f8efd9abc2",
    secret="",
    token="spamtest",
    key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)
SAMPLE_AT, SAMPLE_NONCE = "1409735669", "1320562132"
SAMPLE_SIGNATURE = "5d197aaffba7e9b25a30732f161a50dee96bd5fa"
SAMPLE_ENCRYPTED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PG"
    "HQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6"
    "tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp"
    "3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhv"
    "Ql+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
SAMPLE_TEXT = "abcdteT"

# --- whose it is ---------------------------------------------------------------------------------


def test_the_published_signatures() -> None:
    # The examples of WeChat's page on message push: a test of the address, and a plain message.
    assert callback.signed("AAAAA", "1714036504", "1514711492") == (
        "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )
    assert callback.signed("AAAAA", "1714037059", "486452656") == (
        "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    )


def sample(**changed: str) -> Request:
    """WeChat's own encrypted sample, in the compatible mode: the plain fields are there as well."""
    body = xml({"FromUserName": "somebody else", "Content": "forged", "Encrypt": SAMPLE_ENCRYPTED})
    query = {
        "signature": sha1(SAMPLE.token, SAMPLE_AT, SAMPLE_NONCE),
        "timestamp": SAMPLE_AT,
        "nonce": SAMPLE_NONCE,
        "msg_signature": SAMPLE_SIGNATURE,
    }
    return Request({}, body, int(SAMPLE_AT) * 1000, query | changed)


def port(settings: WeChatSettings = SAMPLE) -> WeChat:
    return WeChat(settings, Outgoing(), None)


def test_the_published_encrypted_message() -> None:
    found = port().parse(sample())
    assert found is not None
    assert (found.text, found.customer, found.external) == (
        SAMPLE_TEXT,
        "oyORnuP8q7ou2gfYjqLzSIWZf0rs",
        "6054768590064713728",
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"msg_signature": ""},
        {"msg_signature": SAMPLE_SIGNATURE[:-1] + "b"},
        {"msg_signature": "签名"},
        {"signature": ""},
        {"nonce": "1320562133"},
        {"timestamp": "1409735670"},
    ],
)
def test_a_changed_signature_is_refused(changed: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        port().parse(sample(**changed))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_of_another_time_is_refused(seconds: int) -> None:
    asked = msgspec.structs.replace(sample(), now=(int(SAMPLE_AT) + seconds) * 1000)
    with pytest.raises(Unauthorized):
        port().parse(asked)


@pytest.mark.parametrize(
    "settings",
    [
        msgspec.structs.replace(SAMPLE, app="wx2c2769f8efd9abc3"),
        msgspec.structs.replace(SAMPLE, app=""),
        msgspec.structs.replace(SAMPLE, key="b" + SAMPLE.key[1:]),
    ],
)
def test_of_another_account_or_key_it_is_refused(settings: WeChatSettings) -> None:
    with pytest.raises(Unauthorized):
        port(settings).parse(sample())


@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 400))
def test_whatever_lies_in_the_ciphertext_nothing_breaks(
    raw: bytes, changed: int, place: int
) -> None:
    import base64

    good = bytearray(base64.b64decode(encrypted(SAMPLE.key, SAMPLE.app, raw)))
    assert callback.decrypted(SAMPLE.key, SAMPLE.app, base64.b64encode(good).decode()) == raw
    good[place % len(good)] ^= changed
    for broken in (bytes(good), raw, bytes(good[:-1]), bytes(good[:-32])):
        try:
            found = callback.decrypted(SAMPLE.key, SAMPLE.app, base64.b64encode(broken).decode())
        except Unauthorized:
            continue
        # The mode itself notices nothing in the middle: that is what the signature is for.
        assert isinstance(found, bytes)


@pytest.mark.parametrize("text", ["", "!", "ab", "A" * 43, "五"])
def test_what_is_no_ciphertext(text: str) -> None:
    with pytest.raises(Unauthorized):
        callback.decrypted(SAMPLE.key, SAMPLE.app, text)


def test_token_and_key_are_what_wechats_form_takes() -> None:
    assert new_token() != new_token() and re.fullmatch(r"[A-Za-z0-9]{3,32}", new_token())
    assert new_key() != new_key() and re.fullmatch(rf"[A-Za-z0-9]{{{KEY_CHARS}}}", new_key())


# --- what it says --------------------------------------------------------------------------------

BOMB = b"""<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<xml><Content>&b;</Content></xml>"""
OUTSIDE = b"""<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><Content>x</Content></xml>"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml><Content>x</Content>",
        b"<xml><Content>&b;</Content></xml>",
        b"<html><Content>x</Content></html>",
        b"<xml>" + b"<a>" * 10 + b"</a>" * 10 + b"</xml>",
        b'<?xml version="1.0" encoding="no-such"?><xml/>',
        b"<xml>\xff\xfe</xml>",
        b"x" * (message.MOST_BYTES + 1),
        b"{" * 1_000_00,
        BOMB,
        OUTSIDE,
        BOMB.decode().encode("utf-16"),
    ],
)
def test_what_is_no_message(body: bytes) -> None:
    with pytest.raises((UsageError, msgspec.MsgspecError)):
        message.fields(body)


def test_a_document_type_is_refused_before_anything_is_unfolded() -> None:
    for body in (BOMB, OUTSIDE):
        with pytest.raises(UsageError, match="DTD"):
            message.fields(body)


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for wrapped in (body, b"<xml>" + body + b"</xml>", b"{" + body, b"<?xml " + body):
        try:
            found = message.fields(wrapped)
        except (DeskError, msgspec.MsgspecError, UnicodeDecodeError):
            continue
        words = message.words(found, "zh")
        assert words is None or words.text.strip()


_values = (
    st.text(max_size=40)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
_nested = st.dictionaries(st.text(max_size=5), st.lists(_values, max_size=2), max_size=2)
_kinds = st.sampled_from(
    ["text", "image", "voice", "video", "shortvideo", "location", "link", "event", "file", "?"]
)
_names = st.sampled_from(
    ["Content", "PicUrl", "MediaId", "Recognition", "Label", "Title", "Url", "MsgId", "PagePath"]
)


@given(_kinds, st.dictionaries(_names, _values | _nested | st.none() | st.booleans()))
def test_any_fields_become_words_or_nothing(kind: str, more: dict[str, Any]) -> None:
    found = message.fields(json.dumps({"MsgType": kind, "FromUserName": "o"} | more).encode())
    for language in ("zh", "en"):
        words = message.words(found, language)
        assert words is None or (words.text.strip() and isinstance(words.media, str))
    assert message.identity(found)


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=60))
def test_a_text_is_the_same_in_xml_and_json(text: str) -> None:
    fields = said(text)
    one, two = message.fields(xml(fields)), message.fields(json.dumps(fields).encode())
    assert one == two and one["Content"] == text


KINDS: list[tuple[dict[str, Any], str, str]] = [
    ({"MsgType": "text", "Content": "在吗 <b>&amp;"}, "在吗 <b>&amp;", "在吗 <b>&amp;"),
    (
        {"MsgType": "image", "PicUrl": "http://mmbiz.qpic.cn/x", "MediaId": ""},
        "[图片] http://mmbiz.qpic.cn/x",
        "[picture] http://mmbiz.qpic.cn/x",
    ),
    (
        {"MsgType": "voice", "Recognition": "快递到哪了", "Format": "amr"},
        "[语音] 快递到哪了",
        "[voice message] 快递到哪了",
    ),
    ({"MsgType": "voice", "Format": "amr"}, "[语音]", "[voice message]"),
    ({"MsgType": "video"}, "[视频]", "[video]"),
    ({"MsgType": "shortvideo"}, "[视频]", "[video]"),
    (
        {"MsgType": "location", "Location_X": "23.13", "Location_Y": "113.35", "Label": "广州"},
        "[位置] 广州 23.13,113.35",
        "[location] 广州 23.13,113.35",
    ),
    (
        {"MsgType": "link", "Title": "杯子", "Description": "白色", "Url": "https://a.cn/1"},
        "[链接] 杯子\n白色\nhttps://a.cn/1",
        "[link] 杯子\n白色\nhttps://a.cn/1",
    ),
    (
        {"MsgType": "miniprogrampage", "Title": "订单", "PagePath": "pages/order?id=1"},
        "[小程序] 订单\npages/order?id=1",
        "[mini-program] 订单\npages/order?id=1",
    ),
    ({"MsgType": "file", "Title": "发票.pdf"}, "[文件] 发票.pdf", "[file] 发票.pdf"),
    (
        {"MsgType": "hologram"},
        "[这里看不了的消息：hologram]",
        "[a message that cannot be shown here: hologram]",
    ),
]


@pytest.mark.parametrize(("fields", "zh", "en"), KINDS)
def test_each_kind_has_words(fields: dict[str, Any], zh: str, en: str) -> None:
    found = {name: str(value) for name, value in fields.items()}
    for language, wanted in (("zh", zh), ("en", en)):
        words = message.words(found, language)
        assert words is not None and words.text == wanted


EVENTS = ["subscribe", "unsubscribe", "user_enter_tempsession", "CLICK", "SCAN", "debug_demo", ""]


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_says_nothing(event: str) -> None:
    assert message.words({"MsgType": "event", "Event": event}, "zh") is None


def test_a_message_of_parse() -> None:
    settings = msgspec.structs.replace(SAMPLE, plain=True, language="en")
    fields = {"FromUserName": "o1", "CreateTime": 7, "MsgType": "image", "MediaId": "m"}
    query = {"timestamp": "100", "nonce": "n", "signature": sha1(SAMPLE.token, "100", "n")}
    found = port(settings).parse(Request({}, xml(fields), 100_000, query))
    assert found == Inbound(
        external="o1:7:image", customer="o1", text="[picture]", language="en", media="m"
    )
