"""What can happen to what everybody shares: accounts, teams, content, settings."""

from __future__ import annotations

from agent_tui.domain.event import Event
from agent_tui.domain.model import Agent, Article, Inbox, MacroSource, Team
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Duty, Routing, Surge


class AgentSaved(Event, frozen=True, tag="agent_saved"):
    """An account was made or changed."""

    agent: Agent


class TeamSaved(Event, frozen=True, tag="team_saved"):
    """A team was made or changed."""

    team: Team


class InboxSaved(Event, frozen=True, tag="inbox_saved"):
    """An inbox was made or changed."""

    inbox: Inbox


class ArticleSaved(Event, frozen=True, tag="article_saved"):
    """A knowledge article was published."""

    article: Article


class ArticleRemoved(Event, frozen=True, tag="article_removed"):
    """A knowledge article was withdrawn."""

    id: str


class MacroSaved(Event, frozen=True, tag="macro_saved"):
    """A shared macro was published."""

    macro: MacroSource


class MacroRemoved(Event, frozen=True, tag="macro_removed"):
    """A shared macro was withdrawn."""

    id: str


class PolicySaved(Event, frozen=True, tag="policy_saved"):
    """The shop's figures changed."""

    policy: Policy


class RoutingSaved(Event, frozen=True, tag="routing_saved"):
    """How chats are sorted and given out changed."""

    routing: Routing


class AvailabilitySet(Event, frozen=True, tag="availability_set"):
    """An agent came, went, or takes no new chats for a while."""

    duty: Duty


class SurgeSet(Event, frozen=True, tag="surge_set"):
    """A team's surge began, changed, or ended (`surge.until` is the moment of the event)."""

    surge: Surge


WorkspaceEvent = (
    AgentSaved
    | TeamSaved
    | InboxSaved
    | ArticleSaved
    | ArticleRemoved
    | MacroSaved
    | MacroRemoved
    | PolicySaved
    | RoutingSaved
    | AvailabilitySet
    | SurgeSet
)
