"""What was said on the command line about a mailbox, as the settings that come of it."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from agent_tui.channels.mail import names
from agent_tui.channels.mail.settings import MailSettings, Place
from agent_tui.cli import output
from agent_tui.errors import UsageError
from agent_tui.hosts import is_loopback
from agent_tui.lang import Both
from agent_tui.text import clean_line

PORTS = {"imaps": 993, "imap": 143, "smtps": 465, "smtp": 587}
EXAMPLE = (
    "--address desk@shop.example --imap imaps://imap.shop.example --smtp smtps://smtp.shop.example"
)
_NOWHERE = Place("", 0, "tls")


class Wishes(msgspec.Struct, frozen=True):
    """The options; empty for what was not said."""

    address: str
    imap: str
    smtp: str
    user: str
    smtp_user: str
    name: str
    move_to: str | None
    since: datetime | None
    passwords: tuple[str, str] | None


def settled(wishes: Wishes, was: MailSettings | None, name: str, now: int) -> MailSettings:
    """The settings; what is not wished for stays as it `was`. Raises UsageError."""
    base = was or MailSettings("", name, _NOWHERE, _NOWHERE, "", "", "", "")
    changes: dict[str, Any] = {}
    if wishes.address:
        changes["address"] = _address(wishes.address)
    if wishes.imap:
        changes["imap"], folder = place(wishes.imap, "imap")
        changes["folder"] = folder or "INBOX"
    if wishes.smtp:
        changes["smtp"], _ = place(wishes.smtp, "smtp")
    if wishes.name:
        changes["name"] = clean_line(wishes.name, 60)
    if wishes.move_to is not None:
        changes["moved_to"] = _line(wishes.move_to)
    if wishes.passwords:
        changes["password"], changes["smtp_password"] = wishes.passwords
    made = msgspec.structs.replace(base, **changes)
    if not (made.address and made.imap.host and made.smtp.host):
        raise UsageError(
            Both("要有地址、收信和发信服务器", "it needs an address, and a server for either way"),
            EXAMPLE,
        )
    user = _line(wishes.user) or base.user or made.address
    apart = base.smtp_user if base.smtp_user != base.user else ""
    made = msgspec.structs.replace(
        made, user=user, smtp_user=_line(wishes.smtp_user) or apart or user
    )
    return msgspec.structs.replace(made, since=_since(wishes.since, made, was, now))


def _since(wished: datetime | None, made: MailSettings, was: MailSettings | None, now: int) -> int:
    if wished is not None:
        try:
            return int(wished.astimezone().timestamp() * 1000)
        except (ValueError, OverflowError, OSError):  # a day at either end of the calendar
            day = wished.date()
            raise UsageError(
                Both(f"--since {day}：没有那天的邮件", f"--since {day}: no mail is of it"),
                Both("写成 --since 2026-11-01", "write --since 2026-11-01"),
            ) from None
    return was.since if was is not None and was.mailbox == made.mailbox else now


def place(url: str, kind: str) -> tuple[Place, str]:
    """(the server, the folder) that `url` names; `kind` is imap or smtp. Raises UsageError.

    With an s it is TLS from the start; without, STARTTLS is demanded, but on this machine itself.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in (kind, f"{kind}s") or parts.query or parts.fragment:
        raise UsageError(
            Both(f"看不懂地址 {clean_line(url)}", f"cannot understand {clean_line(url)}"),
            f"{kind}s://{kind}.shop.example | {kind}://{kind}.shop.example:{PORTS[kind]}",
        )
    if parts.username or parts.password:
        raise UsageError(
            Both("地址里不写用户名和密码", "neither name nor password belongs into the address"),
            "--user NAME --password-stdin",
        )
    folder = unquote(parts.path.strip("/"))
    if parts.scheme == f"{kind}s":
        return Place(host, port or PORTS[parts.scheme], "tls"), _line(folder)
    secure = Place(host, port or PORTS[kind], "none" if is_loopback(host) else "starttls")
    return secure, _line(folder)


def passwords(from_stdin: bool, *, needed: bool) -> tuple[str, str] | None:
    """(for reading, for sending), or None if none are told and none are `needed`."""
    if from_stdin:
        first, second = (sys.stdin.readline().rstrip("\r\n") for _ in range(2))
        return first, second or first
    if not needed:
        return None
    if not output.is_tty():
        raise UsageError(
            Both("没有密码", "no password given"),
            Both("用 --password-stdin 从标准输入给出", "pass it on stdin with --password-stdin"),
        )
    import getpass

    said = getpass.getpass(str(Both("邮箱密码或授权码：", "the mailbox's password: ")))
    return said, said


def _address(text: str) -> str:
    found = names.address(text)
    if not found:
        said = clean_line(text)
        raise UsageError(Both(f"不是邮件地址：{said}", f"not an address: {said}"), EXAMPLE)
    return found


def _line(text: str) -> str:
    """Names go to the servers as they are: a line break in one would be another command."""
    if text and not text.isprintable():
        raise UsageError(Both("名字里有不可见字符", "a name has characters that cannot be seen"))
    return text
