"""A mailbox is read once, whatever breaks off where, and whoever else reads it."""

from __future__ import annotations

from typing import Any

import pytest

from agent_tui.channels.mail import imap
from agent_tui.channels.mail.imap import Mailbox
from agent_tui.errors import ServerError
from agent_tui.lang import Both
from agent_tui.server import mailboxes, mailing
from agent_tui.server.intake import Intake
from agent_tui.server.mailboxes import Position
from tests.driver import Serving, until
from tests.mail.conftest import Open
from tests.mail.desk import INBOX, Desk
from tests.mail.letters import letter, many

DAY = 24 * 3600


def count(desk: Desk) -> int:
    return sum(chat.messages for chat in desk.chats())


def test_each_mail_once_in_its_order(desk: Desk) -> None:
    desk.user.gets(*many(25))
    chat = desk.taken(25)
    assert desk.texts(chat.id) == [f"n{i}" for i in range(25)]
    desk.settles()
    desk.user.gets(*many(3), letter("new"))  # the same again: another copy came by another way
    desk.taken(26)
    desk.settles()
    assert count(desk) == 26 and desk.user.unread() == 0


def test_a_server_that_starts_again_goes_on_where_it_was(desk: Desk) -> None:
    desk.user.gets(*many(3))
    desk.taken(3)
    desk.settles()
    desk.serving.stop()
    desk.user.gets(letter("new"))
    desk.serving.start()
    desk.taken(4)


@pytest.mark.parametrize("place", ["after the log", "after the mark", "before the log"])
def test_broken_off_anywhere_nothing_is_lost_or_doubled(
    opens: Open, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """As a crash leaves it: each step fails once for every mail, and it begins again."""
    broken: set[Any] = set()

    def breaks_once(key: object) -> None:
        if key not in broken:
            broken.add(key)
            raise ServerError(Both("断电", "power is lost"))

    real_take, real_mark, real_advance = Intake.take, Mailbox.take, mailboxes.advance

    async def take(self: Intake, raw: imap.Raw) -> bool:
        if place == "before the log":
            breaks_once(raw.uid)
        found = await real_take(self, raw)
        if place == "after the log":
            breaks_once(raw.uid)
        return found

    def mark(self: Mailbox, uid: int) -> None:
        real_mark(self, uid)
        if place == "after the mark":
            breaks_once(uid)

    monkeypatch.setattr(Intake, "take", take)
    monkeypatch.setattr(Mailbox, "take", mark)
    monkeypatch.setattr(mailing, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(mailing, "LONGEST_PAUSE", 0.02)
    assert real_advance is mailboxes.advance
    desk = opens().start()
    desk.user.gets(*many(12))
    chat = desk.taken(12)
    desk.settles()
    assert desk.texts(chat.id) == [f"n{i}" for i in range(12)]
    assert len(broken) == 12 and desk.user.unread() == 0


def test_two_replicas_read_one_mailbox(opens: Open) -> None:
    desk = opens().start()
    other = Serving(desk.serving.folder).start()
    try:
        for n in range(6):
            desk.user.gets(*many(5, f"r{n}-"))
        desk.taken(30)
        desk.settles()
        assert count(desk) == 30
        # The one that reads goes; the other takes over at once, as its lease was given back.
        desk.serving.stop()
        desk.user.gets(letter("after"))
        desk.taken(31)
    finally:
        other.close()


def test_two_that_both_believe_they_hold_it(opens: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease only saves work: without it, each mail is taken once all the same."""
    monkeypatch.setattr(mailboxes, "hold", lambda *_: True)
    desk = opens().start()
    other = Serving(desk.serving.folder).start()
    try:
        for n in range(4):
            desk.user.gets(*many(10, f"r{n}-"))
        desk.taken(40)
        desk.settles()
        assert count(desk) == 40
    finally:
        other.close()


def test_numbered_anew_each_mail_is_still_taken_once(desk: Desk) -> None:
    desk.user.gets(*many(3))
    desk.taken(3)
    desk.settles()
    before = desk.position()
    desk.serving.stop()
    desk.user.loses(1)  # the next number is one that was passed already
    desk.user.is_numbered_anew()
    desk.user.gets(letter("new"))
    desk.serving.start()
    desk.taken(4)
    until(lambda: desk.position()[0] != before[0], 10)
    assert count(desk) == 4


# --- rows ----------------------------------------------------------------------------------------


def test_a_position_only_moves_from_where_it_was(opens: Open) -> None:
    database = opens().serving.database
    assert mailboxes.advance(database, INBOX, Position(0, 0), Position(7, 3))
    assert not mailboxes.advance(database, INBOX, Position(0, 0), Position(7, 2))
    found = mailboxes.reached(database, INBOX)
    assert found is not None and found[1] == Position(7, 3)


def test_one_holds_a_mailbox_until_the_lease_is_over(opens: Open) -> None:
    database = opens().serving.database
    assert mailboxes.hold(database, INBOX, "a", 1000, 2000)
    assert mailboxes.hold(database, INBOX, "a", 1500, 2500)
    assert not mailboxes.hold(database, INBOX, "b", 2400, 3400)
    assert mailboxes.hold(database, INBOX, "b", 2600, 3600)
    mailboxes.let_go(database, INBOX, "a")
    assert not mailboxes.hold(database, INBOX, "a", 3000, 4000)
    mailboxes.let_go(database, INBOX, "b")
    assert mailboxes.hold(database, INBOX, "a", 3000, 4000)
