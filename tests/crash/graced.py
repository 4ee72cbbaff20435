"""kill -9 amid the grace of replies: each text is sent once or a draft, never both, never lost."""

from __future__ import annotations

import contextlib
import os
import random
import time
from pathlib import Path

import msgspec

from agent_tui.bootstrap import now_ms
from agent_tui.desk.desk import Desk
from agent_tui.desk.undo import Undo
from agent_tui.domain.commands import Order, text_of
from agent_tui.domain.ids import ConversationId
from agent_tui.store.cache import Cache
from agent_tui.store.handing import NOTHING
from agent_tui.store.outbox import Outbox
from tests import factories as f
from tests.crash import doomed
from tests.flow.children import Nursery

CHAT = ConversationId("c1")
GRACE_MS = 15
POINTS = ("outbox: inside", "outbox: before the commit", "outbox: committed", doomed.DELAY)
PATIENCE = 40.0


def prepare(root: Path) -> None:
    """A cache with one chat."""
    cache = Cache(root / "cache.db")
    cache.apply([f.recorded(f.opened(), 1), f.recorded(f.wrote(), 2)], "f:2:x", 0)
    cache.close()


def live(root: str, life: int, out: str, point: str, nth: int) -> None:
    """Send line after line, now and then take one back and send it with the next; `given LINE` is
    said when the desk has it."""
    rng = random.Random(life)
    said = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(line: str) -> None:
        os.write(said, f"{line}\n".encode())

    folder = Path(root)
    desk = Desk(f.agent(), Cache(folder / "cache.db"), Outbox(folder / "outbox.db"), now_ms)
    doomed.arm(point, nth, say)
    if point in doomed.STATEMENTS:  # armed are connections that are opened from now on
        desk._outbox.close()
        desk = Desk(f.agent(), desk._cache, Outbox(folder / "outbox.db"), now_ms)
    desk.grace.ms = GRACE_MS
    desk.doing.recover()
    end = time.monotonic() + 30
    n = 0
    while time.monotonic() < end:
        n += 1
        draft = desk.drafts.get(CHAT)
        line = f"{life:03}-{n:05}"
        text = f"{draft.text}\n{line}" if draft else line
        assert desk.writing.send(CHAT, text) is None
        say(f"given {line}")
        while rng.random() < 0.4:
            step = desk.undo()
            if not isinstance(step, Undo):
                break
        time.sleep(rng.uniform(0, 2 * GRACE_MS / 1000))
        desk.doing.release()


class Lives:
    """One profile, killed again and again."""

    def __init__(self, root: Path, children: Nursery, rng: random.Random) -> None:
        prepare(root)
        self._root, self._children, self._rng = root, children, rng
        self._out = root / "said.txt"
        self.lives = 0
        self.hits = 0

    def die(self, point: str) -> None:
        """A life, its end, and the look at what is left."""
        self.lives += 1
        nth = self._rng.randint(1, 40)
        pid = self._children.start(
            "tests.crash.graced:live", str(self._root), self.lives, str(self._out), point, nth
        )
        if point == doomed.DELAY:
            time.sleep(self._rng.uniform(0.05, 0.5))
        else:
            with contextlib.suppress(AssertionError):
                self._children.gone(pid, PATIENCE)
        before = self.hits
        self._children.kill(pid)
        lines = self._out.read_text("utf-8").splitlines() if self._out.exists() else []
        self.hits = lines.count("hit")
        assert point == doomed.DELAY or self.hits == before + 1, "the point was not reached"
        self._judge([line.split(" ", 1)[1] for line in lines if line.startswith("given ")])

    def _judge(self, given: list[str]) -> None:
        outbox = Outbox(self._root / "outbox.db")
        try:
            sent_before = outbox.pending()
            outbox.grace.recover(now_ms())
            assert outbox.pending() == sent_before, "sent by itself after the crash"
            assert outbox.grace.rows() == []
            rows = outbox._db.execute("SELECT body FROM command ORDER BY number").fetchall()
            commands = [msgspec.json.decode(row[0], type=Order).command for row in rows]
            sent = [text_of(each) for each in commands if each != NOTHING]  # which was taken back
            draft = outbox.drafts.all().get(CHAT)
        finally:
            outbox.close()
        lines = [line for text in sent for line in text.split("\n")]
        drafted = draft.text.split("\n") if draft else []
        everything = lines + drafted
        assert everything == sorted(everything), "out of order"
        assert len(everything) == len(set(everything)), "twice"
        lost = set(given) - set(everything)
        assert not lost, f"lost: {sorted(lost)[:5]}"
        # Of each life at most one was stored that it could not tell of any more.
        assert len(set(everything) - set(given)) <= self.lives
