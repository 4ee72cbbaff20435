"""A reply leaves by SMTP, and what became of it is exactly what is known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import msgspec
import pytest

from agent_tui.channels.base import Arrived, Outbound, Outcome, Refused, Unknown, Unreached
from agent_tui.channels.mail import names, smtp
from agent_tui.channels.mail.compose import bare, compose
from agent_tui.channels.mail.port import Mail
from agent_tui.channels.mail.settings import MailSettings, Place
from agent_tui.errors import UsageError, WireError
from agent_tui.settings.server import Outgoing
from tests.mail.smtpd import CUT, HANG, Server
from tests.mail.tls import Certificate

NOW = 1_767_664_800_000


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def settings(port: int, **changes: object) -> MailSettings:
    place = Place("127.0.0.1", port, "none")
    made = MailSettings("desk@shop.example", "青禾生活", place, place, "", "", "", "")
    return msgspec.structs.replace(made, **changes)


def outbound(**changes: object) -> Outbound:
    made = Outbound(
        key="m5f0c",
        conversation="c1",
        customer="wang@customer.example",
        agent="小李",
        text="您好，已经发出。\n.\n..两点\n",
        at=NOW,
        now=NOW + 5_000,
        subject="包裹没到",
        answers=("<0@customer.example>", "<1@customer.example>"),
    )
    return msgspec.structs.replace(made, **changes)


def deliver(where: MailSettings, what: Outbound | None = None, seconds: float = 5.0) -> Outcome:
    return asyncio.run(Mail(where, Outgoing(timeout=seconds)).deliver(what or outbound()))


def test_a_reply_arrives_in_its_thread(server: Server) -> None:
    assert deliver(settings(server.port)) == Arrived()
    [got] = server.got
    assert (got.sender, got.to) == ("desk@shop.example", "wang@customer.example")
    mail = got.mail
    [sender] = mail["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("小李 · 青禾生活", "desk@shop.example")
    assert mail["To"] == "wang@customer.example"
    assert mail["Subject"] == "Re: 包裹没到"
    assert mail["In-Reply-To"] == "<1@customer.example>"
    assert mail["References"] == "<0@customer.example> <1@customer.example>"
    assert mail["Message-ID"] == "<agent-tui.m5f0c@shop.example>"
    assert parsedate_to_datetime(mail["Date"]).timestamp() * 1000 == NOW
    # A person wrote it: programs that answer no robots may answer this.
    assert not {"auto-submitted", "precedence"} & {name.lower() for name in mail}
    assert mail.get_content().replace("\r\n", "\n") == "您好，已经发出。\n.\n..两点\n"
    assert got.data.isascii() and max(map(len, got.data.split(b"\r\n"))) <= 78


def test_a_repeat_is_the_same_mail(server: Server) -> None:
    deliver(settings(server.port))
    deliver(settings(server.port), outbound(now=NOW + 9_000_000))
    one, two = server.got
    assert one.data == two.data


@pytest.mark.parametrize(
    ("stage", "answer", "outcome"),
    [
        ("connect", b"421 too many", Unreached("busy", "421 too many")),
        ("connect", b"554 go away", Refused("refused", "554 go away")),
        ("MAIL", b"451 later", Unreached("busy", "451 later")),
        ("MAIL", b"553 not you", Refused("refused", "553 not you")),
        ("RCPT", b"450 greylisted", Unreached("busy", "450 greylisted")),
        (
            "RCPT",
            b"550 5.1.1 no\x1b[31m such person",
            Refused("refused", "550 5.1.1 no[31m such person"),
        ),
        ("DATA", b"452 full", Unreached("busy", "452 full")),
        ("DATA", b"554 no", Refused("refused", "554 no")),
        ("dot", b"451 later", Unreached("busy", "451 later")),
        ("dot", b"552 too large", Refused("refused", "552 too large")),
        ("dot", b"abc what?", Unknown("no_answer", "-1 what?")),
    ],
)
def test_what_the_server_says(server: Server, stage: str, answer: bytes, outcome: Outcome) -> None:
    server.says(stage, answer)
    assert deliver(settings(server.port)) == outcome


@pytest.mark.parametrize("stage", ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [CUT, HANG])
def test_before_the_dot_nothing_left(server: Server, stage: str, answer: bytes) -> None:
    server.says(stage, answer)
    found = deliver(settings(server.port), seconds=1.0)
    assert isinstance(found, Unreached) and found.code == "unreachable"
    server.release.set()
    time.sleep(0.2)
    assert server.got == []


def test_amid_the_mail_nothing_left(server: Server) -> None:
    server.says("body", CUT)
    # More than lies in the buffers on the way: these count as sent, and nobody knows.
    port = Mail(settings(server.port), Outgoing(timeout=10.0, body_bytes=16_777_216))
    found = asyncio.run(port.deliver(outbound(text="long line\n" * 1_500_000)))
    assert isinstance(found, Unreached)
    assert server.got == []


@pytest.mark.parametrize("answer", [CUT, HANG])
def test_after_the_dot_nobody_knows(server: Server, answer: bytes) -> None:
    server.says("dot", answer)
    found = deliver(settings(server.port), seconds=4.0)
    assert isinstance(found, Unknown) and found.code == "no_answer"
    assert len(server.got) == 1


def test_the_time_is_that_of_all_steps_together(server: Server) -> None:
    """Each answer comes in time, all of them together do not: then the dot never leaves."""
    server.pause = 0.3
    assert isinstance(deliver(settings(server.port), seconds=1.0), Unreached)
    time.sleep(1.5)
    assert server.got == []


def test_the_time_is_over_while_the_server_still_greets(server: Server) -> None:
    """Nothing can be cut yet; what goes on in the thread stops before the dot."""
    server.pause = 0.2
    server.says("connect", b"220-wait\r\n220-wait\r\n220-wait\r\n220 here")
    assert isinstance(deliver(settings(server.port), seconds=0.5), Unreached)
    time.sleep(2.0)
    assert server.got == []


def test_a_goodbye_that_fails_takes_nothing_back(server: Server) -> None:
    server.says("QUIT", CUT)
    assert deliver(settings(server.port)) == Arrived()


def test_nobody_listens(server: Server) -> None:
    server.die()
    found = deliver(settings(server.port))
    assert isinstance(found, Unreached) and found.code == "unreachable"


def test_a_login_that_is_refused_says_nothing_about_the_mail(server: Server) -> None:
    server.says("EHLO", b"250-here\r\n250 AUTH PLAIN")
    server.says("AUTH", b"535 wrong password")
    where = settings(server.port, smtp_user="desk", smtp_password="x")
    assert deliver(where) == Unreached("login", "535 wrong password")
    server.says("AUTH", b"454 later")
    assert deliver(where) == Unreached("busy", "454 later")
    server.says("AUTH", b"235 come in")
    assert deliver(where) == Arrived()


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x\r\nBcc: all@shop.example\r\n\r\nhello"},
        {"agent": "x\r\nBcc: all@shop.example"},
        {"agent": '"<evil@x.example>, '},
        {"answers": ("<a@b>\r\nBcc: all@shop.example",)},
        {"text": "one\r\n.\r\nMAIL FROM:<x@y.example>\r\n"},
        {"subject": "\ud800 " + "长" * 4000},
    ],
)
def test_nothing_of_it_becomes_a_header_or_a_command(
    server: Server, changes: dict[str, object]
) -> None:
    assert deliver(settings(server.port), outbound(**changes)) == Arrived()
    [got] = server.got
    assert set(got.mail.keys()) <= {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert [each.addr_spec for each in got.mail["From"].addresses] == ["desk@shop.example"]
    if "text" in changes:
        assert "MAIL FROM" in got.mail.get_content()


@pytest.mark.parametrize("customer", ["", "nobody", "a@b@c", "a b@c.example", "a@b.example\nx"])
def test_a_customer_without_an_address_cannot_be_written_to(server: Server, customer: str) -> None:
    found = deliver(settings(server.port), outbound(customer=customer))
    assert isinstance(found, Refused)
    assert server.connections == 0


def test_addresses_beyond_ascii(server: Server) -> None:
    """A domain has its form on the wire; what stands before the @ needs a server that takes it."""
    assert deliver(settings(server.port), outbound(customer="li@例子.example")) == Arrived()
    assert server.got[-1].to == "li@xn--fsqu00a.example"
    wide = outbound(customer="李@customer.example")
    assert deliver(settings(server.port), wide) == Refused("refused", "553 SMTPUTF8")
    server.says("EHLO", b"250-here\r\n250-8BITMIME\r\n250 SMTPUTF8")
    assert deliver(settings(server.port), wide) == Arrived()
    assert server.got[-1].to == "李@customer.example"


def test_a_mail_that_is_too_large_never_leaves(server: Server) -> None:
    port = Mail(settings(server.port), Outgoing(body_bytes=1024))
    assert asyncio.run(port.deliver(outbound(text="长" * 400))) == Refused("too_large")
    assert server.connections == 0


def test_long_threads_keep_their_beginning_and_their_end() -> None:
    ids = tuple(f"<{n}@customer.example>" for n in range(60))
    mail = compose(settings(1), outbound(answers=ids))
    named = str(mail["References"]).split()
    assert named[0] == ids[0] and named[1:] == list(ids[-19:])


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("包裹", "包裹"),
        ("Re: RE: 回复：包裹", "包裹"),
        ("Re[2]: parcel", "parcel"),
        ("答复: parcel", "parcel"),
        ("Fwd: parcel", "Fwd: parcel"),
        ("Regarding: x", "Regarding: x"),
        ("", ""),
    ],
)
def test_subjects_without_what_programs_put_before_them(subject: str, said: str) -> None:
    assert bare(subject) == said


def test_a_reply_to_a_mail_without_a_subject_has_one() -> None:
    assert compose(settings(1), outbound(subject=""))["Subject"] == "Re: 青禾生活"


def test_our_ids_are_known_again() -> None:
    made = names.message_id("m5f0c", "shop.example")
    assert names.ours(f"<x@y> {made} <z@y>") == ("m5f0c",)
    assert names.ours("<agent-tui.m 1@x> <agent-tui.@x> agent-tui.m@x") == ()


def test_nobody_hands_mail_in(server: Server) -> None:
    from agent_tui.channels.base import Request

    with pytest.raises(UsageError):
        Mail(settings(server.port), Outgoing()).parse(Request({}, b"", NOW))


# --- a real server, with TLS and a login ---------------------------------------------------------


@pytest.fixture
def certificate(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Certificate:
    made = Certificate(tmp_path_factory.mktemp("tls"))
    monkeypatch.setenv("SSL_CERT_FILE", str(made.cert))
    return made


@pytest.mark.parametrize("secure", ["tls", "starttls"])
def test_encrypted_and_logged_in(certificate: Certificate, secure: str) -> None:
    from tests.mail.aiosmtp import running

    with running(certificate, secure, "desk", "secret") as real:
        place = Place("localhost", real.port, secure)  # type: ignore[arg-type]
        where = settings(1, smtp=place, smtp_user="desk", smtp_password="secret")
        smtp.check(where, 5.0)
        assert deliver(where) == Arrived()
        assert [mail["Subject"] for mail in real.mails] == ["Re: 包裹没到"]
        wrong = msgspec.structs.replace(where, smtp_password="other")
        found = deliver(wrong)
        assert isinstance(found, Unreached) and found.code == "login"
        with pytest.raises(WireError, match="535"):
            smtp.check(wrong, 5.0)


@pytest.mark.parametrize("secure", ["tls", "starttls"])
def test_a_certificate_of_nobody_we_trust(
    certificate: Certificate, secure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.mail.aiosmtp import running

    monkeypatch.delenv("SSL_CERT_FILE")
    with running(certificate, secure, "desk", "secret") as real:
        where = settings(1, smtp=Place("localhost", real.port, secure))  # type: ignore[arg-type]
        found = deliver(where)
        assert isinstance(found, Unreached) and "certificate" in found.detail.lower()
        assert real.mails == []


def test_no_encryption_no_mail(server: Server) -> None:
    """A server that does not offer STARTTLS gets neither password nor mail."""
    where = settings(server.port, smtp=Place("127.0.0.1", server.port, "starttls"), smtp_user="d")
    found = deliver(where)
    assert isinstance(found, Unreached) and "STARTTLS" in found.detail
    with pytest.raises(WireError, match="STARTTLS"):
        smtp.check(where, 5.0)
    assert server.got == []
