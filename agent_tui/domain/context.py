"""What `decide` may know beside the conversation itself."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import (
    Agent,
    Article,
    Conversation,
    Customer,
    Inbox,
    MessageKind,
    Role,
    Team,
)
from agent_tui.domain.plan import Plan
from agent_tui.domain.policy import Policy
from agent_tui.domain.rules import Classifier


class MessagePlace(msgspec.Struct, frozen=True):
    """Where a message stands, whose it is, and what it says."""

    conversation: ConversationId
    no: int
    author: str
    kind: MessageKind
    text: str


class Context(msgspec.Struct, frozen=True):
    """Who asks, when, and under which figures.

    `age` is how long the command lay in its author's outbox (ms). On an agent's machine the
    mappings are None where only the server knows: a rule that needs them allows.
    """

    actor: Agent | None  # None: a channel or the server itself
    now: int
    policy: Policy
    age: int = 0
    roster: Mapping[AgentId, Agent] | None = None
    teams: Mapping[TeamId, Team] | None = None
    customers: Mapping[CustomerId, Customer] | None = None
    messages: Mapping[MessageId, MessagePlace | None] | None = None  # those that a command names
    articles: Mapping[str, Article | None] | None = None  # the same
    plan: Plan | None = None  # None: the clocks do nothing by themselves
    classifier: Classifier | None = None  # None: nobody sorts
    inboxes: Mapping[InboxId, Inbox] | None = None
    caller: Customer | None = None  # whose number it is that a phone note names
    visitor: CustomerId | None = None  # their own record, where it was merged into `caller`


def may_see(agent: Agent, conversation: Conversation) -> bool:
    """Whether `conversation` is in `agent`'s scope."""
    return in_scope(agent, conversation.team, conversation.assignee)


def in_scope(agent: Agent, team: TeamId | None, assignee: AgentId | None) -> bool:
    """Scope by place: agents and leads see their teams' chats and their own, admins all."""
    if agent.disabled or agent.role is Role.TRAINEE:
        return False
    if agent.role is Role.ADMIN:
        return True
    return team in agent.teams or assignee == agent.id


def is_lead(agent: Agent) -> bool:
    """Whether `agent` may move other people's work."""
    return agent.role in (Role.LEAD, Role.ADMIN)
