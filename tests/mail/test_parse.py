"""What a mail is read as: who wrote, its text, its files, its kind; hostile bytes, too."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_tui.channels.mail import parse
from agent_tui.channels.mail.kinds import Kind
from agent_tui.text import clean
from tests.mail.letters import DESK, WANG, letter, raw


def text_of(data: bytes) -> str:
    return parse.read(data, DESK).text


# --- who ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "more", "name", "address"),
    [
        ("=?utf-8?B?546L5aWz5aOr?= <Wang@Customer.example>", (), "王女士", WANG),
        ('"Li, Lei" <li@x.example>', (), "Li, Lei", "li@x.example"),
        ("wang@customer.example", (), "", WANG),
        ("noreply@form.example", ("Reply-To: Wang <wang@customer.example>",), "Wang", WANG),
        (DESK, ("Reply-To: wang@customer.example",), "", WANG),
        (f"Wang <{WANG}>", (f"Reply-To: {DESK}",), "Wang", WANG),
        (DESK, (), "", DESK),
        ("broken", ("Sender: wang@customer.example",), "", WANG),
        ("a@x.example, b@y.example", (), "", "a@x.example"),
    ],
)
def test_who_is_to_be_answered(sender: str, more: tuple[str, ...], name: str, address: str) -> None:
    found = parse.read(raw(b"hi", *more, sender=sender), DESK)
    assert (found.name, found.sender) == (name, address)


@pytest.mark.parametrize(
    "sender", ["", "nobody", "<>", "undisclosed-recipients:;", "a@" + "b" * 300]
)
def test_nobody_is_to_be_answered(sender: str) -> None:
    with pytest.raises(parse.Unanswerable):
        parse.read(raw(b"hi", sender=sender), DESK)


def test_the_same_mail_twice_is_one_and_two_are_two() -> None:
    one = letter("a", message_id="<x@y.example>")
    again = b"Received: from elsewhere\r\n" + one
    assert parse.read(one).external == parse.read(again).external
    # Some programs give every mail the same Message-ID.
    other = letter("a", "other", message_id="<x@y.example>")
    assert parse.read(one).external != parse.read(other).external
    bare = one.replace(b"Message-ID", b"X-Nothing")
    assert parse.read(bare).external == parse.read(bare).external
    assert parse.read(bare).external != parse.read(bare + b"!").external
    long = letter("a", message_id="<" + "x" * 240 + "@y.example>")
    assert len(parse.read(long).external) <= 192


def test_what_it_answers() -> None:
    ours = "<agent-tui.m5f0c@shop.example>"
    found = parse.read(letter(answers=ours))
    assert found.ours == ("m5f0c",) and found.references == (ours,)
    assert found.kind is Kind.PERSON


# --- what is text --------------------------------------------------------------------------------

BOTH = b"""--b\r
Content-Type: text/plain; charset=utf-8\r
\r
%s\r
--b\r
Content-Type: text/html; charset=utf-8\r
\r
<p>rich</p>\r
--b--\r
"""


def test_plain_text_is_preferred_unless_it_is_empty() -> None:
    kind = "Content-Type: multipart/alternative; boundary=b"
    assert text_of(raw(BOTH % b"plain", kind)) == "plain"
    assert text_of(raw(BOTH % b"  ", kind)) == "rich"


def test_files_are_named_and_kept_apart() -> None:
    body = (
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsee the picture\r\n"
        b'--b\r\nContent-Type: image/png; name="=?gb2312?B?'
        + base64.b64encode("照片.png".encode("gb18030"))
        + b'?="\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n'
        b"--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Disposition: attachment; filename*0*=utf-8''%E5%8F%91; "
        b"filename*1*=%E7%A5%A8.pdf\r\n"
        b"\r\n%PDF\r\n"
        b"--b\r\nContent-Type: text/plain; name=log.txt\r\n\r\nlog\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n"
    )
    found = parse.read(raw(body, "Content-Type: multipart/mixed; boundary=b"))
    assert [(each.name, each.data) for each in found.attachments] == [
        ("照片.png", b"\x89PNG\r\n"),
        ("发票.pdf", b"%PDF"),
        ("log.txt", b"log"),
    ]
    assert found.text == "see the picture\n\n--- inner ---\n\ninner text"


def test_a_file_name_in_bare_bytes() -> None:
    head = (
        b'Content-Disposition: attachment; filename="' + "发票没有".encode("gb18030") + b'.pdf"\r\n'
    )
    data = raw(b"x").replace(b"To: ", head + b"To: ")
    assert parse.read(data).attachments[0].name == "发票没有.pdf"


def test_very_many_files_and_parts() -> None:
    part = b"--b\r\nContent-Disposition: attachment; filename=a.bin\r\n\r\nx\r\n"
    found = parse.read(raw(part * 3000 + b"--b--", "Content-Type: multipart/mixed; boundary=b"))
    assert len(found.attachments) < 200
    assert sum(bool(each.data) for each in found.attachments) == 20


def test_lines_that_a_program_broke_are_whole_again() -> None:
    body = b"one two \r\nthree\r\n\r\n> quoted \r\n> more\r\n from here\r\n-- \r\nme"
    found = text_of(raw(body, "Content-Type: text/plain; format=flowed"))
    assert found.startswith("one two three\n\n> quoted")
    assert "\nfrom here\n" in found


# --- kinds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ((), Kind.PERSON),
        (("Auto-Submitted: no",), Kind.PERSON),
        (("Precedence: first-class",), Kind.PERSON),
        (("Auto-Submitted: auto-replied (vacation)",), Kind.ABSENCE),
        (("X-Autoreply: yes",), Kind.ABSENCE),
        (("Precedence: auto_reply",), Kind.ABSENCE),
        (("Auto-Submitted: auto-generated",), Kind.AUTOMATIC),
        (("Precedence: bulk",), Kind.AUTOMATIC),
        (("Precedence: Junk",), Kind.AUTOMATIC),
        (("Precedence: list",), Kind.AUTOMATIC),
        (("List-Id: <news.x.example>",), Kind.AUTOMATIC),
        (("List-Unsubscribe: <https://x.example>",), Kind.AUTOMATIC),
        (("Return-Path: <>",), Kind.AUTOMATIC),
    ],
)
def test_who_wrote_it(headers: tuple[str, ...], kind: Kind) -> None:
    assert parse.read(raw(b"x", *headers)).kind is kind


BOUNCE = (
    b"--r\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
    b"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; wang@customer.example\r\nAction: %s\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
    b"--r\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    b"Message-ID: <agent-tui.m5f0c@shop.example>\r\n\r\n"
    b"--r--\r\n"
)
REPORT = "Content-Type: multipart/report; report-type=delivery-status; boundary=r"


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "<>", "MAILER-DAEMON"])
def test_a_report_that_a_reply_came_back(sender: str) -> None:
    found = parse.read(raw(BOUNCE % b"failed", REPORT, sender=sender), DESK)
    assert found.kind is Kind.REPORT and found.report is not None
    assert found.report.keys == ("m5f0c",) and found.report.failed
    assert found.report.detail == "smtp; 550 5.1.1 no such user"
    late = parse.read(raw(BOUNCE % b"delayed", REPORT, sender=sender), DESK)
    assert late.report is not None and not late.report.failed


def test_a_report_that_is_but_a_letter() -> None:
    body = b"could not deliver\r\nMessage-Id: <agent-tui.m1@shop.example>"
    found = parse.read(raw(body, "Subject: failed", sender="postmaster@qq.example"), DESK)
    assert found.report is not None and found.report.keys == ("m1",) and found.report.failed


# --- whatever the bytes are ----------------------------------------------------------------------


def nested(depth: int) -> bytes:
    head = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth)
    )
    return raw(b"").rstrip(b"\r\n") + b"\r\n" + head.encode() + b"\r\nhi"


@pytest.mark.parametrize("depth", [10, 40, 400, 20_000])
def test_parts_within_parts(depth: int) -> None:
    assert parse.read(nested(depth)).sender == WANG


_HEADERS = st.sampled_from(
    [
        *("From", "Reply-To", "Subject", "Content-Type", "Content-Disposition", "Message-ID"),
        *("References", "Content-Transfer-Encoding", "Auto-Submitted", "Date", "MIME-Version"),
    ]
)
_VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            *(b"multipart/mixed; boundary=b", b"multipart/report", b"text/html; charset=gb2312"),
            *(b"text/plain; charset*=utf-8''%FF", b'text/plain; charset="utf-8\0"', b"base64"),
            *(b"message/rfc822", b"quoted-printable", b"x-uuencode", b"=?utf-8?B?/w==?=", b"7bit;"),
            *(b"attachment; filename*0*=x''%zz; filename*2=a", b"a <b@c.example>", b"=?a?q??="),
            *(
                b'"\\" <a@b.example>',
                b"text/plain; format=flowed; delsp=yes",
                b"message/delivery-status",
            ),
        ]
    ),
)
_BODY = st.one_of(
    st.binary(max_size=400),
    st.lists(
        st.sampled_from(
            [
                *(
                    b"--b\r\n",
                    b"--b--\r\n",
                    b"Content-Type: text/html\r\n",
                    b"\r\n",
                    b"<a href=",
                    b">",
                ),
                *(
                    b"begin 644 x\r\n",
                    b"end\r\n",
                    b"=E4=BD",
                    b"&#99999999999;",
                    b"\xff\xfe",
                    b"> x\n",
                ),
                *(
                    b"Content-Type: multipart/alternative; boundary=b\r\n",
                    b"\x1b[2J",
                    b"\xe2\x80\xae",
                ),
            ]
        ),
        max_size=30,
    ).map(b"".join),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_HEADERS, _VALUES), max_size=8), _BODY)
@example([("From", b"a@b.example"), ("Content-Type", b"text/plain; charset=\xff")], b"\xff")
@example(
    [("From", b"a@b.example"), ("Content-Transfer-Encoding", b"x-uuencode")], b"begin 9 \xff\n#"
)
def test_whatever_comes_is_read_or_unanswerable(
    headers: list[tuple[str, bytes]], body: bytes
) -> None:
    head = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
    try:
        found = parse.read(head + b"\r\n" + body, DESK)
    except parse.Unanswerable:
        return
    for text in (found.text, found.subject, found.name):
        assert clean(text) == text
    assert found.text.strip()
    assert 0 < len(found.external) <= 192 and found.external.isprintable()
    for each in found.attachments:
        assert clean(each.name) == each.name and "\n" not in each.name
    for key in found.references:
        assert key.isascii() and key.isprintable()
