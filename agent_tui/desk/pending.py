"""What was done here and has not come home: numbered commands, and replies in their grace."""

from __future__ import annotations

from collections.abc import KeysView, Sequence

from agent_tui.desk.grace import Grace
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.store.bulks import Bulk
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox


class Pending:
    """The outbox, as of the last `read`. `unsent` is how many commands are numbered and not home;
    `bulks` are the deeds to many conversations, with what the server refused of each."""

    def __init__(self, cache: Cache, outbox: Outbox, grace: Grace) -> None:
        self._cache = cache
        self._outbox = outbox
        self._grace = grace
        self._orders: dict[ConversationId, list[c.Order]] = {}
        self._unsettled: list[int] = []
        self.unsent = 0
        self.bulks: tuple[Bulk, ...] = ()

    def read(self) -> set[ConversationId]:
        """Read it again; the conversations for which something was or is pending."""
        before, self._orders, self.unsent = self._orders, {}, 0
        for order in self._outbox.pending(after=self._cache.done()):
            if isinstance(order.command, c.ReportSearches):
                continue  # nobody waits for it
            self._orders.setdefault(order.conversation, []).append(order)
            self.unsent += 1
        self._grace.refresh()
        for order in self._grace.orders():
            self._orders.setdefault(order.conversation, []).append(order)
        self._unsettled = self._outbox.unsettled()
        self.bulks = self._outbox.bulks()  # read after it: they are whole where nothing is left
        return before.keys() | self._orders.keys()

    def conversations(self) -> KeysView[ConversationId]:
        """The conversations for which something is pending."""
        return self._orders.keys()

    def of(self, key: ConversationId) -> Sequence[c.Order]:
        """What is pending for one, in its order; what is in its grace comes last."""
        return self._orders.get(key, ())

    def waiting(self, bulk: Bulk) -> int:
        """How many commands of a deed to many are not decided; `refused` is whole once none is."""
        return sum(bulk.first <= number <= bulk.last for number in self._unsettled)
