"""Values for tests, with every default in sight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import Context, MessagePlace
from agent_tui.domain.evolve import evolve
from agent_tui.domain.ids import (
    AgentId,
    ClientId,
    ConversationId,
    CustomerId,
    InboxId,
    MessageId,
    TeamId,
)
from agent_tui.domain.model import (
    Agent,
    Article,
    Channel,
    Conversation,
    Customer,
    Inbox,
    Message,
    MessageKind,
    Role,
    Team,
)
from agent_tui.domain.policy import Policy

NOW = 1_800_000_000_000  # 2027-01-15 08:00 UTC, ms
SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

CONVERSATION = ConversationId("c1")
AFTER_SALES = TeamId("after-sales")
LOGISTICS = TeamId("logistics")
WEB = InboxId("web")


def agent(
    id: str = "anna",
    name: str = "Anna",
    role: Role = Role.AGENT,
    teams: Sequence[str] = ("after-sales",),
    disabled: bool = False,
) -> Agent:
    """An account."""
    return Agent(AgentId(id), name, role, tuple(TeamId(team) for team in teams), disabled)


def team(id: str = "after-sales", name_zh: str = "售后", name_en: str = "After-sales") -> Team:
    """A team."""
    return Team(TeamId(id), name_zh, name_en)


def inbox(
    id: str = "web",
    channel: Channel = Channel.WEB,
    team: str = "after-sales",
    title_zh: str = "青禾生活",
    title_en: str = "Qinghe Living",
) -> Inbox:
    """An inbox."""
    return Inbox(InboxId(id), channel, TeamId(team), title_zh, title_en)


def customer(
    id: str = "v1",
    name: str = "王女士",
    language: str = "zh",
    tier: str = "",
    tags: Sequence[str] = (),
    contact: str = "",
    since: int = 0,
) -> Customer:
    """A customer."""
    return Customer(CustomerId(id), name, language, tier, tuple(tags), contact, since)


def conversation(
    id: str = "c1",
    customer: Customer = customer(),  # noqa: B008 -- frozen
    inbox: str = "web",
    channel: Channel = Channel.WEB,
    team: str = "after-sales",
    visitor: str = "v1",
    opened_at: int = NOW,
    last_at: int = NOW,
    **more: Any,
) -> Conversation:
    """A conversation in any state: `more` are fields of Conversation."""
    return Conversation(
        id=ConversationId(id),
        customer=customer,
        inbox=InboxId(inbox),
        channel=channel,
        team=TeamId(team),
        visitor=CustomerId(visitor),
        opened_at=opened_at,
        last_at=last_at,
        **more,
    )


def opened(
    customer: Customer = customer(),  # noqa: B008 -- frozen
    inbox: str = "web",
    channel: Channel = Channel.WEB,
    team: str = "after-sales",
    visitor: str = "v1",
    subject: str = "",
) -> e.ConversationOpened:
    """The first event of a conversation."""
    return e.ConversationOpened(
        customer=customer,
        inbox=InboxId(inbox),
        channel=channel,
        team=TeamId(team),
        visitor=CustomerId(visitor),
        subject=subject,
    )


def wrote(message: str = "m1", text: str = "你好，我的快递到哪了？") -> e.CustomerWrote:
    """A customer's message."""
    return e.CustomerWrote(message=MessageId(message), text=text)


def replied(
    message: str = "m2",
    text: str = "您好，我帮您查一下。",
    author: str = "anna",
    epoch: int = 1,
    forced: bool = False,
) -> e.ReplySent:
    """An agent's reply."""
    return e.ReplySent(
        message=MessageId(message), text=text, author=AgentId(author), epoch=epoch, forced=forced
    )


def folded(*events: e.ConversationEvent, id: str = "c1", at: int = NOW) -> Conversation:
    """The state after `events`, a second between each."""
    state: Conversation | None = None
    for number, event in enumerate(events):
        key = ConversationId(id)
        state = evolve(state, event, conversation=key, at=at + number * SECOND)
    assert state is not None
    return state


def reply(
    message: str = "m9",
    text: str = "好的，马上处理。",
    epoch: int = 0,
    seen: int = 1,
    force: bool = False,
) -> c.SendReply:
    """A reply to be sent."""
    return c.SendReply(message=MessageId(message), text=text, epoch=epoch, seen=seen, force=force)


def order(
    command: c.AgentCommand,
    number: int = 1,
    conversation: str = "c1",
    queued_at: int = NOW,
) -> c.Order:
    """A numbered command."""
    return c.Order(
        number=number,
        conversation=ConversationId(conversation),
        queued_at=queued_at,
        command=command,
    )


def context(
    actor: Agent | None = agent(),  # noqa: B008 -- frozen
    now: int = NOW,
    policy: Policy = Policy(),  # noqa: B008 -- frozen
    age: int = 0,
    roster: Iterable[Agent] | None = None,
    teams: Iterable[Team] | None = None,
    customers: Iterable[Customer] | None = None,
    messages: Mapping[MessageId, MessagePlace | None] | None = None,
) -> Context:
    """What `decide` may know."""
    return Context(
        actor=actor,
        now=now,
        policy=policy,
        age=age,
        roster=None if roster is None else {each.id: each for each in roster},
        teams=None if teams is None else {each.id: each for each in teams},
        customers=None if customers is None else {each.id: each for each in customers},
        messages=messages,
    )


def message(
    id: str = "m1",
    no: int = 1,
    at: int = NOW,
    kind: MessageKind = MessageKind.CUSTOMER,
    author: str = "v1",
    text: str = "你好，我的快递到哪了？",
    seq: int = 1,
    removed: bool = False,
) -> Message:
    """A transcript line."""
    return Message(MessageId(id), no, at, kind, author, text, seq, removed)


def recorded(
    body: e.FeedEvent,
    seq: int = 1,
    at: int = NOW,
    by: str = "customer",
    conversation: str | None = "c1",
) -> e.Recorded:
    """An event with its place in the feed."""
    key = None if conversation is None else ConversationId(conversation)
    return e.Recorded(seq=seq, at=at, by=by, body=body, conversation=key)


def entered(
    state: Conversation = conversation(),  # noqa: B008 -- frozen
    messages: Sequence[Message] = (),
) -> e.ConversationEntered:
    """A conversation that comes into scope with all its messages."""
    return e.ConversationEntered(
        state=replace(state, messages=len(messages)), messages=tuple(messages)
    )


def refused(
    client: str = "k1",
    number: int = 1,
    code: str = "already_claimed",
    held: bool = False,
    conversation: str = "c1",
    detail: str = "bo",
) -> e.CommandRefused:
    """A refusal that came home."""
    return e.CommandRefused(
        client=ClientId(client),
        number=number,
        code=code,
        held=held,
        conversation=ConversationId(conversation),
        detail=detail,
    )


def article(
    id: str = "delivery/when-shipped",
    title: str = "什么时候发货",
    body: str = "付款后 48 小时内发货。",
    lang: str = "zh",
    category: str = "delivery",
    questions: Sequence[str] = ("多久发货",),
    tags: Sequence[str] = ("发货",),
) -> Article:
    """A knowledge article."""
    return Article(
        id=id,
        title=title,
        body=body,
        lang=lang,
        category=category,
        questions=tuple(questions),
        tags=tuple(tags),
    )
