"""HTML as text, and what of a text the customer wrote now."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_tui.channels.mail import markup, quotes


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>one</p><p>two &amp; three</p>", "one\n\ntwo & three"),
        ("a<br>b<br/><br>c", "a\nb\n\nc"),
        ("<style>p{}</style><script>alert('<p>')</script><p>hi", "hi"),
        ("<script>never closed <p>hi", ""),
        ("<!-- <p>no</p> -->yes", "yes"),
        ("<!-- never closed yes", ""),
        ('<a href="https://x.example/1">look</a>', "look (https://x.example/1)"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ('<a href="javascript:alert(1)">look</a>', "look"),
        ('<img alt="a cat" src="x"><img src="y">', "[a cat]"),
        ("<ul><li>one<li>two</ul>", "- one\n- two"),
        ("<blockquote>old<blockquote>older</blockquote></blockquote>new", "> old\n> > older\nnew"),
        ('<div>me<div class="gmail_quote">old</div>again</div>', "me\n> old\nagain"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("&#1234567890123; &#xZ; &nosuch;", "\ufffd &#xZ; &nosuch;"),
        ("cut <a href='", "cut"),
    ],
)
def test_html(source: str, text: str) -> None:
    assert markup.to_text(source) == text


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!--",
        "<a href='x'>y",
        "</script",
        "<script>",
        "<div class=gmail_quote>",
        "<blockquote>",
        "&",
        "&#9",
        "<td>",
        " \n",
        "<a ",
        "<![CDATA[",
        "x<i>",
        "<a href=https://x.example>y<i>",
    ],
)
def test_html_takes_no_longer_than_it_is_long(piece: str) -> None:
    started = time.process_time()
    markup.to_text(piece * (400_000 // len(piece)))
    assert time.process_time() - started < 4.0


# --- history and signatures ----------------------------------------------------------------------

NEW = "谢谢，收到了。"
GMAIL = f"{NEW}\n\n客服 <desk@shop.example> 于2026年1月6日周二 10:00写道：\n\n> 您好\n> 已发出\n"
QQ = (
    f'{NEW}\n\n------------------ 原始邮件 ------------------\n发件人: "客服" <desk@shop.example>\n'
    '发送时间: 2026年1月6日(星期二) 上午10:00\n收件人: "王" <wang@customer.example>\n'
    "主题: Re: 包裹\n\n您好\n"
)
OUTLOOK = (
    "Thanks\n\n________________________________\nFrom: Desk <desk@shop.example>\n"
    "Sent: Tuesday, January 6, 2026 10:00\nTo: Wang\nSubject: Re: parcel\n\nHello\n"
)
APPLE = "Thanks\n\nOn 6 Jan 2026, at 10:00, Desk <desk@shop.example>\nwrote:\n\n> Hello\n"


@pytest.mark.parametrize(
    ("text", "kept", "lines"),
    [
        (GMAIL, f"{NEW}\n\n…（略去 3 行引用的历史）", 3),
        (QQ, f"{NEW}\n\n…（略去 6 行引用的历史）", 6),
        (OUTLOOK, "Thanks\n\n… (quoted history left out, lines: 6)", 6),
        (APPLE, "Thanks\n\n… (quoted history left out, lines: 3)", 3),
        ("Thanks\n> Hello\n>\n> more", "Thanks\n… (quoted history left out, lines: 3)", 3),
        (
            "Hi\nOn Monday, Li wrote:\n> one\nmy answer\n> two",
            "Hi\nOn Monday, Li wrote:\n> one\nmy answer\n… (quoted history left out, lines: 1)",
            1,
        ),
    ],
)
def test_history_is_cut_and_said(text: str, kept: str, lines: int) -> None:
    zh = NEW in text
    assert quotes.cut(text, "Re: x", answer=True, zh=zh).replace("\n\n…", "\n…") == kept.replace(
        "\n\n…", "\n…"
    )


@pytest.mark.parametrize(
    ("text", "subject", "answer"),
    [
        ("> Did it leave?\nYes, on Monday.\n> And when?\nToday.", "Re: x", True),
        ("> only quoted", "Re: x", True),
        (GMAIL, "包裹", False),
        (QQ, "转发: 包裹", True),
        (OUTLOOK, "Fwd: parcel", True),
        ("He wrote:\nplease come", "Re: x", True),
        ("From: Beijing\nTo: Shanghai\nwhen?", "Re: x", True),
        ("在线客服写道：\n请联系我", "Re: x", True),
        ("a\n-- \n" + "long\n" * 40, "x", False),
    ],
)
def test_if_in_doubt_all_of_it_stays(text: str, subject: str, answer: bool) -> None:
    assert quotes.cut(text, subject, answer=answer, zh=True) == text.rstrip("\n")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("hi\n-- \nWang\nExample Ltd", "hi\n… (a signature left out)"),
        ("hi\n\nSent from my iPhone", "hi\n… (a signature left out)"),
        ("hi\n-- \n", "hi\n-- "),
        ("-- \nWang", "-- \nWang"),
        ("a -- b\n---\nc", "a -- b\n---\nc"),
    ],
)
def test_signatures(text: str, kept: str) -> None:
    assert quotes.cut(text, "x", answer=False, zh=False).rstrip() == kept.rstrip()


@pytest.mark.parametrize(
    "piece",
    ["\n", ">\n", "a写道：\n", "From: x\n", " ", "-", "On wrote:\n", "* ", "_", "x" * 300 + "\n"],
)
def test_cutting_takes_no_longer_than_the_text_is_long(piece: str) -> None:
    started = time.process_time()
    quotes.cut("x" + piece * (400_000 // len(piece)), "Re: x", answer=True, zh=True)
    assert time.process_time() - started < 4.0


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_some_html(text: str) -> None:
    markup.to_text(text)
