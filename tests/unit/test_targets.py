"""What in a message can be opened, and what is only dressed up as something else."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from agent_tui.text import clean
from agent_tui.tui.targets import BEFORE_HOST, IDN, Kind, targets


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("看 https://a.example.com/x?y=1#z 谢谢", "https://a.example.com/x?y=1#z"),
        ("看https://a.example.com/x你好", "https://a.example.com/x"),
        ("在https://a.example.com你好", "https://a.example.com"),
        ("（https://a.example.com/x）", "https://a.example.com/x"),
        ("(see https://a.example.com/x_(1)).", "https://a.example.com/x_(1)"),
        ("https://a.example.com/x。", "https://a.example.com/x"),
        ("HTTP://a.example.com:8080/", "HTTP://a.example.com:8080/"),
        ("www.example.com/a", "https://www.example.com/a"),
    ],
)
def test_an_address_ends_where_the_sentence_goes_on(text: str, value: str) -> None:
    [target] = targets(text)
    assert (target.kind, target.value, target.doubt) == (Kind.LINK, value, None)
    assert text[target.start : target.end] in value


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ssh://host.example.com",
        "https://",
        "https://nodots",
        "xhttps://a.example.com",
        "https://a.example.com:99999999/x",
        "https://[::1",
        "https://a.example.com/" + "x" * 5000,
    ],
)
def test_nothing_else_is_an_address(text: str) -> None:
    assert not targets(text)


@pytest.mark.parametrize(
    ("text", "host", "doubt"),
    [
        ("https://аpple.com/login", "xn--pple-43d.com", IDN),
        ("https://xn--pple-43d.com/login", "xn--pple-43d.com", IDN),
        ("https://例子.公司.cn/", "xn--fsqu00a.xn--55qx5d.cn", IDN),
        ("https://taobao.com@evil.example.com/", "evil.example.com", BEFORE_HOST),
    ],
)
def test_a_host_that_is_not_what_it_looks_like_is_told(text: str, host: str, doubt: object) -> None:
    [target] = targets(text)
    assert (target.host, target.doubt) == (host, doubt)


def test_pictures_are_known_by_their_path() -> None:
    [picture, page] = targets("https://c.example.com/a/cup.JPG?w=2 https://c.example.com/?f=x.png")
    assert (picture.kind, picture.name) == (Kind.PICTURE, "cup.JPG")
    assert page.kind is Kind.LINK


def test_numbers_of_orders_and_parcels_are_found_and_others_not() -> None:
    text = (
        "订单1234567890123，运单SF1234567890123、1Z999AA10123456784，111-1234567-1234567；"
        "不是：123456789 123456789012345678901 https://a.example.com/1234567890123 v1234567890123"
    )
    numbers = [each.value for each in targets(text) if each.kind is Kind.NUMBER]
    assert numbers == [
        "1234567890123",
        "SF1234567890123",
        "1Z999AA10123456784",
        "111-1234567-1234567",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "www." * 25_000,
        "https://a.b/" + ")" * 100_000,
        "https://" * 20_000,
        "https://a" + ".a" * 50_000,
        "A1" * 50_000,
        "1" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_text_made_to_be_slow_is_not(text: str) -> None:
    started = time.process_time()
    targets(text)
    assert time.process_time() - started < 5  # what was quadratic took minutes


def test_any_text_is_taken() -> None:
    path = os.environ.get("AGENT_TUI_HOSTILE")
    texts = ["", "https://\u202e.com", "http://\x1b]8;;x\x07"]
    if path:
        texts += [
            json.loads(line)["text"] for line in Path(path).read_text("utf-8").split("\n") if line
        ]
    for text in map(clean, texts):
        for target in targets(text):
            assert text[target.start : target.end] in target.value
            assert target.value.isprintable() and " " not in target.value
