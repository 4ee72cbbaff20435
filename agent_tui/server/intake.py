"""From a mail as it lies in a mailbox to a message in the log, or the decision that it is none."""

from __future__ import annotations

import hashlib
import logging

import anyio.to_thread
import msgspec

from agent_tui.channels.base import Inbound
from agent_tui.channels.mail import parse
from agent_tui.channels.mail.bodies import Attachment
from agent_tui.channels.mail.imap import Raw
from agent_tui.channels.mail.kinds import Kind, Report
from agent_tui.channels.mail.parse import Letter
from agent_tui.domain.ids import ConversationId, CustomerId, InboxId
from agent_tui.domain.outcome import Rejected
from agent_tui.lang import Both
from agent_tui.server import letters, uploads
from agent_tui.server.clock import now_ms
from agent_tui.server.letters import Said, TakeMail
from agent_tui.server.meeting import meet
from agent_tui.server.service import Service

AUTOMATIC = Both("［自动邮件］\n", "[an automatic mail]\n")
FAILED = Both("［退信：回复没有送达］{detail}\n", "[returned: a reply did not arrive] {detail}\n")
NOT_TAKEN = Both("［附件 {name}，{size}，没有收下］", "[file {name}, {size}, not taken]")
CUT_OFF = Both(
    "［邮件有 {size}，只收了开头，全文在邮箱里］",
    "[a mail of {size}: only its beginning was taken; all of it is in the mailbox]",
)
REPORT_CHARS = 2_000
log = logging.getLogger(__name__)


class Intake:
    """Takes the mails of one inbox."""

    def __init__(self, service: Service, inbox: InboxId, own: str) -> None:
        self._service = service
        self._inbox = inbox
        self._own = own

    async def take(self, raw: Raw) -> bool:
        """Have a mail in the log, once however often it comes. False for one that is left where it
        is: from nobody, from ourselves, or a program's answer that no agent needs.

        Raises ServerError if it could not be written.
        """
        try:
            letter = await anyio.to_thread.run_sync(parse.read, raw.data, self._own)
        except parse.Unanswerable as error:
            return self._leave(raw, str(error))
        if letter.sender == self._own.lower():
            return self._leave(raw, "it is our own")
        if letter.kind is Kind.ABSENCE:
            return self._leave(raw, f"an automatic answer of {letter.sender}")
        if letter.report is not None and letter.report.keys:
            return await self._returned(raw, letter, letter.report)
        if not letter.sender:
            return self._leave(raw, "a report on a mail that is not ours")
        return await self._written(raw, letter)

    async def _written(self, raw: Raw, letter: Letter) -> bool:
        found = Inbound(
            external=letter.external,
            customer=letter.sender,
            text=letter.text,
            name=letter.name or letter.sender,
            language=letter.language,
            contact=letter.sender,
            subject=letter.subject,
        )
        customer = await meet(self._service, self._inbox, found)
        place = await anyio.to_thread.run_sync(
            letters.answered, self._service.database, self._inbox, letter.ours
        )
        # Who merely knows the id of somebody else's mail comes into no other conversation: TakeMail
        # looks among the customer's own.
        mine = place.conversation if place else None
        head = "" if letter.kind is Kind.PERSON else _in(AUTOMATIC, letter)
        text = "\n".join([head + letter.text, *await self._beside(raw, letter)])
        return await self._submit(raw, customer, _said(letter, text), mine)

    async def _returned(self, raw: Raw, letter: Letter, report: Report) -> bool:
        if not report.failed:
            return self._leave(raw, "a report that nothing failed yet")
        place = await anyio.to_thread.run_sync(
            letters.answered, self._service.database, self._inbox, report.keys
        )
        if place is None:
            return self._leave(raw, "a report on a mail that is not known here")
        text = _in(FAILED, letter).format(detail=report.detail) + letter.text[:REPORT_CHARS]
        said = msgspec.structs.replace(_said(letter, text), subject="", answered=False)
        return await self._submit(raw, place.visitor, said, place.conversation)

    async def _submit(
        self, raw: Raw, customer: CustomerId, said: Said, mine: ConversationId | None
    ) -> bool:
        answer = await self._service.writer.submit(TakeMail(self._inbox, customer, said, mine))
        if isinstance(answer, Rejected):
            return self._leave(raw, f"refused: {answer.reason} {answer.detail}")
        return True

    def _leave(self, raw: Raw, why: str) -> bool:
        log.info("%s: mail %d is left in its mailbox: %s", self._inbox, raw.uid, why)
        return False

    # --- what comes along ------------------------------------------------------------------------

    async def _beside(self, raw: Raw, letter: Letter) -> list[str]:
        """A line for each attachment: its address, or what was not taken."""
        if raw.whole > len(raw.data):
            return [_in(CUT_OFF, letter).format(size=_size(raw.whole))]
        return [
            await self._kept(letter, number, each) for number, each in enumerate(letter.attachments)
        ]

    async def _kept(self, letter: Letter, number: int, attached: Attachment) -> str:
        service = self._service
        public = service.config.server.public.rstrip("/")
        refused = _in(NOT_TAKEN, letter).format(name=attached.name, size=_size(attached.size))
        if not public or not 0 < len(attached.data) <= service.config.files.file_bytes:
            return refused
        digest = hashlib.sha256(letter.external.encode()).hexdigest()
        try:
            found = await anyio.to_thread.run_sync(
                lambda: uploads.save(
                    service.database,
                    f"mail:{self._inbox}",
                    f"{digest[:48]}-{number}",
                    attached.name,
                    attached.data,
                    at=now_ms(),
                    most=service.config.files.total_bytes,
                )
            )
        except uploads.Full:
            return refused
        return public + found.path


def _said(letter: Letter, text: str) -> Said:
    return Said(
        external=letter.external,
        text=text,
        subject=letter.subject,
        message_id=letter.message_id,
        thread=letter.references,
        language=letter.language,
    )


def _size(size: int) -> str:
    return f"{size / 1024:.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:.1f} MB"


def _in(words: Both, letter: Letter) -> str:
    """Kept with the message, so in the customer's language, not in that of whoever looks."""
    return words.en if letter.language == "en" else words.zh
