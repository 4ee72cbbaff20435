"""What was done here and has not come home: numbered commands, and replies in their grace."""

from __future__ import annotations

from collections.abc import KeysView, Sequence

from agent_tui.desk.grace import Grace
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.store.bulks import Bulk
from agent_tui.store.outbox import SLIGHT, Outbox


class Pending:
    """The outbox, as of the last `read`. `unsent` is how many commands are numbered and not home,
    `deeds` how many of them an agent would call one: marks of reading are none;
    `bulks` are the deeds to many conversations, with what the server refused of each."""

    def __init__(self, outbox: Outbox, grace: Grace) -> None:
        self._outbox = outbox
        self._grace = grace
        self._orders: dict[ConversationId, list[c.Order]] = {}
        self._unsettled: list[int] = []
        self.unsent = self.deeds = 0
        self.bulks: tuple[Bulk, ...] = ()

    def read(self, done: int) -> tuple[set[ConversationId], frozenset[ConversationId]]:
        """Read it again, as what came home up to command `done` leaves it: the conversations for
        which something was or is pending, and those for which it is less."""
        before, self._orders, self.unsent, self.deeds = self._orders, {}, 0, 0
        for order in self._outbox.pending(after=done):
            if isinstance(order.command, c.ReportSearches):
                continue  # nobody waits for it
            self._orders.setdefault(order.conversation, []).append(order)
            self.unsent += 1
            self.deeds += not isinstance(order.command, SLIGHT)
        self._grace.refresh()
        for order in self._grace.orders():
            self._orders.setdefault(order.conversation, []).append(order)
        self._unsettled = self._outbox.unsettled()
        self.bulks = self._outbox.bulks()  # read after it: they are whole where nothing is left
        home = frozenset(
            key
            for key, orders in before.items()
            if not {order.number for order in orders} <= {order.number for order in self.of(key)}
        )
        return before.keys() | self._orders.keys(), home

    def conversations(self) -> KeysView[ConversationId]:
        """The conversations for which something is pending."""
        return self._orders.keys()

    def of(self, key: ConversationId) -> Sequence[c.Order]:
        """What is pending for one, in its order; what is in its grace comes last."""
        return self._orders.get(key, ())

    def waiting(self, bulk: Bulk) -> int:
        """How many commands of a deed to many are not decided; `refused` is whole once none is."""
        return sum(bulk.first <= number <= bulk.last for number in self._unsettled)
