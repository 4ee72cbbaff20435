"""A mail's bytes are read as what they are, whatever it says of them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_tui.channels.mail import charsets, parse
from tests.mail.letters import DESK, raw

TYPE = "Content-Type: text/plain; charset="
RARE = "我是王喆，买了镕牌的㙍"  # beyond gb2312, and beyond gbk


def text_of(data: bytes) -> str:
    return parse.read(data, DESK).text


def b64(data: bytes) -> bytes:
    return base64.encodebytes(data)


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        (RARE.encode("gb18030"), "gb2312", RARE),
        (RARE.encode("gb18030"), '"GBK"', RARE),
        ("你好，在吗".encode("gb18030"), "utf-8", "你好，在吗"),
        ("你好，在吗".encode(), "gb2312", "你好，在吗"),
        ("你好，在吗".encode(), "iso-8859-1", "你好，在吗"),
        ("你好，在吗".encode(), "us-ascii", "你好，在吗"),
        ("你好，我的包裹还没有到".encode("gb18030"), "us-ascii", "你好，我的包裹还没有到"),
        ("你好，在吗".encode(), "x-unknown", "你好，在吗"),
        ("你好，我的包裹还没有到".encode("gb18030"), "x-unknown", "你好，我的包裹还没有到"),
        ("你好，在吗".encode(), "zlib", "你好，在吗"),
        ("您好，貨還沒到".encode("big5"), "big5", "您好，貨還沒到"),
        ("联通".encode("gb18030"), "gb2312", "联通"),
        (
            "Où est ma café ? déjà payé".encode("latin-1"),
            "iso-8859-1",
            "Où est ma café ? déjà payé",
        ),
        ("Où est ma café ?".encode("cp1252"), "us-ascii", "Où est ma café ?"),
        ("“quoted”".encode("cp1252"), "iso-8859-1", "“quoted”"),
        ("注文が届きません".encode("iso-2022-jp"), "iso-2022-jp", "注文が届きません"),
        ("注文が届きません".encode("cp932"), "shift_jis", "注文が届きません"),
        ("안녕하세요".encode("cp949"), "ks_c_5601-1987", "안녕하세요"),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет"),
        ("你好".encode("utf-7"), "utf-7", "你好"),
        ("你好".encode("utf-16"), "utf-16", "你好"),
        (b"1 + 1, a+b@c.example ~{x", "us-ascii", "1 + 1, a+b@c.example ~{x"),
        ("你好".encode() + b"\xff" + "在吗".encode(), "utf-8", "你好\ufffd在吗"),
    ],
)
def test_charsets(data: bytes, charset: str, text: str) -> None:
    mail = raw(b64(data), f"{TYPE}{charset}", "Content-Transfer-Encoding: base64")
    assert text_of(mail) == text


def test_text_without_any_word_on_what_it_is() -> None:
    assert text_of(raw("你好，在吗".encode())) == "你好，在吗"
    assert text_of(raw("你好，我的包裹还没有到".encode("gb18030"))) == "你好，我的包裹还没有到"


@pytest.mark.parametrize(
    "body",
    [
        b64("你好，在吗".encode()).rstrip(b"=\n"),
        b64("你好，在吗".encode())[:-1] + b"!!\n\n",
        b64("你好，在吗".encode()) + b"-- \nadvertisement",
    ],
)
def test_broken_base64(body: bytes) -> None:
    mail = raw(body, f"{TYPE}utf-8", "Content-Transfer-Encoding: base64")
    assert text_of(mail).startswith("你好，在")


def test_broken_quoted_printable() -> None:
    body = b"=E4=BD=A0=E5=A5=BD =ZZ =\r\n=E5"
    mail = raw(body, f"{TYPE}utf-8", "Content-Transfer-Encoding: quoted-printable")
    assert text_of(mail).startswith("你好")


@pytest.mark.parametrize(
    ("written", "subject"),
    [
        (
            "=?gb2312?B?" + base64.b64encode("王喆的订单".encode("gb18030")).decode() + "?=",
            "王喆的订单",
        ),
        ("=?utf-8?q?=E5=8C=85=E8=A3=B9?= =?utf-8?q?_A1?=", "包裹 A1"),
        # A character cut in two, as many programs do.
        ("=?utf-8?B?5YyF6KM=?= =?utf-8?B?uQ==?=", "包裹"),
        ("=?utf-8?B?5YyF6KO5?= and more", "包裹 and more"),
        ("Order =?utf-8?B?5YyF6KO5?= a =?utf-8?q?b?=", "Order 包裹 a b"),
        ("=?no-such?B?5YyF6KO5?=", "包裹"),
        ("=?utf-8?B?5YyF6KO5", "=?utf-8?B?5YyF6KO5"),
        ("=?utf-8?B?////?=", "\ufffd\ufffd\ufffd"),
        ("a\x1b[31mb\x07", "a[31mb"),
        ("Re: Re: 包裹", "包裹"),
    ],
)
def test_subjects(written: str, subject: str) -> None:
    assert parse.read(raw(b"x", f"Subject: {written}")).subject == subject


def test_a_subject_in_bare_bytes() -> None:
    data = raw(b"x").replace(
        b"To: ", b"Subject: " + "包裹没到，已经三天".encode("gb18030") + b"\r\nTo: "
    )
    assert parse.read(data).subject == "包裹没到，已经三天"


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_are_some_text(data: bytes, said: str) -> None:
    charsets.decode(data, said)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_some_header(text: str) -> None:
    charsets.words(text)
