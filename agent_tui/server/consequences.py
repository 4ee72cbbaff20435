"""What a command brings about beyond the conversation that it is for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain import suggestions
from agent_tui.domain.model import Agent, Conversation
from agent_tui.server import schema, workspace
from agent_tui.server.cleaning import cleaned
from agent_tui.server.unit import Unit


def publish(
    unit: Unit,
    command: c.AgentCommand,
    outcome: tuple[e.ConversationEvent, ...],
    state: Conversation,
    actor: Agent,
) -> None:
    """The articles of the suggestions that `command` accepts. They are of the workspace, not of the
    command's client, and stand before it: who hears of the command's end has them."""
    languages = {each.id: each.lang for each in state.suggestions}
    # A lead may suggest and accept in one go.
    languages |= {x.suggestion: x.lang for x in outcome if isinstance(x, e.ArticleSuggested)}
    for part in c.parts_of(cleaned(command)):
        if isinstance(part, c.AcceptSuggestion):
            current = unit.articles.get(part.article)
            language = languages[part.suggestion]
            article = suggestions.article_of(part, language, current, actor, unit.at)
            workspace.record(unit, e.ArticleSaved(article), actor.id)


def merge_everywhere(
    unit: Unit, event: e.CustomerMerged, by: str, cause: dict[str, Any], index: int
) -> int:
    """Carry a merge to the customer's other conversations and to what they write next."""
    previous, into = event.previous.id, event.customer.id
    # Undoing a merge gives the record its own life back, and what its visitor wrote with it.
    undoing = unit.merged.get(into) == previous
    unit.writes.append(
        (
            update(schema.customer)
            .where(schema.customer.c.id == (into if undoing else previous))
            .values(merged_into=None if undoing else into),
            {},
        )
    )
    unit.put(unit.merged, into if undoing else previous, None if undoing else into)
    for other in unit.of_customer(previous):
        if undoing and other.visitor != into:
            continue
        index = unit.record(
            e.CustomerMerged(customer=event.customer, previous=other.customer),
            by=by,
            conversation=other.id,
            **cause,
        )
    return index
