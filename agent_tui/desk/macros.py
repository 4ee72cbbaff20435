"""Macros at the desk: the team's and one's own, and the values that fill them."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.plan import surge_of
from agent_tui.store.cache import Changes

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Macro


class Macros:
    """Read when they are asked for, and again once some changed. `own` are the agent's own: of this
    machine, not of the server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._library: Library | None = None
        self.own: tuple[Macro, ...] = ()

    def changed(self, changes: Changes) -> None:
        """Something came in."""
        if changes.all or changes.things & {"article", "macro", "agent"}:
            self._library = None
            self._desk.finding.look()

    def use_own(self, macros: tuple[Macro, ...]) -> None:
        """The agent's own macros are these from now on."""
        self.own = self._desk.finding.own = macros
        self._library = None
        self._desk.finding.look()

    @property
    def are_read(self) -> bool:
        """Whether `library` answers at once: reading them takes some 50 ms."""
        return self._library is not None

    def library(self) -> Library:
        """Those that this agent may use."""
        directory, teams = self._desk.directory, self._desk.me.teams
        if self._library is None:
            # YAML and templates cost more than the rest of a start: first picture first.
            from agent_tui.macros.library import Library

            sources = ((source.id, source.text) for source in directory.macros())
            self._library = Library.of_sources(sources, teams, self.own)
        surges, now = directory.surges().values(), self._desk.clock()
        self._library.surge = any(surge_of(surges, team, now) for team in teams)
        return self._library

    def values(self, key: ConversationId | None, now: datetime.datetime) -> dict[str, str]:
        """The variables that macros may use, for one conversation at local time `now`.

        `order.…` is the order that the chat names, else the last one (`Customers.values`).
        """
        desk = self._desk
        state = desk.conversation(key) if key else None
        inbox = desk.directory.inboxes().get(state.inbox) if state else None
        english = state is not None and state.customer.language == "en"
        shop = (inbox.title_en if english else inbox.title_zh) if inbox else ""
        values = {
            "agent.name": desk.me.name,
            "shop.name": shop,
            "now.date": now.strftime("%Y-%m-%d"),
            "now.time": now.strftime("%H:%M"),
        }
        if state is not None:
            values |= {
                "customer.name": state.customer.name,
                "customer.tier": state.customer.tier,
                "customer.language": state.customer.language,
                **desk.customers.values(state),
            }
        return values
