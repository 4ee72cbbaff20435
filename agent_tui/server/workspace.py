"""Changes of the workspace itself: accounts, teams, inboxes, knowledge, macros, policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import insert, literal, select, update

from agent_tui.domain import events as e
from agent_tui.domain.model import Status
from agent_tui.server import schema
from agent_tui.server.unit import SYSTEM, Content, Needs, Unit

CLOCK = "clock"  # kind of the timers by which clocks ring


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
            record(unit, event, SYSTEM)
        unit.writes.extend(self._writes)

    def answer(self, unit: Unit) -> int:
        """How many events there were."""
        return len(self._events)


class Kept(msgspec.Struct, frozen=True):
    """What a workspace event leaves behind: the thing's body, or None if it is gone."""

    kind: str
    key: str
    body: bytes | None


def kept(event: e.WorkspaceEvent) -> Kept:
    """The fold of one workspace event: the last one of a thing is all there is to it."""
    match event:
        case e.AgentSaved(agent):
            return Kept("agent", agent.id, msgspec.json.encode(agent))
        case e.TeamSaved(team):
            return Kept("team", team.id, msgspec.json.encode(team))
        case e.InboxSaved(inbox):
            return Kept("inbox", inbox.id, msgspec.json.encode(inbox))
        case e.ArticleSaved(article):
            return Kept("article", article.id, msgspec.json.encode(article))
        case e.MacroSaved(macro):
            return Kept("macro", macro.id, msgspec.json.encode(macro))
        case e.PolicySaved(policy):
            return Kept("policy", "policy", msgspec.json.encode(policy))
        case e.RoutingSaved(routing):
            return Kept("routing", "routing", msgspec.json.encode(routing))
        case e.AvailabilitySet(duty):
            return Kept("duty", duty.agent, msgspec.json.encode(duty))
        case e.SurgeSet(surge):
            return Kept("surge", surge.team, msgspec.json.encode(surge))
        case e.ArticleRemoved(key):
            return Kept("article", key, None)
        case e.MacroRemoved(key):
            return Kept("macro", key, None)


TABLES = {"agent": schema.agent, "team": schema.team, "inbox": schema.inbox}


def record(unit: Unit, event: e.WorkspaceEvent, by: str) -> None:
    """Append `event` and bring the tables up to it. Accounts keep their password."""
    unit.record(event, by=by)
    unit.learn(event)
    found = kept(event)
    if found.kind in TABLES:
        assert found.body is not None
        unit.writes.extend(_upsert(TABLES[found.kind], found.key, found.body))
    else:
        unit.content.append(_content(event, found))
    match event:
        case e.ArticleSaved(article):
            unit.put(unit.articles, article.id, article)
        case e.ArticleRemoved(key):
            unit.put(unit.articles, key, None)
        case e.PolicySaved() | e.RoutingSaved():
            # Deadlines may lie elsewhere now: each clock's timer is set anew when it is looked at.
            unit.writes.extend(_look_at_all())


def _look_at_all() -> list[tuple[Any, dict[str, Any]]]:
    """Also at conversations whose marks have all rung: by other settings they may have more."""
    timer, state = schema.timer, schema.conversation.c
    looks = select(timer.c.conversation).where(timer.c.kind == CLOCK)
    others = select(state.id, literal(CLOCK), literal(0), literal(0)).where(
        state.status != Status.RESOLVED, state.id.not_in(looks)
    )
    names = ["conversation", "kind", "generation", "due"]
    return [
        (update(timer).where(timer.c.kind == CLOCK).values(due=0), {}),
        (insert(timer).from_select(names, others), {}),
    ]


def _content(event: e.WorkspaceEvent, found: Kept) -> Content:
    version = file = ""
    match event:
        case e.ArticleSaved(article):
            version = article.version
            file = version if article.origin == "file" else article.file
        case e.MacroSaved(macro):
            version = file = macro.version
    return Content(found.kind, found.key, found.body, version, file)


def _upsert(table: Any, key: str, state: bytes) -> list[tuple[Any, dict[str, Any]]]:
    # INSERT ... WHERE NOT EXISTS is the one form that both engines and the password column like.
    missing = select(literal(key), literal(state)).where(
        ~select(table.c.id).where(table.c.id == key).exists()
    )
    return [
        (update(table).where(table.c.id == key).values(state=state), {}),
        (insert(table).from_select(["id", "state"], missing), {}),
    ]
