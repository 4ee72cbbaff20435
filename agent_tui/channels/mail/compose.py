"""A reply as a mail: its headers, so that every program shows it in the customer's thread."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from agent_tui.channels.base import Outbound
from agent_tui.channels.mail import names
from agent_tui.channels.mail.settings import MailSettings
from agent_tui.text import clean_line

SUBJECT_CHARS = 200
MOST_REFERENCES = 20
# Every line fits and no server must know 8BITMIME.
POLICY = SMTP.clone(cte_type="7bit", max_line_length=76)
_PREFIXES = re.compile(
    r"(?:\s*(?:re|aw|sv|antw|回复|答复|回覆)\s*(?:\[\d+\])?\s*[:：])+\s*", re.IGNORECASE
)


def bare(subject: str) -> str:
    """A subject without what programs put before it when they answer."""
    return clean_line(_PREFIXES.sub("", subject, count=1) if subject else "", SUBJECT_CHARS)


def compose(settings: MailSettings, outbound: Outbound) -> EmailMessage:
    """The mail. The same reply gives the same mail, however often it is tried.

    Raises ValueError where the customer's address cannot be written to.
    """
    to = names.address(outbound.customer)
    if not to:
        raise ValueError(f"no address: {clean_line(outbound.customer)}")
    mail = EmailMessage(policy=POLICY)
    mail["From"] = _address(settings.address, _shown(settings, outbound))
    mail["To"] = _address(to)
    mail["Subject"] = f"Re: {bare(outbound.subject) or clean_line(settings.name)}".rstrip()
    mail["Date"] = format_datetime(datetime.fromtimestamp(outbound.at / 1000, UTC))
    mail["Message-ID"] = names.message_id(outbound.key, settings.domain)
    thread = [each for each in outbound.answers if names.ids(each) == (each,)]
    if thread:
        mail["In-Reply-To"] = thread[-1]
        # As the standard says: the first, which names the thread, and the last ones.
        kept = thread if len(thread) <= MOST_REFERENCES else thread[:1] + thread[1:][-19:]
        mail["References"] = " ".join(kept)
    mail.set_content(outbound.text, charset="utf-8")
    return mail


def _address(address: str, name: str = "") -> Address:
    local, _, domain = names.wire(address).rpartition("@")
    return Address(name, username=local, domain=domain)


def _shown(settings: MailSettings, outbound: Outbound) -> str:
    agent, shop = clean_line(outbound.agent, 40), clean_line(settings.name, 60)
    return f"{agent} · {shop}" if agent and shop else agent or shop
