"""A fold of the log for judges, written from what the events say and from nothing else: neither the
product's `evolve` nor its clocks and routing take part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent_tui.domain import events as e
from playing.house import Row

OPEN, RESOLVED = "open", "resolved"


@dataclass
class Chat:
    """One conversation as the log tells it. Moments in ms."""

    key: str
    opened_at: int
    language: str
    vip: bool
    team: str
    kind: str = ""  # question type
    tags: set[str] = field(default_factory=set)
    owner: str | None = None
    status: str = OPEN
    waits_since: int | None = None
    answered: bool = False
    held: str = ""
    declined: list[str] = field(default_factory=list)
    complaint: bool = False
    escalated: bool = False  # kept by the judge of clocks

    @property
    def waits(self) -> bool:
        """Whether it lies in the queue."""
        return self.owner is None and self.status == OPEN

    @property
    def order(self) -> tuple[int, int]:
        """Whom the shop wants to be served first: complaints, VIPs, the longest wait."""
        rank = 0 if self.complaint else 1 if self.vip else 2
        return (rank, self.waits_since or self.opened_at)


class Facts:
    """All chats and all agents after some of the log."""

    def __init__(self) -> None:
        self.chats: dict[str, Chat] = {}
        self.online: set[str] = set()
        self.loads: dict[str, int] = {}
        self.queue: dict[str, Chat] = {}

    def take(self, row: Row) -> Chat | None:
        """One more row; the chat that it is about."""
        event = row.event
        if isinstance(event, e.AvailabilitySet):
            (self.online.add if event.duty.availability == "online" else self.online.discard)(
                event.duty.agent
            )
        if row.conversation is None:
            return None
        if isinstance(event, e.ConversationOpened):
            who = event.customer
            vip = "VIP" in (who.tier.upper(), *(tag.upper() for tag in who.tags))
            chat = Chat(row.conversation, row.at, who.language, vip, event.team)
            self.chats[chat.key] = self.queue[chat.key] = chat
            return chat
        chat = self.chats[row.conversation]
        had = chat.owner if chat.status != RESOLVED else None
        _apply(chat, event, row.at)
        has = chat.owner if chat.status != RESOLVED else None
        if had != has:
            for agent, sign in ((had, -1), (has, 1)):
                if agent is not None:
                    self.loads[agent] = self.loads.get(agent, 0) + sign
        if chat.waits:
            self.queue[chat.key] = chat
        else:
            self.queue.pop(chat.key, None)
        return chat


def _apply(chat: Chat, event: e.LoggedEvent, at: int) -> None:
    match event:
        case e.CustomerWrote():
            chat.waits_since = at if chat.waits_since is None else chat.waits_since
        case e.ReplySent():
            chat.waits_since, chat.answered, chat.declined = None, True, []
        case e.Assigned(agent, team):
            chat.owner, chat.team, chat.held = agent, team, ""
        case e.Claimed(agent):
            chat.owner, chat.held = agent, ""
        case e.Released():
            if event.declined and chat.owner is not None:
                chat.declined.append(chat.owner)
            chat.owner, chat.held = None, ""
        case e.HeldInQueue(why):
            chat.held = why
        case e.TypeSet(kind):
            chat.kind = kind
        case e.Tagged(tag):
            chat.tags.add(tag)
        case e.StatusSet(status):
            chat.status = status
            if status == RESOLVED:
                chat.declined, chat.held = [], ""
        case e.Reopened(_, fresh):
            chat.status = OPEN
            if fresh:
                chat.waits_since = None
        case _:
            pass
    chat.complaint = "complaint" in (chat.kind, *chat.tags)


def replay(rows: list[Row]) -> Iterator[tuple[Row, Chat | None, Facts]]:
    """Each row with what is so after it."""
    facts = Facts()
    for row in rows:
        yield row, facts.take(row), facts
