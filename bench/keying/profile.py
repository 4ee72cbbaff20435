"""A profile with many chats, two of them with many messages, written through the real cache."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import Agent, Channel, Customer, Role
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache

TEAM = TeamId("after-sales")
ME = Agent(AgentId("li"), "Li", Role.AGENT, (TEAM,))
LONG = 2  # chats with many messages; they are the agent's own, and stand first
PAGE = 5_000  # events in one transaction
LINES = (
    "收到的杯子碎了，怎么退？",
    "我的包裹到哪里了，已经三天没有动了",
    "where is my parcel, the tracking has not moved",
    "可以开发票吗，抬头是公司的",
    "尺码偏大还是偏小，平时穿 M",
)


def name(number: int) -> str:
    """The customer's: the only five digits in a row that a list shows of a chat."""
    return f"顾客 {number:05}"


def key(number: int) -> ConversationId:
    """The chat's id."""
    return ConversationId(f"c{number:05}")


def last(number: int) -> str:
    """What stands at the end of a long chat."""
    return f"the-end-of-{number:05}"


def fill(root: Path, chats: int, messages: int) -> Profile:
    """A profile under `root`: `chats` open ones, the first two of them with `messages`."""
    profile = Profile(root / "profiles" / "default").create()
    now = time.time_ns() // 1_000_000
    recorded = (
        e.Recorded(seq, at, "system", event, conversation=chat)
        for seq, (chat, event, at) in enumerate(_events(chats, messages, now), 1)
    )
    cache = Cache(profile.cache)
    try:
        while page := list(itertools.islice(recorded, PAGE)):
            seq = page[-1].seq
            cache.apply(page, f"f:{seq}:x", 0)
    finally:
        cache.close()
    write_login(profile, Login("http://127.0.0.1:9", "none", ME))
    return profile


def _events(
    chats: int, messages: int, now: int
) -> Iterator[tuple[ConversationId | None, e.FeedEvent, int]]:
    yield None, e.AgentSaved(ME), now
    for number in range(chats):
        # Nothing is overdue while it is measured, and the order is that of the numbers.
        at = now - 40_000 + number
        customer = Customer(CustomerId(f"v{number}"), name(number), since=at)
        opened = e.ConversationOpened(
            customer=customer,
            inbox=InboxId("web"),
            channel=Channel.WEB,
            team=TEAM,
            visitor=customer.id,
        )
        yield key(number), opened, at
        if number < LONG:
            yield key(number), e.Assigned(agent=ME.id, team=TEAM, epoch=1), at
        count = messages if number < LONG else 2
        for line in range(count):
            text = LINES[(number + line) % len(LINES)]
            if number < LONG and line == count - 1:
                text = last(number)
            message = MessageId(f"m{number}-{line}")
            if line % 2 and line < count - 1 and count > 2:
                reply = e.ReplySent(message=message, text=text, author=ME.id, epoch=1)
                yield key(number), reply, at
            else:
                yield key(number), e.CustomerWrote(message=message, text=text), at
