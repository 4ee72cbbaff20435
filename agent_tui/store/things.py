"""What everybody shares, as it lies in the cache: its kinds, and how it is read beside the desk,
from any one thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from agent_tui.domain import events as e
from agent_tui.domain.model import Agent, Article, Inbox, MacroSource, Team
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Duty, Routing, Surge
from agent_tui.store import sqlite
from agent_tui.store.checksum import checksum

_STEP = 500
ENTRIES = frozenset({"article", "macro"})
THINGS: dict[str, type[msgspec.Struct]] = {
    "agent": Agent,
    "team": Team,
    "inbox": Inbox,
    "article": Article,
    "macro": MacroSource,
    "policy": Policy,
    "routing": Routing,
    "duty": Duty,
    "surge": Surge,
}


class Things:
    """A read-only connection of its own, opened when it is used. What is damaged is left out: the
    desk finds out and has the cache built again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db: sqlite3.Connection | None = None
        self._inode = 0

    def close(self) -> None:
        """Close the connection; it opens again when it is used."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def marks(self, kind: str) -> list[tuple[int, int]]:
        """(place, sum) of everything of one kind, in order of places: what was replaced has
        another place, what was changed another sum. Raises StoreError."""
        return self._rows("SELECT rowid, sum FROM thing WHERE kind = ? ORDER BY rowid", (kind,))

    def at(self, kind: str, places: Iterable[int]) -> Iterator[tuple[int, msgspec.Struct]]:
        """What stands at `places`, with its place. Raises StoreError."""
        decoder = msgspec.json.Decoder(THINGS[kind])
        wanted = list(places)
        for begin in range(0, len(wanted), _STEP):
            part = wanted[begin : begin + _STEP]
            marks = ",".join("?" * len(part))
            rows = self._rows(
                f"SELECT rowid, id, body, sum FROM thing WHERE kind = ? AND rowid IN ({marks})",  # noqa: S608 -- question marks
                (kind, *part),
            )
            for place, key, body, total in sorted(rows):
                if checksum(kind, key, body) == total:
                    try:
                        yield place, decoder.decode(body)
                    except msgspec.MsgspecError:
                        continue

    def _rows(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            db = self._connection()
            return db.execute(statement, values).fetchall() if db else []
        except sqlite.ERRORS as error:
            raise sqlite.explain(error, self.path) from error

    def _connection(self) -> sqlite3.Connection | None:
        """To the file that stands at the path now; None if there is none."""
        inode = sqlite.inode(self.path)
        if inode != self._inode:
            self.close()
        if self._db is None and inode:
            address = f"{self.path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(
                address, uri=True, isolation_level=None, check_same_thread=False
            )
            self._inode = inode
        return self._db


def as_thing(event: e.FeedEvent) -> tuple[str, str, msgspec.Struct | None]:
    """Kind, id and what it says; None: it is gone."""
    match event:
        case e.AgentSaved(agent):
            return "agent", agent.id, agent
        case e.TeamSaved(team):
            return "team", team.id, team
        case e.InboxSaved(inbox):
            return "inbox", inbox.id, inbox
        case e.ArticleSaved(article):
            return "article", article.id, article
        case e.ArticleRemoved(key):
            return "article", key, None
        case e.MacroSaved(macro):
            return "macro", macro.id, macro
        case e.MacroRemoved(key):
            return "macro", key, None
        case e.PolicySaved(policy):
            return "policy", "policy", policy
        case e.RoutingSaved(routing):
            return "routing", "routing", routing
        case e.AvailabilitySet(duty):
            return "duty", duty.agent, duty
        case e.SurgeSet(surge):
            return "surge", surge.team, surge
        case _:
            raise TypeError(f"no table for {type(event).__name__}")
