"""Which commands may have left this machine, and taking back one that has not.

Numbers are dense, and a server that got one has it for good. So before any byte of a request can
leave, it is written down up to which number that was; what lies above was on no wire, and its
author may still take it back. Its number stays, with a command in its place that does nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId, MessageId
from agent_tui.store import meta
from agent_tui.store.checksum import checksum
from agent_tui.store.grace import APART, replies_of

if TYPE_CHECKING:
    from agent_tui.store.outbox import Outbox

# Of no conversation, shown to nobody, understood by every server; refused, it leaves nothing.
NOTHING = c.ReportSearches(())
# What may stand behind a reply that is taken back: it means the same without it.
REGARDLESS = (c.Tag, c.Untag, c.SetPriority, c.SetType, c.SetStatus, *APART)


class Handing:
    """Up to where the outbox was handed to the network."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def upto(self) -> int:
        """The highest number that may have left."""
        return max(int(self._outbox.meta("handed") or 0), self._outbox.acked())

    def over(self, orders: Sequence[c.Order]) -> list[c.Order]:
        """These are about to be sent, in their order: as they are now, for nothing of them can be
        taken back from here on."""
        last = orders[-1].number
        if last <= self.upto():
            return list(orders)
        with self._outbox.transaction() as db:
            meta.write(db, "handed", str(last))
            return self._outbox.pending(orders[0].number - 1, len(orders))

    def take_back(self, message: MessageId, now: int) -> c.AgentCommand | None:
        """Undo the command that writes reply `message`, which is a draft again, before what stands
        there. None if it may have left, is not here, or others build on it."""
        with self._outbox.transaction() as db:
            orders = self._outbox.pending(self.upto())
            order = next((each for each in orders if message in messages_of(each.command)), None)
            if order is None or self._built_on(db, order, orders):
                return None
            empty = c.Order(order.number, ConversationId(""), order.queued_at, NOTHING)
            row = (
                self._outbox.client,
                empty.number,
                empty.conversation,
                empty.queued_at,
                msgspec.json.encode(empty),
                None,
            )
            db.execute(
                "UPDATE command SET conversation = ?, body = ?, sum = ?"
                " WHERE client = ? AND number = ?",
                (row[2], row[4], checksum(*row), row[0], row[1]),
            )
            self._outbox.drafts.add(db, order.conversation, replies_of(order.command), now)
        return order.command

    def _built_on(self, db: sqlite3.Connection, order: c.Order, orders: Sequence[c.Order]) -> bool:
        later = [
            part
            for each in orders
            if each.number > order.number and each.conversation == order.conversation
            for part in c.parts_of(each.command)
        ]
        waits = "SELECT 1 FROM grace WHERE conversation = ? LIMIT 1"
        graced = db.execute(waits, (order.conversation,)).fetchone() is not None
        return graced or not all(isinstance(part, REGARDLESS) for part in later)


def messages_of(command: c.AgentCommand) -> frozenset[MessageId]:
    """The ids of the replies that a command sends."""
    return frozenset(p.message for p in c.parts_of(command) if isinstance(p, c.SendReply))
