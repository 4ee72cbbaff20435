"""What others wrote since a draft was begun: asked about unless its author has surely read it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.desk.desk import Desk
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.tui.looked import Looked
from tests import factories as f

C1 = ConversationId("c1")
SECONDS = 3.0


class Chat:
    """A chat, somebody who writes to it, and beside them a plain account of what they must have
    read: the lines that stood there for three seconds when they typed on."""

    def __init__(self, root: Path, rng: random.Random) -> None:
        self.now = f.NOW
        self.cache = Cache(root / "cache.db")
        self.desk = Desk(f.agent(), self.cache, Outbox(root / "outbox.db"), lambda: self.now)
        self.rng = rng
        self.seq = 0
        self.feed(f.opened(), f.wrote())
        self.looked = Looked(self.desk, SECONDS)
        self.draft = ""
        self.here = False
        self.unread: dict[str, int | None] = {}  # text -> since when it stands there

    def feed(self, *bodies: e.FeedEvent) -> None:
        records = []
        for body in bodies:
            self.seq += 1
            records.append(f.recorded(body, self.seq, self.now))
        self.desk.refresh(self.cache.apply(records, f"f:{self.seq}:x", 0))

    def others_write(self) -> None:
        text = f"新的 {self.seq}"
        if self.rng.random() < 0.3:
            self.feed(e.ReplySent(MessageId(f"r{self.seq}"), text, AgentId("bo"), 1))
        else:
            self.feed(f.wrote(f"m{self.seq + 10}", text))
        if self.draft:
            self.unread[text] = self.now if self.here else None
        if self.here:
            self.looked.drawn()

    def opens(self) -> None:
        self.here = True
        self.looked.opened(C1, self.draft)
        self.unread = dict.fromkeys(self.unread, self.now)

    def leaves(self) -> None:
        self.here = False
        self.looked.opened(None, "")
        self.unread = dict.fromkeys(self.unread)

    def types(self) -> None:
        if not self.here:
            return
        began = not self.draft
        self.draft += "字"
        self.looked.edited(self.draft)
        read = [
            text
            for text, since in self.unread.items()
            if began or (since is not None and self.now - since >= SECONDS * 1000)
        ]
        # Whoever read a line has read what stood above it.
        last = max((list(self.unread).index(text) for text in read), default=-1)
        self.unread = dict(list(self.unread.items())[last + 1 :])

    def clears(self) -> None:
        if self.here:
            self.draft = ""
            self.looked.edited("")
            self.unread = {}

    def waits(self) -> None:
        self.now += self.rng.choice((200, 900, 1500, 3000, 8000))

    def close(self) -> None:
        self.desk.close()


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path


@pytest.mark.parametrize("seed", range(120))
def test_a_stale_view_never_passes_and_a_fresh_one_always_does(root: Path, seed: int) -> None:
    rng = random.Random(seed)
    chat = Chat(root, rng)
    chat.opens()
    deeds = (chat.others_write, chat.types, chat.types, chat.waits, chat.leaves, chat.opens)
    for _ in range(rng.randint(4, 30)):
        rng.choice((*deeds, chat.clears) if rng.random() < 0.2 else deeds)()
        if chat.draft:
            found = [line.message.text for line in chat.looked.since(C1)]
            assert found == list(chat.unread)
    chat.close()
