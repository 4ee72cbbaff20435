"""Looks at what is to be sent from a desk: what the guards are told of its chats.

Importing it takes longer than a first picture may: the patterns are many.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent_tui.desk import guards
from agent_tui.desk.guarding.findings import Finding
from agent_tui.desk.guards import Here, Others, Rules, Whose
from agent_tui.domain.ids import ConversationId

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.settings.workstation import Guards

RECENT = 200  # messages in which a customer's numbers are looked for
AHEAD = 0.008  # seconds in which chats are read ahead at a time


class Checking:
    """The guards of one desk, by its settings."""

    def __init__(self, desk: Desk, settings: Guards) -> None:
        self._desk = desk
        self._rules = Rules(
            absolute=settings.absolute,
            contacts=settings.contacts,
            numbers=settings.numbers,
            crossed=settings.crossed,
            words=settings.words,
            promises=settings.promises,
            allowed=settings.allowed,
            long=settings.long,
        )
        self._numbers: dict[ConversationId, tuple[int, tuple[str, ...], frozenset[str]]] = {}

    def check(self, key: ConversationId, text: str, *, note: bool = False) -> list[Finding]:
        """Everything to look at in `text` before it goes to chat `key`, whatever was said since it
        was written."""
        here = Here(self._whose(key), lambda: "\n".join(self._desk.messages.recent(key, RECENT)))
        others = Others(self._whose(other) for other in self._mine() if other != key)
        return guards.check(text, self._rules, here, others, note=note)

    def _mine(self) -> list[ConversationId]:
        desk = self._desk
        return [row.id for row in desk.queue.rows() if row.assignee == desk.me.id]

    def _whose(self, key: ConversationId) -> Whose:
        state = self._desk.conversation(key)
        return Whose(state.customer.name if state else "", self._numbers_of(key))

    def _numbers_of(self, key: ConversationId) -> frozenset[str]:
        desk = self._desk
        version = desk.conversations.last_confirmed(key)
        orders = tuple(order.no for order in desk.orders(key))
        known = self._numbers.get(key)
        if known is None or known[:2] != (version, orders):
            texts = desk.messages.recent(key, RECENT, customer=True)
            known = (version, orders, guards.numbers_of(orders, texts))
            self._numbers[key] = known
        return known[2]

    def tick(self) -> None:
        """From time to time: read ahead, so that Enter need not."""
        mine, end = self._mine(), time.monotonic() + AHEAD
        for key in mine:
            self._numbers_of(key)
            if time.monotonic() > end:
                break
        if len(self._numbers) > 2 * len(mine) + 10:
            self._numbers = {key: self._numbers[key] for key in mine if key in self._numbers}
