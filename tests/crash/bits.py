"""One flipped byte in cache.db, in outbox.db: found or harmless, never shown or sent."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path
from typing import NamedTuple

from agent_tui.desk.desk import Desk
from agent_tui.domain import events as e
from agent_tui.domain.commands import Order, text_of
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MacroSource
from agent_tui.errors import StoreError
from agent_tui.store.cache import Cache
from agent_tui.store.drafts import Draft
from agent_tui.store.grace import Kept
from agent_tui.store.outbox import Outbox
from agent_tui.store.tray import TrayItem
from tests import factories as f

CHATS = 40
FLIPS = 24  # each on a fresh copy


def flipped(sound: bytes, rng: random.Random) -> bytes:
    """`sound` with one byte changed: half of the time in the first pages, where the schema lies."""
    at = rng.randrange(min(len(sound), 8192)) if rng.random() < 0.5 else rng.randrange(len(sound))
    return sound[:at] + bytes([sound[at] ^ rng.randrange(1, 256)]) + sound[at + 1 :]


def snapshot() -> list[e.Recorded]:
    """Chats with their lines, articles, macros and people."""
    found = [
        f.recorded(e.AgentSaved(f.agent()), 1, conversation=None),
        f.recorded(
            e.MacroSaved(MacroSource("m", "---\ntitle: x\n---\nhi", "1")), 1, conversation=None
        ),
        *(
            f.recorded(e.ArticleSaved(f.article(f"a{n}", body="正文" * 200)), 1, conversation=None)
            for n in range(10)
        ),
    ]
    for n in range(CHATS):
        lines = [f.message(f"m{n}-{i}", i, text=f"第 {i} 句 " * 10, seq=i) for i in range(1, 6)]
        state = f.conversation(f"c{n}", messages=5)
        found.append(f.recorded(f.entered(state, lines), 2, conversation=f"c{n}"))
    return found


def flip_in_cache(folder: Path, seed: int) -> None:
    """A desk opens a damaged cache: it never fails, never shows what no server said, and after the
    look that sync takes and its snapshot everything is there."""
    rng = random.Random(seed)
    path = folder / "cache.db"
    cache = Cache(path)
    cache.apply(snapshot(), "f:2:x", 0, replace=True)
    cache._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cache.close()
    sound = path.read_bytes()
    whole = pictured(path)
    for n in range(FLIPS):
        path = folder / f"{n}" / "cache.db"
        path.parent.mkdir()
        path.write_bytes(flipped(sound, rng))
        shown = pictured(path)
        wrong = [key for key, value in shown.items() if whole.get(key) != value]
        assert not wrong, f"shown and never said: {wrong[:3]}"
        cache = Cache(path)
        cache.examine()
        if cache.cursor() is None:  # what sync does then
            cache.apply(snapshot(), "f:2:x", 0, replace=True)
        cache.close()
        assert pictured(path) == whole


def pictured(path: Path) -> dict[str, object]:
    """What a desk shows of a cache."""
    outbox = Outbox(path.with_name("outbox.db"))
    desk = Desk(f.agent(), Cache(path), outbox, lambda: f.NOW)
    found: dict[str, object] = {f"row {row.id}": row for row in desk.queue.rows()}
    for n in range(CHATS):
        key = ConversationId(f"c{n}")
        found |= {f"line {line.message.id}": line for line in desk.transcript(key)}
        if (state := desk.conversation(key)) is not None:
            found[f"state {key}"] = state
    found |= {f"article {key}": article for key, article in desk.directory.articles().items()}
    found |= {f"agent {key}": agent for key, agent in desk.directory.agents().items()}
    found |= {f"macro {key}": macro for key, macro in desk.macros.library().all.items()}
    desk.close()
    return found


def flip_in_outbox(folder: Path, seed: int) -> None:
    """Either everything is as it was, or an error names the file, which is kept; then a start finds
    a sound one with texts of the old one only."""
    rng = random.Random(seed)
    path = folder / "outbox.db"
    outbox = Outbox(path)
    for n in range(20):
        text = "好" * rng.randint(1, 300)
        outbox.enqueue(f.reply(f"m{n}", text), ConversationId(f"c{n % 3}"), f.NOW + n)
    outbox.settle(8, [f.refused(outbox.client, number=n) for n in (3, 5)], f.NOW + 99)
    for n in range(4):
        outbox.drafts.save(ConversationId(f"c{n}"), "写了一半" * n * 8 + "x", f.NOW)
    for n in range(3):
        reply = f.reply(f"g{n}", "马上" * rng.randint(1, 100))
        outbox.grace.hold(reply, ConversationId(f"g{n}"), f.NOW, 3000)
    outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    outbox.close()
    sound = path.read_bytes()
    whole = held(path)
    for n in range(FLIPS):
        path = folder / f"{n}" / "outbox.db"
        path.parent.mkdir()
        damaged = flipped(sound, rng)
        path.write_bytes(damaged)
        try:
            assert held(path) == whole
        except StoreError as error:
            assert str(path) in str(error.title)
            assert "损坏" in str(error.title)
            assert str(error.hint)
            assert path.with_name("outbox-damaged-1.db").read_bytes() == damaged
            rescued = held(path)
            assert not rescued.pending, "nobody knows what of it the server has"
            assert not rescued.grace
            assert rescued.texts() <= whole.texts()


class Held(NamedTuple):
    """What an outbox holds."""

    client: str
    pending: list[Order]
    tray: list[TrayItem]
    drafts: dict[ConversationId, Draft]
    grace: list[Kept]

    def texts(self) -> set[str]:
        """Every text in it."""
        texts = {text_of(order.command) for order in self.pending}
        texts |= {item.text for item in self.tray}
        texts |= {text_of(row.command) for row in self.grace}
        return texts | {draft.text for draft in self.drafts.values()}


def held(path: Path) -> Held:
    """Open it and read everything."""
    with contextlib.closing(Outbox(path)) as outbox:
        rows = outbox.grace.rows()
        return Held(outbox.client, outbox.pending(), outbox.tray.items(), outbox.drafts.all(), rows)
