"""From Enter to the outbox: what is looked at first, what is asked, what goes with a reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.widgets.text_area import Selection

from agent_tui.desk.guarding.findings import BLOCKS, Finding, Kind
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.domain.outcome import Held
from agent_tui.errors import StoreError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.macros.model import Macro
    from agent_tui.tui.screens.workstation import Workstation

_SHORT = re.compile(r"/[a-z0-9]{1,16}", re.IGNORECASE)  # written to be a macro
SETTLE = 0.5  # seconds for which a question takes no answer: it comes under typing hands
RESOLVED = Both("发送并解决", "send and resolve")


class Sending(NamedTuple):
    """A reply on its way, with what goes with it and what comes after it."""

    key: ConversationId
    text: str
    command: c.AgentCommand
    title: Both | None = None
    next: bool = False


class Sender:
    """Sends what stands in the composer."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    def note(self, key: ConversationId, text: str, leave: Callable[[], None]) -> None:
        """`leave` a note, unless something should be looked at first. Raises StoreError."""
        findings = self._screen.chat.guards.look(key, text, note=True)
        if self._blocked(text, findings):
            return
        if findings:
            self._screen.run_worker(self._ask_about_note(key, text, findings, leave))
        else:
            leave()

    async def _ask_about_note(
        self,
        key: ConversationId,
        text: str,
        findings: Sequence[Finding],
        leave: Callable[[], None],
    ) -> None:
        if await self._is_meant(key, text, findings):
            try:
                leave()
            except StoreError as error:
                self._screen.doing.trouble(error)

    def _sending(self, key: ConversationId, text: str, resolve: bool, to_next: bool) -> Sending:
        screen = self._screen
        left = screen.inserting.left(text)
        macros = [each.macro for each in left if each.macro is not None]
        sources = tuple(dict.fromkeys(each.source for each in left))
        parts: list[c.AgentPart] = [screen.desk.writing.reply(key, text, sources=sources)]
        parts += [part for macro in macros for part in _commands(macro)]
        if resolve:
            # One step: a reply that the server holds must not leave a solved chat behind.
            parts.append(c.SetStatus(Status.RESOLVED))
        command = c.Batch(tuple(parts)) if len(parts) > 1 else parts[0]
        follow = to_next or any(macro.head.after == "next" for macro in macros)
        return Sending(key, text, command, RESOLVED if resolve else None, follow)

    def reply(self, key: ConversationId, text: str, resolve: bool, to_next: bool) -> None:
        """Send it, unless something should be looked at first. Raises StoreError."""
        if _SHORT.fullmatch(text.strip()):
            name = text.strip()
            self._screen.doing.say(
                Both(
                    f"没有宏 {name}，没有发出；补全按 Tab",
                    f"no macro {name}: not sent; Tab completes",
                )
            )
            return
        sending = self._sending(key, text, resolve, to_next)
        findings = self._findings(sending)
        if self._blocked(sending.text, findings):
            return
        if findings:
            self._screen.run_worker(self._ask_and_send(sending, findings))
        else:
            self._go(sending)

    def _findings(self, sending: Sending) -> list[Finding]:
        """What to look at, and whether the rules would hold it."""
        found = self._screen.chat.guards.look(sending.key, sending.text)
        outcome = self._screen.desk.doing.foresee(sending.key, sending.command)
        if isinstance(outcome, Held):
            found.insert(0, self._screen.chat.guards.held(outcome))
        elif (others := self._screen.chat.guards.others(sending.key)) is not None:
            found.insert(0, others)
        return found

    def _blocked(self, text: str, findings: Sequence[Finding]) -> bool:
        """Whether only open places were found: they are gone to, and nothing is asked."""
        if not findings or any(each.kind not in BLOCKS for each in findings):
            return False
        self._screen.doing.say(findings[0].reason)
        self._go_to(text, findings[0])
        return True

    def _go_to(self, text: str, finding: Finding) -> None:
        """Mark what was found: what is typed now takes its place."""
        composer = self._screen.composer
        if finding.end > finding.start and composer.text == text:
            composer.selection = Selection(_place(text, finding.start), _place(text, finding.end))
        self._screen.set_focus(composer)

    async def _is_meant(self, key: ConversationId, text: str, findings: Sequence[Finding]) -> bool:
        """Show what was found. False if its author goes back, or the text is another by now."""
        from agent_tui.tui.screens.guard import GuardScreen

        screen = self._screen
        self._screen.chat.looked.know(key)  # what is new is in the question
        settle = min(SETTLE, screen.ui.quiet_seconds)
        meant = await screen.app.push_screen_wait(GuardScreen(text, findings, settle=settle))
        if not meant:
            placed = (each for each in findings if each.end > each.start)
            self._go_to(text, next(placed, findings[0]))
        return bool(meant) and screen.current == key and screen.composer.text == text

    async def _ask_and_send(self, sending: Sending, findings: Sequence[Finding]) -> None:
        asked: Sequence[Finding] = findings
        while await self._is_meant(sending.key, sending.text, asked):
            held = any(each.kind is Kind.HELD for each in findings)
            # More may have been written while the question stood there.
            now = self._findings(sending)
            fresh = [each for each in now if each.kind is Kind.STALE]
            if not held:
                fresh += [each for each in now if each.kind is Kind.HELD]
            if not fresh:
                try:
                    self._go(sending, force=held)
                except StoreError as error:
                    self._screen.doing.trouble(error)
                return
            asked, findings = fresh, [*findings, *fresh]

    def _go(self, sending: Sending, *, force: bool = False) -> None:
        screen = self._screen
        key = sending.key
        command = forced(sending.command) if force else sending.command
        refused = screen.desk.do(key, command, title=sending.title, clear_draft=True)
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return
        screen.meter.sent(sending.text)
        screen.inserting.forget(key)
        screen.grace.sent(screen.chat.sent(key))
        screen.ui.ring()
        screen.transcript.end()
        screen.searching.follow()
        if sending.next:
            screen.grace.tell()
            screen.going.open_next()


def _place(text: str, at: int) -> tuple[int, int]:
    """Row and column of a place in a text."""
    return text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)


def forced(command: c.AgentCommand) -> c.AgentCommand:
    """The same, knowing what happened since."""
    import msgspec

    def force(part: c.AgentPart) -> c.AgentPart:
        if isinstance(part, c.SendReply):
            return msgspec.structs.replace(part, force=True)
        return part

    if isinstance(command, c.Batch):
        return c.Batch(tuple(force(part) for part in command.parts))
    alone = c.ReportSearches | c.NoteCall
    return command if isinstance(command, alone) else force(command)


def _commands(macro: Macro) -> list[c.AgentPart]:
    found: list[c.AgentPart] = []
    for action in macro.head.actions:
        if action.tag is not None:
            found.append(c.Tag(action.tag))
        elif action.untag is not None:
            found.append(c.Untag(action.untag))
        elif action.priority is not None:
            found.append(c.SetPriority(action.priority))
        elif action.type is not None:
            found.append(c.SetType(action.type))
        elif action.status is not None:
            found.append(c.SetStatus(Status(action.status)))
        elif action.clock is not None:
            found.append(c.StartClock(action.clock))
    return found
