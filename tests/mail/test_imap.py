"""A mailbox on a real server: encrypted, refused, gone, silent, cut."""

from __future__ import annotations

import socket
import threading
from typing import Any

import msgspec
import pytest

from agent_tui.channels.mail import imap
from agent_tui.channels.mail.imap import Mailbox, Trouble
from agent_tui.channels.mail.settings import MailSettings, Place
from tests.mail.dovecot import PASSWORD, Dovecot, serving
from tests.mail.letters import letter
from tests.mail.tls import Certificate


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


def reading(place: Place, user: str, **more: object) -> MailSettings:
    made = MailSettings("a@x.example", "x", place, place, user, PASSWORD, "", "")
    return msgspec.structs.replace(made, **more)


@pytest.mark.parametrize("secure", ["tls", "starttls"])
def test_encrypted(certificate: Certificate, secure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(certificate) as dovecot:
        port = dovecot.tls_port if secure == "tls" else dovecot.port
        where = reading(Place("localhost", port, secure), "wang")
        with pytest.raises(Trouble, match=r"(?i)certificate"):
            Mailbox(where, 5.0)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.cert))
        box = Mailbox(where, 5.0)
        assert box.after(0) == []
        box.close()


def test_a_wrong_password_is_told_with_the_way_out(dovecot: Dovecot) -> None:
    where = reading(dovecot.place, "wang", password="wrong")
    with pytest.raises(Trouble) as caught:
        Mailbox(where, 5.0)
    assert caught.value.code == "login" and "wang" in caught.value.title.en  # type: ignore[union-attr]


def test_a_folder_that_is_not_there(dovecot: Dovecot) -> None:
    with pytest.raises(Trouble) as caught:
        Mailbox(reading(dovecot.place, "wang", folder="没有"), 5.0)
    assert caught.value.code == "folder"
    box = Mailbox(reading(dovecot.place, "wang", moved_to="没有"), 5.0)
    with pytest.raises(Trouble):
        box.check_target()
    box.close()


def test_names_and_passwords_of_all_kinds(dovecot: Dovecot) -> None:
    for name in ('a b"c', "x@shop.example"):
        box = Mailbox(reading(dovecot.place, name), 5.0)
        box.close()


def test_a_message_that_is_gone(dovecot: Dovecot) -> None:
    box = Mailbox(reading(dovecot.place, "gone"), 5.0)
    assert box.fetch(17, 1000) is None
    box.close()


def test_a_server_that_says_nothing(certificate: Certificate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = Place("127.0.0.1", silent.getsockname()[1], "none")
        with pytest.raises(Trouble, match=r"timed out|超时|Resource"):
            Mailbox(reading(place, "x"), 0.3)


def test_a_connection_that_is_cut_ends_whoever_waits(dovecot: Dovecot) -> None:
    box = Mailbox(reading(dovecot.place, "cut"), 5.0)
    threading.Timer(0.2, box.abort).start()
    with pytest.raises(Trouble):
        while True:
            box.after(0)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        (b'INTERNALDATE "17-Jul-1996 02:44:25 -0700"', 837_596_665_000),
        (b'INTERNALDATE " 7-Jul-1996 02:44:25 +0530"', 836_687_665_000),
        (b"nothing", 0),
    ],
)
def test_when_a_mail_came(said: bytes, at: int) -> None:
    assert imap._time(said) == at


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("INBOX", "INBOX"),
        ("已处理", "&XfJZBHQG-"),
        ("a&b", "a&-b"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
    ],
)
def test_folders_as_the_standard_writes_them(name: str, wire: str) -> None:
    assert imap._folder(name) == wire


def test_only_what_is_above_a_number_is_new(dovecot: Dovecot) -> None:
    """`n:*` holds the last message, however low its number: it is not new each time."""
    dovecot.user("above").gets(letter(), letter("b"))
    box = Mailbox(reading(dovecot.place, "above"), 5.0)
    assert [box.after(uid) for uid in (0, 1, 2, 9)] == [[1, 2], [2], [], []]
    raw = box.fetch(1, 100)
    assert raw is not None and len(raw.data) == 100 < raw.whole
    assert dovecot.user("above").unread() == 2  # looking marks nothing
    box.take(1)
    assert dovecot.user("above").unread() == 1
    box.close()
