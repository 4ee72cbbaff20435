"""A profile with many articles and conversations, written through the product's own cache."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

from searching import texts
from searching.texts import Title

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import Agent, Article, Channel, Customer, MacroSource, Role
from agent_tui.domain.words import Folding
from agent_tui.knowledge import simplified
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache

MARK = "ready-to-read"  # said in the conversation that stands first
OLDEST, NEWEST = "violin harbour", "zebra kettle"  # titles of the first article and of the last
TEAM = TeamId("after-sales")
ME = Agent(AgentId("li"), "Li", Role.AGENT, (TEAM,))
SHORT = 60  # characters of most articles; the others have BODY
PAGE = 5_000  # events in one transaction
MACROS = Path(__file__).parents[2] / "macros"


def fill(root: Path, titles: list[Title], bodies: float, conversations: int, seed: int) -> Profile:
    """A profile under `root`: an article for each title, a share of `bodies` of them long; open
    `conversations` of four messages each, the first of which says MARK; and the shipped macros."""
    profile = Profile(root / "profiles" / "default").create()
    now = time.time_ns() // 1_000_000
    first: list[tuple[ConversationId | None, e.FeedEvent, int]] = [(None, e.AgentSaved(ME), now)]
    events: Iterator[tuple[ConversationId | None, e.FeedEvent, int]] = itertools.chain(
        first,
        ((None, each, now) for each in _macros()),
        _chats(conversations, now, seed),
        ((None, e.ArticleSaved(each), now) for each in articles(titles, bodies, seed)),
    )
    recorded = (
        e.Recorded(seq, at, "system", event, conversation=key)
        for seq, (key, event, at) in enumerate(events, 1)
    )
    cache = Cache(profile.cache)
    try:
        last = 0
        while page := list(itertools.islice(recorded, PAGE)):
            last = page[-1].seq
            cache.apply(page, f"f:{last}:x", 0)
        # What sync does in the first minutes with a server.
        folding: Folding = simplified.folding()
        while cache.index(folding, PAGE):
            pass
    finally:
        cache.close()
    write_login(profile, Login("http://127.0.0.1:9", "none", ME))
    return profile


def articles(titles: list[Title], bodies: float, seed: int) -> Iterator[Article]:
    """OLDEST, one for each title, NEWEST."""
    chance = random.Random(seed)
    yield Article("oldest", OLDEST, f"{OLDEST}: this is the first of all.", "en")
    for number, title in enumerate(titles):
        made = texts.entry(f"g{number}", title, chance)
        length = texts.BODY if chance.random() < bodies else SHORT
        yield Article(
            made.id,
            made.title,
            texts.body(chance, made.language, length),
            made.language,
            category=made.label,
            questions=made.questions,
            version=f"{chance.getrandbits(128):032x}",
        )
    yield Article("newest", NEWEST, f"{NEWEST}: this is the last of all.", "en")


def _macros() -> Iterator[e.MacroSaved]:
    for file in sorted(MACROS.rglob("*.md")):
        key = file.relative_to(MACROS).with_suffix("").as_posix()
        yield e.MacroSaved(MacroSource(id=key, text=file.read_text("utf-8"), version="1"))


def _chats(
    count: int, now: int, seed: int
) -> Iterator[tuple[ConversationId, e.ConversationEvent, int]]:
    chance = random.Random(seed)
    for number in range(count):
        key, at = ConversationId(f"c{number:06}"), now - 120_000 + number
        customer = Customer(CustomerId(f"v{number}"), f"顾客 {number}", since=at)
        opened = e.ConversationOpened(
            customer=customer,
            inbox=InboxId("web"),
            channel=Channel.WEB,
            team=TEAM,
            visitor=customer.id,
        )
        yield key, opened, at
        for line in range(4):
            text = MARK if not number and line == 3 else texts.body(chance, "zh", 40)
            wrote = e.CustomerWrote(message=MessageId(f"m{number}-{line}"), text=text)
            yield key, wrote, at
