"""Mailboxes, in config.toml. How each is reached stands in the database (docs/mail.md)."""

from __future__ import annotations

from typing import Annotated

from agent_tui.settings.base import Section, meta

MIB = 1024 * 1024


class MailIn(Section, frozen=True):
    """Mailboxes that are read (docs/mail.md). How each is reached is told to `agent-tui inbox mail`
    and kept in the database; replies go out by the bounds of `outgoing`."""

    poll_seconds: Annotated[
        float,
        meta("每隔多少秒看一次邮箱", "seconds between looks into a mailbox", ge=0.05, le=3600),
    ] = 30.0
    timeout: Annotated[
        float,
        meta("等邮箱服务器答复的秒数", "seconds in which its server must answer", ge=0.1, le=300),
    ] = 30.0
    mail_bytes: Annotated[
        int,
        meta(
            "单封邮件读取上限（字节），更长的只读开头",
            "bytes of a mail that are read; of a longer one only its beginning is taken",
            ge=65_536,
            le=128 * MIB,
        ),
    ] = 25 * MIB
