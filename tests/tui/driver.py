"""Drives the workstation as a person would: verbs press the configured keys, nothing else."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Static

from agent_tui import lang, paths
from agent_tui.config import Config
from agent_tui.desk.desk import Desk
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Agent, Article, Channel, Customer, Inbox, MacroSource, Role, Team
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.knowledge import articles, simplified
from agent_tui.knowledge.entry import Hit
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import SLIGHT, Outbox
from agent_tui.sync.history import MessageSearch
from agent_tui.tui.app import WorkstationApp
from agent_tui.tui.commands import BY_ID
from agent_tui.tui.first import First
from agent_tui.tui.screens.workstation import Workstation
from agent_tui.tui.tour import Mode
from agent_tui.tui.widgets.findlines import FindLines
from tests import closing

NOW = 1_795_000_000_000
ME = Agent("li", "小李", Role.LEAD, ("after-sales",))  # type: ignore[arg-type]
COLLEAGUE = Agent("zhang", "张敏", Role.AGENT, ("after-sales",))  # type: ignore[arg-type]


@dataclass
class Clock:
    """A clock that tests move by hand (ms)."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@functools.cache
def _shipped() -> tuple[e.FeedEvent, ...]:
    """The articles and macros that come with the program."""
    shipped = paths.shipped()
    found, _ = articles.load(shipped / "kb")
    things: list[e.FeedEvent] = [e.ArticleSaved(article) for article in found]
    for path in sorted((shipped / "macros").rglob("*.md")):
        key = path.relative_to(shipped / "macros").as_posix().removesuffix(".md")
        things.append(e.MacroSaved(MacroSource(key, path.read_text("utf-8"))))
    return tuple(things)


@dataclass
class World:
    """A profile on disk as a server would have filled it."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    seq: int = 0

    def __post_init__(self) -> None:
        self.cache = Cache(self.root / "cache.db")
        closing.later(self.cache.close)
        self.outbox = Outbox(self.root / "outbox.db")
        closing.later(self.outbox.close)
        things: list[e.FeedEvent] = [
            e.AgentSaved(ME),
            e.AgentSaved(COLLEAGUE),
            e.TeamSaved(Team("after-sales", "售后", "After-sales")),  # type: ignore[arg-type]
            e.TeamSaved(Team("refunds", "退款", "Refunds")),  # type: ignore[arg-type]
            e.InboxSaved(
                Inbox("web", Channel.WEB, "after-sales", "青禾生活", "Qinghe Living")  # type: ignore[arg-type]
            ),
        ]
        self.feed([(None, thing) for thing in (*things, *_shipped())])

    def feed(self, events: list[tuple[str | None, e.FeedEvent]], done: int = 0) -> Changes:
        """Events as they would come home, at the clock's time."""
        recorded = []
        for conversation, event in events:
            self.seq += 1
            key = ConversationId(conversation) if conversation else None
            recorded.append(e.Recorded(self.seq, self.clock.now, "system", event, conversation=key))
        return self.cache.apply(recorded, f"f:{self.seq}:x", max(done, self.cache.done()))

    def chat(
        self, key: str, name: str, *lines: str, language: str = "zh", tier: str = ""
    ) -> Changes:
        """A customer who wrote these lines."""
        customer = Customer(f"v{key}", name, language=language, tier=tier)  # type: ignore[arg-type]
        opened = e.ConversationOpened(
            customer=customer,
            inbox="web",  # type: ignore[arg-type]
            channel=Channel.WEB,
            team="after-sales",  # type: ignore[arg-type]
            visitor=customer.id,
        )
        wrote = [
            e.CustomerWrote(message=f"{key}-{index}", text=line)  # type: ignore[arg-type]
            for index, line in enumerate(lines)
        ]
        return self.feed([(key, opened), *((key, event) for event in wrote)])

    def article(self, key: str, title: str, body: str, **fields: Any) -> Changes:
        """An article came over the feed."""
        article = Article(key, title, body, "zh", version=f"v{self.seq}", **fields)
        return self.feed([(None, e.ArticleSaved(article))])

    def online(self, agent: str) -> Changes:
        """An agent came to work."""
        duty = Duty(AgentId(agent), Availability.ONLINE)
        return self.feed([(None, e.AvailabilitySet(duty))])

    def desk(self) -> Desk:
        """A desk over the same files."""
        desk = Desk(ME, Cache(self.root / "cache.db"), Outbox(self.root / "outbox.db"), self.clock)
        closing.later(desk.close)
        return desk

    def sent(self) -> list[c.Order]:
        """What waits in the outbox, without marks of reading and reports of searches."""
        orders = self.outbox.pending()
        return [order for order in orders if not isinstance(order.command, SLIGHT)]


