"""What a mail is besides a letter: written by a program, or the news that one of ours failed."""

from __future__ import annotations

import re
from email.message import Message
from enum import StrEnum

import msgspec

from agent_tui.channels.mail import names
from agent_tui.channels.mail.charsets import header, raw_header
from agent_tui.text import clean_line

DETAIL_CHARS = 200
_MAILERS = re.compile(r"(?:mailer-daemon|postmaster|mdaemon|bounces?)(?:[+-].*)?@.*", re.IGNORECASE)


class Kind(StrEnum):
    """Who wrote it."""

    PERSON = "person"
    AUTOMATIC = "automatic"  # a list, a newsletter, a form: a program, maybe for a person
    ABSENCE = "absence"  # a program's answer to one of our mails
    REPORT = "report"  # of a mail server, on one of our mails


class Report(msgspec.Struct, frozen=True):
    """What a mail server says became of our mails: the `keys` of the replies."""

    keys: tuple[str, ...]
    failed: bool
    detail: str = ""


def kind(mail: Message, sender: str) -> Kind:
    """The kind of a mail, by its headers alone."""
    submitted = header(mail, "Auto-Submitted").lower()
    precedence = header(mail, "Precedence").lower()
    if is_report(mail) or (_MAILERS.fullmatch(sender) and not raw_header(mail, "List-Id")):
        return Kind.REPORT
    if submitted.startswith("auto-replied") or precedence == "auto_reply":
        return Kind.ABSENCE
    if any(raw_header(mail, name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder")):
        return Kind.ABSENCE
    programs = precedence in ("bulk", "junk", "list") or (submitted and submitted != "no")
    if programs or any(raw_header(mail, name) for name in ("List-Id", "List-Unsubscribe")):
        return Kind.AUTOMATIC
    return Kind.AUTOMATIC if raw_header(mail, "Return-Path") == "<>" else Kind.PERSON


def report(mail: Message, raw: bytes) -> Report:
    """What a report says. Those of some servers are but a letter: then our Message-ID in it counts,
    and it is bad news."""
    keys = names.ours(raw.decode("latin-1"))
    said = [part for part in mail.walk() if part.get_content_type() == "message/delivery-status"]
    if not said:
        return Report(keys, failed=True, detail=clean_line(header(mail, "Subject"), DETAIL_CHARS))
    actions: list[str] = []
    details: list[str] = []
    for part in said:
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if isinstance(block, Message):
                actions.append(header(block, "Action").lower())
                details.append(header(block, "Diagnostic-Code") or header(block, "Status"))
    detail = next((each for each in details if each), "")
    failed = any(each.startswith("failed") for each in actions)
    return Report(keys, failed, clean_line(detail, DETAIL_CHARS))


def is_report(mail: Message) -> bool:
    """Whether it has the form in which mail servers report."""
    if mail.get_content_type() != "multipart/report":
        return False
    said = raw_header(mail, "Content-Type").lower()
    return "delivery-status" in said or "report-type" not in said
