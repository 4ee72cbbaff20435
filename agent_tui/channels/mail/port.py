"""The mail channel: replies leave by SMTP. What comes in is fetched, not handed in."""

from __future__ import annotations

from agent_tui.channels.base import Inbound, Outbound, Outcome, Refused, Request
from agent_tui.channels.mail import names, smtp
from agent_tui.channels.mail.compose import compose
from agent_tui.channels.mail.settings import MailSettings
from agent_tui.errors import UsageError
from agent_tui.lang import Both
from agent_tui.settings.server import Outgoing
from agent_tui.text import clean_line


class Mail:
    """A `base.Port`."""

    # A repeat carries the same Message-ID, but few programs show such a mail only once.
    idempotent = False

    def __init__(self, settings: MailSettings, limits: Outgoing) -> None:
        self._settings = settings
        self._limits = limits

    def parse(self, request: Request) -> Inbound:
        """See `base.Port`: nobody hands mail in over HTTP."""
        raise UsageError(
            Both("邮件不这样送入", "mail is not handed in this way"),
            Both("写信到它的邮箱", "write to its mailbox"),
        )

    async def deliver(self, outbound: Outbound) -> Outcome:
        """See `base.Port`."""
        if len(outbound.text.encode()) > self._limits.body_bytes:
            return Refused("too_large")
        try:
            mail = compose(self._settings, outbound)
        except ValueError as error:
            return Refused("refused", clean_line(str(error), smtp.DETAIL_CHARS))
        to = names.address(outbound.customer)
        return await smtp.send(self._settings, mail, to, self._limits.timeout)
