"""Mails as customers' programs write them."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import make_msgid

DESK = "desk@shop.example"
WANG = "wang@customer.example"


def letter(
    text: str = "在吗？",
    subject: str = "包裹没到",
    sender: str = f"王女士 <{WANG}>",
    *,
    message_id: str = "",
    answers: str = "",
    **headers: str,
) -> bytes:
    """A mail to the desk; `answers` is a Message-ID. Underlines in header names are hyphens."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = DESK
    mail["Subject"] = subject
    mail["Date"] = "Tue, 06 Jan 2026 10:00:00 +0800"
    mail["Message-ID"] = message_id or make_msgid(domain="customer.example")
    if answers:
        mail["In-Reply-To"] = answers
        mail["References"] = answers
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def raw(body: bytes, *headers: str, sender: str = f"Wang <{WANG}>") -> bytes:
    """A mail whose every byte is said here."""
    head = [f"From: {sender}", "To: desk@shop.example", "Message-ID: <1@customer.example>"]
    return "\r\n".join([*head, *headers, "", ""]).encode("utf-8") + body


def many(n: int, prefix: str = "n") -> list[bytes]:
    """Mails that say their numbers."""
    return [letter(f"{prefix}{i}", message_id=f"<{prefix}{i}@x.example>") for i in range(n)]
