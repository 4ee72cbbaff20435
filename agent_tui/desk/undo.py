"""The last things done, and how they are undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from agent_tui.desk.drafts import note_key
from agent_tui.desk.grace import TOLD_MS
from agent_tui.domain import commands as c
from agent_tui.domain.commands import AgentCommand
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.domain.inverse import epoch_before, renewed
from agent_tui.domain.outcome import Held, Reason, Rejected
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.store.handing import messages_of
from agent_tui.store.outbox import Outbox
from agent_tui.store.tray import TrayItem

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk

DEPTH = 50
FINAL = Reason.NO_SUCH_SUGGESTION  # not any more: it was published, or declined


class Undo(msgspec.Struct, frozen=True):
    """One step back: a command, or what goes back to the unsent tray. `at` (ms) tells whether it
    is newer than what was typed.

    What was done to many conversations at once goes back at once: `others` are those beside the
    first, `bulk` the number of the deed's first command. Once undone, `left` says what stayed as it
    is, and why (None: it was so already).

    `held` is the row of a reply in its grace, or of what waits behind one: undone, it was never
    done. `command` is for when it has left; None if nothing brings it back then. `replies` are
    those that the step sent: they can be taken back as long as no byte of them went to the network.
    Once undone, `taken` is what was taken back.
    """

    conversation: ConversationId
    command: AgentCommand | TrayItem | None
    title: Both
    at: int
    others: tuple[tuple[ConversationId, AgentCommand], ...] = ()
    bulk: int = 0
    left: tuple[tuple[ConversationId, Rejected | Held | None], ...] = ()
    held: int = 0
    taken: AgentCommand | None = None
    replies: frozenset[MessageId] = frozenset()


def notes_of(command: AgentCommand) -> str:
    """What `command` says to colleagues."""
    return "\n".join(part.text for part in c.parts_of(command) if isinstance(part, c.AddNote))


def is_note(step: Undo) -> bool:
    """Whether a note was undone: its words are in the draft of one."""
    if step.taken is not None:
        return bool(notes_of(step.taken))
    return isinstance(step.command, c.RemoveNote)


class UndoStack:
    """Steps back, newest last. Of this workstation only, and gone when it ends."""

    def __init__(self) -> None:
        self._steps: deque[Undo] = deque(maxlen=DEPTH)

    def push(self, step: Undo) -> None:
        """Remember a step."""
        self._steps.append(step)

    def pop(self) -> Undo | None:
        """Take the newest step."""
        return self._steps.pop() if self._steps else None

    def newest(self) -> Undo | None:
        """The newest step, left where it is."""
        return self._steps[-1] if self._steps else None

    def renew(self, by: Mapping[ConversationId, int]) -> None:
        """A step was undone that had changed the owners of these: all is as it was before it, but
        their epochs went on by so much, and earlier steps count from there."""

        def again(key: ConversationId, undo: AgentCommand) -> AgentCommand:
            return renewed(undo, by[key]) if key in by else undo

        for index, step in enumerate(self._steps):
            if step.command is None or isinstance(step.command, TrayItem):
                continue
            self._steps[index] = msgspec.structs.replace(
                step,
                command=again(step.conversation, step.command),
                others=tuple((key, again(key, undo)) for key, undo in step.others),
            )

    def is_discard(self) -> bool:
        """Whether the newest step is an item that left the unsent tray."""
        return bool(self._steps) and isinstance(self._steps[-1].command, TrayItem)

    def last_at(self) -> int:
        """When the newest step was done (ms); 0 if there is none."""
        return self._steps[-1].at if self._steps else 0


class Undoing:
    """Takes steps back: what waits still is taken out, what left is answered by its inverse.
    `tried` is the step that was last taken, or could not be."""

    def __init__(self, desk: Desk, outbox: Outbox) -> None:
        self._desk = desk
        self._outbox = outbox
        self.tried: Undo | None = None

    def undo(self) -> Undo | Rejected | Held | None:
        """Take the last step back; None if there is nothing to undo. Raises StoreError."""
        desk = self._desk
        step = self.tried = desk.undo_stack.pop()
        if step is None:
            return None
        taken = self._take_back(step)
        if taken is not None:
            self._keep(step.conversation, notes_of(taken))
            desk.refresh(Changes(frozenset({step.conversation}), outbox=True))
            return msgspec.structs.replace(step, taken=taken)
        if step.command is None:
            waits = self._waits(step)
            if waits is None and desk.clock() - step.at > desk.grace.ms + TOLD_MS:
                return self.undo()
            return Rejected(waits or (Reason.WITH_CUSTOMER if step.replies else FINAL))
        if isinstance(step.command, TrayItem):
            desk.tray.put_back(step.command)
            return step
        if step.bulk:
            return self._undo_all(step, step.command)
        words = self._note(step)
        refused = desk.do(step.conversation, step.command)
        if refused is None:
            self._keep(step.conversation, words)
            self._renew([(step.conversation, step.command)])
        return refused or step

    def _take_back(self, step: Undo) -> AgentCommand | None:
        """What waits here still: in its grace, or numbered and handed to nobody."""
        desk = self._desk
        if not step.held:
            return None
        found = desk.grace.take_back(step.held, desk.clock())
        for message in step.replies:
            found = found or self._outbox.handing.take_back(message, desk.clock())
        return found

    def _waits(self, step: Undo) -> Reason | None:
        """Why a reply that has not come home cannot be taken back all the same."""
        handed = self._outbox.handing.upto()
        for order in self._desk.pending.of(step.conversation):
            if not step.replies.isdisjoint(messages_of(order.command)):
                return Reason.ON_ITS_WAY if order.number <= handed else Reason.BUILT_ON
        return None

    def _note(self, step: Undo) -> str:
        """What a note says that is to be taken back."""
        if not isinstance(step.command, c.RemoveNote):
            return ""
        lines, note = self._desk.transcript(step.conversation), step.command.message
        return next((each.message.text for each in lines if each.message.id == note), "")

    def _keep(self, key: ConversationId, words: str) -> None:
        """A note that was taken back is an unfinished one again, behind what stands there."""
        drafts = self._desk.drafts
        if words:
            known = drafts.get(note_key(key))
            drafts.save(note_key(key), f"{known.text}\n{words}" if known else words)

    def _undo_all(self, step: Undo, first: AgentCommand) -> Undo | Rejected | Held:
        # What the server refused was never done here: its undoing would hit somebody else's.
        desk = self._desk
        bulk = next((each for each in desk.pending.bulks if each.first == step.bulk), None)
        left: dict[ConversationId, Rejected | Held | None]
        left = {key: Rejected(Reason.CHANGED_SINCE) for key, _, _ in bulk.refused} if bulk else {}
        steps = [each for each in ((step.conversation, first), *step.others) if each[0] not in left]
        title = Both(f"撤销：{step.title.zh}", f"undo: {step.title.en}")
        left |= desk.doing.do_all(steps, title=title, undoable=False)
        self._renew([each for each in steps if each[0] not in left])
        refused = next((each for each in left.values() if each is not None), None)
        if len(left) > len(step.others) and refused is not None:
            return refused
        return msgspec.structs.replace(step, left=tuple(left.items()))

    def _renew(self, undone: Iterable[tuple[ConversationId, AgentCommand]]) -> None:
        by: dict[ConversationId, int] = {}
        for key, command in undone:
            before, state = epoch_before(command), self._desk.conversation(key)
            if before is not None and state is not None:
                by[key] = state.epoch - before
        self._desk.undo_stack.renew(by)

    def may_take_back(self) -> bool:
        """Whether the newest step is a reply in its grace, or waits behind one."""
        step = self._desk.undo_stack.newest()
        return step is not None and any(row.id == step.held for row in self._desk.grace.rows)
