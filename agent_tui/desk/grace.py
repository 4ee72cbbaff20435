"""The grace of replies: how long each may still be taken back, and what stands behind it."""

from __future__ import annotations

from collections.abc import Iterable

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.store.grace import APART, Kept, Recovered, sweep
from agent_tui.store.outbox import Outbox
from agent_tui.store.tray import TrayItem

TOLD_MS = 10_000  # who undoes a reply so soon after it left means that one, and is told


class Grace:
    """What waits in `outbox.db` to be numbered. `ms` is how long a reply does; 0: not at all."""

    def __init__(self, outbox: Outbox) -> None:
        self.ms = 0
        self.rows: list[Kept] = []
        self.replies: frozenset[MessageId] = frozenset()
        self._outbox = outbox

    def refresh(self) -> None:
        """Read it again."""
        self.rows = self._outbox.grace.rows()
        self.replies = frozenset(
            part.message
            for row in self.rows
            for part in c.parts_of(row.command)
            if isinstance(part, c.SendReply)
        )

    def orders(self) -> Iterable[c.Order]:
        """What will be sent, to lay it over what is confirmed. The numbers mean nothing yet."""
        return (c.Order(row.id, row.conversation, row.queued_at, row.command) for row in self.rows)

    # --- doing -----------------------------------------------------------------------------------

    def takes(self, key: ConversationId, command: c.AgentCommand) -> bool:
        """Whether `command` waits here: a reply, or what comes after one in the same chat."""
        if isinstance(command, APART):
            return False
        mine = self._outbox.grace.owner
        if any(row.conversation == key and row.owner == mine for row in self.rows):
            return True
        return self.ms > 0 and has_reply(command)

    def hold(
        self,
        key: ConversationId,
        command: c.AgentCommand,
        now: int,
        *,
        clear_draft: bool,
        instead_of: TrayItem | None,
    ) -> int:
        """Keep it; the row's id. Raises OutboxFull, StoreError."""
        return self._outbox.grace.hold(
            command,
            key,
            now,
            self.ms if has_reply(command) else 0,
            clear_draft=clear_draft,
            instead_of=instead_of,
        )

    def take_back(self, held: int, now: int) -> c.AgentCommand | None:
        """Undo a row; None if it is on its way. Raises StoreError."""
        found = self._outbox.grace.take_back(held, now)
        return found.command if found is not None else None

    # --- going on their way ----------------------------------------------------------------------

    def release(
        self, now: int, keys: frozenset[ConversationId] | None = None
    ) -> frozenset[ConversationId]:
        """Number what is due, or all of the chats `keys`; of which chats there was any. Raises
        StoreError."""
        store = self._outbox.grace

        def due(row: Kept) -> bool:
            return row.conversation in keys if keys is not None else self._left(row, now) == 0

        ready = store.ready(self.rows, due)
        if ready:
            store.release(due)
        return frozenset(row.conversation for row in ready)

    def flush(self) -> frozenset[ConversationId]:
        """Number all of this process's. Raises StoreError."""
        return self.release(0, frozenset(row.conversation for row in self.rows))

    def _left(self, row: Kept, now: int) -> int:
        """ms. A clock that was set back must not keep a reply here for an hour."""
        left = row.not_before - now
        return left if 0 < left <= max(self.ms, 1) else 0

    def next_in(self, now: int) -> int | None:
        """ms until something of this process's is due; None if nothing waits."""
        mine = [row for row in self.rows if row.owner == self._outbox.grace.owner]
        return min((self._left(row, now) for row in mine), default=None)

    def left(self, message: MessageId, now: int) -> int | None:
        """ms that a reply may still be taken back; None if it cannot, or not from here."""
        for row in self.rows:
            if row.owner == self._outbox.grace.owner and message in _messages(row.command):
                return self._left(row, now)
        return None

    # --- after a crash ---------------------------------------------------------------------------

    def recover(self, now: int) -> list[Recovered]:
        """Make drafts of what processes left that have ended. Raises StoreError."""
        sweep(self._outbox.path.parent)
        return self._outbox.grace.recover(now)

    def strangers(self) -> bool:
        """Whether another process's rows are here."""
        return any(row.owner != self._outbox.grace.owner for row in self.rows)


def has_reply(command: c.AgentCommand) -> bool:
    """Whether a customer would read something of it."""
    return any(isinstance(part, c.SendReply) for part in c.parts_of(command))


def _messages(command: c.AgentCommand) -> list[MessageId]:
    return [part.message for part in c.parts_of(command) if isinstance(part, c.SendReply)]
