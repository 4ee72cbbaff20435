"""`inbox mail`, `inbox list`: which mailbox an inbox is, and how all inboxes are doing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from agent_tui.cli import output
from agent_tui.cli.inboxes import Key
from agent_tui.cli.naming import missing
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, Database, administering
from agent_tui.domain.ids import InboxId
from agent_tui.domain.model import Channel, Inbox
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.channels.mail.settings import MailSettings
    from agent_tui.server.mailboxes import Position
    from agent_tui.server.writer import Writer

CHECK_SECONDS = 20.0


def add_to(group: typer.Typer) -> None:
    """`inbox mail` and `inbox list` among the commands of `group`."""
    group.command(
        "mail", help=words("接上一个邮箱，或改接法", "Connect a mailbox, or change how.")
    )(connect)
    group.command("list", help=words("收件箱和它们的情况", "The inboxes, and how they are doing."))(
        list_all
    )


def connect(
    key: Key,
    address: Annotated[
        str, typer.Option(metavar="ADDRESS", help=words("邮箱地址", "its address"))
    ] = "",
    imap: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help=words("收信：imaps://主机[/文件夹]", "for reading: imaps://HOST[/FOLDER]"),
        ),
    ] = "",
    smtp: Annotated[
        str,
        typer.Option(metavar="URL", help=words("发信：smtps://主机", "for sending: smtps://HOST")),
    ] = "",
    user: Annotated[
        str, typer.Option(help=words("登录名，默认为地址", "to log in as, if not the address"))
    ] = "",
    smtp_user: Annotated[
        str, typer.Option(help=words("发信的登录名，若不同", "for sending, if another"))
    ] = "",
    name: Annotated[
        str, typer.Option(help=words("顾客看到的发件人名", "the sender's name that customers read"))
    ] = "",
    move_to: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help=words("收下的邮件移到哪里，空为不移", "where taken mails go; empty: they stay"),
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help=words("也收这天起的旧邮件", "take mails from this day on, too"),
        ),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help=words(
                "从标准输入读密码；发信密码若不同，在第二行",
                "read the password from stdin; a second line is for sending, if another",
            ),
        ),
    ] = False,
    no_check: Annotated[
        bool, typer.Option("--no-check", help=words("不试登录", "do not try to log in"))
    ] = False,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    import msgspec

    from agent_tui.channels.mail.settings import MailSettings
    from agent_tui.cli.mail_options import Wishes, passwords, settled
    from agent_tui.cli.served_shapes import MailboxConnected
    from agent_tui.server import connecting, mailboxes
    from agent_tui.server.clock import now_ms
    from agent_tui.server.workspace import ChangeWorkspace

    with administering(data, database) as (folder, writer):
        made = _mail_inbox(key, writer)
        db = folder.open()
        known = connecting.settings(db, made.id)
        db.close()
        was = msgspec.json.decode(known, type=MailSettings) if known else None
        secrets = passwords(password_stdin, needed=was is None)
        wishes = Wishes(address, imap, smtp, user, smtp_user, name, move_to, since, secrets)
        settings = settled(wishes, was, folder.config.shop.name, now_ms())
        at = None if no_check else _checked(settings, folder.config.mail.timeout)
        # What lies there already stays there, unless it was asked for.
        begin = None if since or (was and was.mailbox == settings.mailbox) else at
        rows = mailboxes.connect(made.id, settings, known, begin)
        writer.run_now(ChangeWorkspace([], rows))
    if json:
        output.document(MailboxConnected(key, settings.address, checked=not no_check))
        return
    output.say(Both(f"{key} 接上了 {settings.address}", f"{key} is {settings.address} now"))
    if no_check:
        output.note(Both("没有试登录", "logging in was not tried"))


def list_all(data: Data = None, database: Database = None, json: Json = False) -> None:
    from agent_tui.cli.served_shapes import InboxEntry
    from agent_tui.server import mailboxes
    from agent_tui.tui import format as shown

    with administering(data, database) as (folder, writer):
        db = folder.open()
        standings = mailboxes.standings(db)
        db.close()
        found = []
        for each in sorted(writer.directory.inboxes.values(), key=lambda one: one.id):
            known = standings.get(each.id)
            entry = InboxEntry(
                id=each.id,
                channel=each.channel,
                team=each.team,
                looked_at=known.at or None if known else None,
                trouble=str((known.trouble if known else _unconnected(each)) or ""),
            )
            found.append(entry)
    if json:
        output.document(found)
        return
    for entry in found:
        at = shown.local(entry.looked_at).strftime("%m-%d %H:%M") if entry.looked_at else ""
        output.say("  ".join((entry.id, entry.channel, entry.team, at, entry.trouble)).rstrip())


def _mail_inbox(key: str, writer: Writer) -> Inbox:
    """Raises NotFound, UsageError."""
    made = writer.directory.inboxes.get(InboxId(key))
    if made is None:
        raise missing(Both("收件箱", "inbox"), key, writer.directory.inboxes)
    if made.channel is not Channel.MAIL:
        raise UsageError(
            Both(f"{key} 不是邮件收件箱", f"{key} is no inbox for mail"),
            "agent-tui inbox add ID --channel mail",
        )
    return made


def _checked(settings: MailSettings, timeout: float) -> Position:
    """Log in both ways; where the mailbox ends. Raises WireError, with the way out."""
    from agent_tui.channels.mail import smtp
    from agent_tui.channels.mail.imap import Mailbox
    from agent_tui.server.mailboxes import Position

    seconds = min(timeout, CHECK_SECONDS)
    box = Mailbox(settings, seconds)
    try:
        box.check_target()
    finally:
        box.close()
    smtp.check(settings, seconds)
    return Position(box.validity, max(0, box.next_uid - 1))


def _unconnected(each: Inbox) -> Both | None:
    """A mail inbox that nobody told about its mailbox."""
    if each.channel is not Channel.MAIL:
        return None
    command = f"agent-tui inbox mail {each.id}"
    return Both(f"没有邮箱：{command}", f"no mailbox: {command}")
