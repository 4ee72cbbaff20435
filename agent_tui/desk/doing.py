"""The one way to change anything: a command is foreseen, stored, and seen at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from agent_tui.desk.grace import has_reply
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain.context import Context, MessagePlace
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.store.grace import Recovered
from agent_tui.store.handing import messages_of
from agent_tui.store.outbox import Outbox, OutboxFull
from agent_tui.store.tray import TrayItem

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk

REPLY = Both("回复", "reply")
EVERY = 50  # steps of many, between two words of how far it has come
Refused = Rejected | Held | None  # None: it was done, or of many that it was so already


class Doing:
    """Puts commands into the outbox, or into the grace, and has the desk read them again."""

    def __init__(self, desk: Desk, outbox: Outbox) -> None:
        self._desk = desk
        self._outbox = outbox

    def foresee(self, key: ConversationId, command: c.AgentCommand) -> Outcome:
        """What would follow from `command`, as far as can be told here; nothing happens."""
        state = self._desk.conversations.state(key)
        if state is None and not isinstance(command, c.NoteCall):
            return Rejected(Reason.NO_SUCH_CONVERSATION)
        outcome = decide(state, command, self._context(key, command), conversation=key)
        if isinstance(outcome, Rejected):
            return Rejected(outcome.reason, outcome.detail)  # nothing happens here
        return outcome

    def do(
        self,
        conversation: ConversationId,
        command: c.AgentCommand,
        *,
        title: Both | None = None,
        clear_draft: bool = False,
        instead_of: TrayItem | None = None,
    ) -> Refused:
        """Queue `command` durably and show its effect at once.

        A refusal that can be told here is returned, and nothing is queued. With a `title`, the step
        can be undone under that name, or is known as one that cannot; a reply in its grace can be
        without. `instead_of` leaves the
        unsent tray for it. Raises StoreError.
        """
        outcome = self.foresee(conversation, command)
        if isinstance(outcome, Rejected | Held):
            return outcome
        if not outcome and isinstance(command, c.MarkRead):
            return None
        now = self._desk.clock()
        back = self._inverse(conversation, command) if title is not None else None
        held = 0
        try:
            if self._desk.grace.takes(conversation, command):
                held = self._desk.grace.hold(
                    conversation, command, now, clear_draft=clear_draft, instead_of=instead_of
                )
            else:
                self._outbox.enqueue(
                    command, conversation, now, clear_draft=clear_draft, instead_of=instead_of
                )
        except OutboxFull as full:
            return Rejected(Reason.OUTBOX_FULL, str(full.waiting))
        name = title or (REPLY if held and has_reply(command) else None)
        final = title is not None and isinstance(command, c.AcceptSuggestion | c.DeclineSuggestion)
        if name is not None and (back is not None or held or final):
            replies = messages_of(command) if held else frozenset()
            self._desk.undo_stack.push(
                Undo(conversation, back, name, now, held=held, replies=replies)
            )
        self._desk.refresh(Changes(frozenset({conversation}), outbox=True))
        return None

    def do_all(
        self,
        steps: Sequence[tuple[ConversationId, c.AgentCommand]],
        *,
        title: Both,
        undoable: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> dict[ConversationId, Refused]:
        """`do` one command to each of many conversations: stored at once, undone at once.

        The answer is what was not queued, and why; None where it is so already. What the server
        refuses of it stands in `Pending.bulks`, unless it has a text. `progress` is told how many
        were looked at.
        """
        left: dict[ConversationId, Refused] = {}
        taken: list[tuple[ConversationId, c.AgentCommand]] = []
        back: list[tuple[ConversationId, c.AgentCommand]] = []
        for count, (key, command) in enumerate(steps, 1):
            outcome = self.foresee(key, command)
            if isinstance(outcome, Rejected | Held):
                left[key] = outcome
            elif not outcome:
                left[key] = None
            else:
                taken.append((key, command))
                undo = self._inverse(key, command) if undoable else None
                if undo is not None:
                    back.append((key, undo))
            if progress is not None and (count % EVERY == 0 or count == len(steps)):
                progress(count)
        if not taken:
            return left
        now = self._desk.clock()
        self._desk.grace.release(
            now, frozenset(key for key, _ in taken)
        )  # what came first goes first
        try:
            bulk = self._outbox.enqueue_all(taken, title, now)
        except OutboxFull as full:
            refused = Rejected(Reason.OUTBOX_FULL, str(full.waiting))
            self._desk.refresh(Changes(outbox=True))  # of what was in its grace
            return left | {key: refused for key, _ in taken}
        if back:
            (key, undo), *others = back
            self._desk.undo_stack.push(Undo(key, undo, title, now, tuple(others), bulk.first))
        self._desk.refresh(Changes(frozenset(key for key, _ in taken), outbox=True))
        return left

    def _inverse(self, key: ConversationId, command: c.AgentCommand) -> c.AgentCommand | None:
        state = self._desk.conversations.state(key)
        if state is None:
            return None
        return inverse(state, command, self._context(key, command))

    def _context(self, key: ConversationId, command: c.AgentCommand) -> Context:
        directory = self._desk.directory
        return Context(
            actor=directory.me,
            now=self._desk.clock(),
            policy=directory.policy,
            plan=directory.plan,
            messages=self._places(key, command),
            inboxes={inbox.id: inbox for inbox in directory.inboxes().values()},
        )

    def _places(
        self, key: ConversationId, command: c.AgentCommand
    ) -> Mapping[MessageId, MessagePlace] | None:
        """What this screen shows of the messages that are to be edited; None if there are none."""
        parts = c.parts_of(command)
        if not any(isinstance(part, c.EditMessage) for part in parts):
            return None
        named = {part.message for part in parts if isinstance(part, c.EditMessage | c.RemoveNote)}
        shown = (line.message for line in self._desk.transcript(key))
        return {
            each.id: MessagePlace(key, each.no, each.author, each.kind, each.text)
            for each in shown
            if each.id in named
        }

    def release(self, *, flush: bool = False) -> bool:
        """Send on their way the replies whose grace is over, or all; whether there were any. Raises
        StoreError."""
        keys = self._desk.grace.flush() if flush else self._desk.grace.release(self._desk.clock())
        if keys:
            self._desk.refresh(Changes(keys, outbox=True))
        return bool(keys)

    def recover(self) -> list[Recovered]:
        """Make drafts of the replies in whose grace another workstation of this profile ended.
        Raises StoreError."""
        found = self._desk.grace.recover(self._desk.clock())
        if found:
            keys = frozenset(each.conversation for each in found)
            self._desk.refresh(Changes(keys, outbox=True))
        return found

    def report_searches(self, misses: tuple[tuple[str, int], ...]) -> None:
        """Count searches that found nothing; lost if the outbox is full."""
        with contextlib.suppress(OutboxFull):
            command = c.ReportSearches(misses)
            self._outbox.enqueue(command, ConversationId(""), self._desk.clock())
