"""How a mailbox is reached; kept in the server's database only, passwords included."""

from __future__ import annotations

from typing import Literal

import msgspec

Secure = Literal["tls", "starttls", "none"]


class Place(msgspec.Struct, frozen=True):
    """A mail server. `secure`: TLS from the first byte, STARTTLS demanded, or plain (only ever for
    this machine itself)."""

    host: str
    port: int
    secure: Secure


class MailSettings(msgspec.Struct, frozen=True):
    """One mailbox. `name` is what customers read beside the agent's; `since` (ms) is the moment
    from which on mails are taken; those that were taken go to `moved_to`, if it names a folder."""

    address: str
    name: str
    imap: Place
    smtp: Place
    user: str
    password: str
    smtp_user: str
    smtp_password: str
    folder: str = "INBOX"
    moved_to: str = ""
    since: int = 0

    @property
    def domain(self) -> str:
        """The part of the address behind the @."""
        return self.address.rpartition("@")[2]

    @property
    def mailbox(self) -> tuple[str, str, str]:
        """What its messages' numbers belong to."""
        return self.imap.host, self.user, self.folder
