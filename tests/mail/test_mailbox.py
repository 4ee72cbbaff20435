"""What becomes of a mailbox that changes: its settings, its folders, its server."""

from __future__ import annotations

import logging
from typing import Any

import msgspec
import pytest

from agent_tui.channels.mail import imap
from agent_tui.errors import ServerError
from agent_tui.server import mailboxes, mailing
from agent_tui.server.clock import now_ms
from agent_tui.server.intake import Intake
from agent_tui.server.workspace import ChangeWorkspace
from tests.driver import until
from tests.mail.conftest import Open
from tests.mail.desk import INBOX, Desk
from tests.mail.dovecot import serving
from tests.mail.letters import letter, many

DAY = 24 * 3600


@pytest.fixture
def database() -> None:
    """The folder's own file: what the engines do differently is in test_reader."""


def test_what_is_not_in_the_log_is_not_marked(opens: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    async def fails(self: Intake, raw: imap.Raw) -> bool:
        tries.append(raw.uid)
        raise ServerError("the disk is full")

    monkeypatch.setattr(mailing, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(mailing, "LONGEST_PAUSE", 0.05)
    with monkeypatch.context() as patched:
        patched.setattr(Intake, "take", fails)
        desk = opens().start()
        desk.user.gets(letter(), letter("b"))
        until(lambda: len(tries) > 4, 10)
        assert set(tries) == {1}  # the first one holds up the others: their order is kept
        assert desk.user.unread() == 2 and desk.position() == (0, 0)
    desk.taken(2)
    desk.settles()
    assert desk.user.unread() == 0


def test_what_was_there_before_stays_there(opens: Open) -> None:
    now = now_ms()
    desk = opens(since=now - 3 * DAY * 1000)
    desk.user.gets(
        letter("old"), at=now / 1000 - 3.3 * DAY
    )  # within the day by which servers search
    desk.user.gets(letter("young"), at=now / 1000 - 1 * DAY)
    desk.start()
    chat = desk.taken(1)
    assert desk.texts(chat.id) == ["young"]
    desk.user.gets(letter("moved here", "x"), at=now / 1000 - 9 * DAY)
    desk.taken(2)
    assert desk.user.unread() == 1


def test_taken_mails_are_moved_if_told(opens: Open) -> None:
    desk = opens(moved_to="已处理&done")
    desk.user.makes(imap._folder("已处理&done"))
    desk.start()
    desk.user.gets(*many(3))
    desk.taken(3)
    until(lambda: desk.user.holds() == 0, 10)
    assert desk.user.holds(imap._folder("已处理&done")) == 3


def test_a_mailbox_that_cannot_be_read_is_told_and_tried_again(
    tmp_path: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "FIRST_PAUSE", 0.2)
    monkeypatch.setattr(mailing, "LONGEST_PAUSE", 0.4)
    caplog.set_level(logging.INFO, "agent_tui.server.mailing")
    with serving() as dovecot:
        desk = Desk(tmp_path / "data", None, dovecot).start()
        try:
            desk.user.gets(letter())
            desk.taken()
            dovecot.die()
            until(lambda: _standing(desk).trouble, 10)
            assert "127.0.0.1" in str(_standing(desk).trouble)
            warned = [each for each in caplog.records if each.levelno == logging.WARNING]
            until(lambda: warned or _warnings(caplog), 5)
            dovecot.live()
            desk.user.gets(letter("again"))
            desk.taken(2)
            until(lambda: not _standing(desk).trouble, 10)
            assert 1 <= len(_warnings(caplog)) <= 3  # not one for each try
            assert "is read again" in caplog.text
        finally:
            desk.close()


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


def _standing(desk: Desk) -> mailboxes.Standing:
    return mailboxes.standings(desk.serving.database)[INBOX]


def test_pauses_grow_and_differ() -> None:
    reader = mailing.Reader.__new__(mailing.Reader)
    reader._failures = 0
    pauses = [reader._pause() for _ in range(14)]
    assert pauses[0] <= 2.0 and 150 <= pauses[-1] <= 300
    assert len(set(pauses)) == 14


def test_changed_settings_are_used_at_once(desk: Desk) -> None:
    desk.user.gets(letter())
    desk.taken()
    elsewhere = msgspec.structs.replace(desk.settings, folder="Other")
    desk.user.makes("Other")
    with_known = msgspec.json.encode(desk.settings)
    rows = mailboxes.connect(INBOX, elsewhere, with_known)
    desk.serving.run(ChangeWorkspace([], rows))
    desk.user.gets(letter("there"), folder="Other")
    desk.taken(2)
    # The same mailbox again, with another password: it is no other one.
    until(lambda: desk.position()[1], 10)
    at = desk.position()
    same = msgspec.structs.replace(elsewhere, password="other")
    desk.serving.run(
        ChangeWorkspace([], mailboxes.connect(INBOX, same, msgspec.json.encode(elsewhere)))
    )
    assert desk.position() == at


def test_a_mail_that_nobody_can_be_answered_for_holds_nothing_up(desk: Desk) -> None:
    desk.user.gets(b"Subject: nobody\r\n\r\nhi", letter("after"))
    chat = desk.taken(1)
    assert desk.texts(chat.id) == ["after"]


def test_a_folder_that_vanished_holds_no_mail_up(opens: Open) -> None:
    desk = opens(moved_to="Gone").start()
    desk.user.gets(*many(12))
    desk.taken(12)
    desk.settles()
    until(lambda: "Gone" in str(_standing(desk).trouble), 10)
    desk.user.makes("Gone")
    desk.user.gets(letter("last"))
    desk.taken(13)
    until(lambda: not _standing(desk).trouble, 10)
    assert desk.user.holds("Gone") == 1