class Person:
    """An agent at the keyboard."""

    def __init__(self, pilot: Pilot[None], app: WorkstationApp, world: World, desk: Desk) -> None:
        self.pilot = pilot
        self.app = app
        self.world = world
        self.desk = desk
        self.keys = 0

    @property
    def screen(self) -> Workstation:
        return self.app.workstation

    async def press(self, *keys: str) -> Person:
        """Press keys, and let the screen follow."""
        self.keys += len(keys)
        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.pilot.pause()  # a dialogue that a worker opened is drawn by now
        return self

    async def does(self, intent: str) -> Person:
        """Press the configured key of an intent."""
        kind = BY_ID[intent]
        return await self.press((kind.default_keys or kind.letters).split(",")[0])

    async def types(self, text: str) -> Person:
        """Text, key by key."""
        for char in text:
            await self.pilot.press(key_of(char))
        await self.pilot.pause()
        return self

    async def hears(self, changes: Changes) -> Person:
        """News from the sync thread."""
        self.desk.refresh(changes)
        await self.pilot.pause()
        return self

    async def until(self, condition: Callable[[], object], seconds: float = 30) -> None:
        """Wait for what another thread brings."""
        async with asyncio.timeout(seconds):
            while not condition():
                await self.pilot.pause(0.02)

    async def asks(self, text: str) -> Person:
        """Search for `text`."""
        await self.does("find")
        return await self.types(text)

    def finds(self) -> list[str]:
        """What the rows of the find pane are called: titles, or who said it."""
        rows = self.screen.find.rows
        return [row.entry.title if isinstance(row, Hit) else f"@{row.name}" for row in rows]

    def rows(self) -> list[list[tuple[str, str]]]:
        """The lines of the list of finds, as pieces and their colours."""
        hits = self.screen.find.hits
        return [hits.line(number, hits.text_width)[0] for number in range(hits.line_count())]

    def pane(self) -> str:
        """What the find pane says."""
        preview = self.screen.find.query_one("#find-preview", FindLines)
        drawn = [*self.rows(), *preview.drawn]
        title = str(self.screen.find.query_one("#find-title", Static).content)
        return "\n".join([title, *("".join(text for text, _ in line) for line in drawn)])

    def sees(self) -> str:
        """The whole screen as text."""
        return picture(self.app)

    def notices(self) -> list[str]:
        """What notifications say."""
        return [notice.message for notice in self.app._notifications]


def picture(app: WorkstationApp) -> str:
    """What is painted, as text."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def key_of(char: str) -> str:
    names = {
        "/": "slash",
        "@": "at",
        " ": "space",
        "\n": "ctrl+j",
        "?": "question_mark",
        ".": "full_stop",
    }
    return names.get(char, char)


@dataclass
class NoNetwork:
    """Parts of a workstation that never syncs."""

    known: Desk
    config: Config
    clock: Clock

    def desk(self) -> tuple[Desk, Config, str]:
        return self.known, self.config, "config.toml"

    def connect(self, *hooks: object) -> None:
        return None

    def history(self) -> MessageSearch:
        path = self.known.finding.cache
        return MessageSearch(path, "http://127.0.0.1:9", "none", simplified.folding(), self.clock)

    def notes(self) -> Path:
        return self.known.finding.cache.parent

    def remember(self, first: First) -> None:
        pass


@asynccontextmanager
async def sit_down(
    world: World,
    *,
    size: tuple[int, int] = (120, 36),
    config: Config | None = None,
    language: str = "zh",
    band: str = "",
    notice: str = "",
    quiet_seconds: float = 0.0,
    indexed: bool = True,
    grace: float = 0.0,
    tour: Mode = "",
) -> AsyncIterator[Person]:
    """A running workstation without a network; nobody waits for idle hands, or through the grace of
    a reply, unless told to."""
    lang.use("en" if language == "en" else "zh")
    desk = world.desk()
    config = config or Config()
    interface = replace(config.interface, grace_seconds=grace)
    config = replace(config, interface=interface)
    app = WorkstationApp(NoNetwork(desk, config, world.clock), band=band, notice=notice, tour=tour)
    app.quiet_seconds = quiet_seconds
    async with app.run_test(size=size, notifications=True) as pilot:
        async with asyncio.timeout(60):  # however busy the machine is
            await app.ready.wait()
            while indexed and (desk.finding.building or not desk.finding.size):
                await pilot.pause(0.01)
        await pilot.pause(0.05)
        yield Person(pilot, app, world, desk)
    lang.use("zh")
