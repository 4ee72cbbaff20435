"""kill -9 of the client: desk and sync over real files, at named points and at any moment."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from agent_tui.bootstrap import Login, write_login
from agent_tui.desk.desk import Desk
from agent_tui.domain.commands import Order, text_of
from agent_tui.domain.ids import ConversationId
from agent_tui.paths import Profile
from agent_tui.store import migrations, sqlite
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from tests.crash import doomed
from tests.crash.older import make_older, statements
from tests.crash.server import check_counts, serving_child
from tests.crash.tally import Tally
from tests.crash.traffic import Traffic
from tests.databases import of_engine
from tests.driver import Serving, conversation_of
from tests.flow.children import Nursery, nursery
from tests.flow.workstation import Workstation, account

PATIENCE = 40.0  # seconds in which a named point must be reached
CALM_EVERY = 12  # kills between two looks at whether everything came together


class Lives:
    """One profile, its lives and deaths, and what it said of what it had stored."""

    def __init__(
        self,
        root: Path,
        serving: Serving,
        children: Nursery,
        traffic: Traffic,
        rng: random.Random,
    ) -> None:
        self._serving = serving
        self._children = children
        self._rng = rng
        self._root = root
        self.profile = Profile(root / "profile")
        self._out = root / "said.txt"
        self._traffic = traffic
        visitors = [serving.visitor() for _ in range(3)]
        for n, visitor in enumerate(visitors):
            visitor.say(f"first of v{n}")
        self.keys = [conversation_of(serving, visitor) for visitor in visitors]
        self._login = Login(serving.base, serving.token("anna"), account("anna"))
        write_login(self.profile, self._login)
        self._lives = 0
        self._traffic.visitor(visitors[1], "v1")
        self._traffic.agent(serving.agent("bo"), self.keys[2], "a1")

    # --- a life and its end ----------------------------------------------------------------------

    def die(self, point: str) -> bool:
        """Live until the kill. False if the named point was not reached in time."""
        if point == doomed.CREATING:
            return self._die_creating()
        nth = self._rng.randint(1, 6)
        if point == doomed.SNAPSHOT:
            sqlite.remove(self.profile.cache)
            nth = self._rng.randint(1, 12)
        elif point == doomed.MIGRATING:
            nth = self._age()
        before = self.said()
        pid = self.begin(point, nth)
        if point == doomed.DELAY:
            time.sleep(self._rng.uniform(0, 0.5))
            self._children.kill(pid)
            hit = True
        else:
            with contextlib.suppress(AssertionError):
                self._children.gone(pid, PATIENCE)
            self._children.kill(pid)
            hit = "hit" in self.said()[len(before) :]
        self.examine()
        return hit

    def begin(self, point: str, nth: int = 0) -> int:
        """A life that ends at the n-th pass of a named point, or when it is killed; its pid."""
        self._lives += 1
        chat, drafts, *_ = self.keys
        return self._children.start(
            *("tests.crash.doomed:live", str(self.profile.root), chat, drafts),
            *(f"r{self._lives}", str(self._out), point, nth, self._rng.randrange(2**32)),
        )

    def _age(self) -> int:
        """Make one of the files older; the answer is where its migration will be cut short."""
        path = self._rng.choice((self.profile.outbox, self.profile.cache))
        if not path.exists():
            return 1
        steps = migrations.CACHE if path == self.profile.cache else migrations.OUTBOX
        version = self._rng.randrange(1, len(steps)) if len(steps) > 1 else 0
        if version == 0:
            sqlite.remove(self.profile.cache)  # one version so far: making the file is all there is
            return self._rng.randint(1, statements(migrations.CACHE, 0))
        make_older(path, version)
        return self._rng.randint(1, statements(steps, version))

    def _die_creating(self) -> bool:
        self._lives += 1
        profile = Profile(self._root / f"new{self._lives}")
        whole = statements(migrations.OUTBOX, 0) + statements(migrations.CACHE, 0)
        out = profile.root.with_suffix(".txt")
        pid = self._children.start(
            *("tests.crash.doomed:create", str(profile.root), str(out)),
            self._rng.randint(1, whole),
        )
        with contextlib.suppress(AssertionError):
            self._children.gone(pid, PATIENCE)
        self._children.kill(pid)
        with opened(profile) as (outbox, cache):
            assert (outbox.pending(), outbox.tray.items(), outbox.drafts.all()) == ([], [], {})
            outbox.drafts.save(ConversationId("c"), "geht", 1)
            assert cache.cursor() is None
        return out.exists() and out.read_text("utf-8") == "hit\n"

    # --- judging ---------------------------------------------------------------------------------

    def said(self) -> list[str]:
        """Every line that was said in this profile's lives."""
        return self._out.read_text("utf-8").splitlines() if self._out.exists() else []

    def told(self, word: str) -> list[str]:
        """What was said after `word`, line by line."""
        return [line.split(" ", 1)[1] for line in self.said() if line.startswith(f"{word} ")]

    def examine(self) -> None:
        """The files open and are sound; what was said to be stored is there."""
        with opened(self.profile) as (outbox, cache):
            for path in (self.profile.outbox, self.profile.cache):
                assert check(path) == "ok", path
            stored = set(stored_texts(self.profile.outbox))
            lost = [text for text in self.told("queued") if text not in stored]
            assert not lost, f"queued and lost: {lost[:5]}"
            drafts = self.told("draft")
            if drafts:
                draft = outbox.drafts.all()[self.keys[1]].text
                # At most one more was stored and not told of.
                assert draft == drafts[-1] or draft not in drafts, (draft, drafts[-1])
            assert outbox.tray.items() == []
            if cache.cursor() is not None:
                assert cache.things("agent")

    def calm_down(self) -> None:
        """A life without a kill: everything comes together."""
        self._traffic.rest(True)
        mine = Workstation(self.profile.root, self._login).connect()
        try:
            mine.until(
                lambda desk: desk.pending.unsent == 0 and desk.conversation(self.keys[0]), 60
            )
            mine.until(self._shows_all, 60)
        finally:
            mine.close()
            self._traffic.rest(False)
        self._judge_replies()

    def _shows_all(self, desk: Desk) -> bool:
        for key, state in self._serving.states().items():
            lines = [line.message for line in desk.transcript(key)]
            there = [m for m in self._serving.messages(key) if not m.removed]
            if desk.conversation(key) != state or lines != there:
                return False
        return True

    def _judge_replies(self) -> None:
        queued = self.told("queued")
        texts = [m.text for m in self._serving.messages(self.keys[0]) if m.kind == "reply"]
        doubled = [text for text, count in Counter(texts).items() if count > 1]
        assert not doubled, f"sent twice: {doubled[:5]}"
        lost = [text for text in queued if text not in set(texts)]
        assert not lost, f"queued and never sent: {lost[:5]}"
        # Of each life at most one reply was queued that it could not tell of any more.
        assert len(texts) - len(queued) <= self._lives
        assert [text for text in texts if text in set(queued)] == queued, "out of order"

    def close(self) -> int:
        """The end; how many replies there were."""
        self._traffic.end()
        self._traffic.judge(self._serving, self.keys[1:])
        return len(self.told("queued"))


