"""A mail's bytes as what the desk keeps of it. Mails are hostile until shown otherwise.

Parsed by the policy that takes headers as they are: the newer one reads each into a structure, and
raises from within for some that no person ever wrote. What it would do is in `charsets`.
"""

from __future__ import annotations

import logging
import re
from email import policy
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import getaddresses

import msgspec

from agent_tui.channels.mail import kinds, names, quotes
from agent_tui.channels.mail.bodies import Attachment, body
from agent_tui.channels.mail.charsets import header, raw_header, words
from agent_tui.channels.mail.compose import bare
from agent_tui.channels.mail.kinds import Kind, Report
from agent_tui.lang import Both
from agent_tui.text import clean, clean_line

SUBJECT_CHARS = 200
NAME_CHARS = 64
MOST_HEAD = 256 * 1024
log = logging.getLogger(__name__)
_CHINESE = re.compile("[\u3400-\u9fff]")
UNREADABLE = Both(
    "［这封邮件解不开，原件在邮箱里］", "[this mail cannot be taken apart; it is in the mailbox]"
)
EMPTY = Both("［没有文字］", "[no text]")


class Unanswerable(Exception):
    """Nobody sent it who could be answered: there is no usable address in it."""


class Letter(msgspec.Struct, frozen=True):
    """A mail that came. `sender` is who is to be answered (empty only for a report); `external` its
    identity; `ours` the keys of the replies that it answers, the nearest first."""

    external: str
    message_id: str
    references: tuple[str, ...]
    ours: tuple[str, ...]
    sender: str
    name: str
    subject: str
    text: str
    language: str
    kind: Kind
    report: Report | None = None
    attachments: tuple[Attachment, ...] = ()


def read(raw: bytes, own: str = "") -> Letter:
    """The mail in `raw`; `own` is the mailbox's address, answered only if nobody else is named.

    Raises Unanswerable, and nothing else, whatever the bytes are.
    """
    try:
        if _head_bytes(raw) > MOST_HEAD:
            raise ValueError("a head beyond all measure")
        return _read(BytesParser(policy=policy.compat32).parsebytes(raw), raw, own, whole=True)
    except Unanswerable:
        raise
    except Exception:
        # Parts within parts beyond all measure, say: its head still tells who wrote.
        log.info("a mail could not be taken apart", exc_info=True)
    mail = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:MOST_HEAD])
    for name in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"):
        del mail[name]
    return _read(mail, raw, own, whole=False)


def _head_bytes(raw: bytes) -> int:
    ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    return min(ends, default=len(raw))


def _read(mail: Message, raw: bytes, own: str, *, whole: bool) -> Letter:
    try:
        name, sender = _sender(mail, own)
    except Unanswerable:
        if not kinds.is_report(mail):
            raise
        name = sender = ""  # as their senders may have it, so that nobody reports on reports
    subject = clean_line(header(mail, "Subject"), SUBJECT_CHARS)
    answered = names.ids(f"{raw_header(mail, 'References')} {raw_header(mail, 'In-Reply-To')}")
    found = names.ids(raw_header(mail, "Message-ID"))
    message_id = found[0] if found else ""
    text, attachments = body(mail) if whole else ("", ())
    text = clean(text).strip("\n")
    zh = _CHINESE.search(f"{subject}{text}") is not None
    text = quotes.cut(text, subject, answer=bool(answered), zh=zh)
    sort = kinds.kind(mail, sender)
    return Letter(
        external=_identity(mail, raw, message_id, sender),
        message_id=message_id,
        references=answered,
        ours=names.ours(" ".join(answered)),
        sender=sender,
        name=clean_line(name, NAME_CHARS),
        subject=bare(subject),
        text=text if text.strip() else _in(EMPTY if whole else UNREADABLE, zh),
        language="zh" if zh else "en",
        kind=sort,
        report=kinds.report(mail, raw) if sort is Kind.REPORT else None,
        attachments=attachments,
    )


def _sender(mail: Message, own: str) -> tuple[str, str]:
    """(name, address) of who is to be answered. Raises Unanswerable."""
    found: list[tuple[str, str]] = []
    for header_name in ("Reply-To", "From", "Sender", "Return-Path"):
        for name, written in _addresses(raw_header(mail, header_name)):
            address = names.address(written)
            if address:
                found.append((words(name), address))
    if not found:
        raise Unanswerable("no sender")
    name, address = next((each for each in found if each[1] != own.lower()), found[0])
    return name, address


def _addresses(text: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([text])[:10] if text else []
    except (ValueError, IndexError, TypeError, AttributeError):
        return []


def _identity(mail: Message, raw: bytes, message_id: str, sender: str) -> str:
    if not message_id:
        return names.external("", raw.decode("latin-1"))
    return names.external(message_id, sender, raw_header(mail, "Date"), raw_header(mail, "Subject"))


def _in(words_: Both, zh: bool) -> str:
    return words_.zh if zh else words_.en
