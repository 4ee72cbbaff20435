"""Looks at a reply before it leaves: what the guards are told of the chats. Loaded with the first
second of work, not with the first picture: the patterns take longer than all the rest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent_tui.desk import guards, reasons
from agent_tui.desk.guarding.findings import Finding, Kind
from agent_tui.desk.guards import Here, Others, Rules, Whose
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.domain.outcome import Held
from agent_tui.lang import Both
from agent_tui.text import clip

if TYPE_CHECKING:
    from agent_tui.desk.transcripts import Line
    from agent_tui.tui.screens.workstation import Workstation

LINES = 6  # of what others wrote since
LINE_CELLS = 300
RECENT = 200  # messages in which a customer's numbers are looked for
AHEAD = 0.008  # seconds in which chats are read ahead, once a second


class SendGuards:
    """The guards of one workstation."""

    def __init__(self, screen: Workstation) -> None:
        config = screen.config.guards
        self._screen = screen
        self._stale = config.stale
        self._rules = Rules(
            absolute=config.absolute,
            contacts=config.contacts,
            numbers=config.numbers,
            crossed=config.crossed,
            words=config.words,
            promises=config.promises,
            allowed=config.allowed,
        )
        self._numbers: dict[ConversationId, tuple[int, tuple[str, ...], frozenset[str]]] = {}

    def look(self, key: ConversationId, text: str, *, note: bool = False) -> list[Finding]:
        """Everything to look at in `text` before it goes to chat `key`."""
        found = guards.check(text, self._rules, self._here(key), self._others(key), note=note)
        stale = self._news(key) if self._stale and not note else None
        return [stale, *found] if stale is not None else found

    def held(self, held: Held) -> Finding:
        """What the rules would do with it, as a finding."""
        zh, en = reasons.both(held.reason, held.detail)
        return Finding(Kind.HELD, 0, 0, Both(zh, en))

    def _news(self, key: ConversationId) -> Finding | None:
        lines = self._screen.chat.looked.since(key)
        if not lines:
            return None
        count = len(lines)
        reason = Both(
            f"你开始写之后，对方又说了 {count} 句",
            f"{count} new since you began to write"
            if count > 1
            else "new since you began to write",
        )
        shown = tuple(self._line(line) for line in lines[-LINES:])
        return Finding(Kind.STALE, 0, 0, reason, shown)

    def _line(self, line: Line) -> str:
        message = line.message
        if message.kind is MessageKind.CUSTOMER:
            state = self._screen.desk.conversation(self._screen.current or ConversationId(""))
            name = state.customer.name if state else ""
        else:
            agent = self._screen.desk.directory.agents().get(message.author)  # type: ignore[call-overload]
            name = agent.name if agent else message.author
        return clip(f"{name}: {message.text}", LINE_CELLS)

    # --- what is known of the chats --------------------------------------------------------------

    def _here(self, key: ConversationId) -> Here:
        return Here(
            self._whose(key), lambda: "\n".join(self._screen.desk.messages.recent(key, RECENT))
        )

    def _others(self, key: ConversationId) -> Others:
        return Others(self._whose(other) for other in self._mine() if other != key)

    def _mine(self) -> list[ConversationId]:
        desk = self._screen.desk
        return [row.id for row in desk.queue.rows() if row.assignee == desk.me.id]

    def _whose(self, key: ConversationId) -> Whose:
        state = self._screen.desk.conversation(key)
        return Whose(state.customer.name if state else "", self._numbers_of(key))

    def _numbers_of(self, key: ConversationId) -> frozenset[str]:
        desk = self._screen.desk
        version = desk.conversations.last_confirmed(key)
        orders = tuple(order.no for order in desk.orders(key))
        known = self._numbers.get(key)
        if known is None or known[:2] != (version, orders):
            texts = desk.messages.recent(key, RECENT, customer=True)
            known = (version, orders, guards.numbers_of(orders, texts))
            self._numbers[key] = known
        return known[2]

    def tick(self) -> None:
        """Once a second: read ahead, so that Enter need not."""
        mine, end = self._mine(), time.monotonic() + AHEAD
        for key in mine:
            self._numbers_of(key)
            if time.monotonic() > end:
                break
        if len(self._numbers) > 2 * len(mine) + 10:
            self._numbers = {key: self._numbers[key] for key in mine if key in self._numbers}