@contextlib.contextmanager
def opened(profile: Profile) -> Iterator[tuple[Outbox, Cache]]:
    """Both files, opened as the program does it: migrations are finished here."""
    profile.create()
    outbox, cache = Outbox(profile.outbox), Cache(profile.cache)
    try:
        yield outbox, cache
    finally:
        outbox.close()
        cache.close()


def check(path: Path) -> str:
    """SQLite's own opinion of a file."""
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    finally:
        connection.close()


def stored_texts(path: Path) -> list[str]:
    """The texts of every command in an outbox, settled ones too."""
    connection = sqlite3.connect(path)
    try:
        bodies = connection.execute("SELECT body FROM command ORDER BY number").fetchall()
    finally:
        connection.close()
    return [text_of(msgspec.json.decode(body, type=Order).command) for (body,) in bodies]


def kill_client(
    root: Path,
    seed: int,
    kills: int,
    tally: Tally,
    tell: Callable[[], None] = lambda: None,
    engine: str = "sqlite",
) -> None:
    """One round: a new server and profile, `kills` kills over all points, then the judgement."""
    rng = random.Random(seed)
    points: list[str] = []
    with (
        of_engine(engine) as database,
        nursery() as children,
        Traffic(pause=0.02) as traffic,
        contextlib.ExitStack() as end,
    ):
        serving, pid = serving_child(root / "data", children, database=database)
        end.callback(serving.close)
        lives = Lives(root, serving, children, traffic, rng)
        lives.calm_down()
        for n in range(1, kills + 1):
            if not points:
                points = rng.sample(doomed.POINTS, len(doomed.POINTS))
            point = points.pop()
            hit = lives.die(point)
            tally.count("client", point, hit=hit)
            tell()
            if n % CALM_EVERY == 0:
                lives.calm_down()
        lives.calm_down()
        tally.lines += lives.close()
        children.kill(pid)
        check_counts(serving)


def all_reached(tally: Tally) -> bool:
    """Whether the named points were really hit: at most one in fifty lives may have missed."""
    return sum(tally.missed.values()) * 50 <= sum(tally.kills.values())
