"""One cut of the feed for all readers of the same scope: made once, sent many times.

After a commit, fifty agents of a team ask for the same few rows. What they see differs only where a
row names one of them: such readers are told apart and get a cut of their own.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from agent_tui.domain.ids import AgentId, ClientId
from agent_tui.domain.model import Role
from agent_tui.server import feed, log
from agent_tui.server.feed import Reader
from agent_tui.server.hub import Hub
from agent_tui.server.log import LogRow

_NOBODY = AgentId("")
KEPT = 256


class Cut(msgspec.Struct, frozen=True):
    """What readers see of `rows`; `numbers` holds each client's last command number in them."""

    rows: list[LogRow]
    lines: list[bytes]
    numbers: dict[ClientId, int]
    apart: frozenset[str]  # agents and clients for whom it is not right


class Cuts:
    """The cuts from one place or another to the head, until the head moves."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._head = 0
        self._known: dict[Hashable, Cut | None] = {}

    def of(self, reader: Reader, seq: int, limit: int) -> Cut | None:
        """At most `limit` rows after `seq` as `reader` sees them.

        None if the log has to be read for it, or if this reader needs a cut of its own.
        """
        if self._head != self._hub.head:
            self._head = self._hub.head
            self._known.clear()
        agent = reader.agent
        key = (seq, limit, agent.role, agent.teams, agent.disabled)
        if key not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[key] = self._make(reader, seq, limit)
        cut = self._known[key]
        if cut is None or agent.id in cut.apart or reader.client in cut.apart:
            return None
        return cut

    def _make(self, reader: Reader, seq: int, limit: int) -> Cut | None:
        rows = self._hub.after(seq, limit + 1)
        if rows is None or feed.AGENT_SAVED in {row.kind for row in rows}:
            return None
        anybody = Reader(msgspec.structs.replace(reader.agent, id=_NOBODY), ClientId(""))
        if feed.needs_log(anybody, _near(anybody, rows)):
            return None
        rows = log.fitting(rows, limit)
        lines, _ = feed.visible(anybody, _near(anybody, rows), None)
        numbers = {row.client: row.number for row in rows if row.client and row.number is not None}
        return Cut(rows, lines, numbers, _named(anybody, rows))


def _near(anybody: Reader, rows: list[LogRow]) -> list[LogRow]:
    """The rows that can be visible to `anybody` at all: most are other teams' business."""
    if anybody.agent.role is Role.ADMIN:
        return rows
    teams = anybody.agent.teams
    return [
        row
        for row in rows
        if row.team_after in teams or row.team_before in teams or row.conversation is None
    ]


def _named(anybody: Reader, rows: Sequence[LogRow]) -> frozenset[str]:
    """Whom these rows concern as a person or a client, beyond what their team sees."""
    found: set[str | None] = set()
    teams = anybody.agent.teams
    for row in rows:
        if row.conversation is None:
            found.add(row.client)
        elif row.team_before not in teams or row.team_after not in teams:
            found |= {row.owner_before, row.owner_after}
    return frozenset(key for key in found if key is not None)
