"""`agent-tui inbox mail` and `inbox list`: a mailbox is connected, tried, and looked after."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent_tui.channels.mail.settings import MailSettings, Place
from agent_tui.domain.ids import InboxId
from agent_tui.lang import Both
from agent_tui.server import connecting, mailboxes
from agent_tui.server.clock import now_ms
from agent_tui.server.database import Database
from agent_tui.server.mailboxes import Position
from tests.cli.conftest import Cli, Result, cli, folder, template
from tests.mail.dovecot import PASSWORD, Dovecot
from tests.mail.letters import letter
from tests.mail.smtpd import Server

__all__ = ["cli", "folder", "template"]
TITLES = ("--team", "refunds", "--title", "邮箱", "--title-en", "Mail")
FAR = ("--address", "Desk@Shop.example", "--imap", "imaps://imap.x.example", "--smtp")


@pytest.fixture
def made(cli: Cli, folder: Path) -> Path:
    """A folder with a mail inbox that nobody told about its mailbox."""
    done = cli("inbox", "add", "post", "--channel", "mail", *TITLES, "--data", str(folder))
    assert done.code == 0 and "inbox mail post" in done.err
    return folder


def connect(cli: Cli, data: Path, *more: str, password: str = PASSWORD) -> Result:
    stdin = f"{password}\n"
    return cli("inbox", "mail", "post", *more, "--password-stdin", "--data", str(data), stdin=stdin)


def stored(data: Path) -> MailSettings:
    database = Database(f"sqlite:///{data / 'server.db'}")
    raw = connecting.settings(database, InboxId("post"))
    database.close()
    assert raw is not None
    return msgspec.json.decode(raw, type=MailSettings)


def position(data: Path) -> Position:
    database = Database(f"sqlite:///{data / 'server.db'}")
    found = mailboxes.reached(database, InboxId("post"))
    database.close()
    assert found is not None
    return found[1]


def test_a_mailbox_that_is_tried(cli: Cli, made: Path, dovecot: Dovecot) -> None:
    out = Server()
    try:
        user = dovecot.user("cli")
        user.gets(letter(), letter("b"))
        where = ("--imap", f"imap://127.0.0.1:{dovecot.port}", "--user", "cli")
        to = ("--smtp", f"smtp://127.0.0.1:{out.port}")
        out.says("EHLO", b"250-here\r\n250 AUTH PLAIN")
        out.says("AUTH", b"235 come in")
        done = connect(cli, made, "--address", "Desk@Shop.example", *where, *to, "--json")
        assert done.json() == {"inbox": "post", "address": "desk@shop.example", "checked": True}
        # What lies there already stays there.
        assert position(made).uid == 2 and position(made).validity > 0
        found = stored(made)
        assert (found.user, found.smtp_user, found.name) == ("cli", "cli", "青禾生活")
        assert abs(found.since - now_ms()) < 60_000

        refused = connect(cli, made, password="wrong")
        assert refused.code == 69 and "app password" in refused.err
        assert stored(made) == found
        out.says("AUTH", b"535 no")
        assert "535" in connect(cli, made).err
        out.die()
        assert str(out.port) in connect(cli, made).err
        assert stored(made) == found and position(made).uid == 2
    finally:
        out.close()


def test_what_is_not_said_stays(cli: Cli, made: Path) -> None:
    assert connect(cli, made, *FAR, "smtp://smtp.x.example", "--no-check").code == 0
    first = stored(made)
    assert first.address == "desk@shop.example" == first.user == first.smtp_user
    assert first.imap == Place("imap.x.example", 993, "tls")
    assert first.smtp == Place("smtp.x.example", 587, "starttls")
    more = ("--name", "Shop", "--move-to", "已处理", "--smtp-user", "other", "--no-check")
    data = ("--data", str(made))
    assert cli("inbox", "mail", "post", *more, *data).code == 0
    second = stored(made)
    changed = {"name": "Shop", "moved_to": "已处理", "smtp_user": "other"}
    assert second == msgspec.structs.replace(first, **changed)
    assert cli("inbox", "mail", "post", "--user", "u2", "--no-check", *data).code == 0
    assert (stored(made).user, stored(made).smtp_user) == ("u2", "other")
    # Another folder is another mailbox: it begins now.
    elsewhere = ("--imap", "imaps://imap.x.example:9993/%E6%94%B6%E4%BB%B6", "--no-check")
    assert cli("inbox", "mail", "post", *elsewhere, *data).code == 0
    assert stored(made).folder == "收件" and stored(made).imap.port == 9993
    assert stored(made).since > first.since


def test_two_passwords_and_an_early_day(cli: Cli, made: Path) -> None:
    more = (*FAR, "smtps://smtp.x.example", "--since", "2026-01-02", "--no-check")
    assert connect(cli, made, *more, password="one\ntwo").code == 0
    found = stored(made)
    assert (found.password, found.smtp_password) == ("one", "two")
    assert 1_767_200_000_000 < found.since < 1_767_450_000_000
    assert position(made) == Position(0, 0)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ((), 2),
        (("--address", "desk@shop.example"), 2),
        (("--address", "nobody", "--imap", "imaps://x", "--smtp", "smtps://x"), 2),
        ((*FAR, "https://x.example"), 2),
        ((*FAR, "smtps://"), 2),
        ((*FAR, "smtps://x.example:port"), 2),
        ((*FAR, "smtps://me:secret@x.example"), 2),
        ((*FAR, "smtps://x.example", "--user", "a\r\nb"), 2),
        ((*FAR, "smtps://x.example", "--since", "yesterday"), 2),
        ((*FAR, "smtps://x.example", "--since", "0001-01-01"), 2),
    ],
)
def test_what_will_not_do(cli: Cli, made: Path, more: tuple[str, ...], code: int) -> None:
    found = connect(cli, made, *more, "--no-check")
    assert found.code == code and "secret" not in found.err
    assert "no mailbox" in cli("inbox", "list", "--data", str(made)).out


def test_only_a_mail_inbox_has_a_mailbox(cli: Cli, made: Path) -> None:
    data = ("--data", str(made))
    assert cli("inbox", "mail", "web", *FAR, "smtps://x", "--no-check", *data).code == 2
    assert cli("inbox", "mail", "nowhere", *FAR, "smtps://x", "--no-check", *data).code == 3
    assert (
        cli("inbox", "mail", "post", *FAR, "smtps://x", "--no-check", *data).code == 2
    )  # no password
    assert connect(cli, made, *FAR, "smtps://x.example", "--no-check").code == 0
    # What is no webhook has no signing secret, whatever else is stored for it.
    assert cli("inbox", "secret", "post", *data).code == 2


def test_the_list_says_how_they_are(cli: Cli, made: Path) -> None:
    data = ("--data", str(made))
    assert connect(cli, made, *FAR, "smtps://x.example", "--no-check").code == 0
    listed = {each["id"]: each for each in cli("inbox", "list", "--json", *data).json()}
    assert listed["post"] == {
        "id": "post",
        "channel": "mail",
        "team": "refunds",
        "looked_at": None,
        "trouble": "",
    }
    assert listed["web"]["trouble"] == ""
    database = Database(f"sqlite:///{made / 'server.db'}")
    mailboxes.tell(database, InboxId("post"), now_ms(), Both("读不了邮箱", "cannot read it"))
    database.close()
    assert "cannot read it" in cli("inbox", "list", *data).out
    assert "读不了邮箱" in cli("inbox", "list", *data, lang="zh").out
