"""Changes of the workspace itself: accounts, teams, inboxes, knowledge, macros, policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, literal, select, update

from agent_tui.domain import events as e
from agent_tui.server import schema
from agent_tui.server.unit import Needs, Unit

SYSTEM = "system"


class ChangeWorkspace:
    """Accounts, teams, inboxes and content: events whose folds are tables of their own."""

    def __init__(
        self, events: Sequence[e.WorkspaceEvent], writes: Sequence[tuple[Any, dict[str, Any]]] = ()
    ) -> None:
        self._events = events
        self._writes = writes

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def run(self, unit: Unit) -> None:
        """Record the events and fold them."""
        for event in self._events:
            unit.record(event, by=SYSTEM)
            unit.writes.extend(fold(event))
        unit.writes.extend(self._writes)

    def answer(self, unit: Unit) -> int:
        """How many events there were."""
        return len(self._events)


def fold(event: e.WorkspaceEvent) -> list[tuple[Any, dict[str, Any]]]:
    """The statements that bring the tables up to `event`. Accounts keep their password."""
    match event:
        case e.AgentSaved(agent):
            return _upsert(schema.agent, agent.id, agent)
        case e.TeamSaved(team):
            return _upsert(schema.team, team.id, team)
        case e.InboxSaved(inbox):
            return _upsert(schema.inbox, inbox.id, inbox)
        case e.ArticleSaved(article):
            return _content("article", article.id, article.version, article)
        case e.MacroSaved(macro):
            return _content("macro", macro.id, macro.version, macro)
        case e.PolicySaved(policy):
            return _content("policy", "policy", "", policy)
        case e.ArticleRemoved(key):
            return [_drop("article", key)]
        case e.MacroRemoved(key):
            return [_drop("macro", key)]


def _upsert(table: Any, key: str, value: Any) -> list[tuple[Any, dict[str, Any]]]:
    state = msgspec.json.encode(value)
    # INSERT ... WHERE NOT EXISTS is the one form that both engines and the password column like.
    missing = select(literal(key), literal(state)).where(
        ~select(table.c.id).where(table.c.id == key).exists()
    )
    return [
        (update(table).where(table.c.id == key).values(state=state), {}),
        (insert(table).from_select(["id", "state"], missing), {}),
    ]


def _content(kind: str, key: str, version: str, value: Any) -> list[tuple[Any, dict[str, Any]]]:
    row = {"kind": kind, "id": key, "version": version, "body": msgspec.json.encode(value)}
    return [_drop(kind, key), (insert(schema.content), row)]


def _drop(kind: str, key: str) -> tuple[Any, dict[str, Any]]:
    table = schema.content
    return delete(table).where(table.c.kind == kind, table.c.id == key), {}
