"""Agents: they do what their own screen suggests, however old that is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from agent_tui.desk.desk import Desk
from agent_tui.desk.writing import new_message_id
from agent_tui.domain import commands as c
from agent_tui.domain.ids import (
    AgentId,
    ConversationId,
    CustomerId,
    InboxId,
    MessageId,
    SuggestionId,
    TeamId,
)
from agent_tui.domain.model import (
    Article,
    Clock,
    Conversation,
    MessageKind,
    Priority,
    Status,
)
from agent_tui.store.cache import Changes
from agent_tui.store.outbox import Outbox
from tests import factories as f
from tests.sim.clients import ClientDied, SimClient
from tests.sim.history import Violation

if TYPE_CHECKING:
    from tests.sim.world import World

TEAMS = (None, TeamId("after-sales"), TeamId("logistics"))
PEOPLE = (None, AgentId("anna"), AgentId("bo"), AgentId("lee"), AgentId("kid"))
SOURCES = ("macro:greet", "article:a1", "article:a2")
QUERIES = ("退货 单号 20261122000", "运费", "  运费 ")
OTHERS = ("v1", "v2", "v3", "nobody")
EDITS = "edits"  # a power
CALLS = "calls"  # another
PHONE = InboxId("phone")
NUMBERS = ("138 0013 8000", "13800138000", "400123456", "no number")


class Hand:
    """What an agent may do to one conversation just now."""

    def __init__(self, world: World, client: SimClient, state: Conversation) -> None:
        self._world = world
        self._rng = world.rng
        self._client = client
        self._desk: Desk = client.desk
        self._state = state

    def _text(self, what: str) -> str:
        number = self._world.history.counts["texts"]
        self._world.history.counts["texts"] += 1
        return f"{self._client.name} {what} {number}"

    def reply(self) -> c.AgentPart:
        force = self._rng.random() < 0.05
        said = self._desk.writing.reply(self._state.id, self._text("回复"), force=force)
        return replace(said, sources=SOURCES[: self._rng.choice((0, 0, 1, 2))])

    def note(self) -> c.AgentPart:
        return c.AddNote(new_message_id(), self._text("备注"))

    def remove_note(self) -> c.AgentPart:
        for line in self._desk.transcript(self._state.id):
            if line.message.kind is MessageKind.NOTE and self._rng.random() < 0.5:
                return c.RemoveNote(line.message.id, line.message.no)
        return self.note()

    def edit(self) -> c.AgentPart:
        """Other words for something on the screen; now and then for what somebody else wrote."""
        lines = [line.message for line in self._desk.transcript(self._state.id)]
        mine = [each for each in lines if each.author == self._desk.me.id]
        if not lines:
            return self.note()
        message = self._rng.choice(mine if mine and self._rng.random() < 0.9 else lines)
        return c.EditMessage(message.id, message.no, self._text("改"))

    def claim(self) -> c.AgentPart:
        return c.Claim()

    def release(self) -> c.AgentPart:
        return c.Release()

    def assign(self) -> c.AgentPart:
        epoch = self._state.epoch if self._rng.random() < 0.5 else None
        return c.Assign(self._rng.choice(PEOPLE), self._rng.choice(TEAMS), epoch)

    def tag(self) -> c.AgentPart:
        return c.Tag(f"t{self._rng.randint(1, 4)}")

    def untag(self) -> c.AgentPart:
        return c.Untag(f"t{self._rng.randint(1, 4)}")

    def priority(self) -> c.AgentPart:
        expect = self._state.priority if self._rng.random() < 0.3 else None
        return c.SetPriority(self._rng.choice(list(Priority)), expect)

    def type(self) -> c.AgentPart:
        return c.SetType(self._rng.choice(("return", "refund", "order")))

    def status(self) -> c.AgentPart:
        status = self._rng.choice(list(Status))
        expect = self._state.status if self._rng.random() < 0.2 else None
        until = None
        if status is Status.SNOOZED:
            seconds = self._rng.choice((2, 5, 10, 20, 3600))
            until = self._client.clock.now_ms() + seconds * 1000
        return c.SetStatus(status, until, expect)

    def cool_down(self) -> c.AgentPart:
        return c.CoolDown(self._client.clock.now_ms() + self._rng.choice((5, 20, 3600)) * 1000)

    def read(self) -> c.AgentPart:
        return c.MarkRead(self._state.messages)

    def start_clock(self) -> c.AgentPart:
        return c.StartClock(self._rng.choice(list(Clock)))

    def stop_clock(self) -> c.AgentPart:
        return c.StopClock(self._rng.choice(list(Clock)))

    def merge(self) -> c.AgentPart:
        return c.MergeCustomer(CustomerId(self._rng.choice(OTHERS)))

    def unmerge(self) -> c.AgentPart:
        key = self._rng.choice(OTHERS)
        return c.UnmergeCustomer(f.customer(key, f"客户 {key}"))

    def settle_draft(self) -> c.AgentPart:
        """A colleague's late reply is taken or thrown away."""
        if not self._state.offers:
            return self.read()
        offer = self._rng.choice(self._state.offers)
        return c.SettleDraft(offer.message, settled=self._rng.random() < 0.8)

    def suggest(self) -> c.AgentPart:
        """A correction of what this machine knows, or something new."""
        known = self._client.cache.things("article")
        article = self._rng.choice(known) if known and self._rng.random() < 0.7 else None
        return c.SuggestArticle(
            suggestion=SuggestionId(new_message_id()),
            title=self._text("标题"),
            body=self._text("正文"),
            lang="zh",
            article=article.id if isinstance(article, Article) else "",
            version=article.version if isinstance(article, Article) else "",
        )

    def settle_suggestion(self) -> c.AgentPart:
        """A lead publishes it or not; others try, too, and its author may take it back."""
        waiting = [
            each for state in self._client.cache.suggested() for each in state.open_suggestions
        ]
        here = self._state.open_suggestions or waiting
        if not here:
            return self.suggest()
        chosen = self._rng.choice(here)
        if self._rng.random() < 0.3:
            return c.DeclineSuggestion(chosen.id, self._text("不必"))
        article = chosen.article or f"a{self._rng.randint(1, 5)}"
        known = self._client.cache.some("article", [article])
        return c.AcceptSuggestion(
            suggestion=chosen.id,
            article=article,
            title=chosen.title,
            body=self._text("定稿"),
            version=known[0].version if known and isinstance(known[0], Article) else "",
        )

    def any(self) -> c.AgentPart:
        """One of all, the frequent ones more often."""
        kinds: tuple[tuple[Callable[[], c.AgentPart], float], ...] = (
            (self.reply, 30),
            (self.note, 8),
            (self.remove_note, 3),
            (self.claim, 10),
            (self.release, 4),
            (self.assign, 9),
            (self.tag, 5),
            (self.untag, 4),
            (self.priority, 3),
            (self.type, 3),
            (self.status, 9),
            (self.read, 5),
            (self.start_clock, 2),
            (self.stop_clock, 2),
            (self.merge, 1.5),
            (self.unmerge, 1),
            (self.settle_draft, 2),
            (self.suggest, 3),
            (self.settle_suggestion, 3),
        )
        if "reactions" in self._world.powers:
            kinds += ((self.cool_down, 3),)
        if EDITS in self._world.powers:
            kinds += ((self.edit, 6),)
            if self._state.offers:  # seldom there, and then not for long
                kinds += ((self.settle_draft, 10),)
        makers, weights = zip(*kinds, strict=True)
        make: Callable[[], c.AgentPart] = self._rng.choices(makers, weights)[0]
        return make()

    def call(self) -> tuple[ConversationId, c.NoteCall]:
        """Somebody called; now and then two agents note the same call."""
        key, command = self._desk.writing.call(
            PHONE, self._rng.choice(NUMBERS), self._text("来电"), team=self._rng.choice(TEAMS)
        )
        if self._rng.random() < 0.2:
            command = replace(command, message=MessageId(f"pbx{self._rng.randint(1, 6)}"))
        return key, command

    def command(self) -> c.AgentCommand:
        """One of all, or several at once; or what was not found lately."""
        if self._rng.random() < 0.02:
            return c.ReportSearches(((self._rng.choice(QUERIES), self._rng.randint(1, 3)),))
        if self._rng.random() < 0.12:
            return c.Batch(tuple(self.any() for _ in range(self._rng.randint(2, 4))))
        return self.any()


def acts(world: World) -> None:
    """One of the agents does something, or several things in a row."""
    client = world.rng.choice(list(world.clients.values()))
    if not client.running:
        return
    rows = client.cache.rows("SELECT id FROM conversation ORDER BY id")
    keys = [ConversationId(str(key)) for (key,) in rows]
    if not keys:
        return
    key = world.rng.choice(keys)
    try:
        for _ in range(world.rng.choice((1, 1, 1, 2, 3))):
            state = client.desk.conversation(key)
            if state is None:
                return
            hand = Hand(world, client, state)
            if CALLS in world.powers and world.rng.random() < 0.06:
                place, call = hand.call()
                note = _on_command_line if world.rng.random() < 0.3 else partial(_on_screen, world)
                note(client, place, call)
                continue
            command = hand.command()
            if isinstance(command, c.ReportSearches):
                _on_command_line(client, ConversationId(""), command)
            elif world.rng.random() < 0.15:
                _on_command_line(client, key, command)
            else:
                _on_screen(world, client, key, command)
    except ClientDied:
        world.kill_client(client)
        return
    if world.rng.random() < 0.8:
        client.clock.ring()


def _on_command_line(client: SimClient, key: ConversationId, command: c.AgentCommand) -> None:
    """Another process of the same profile: it only writes to the outbox."""
    other = Outbox(client.root / "outbox.db")
    try:
        order = other.enqueue(command, key, client.clock.now_ms())
        client.world.history.gave(client, order)
        client.changed(Changes(outbox=True))  # the screen's process notices in a moment
    finally:
        other.close()


def _on_screen(
    world: World, client: SimClient, key: ConversationId, command: c.AgentCommand
) -> None:
    client.refresh()
    last = max((order.number for order in client.outbox.pending()), default=0)
    refused = client.desk.do(key, command)
    if refused is not None:
        return
    for order in client.outbox.pending(last):
        world.history.gave(client, order)
        _reads_own_writes(client, order)


def _reads_own_writes(client: SimClient, order: c.Order) -> None:
    shown = {
        line.message.id: line.message.text for line in client.desk.transcript(order.conversation)
    }
    gone = {p.message for p in c.parts_of(order.command) if isinstance(p, c.RemoveNote)}
    for part in c.parts_of(order.command):
        if (
            isinstance(part, c.SendReply | c.AddNote)
            and part.message not in gone
            and part.message not in shown
        ):
            raise Violation(9, f"{client.name} does not see what it has just written")
    edits = {p.message: p.text for p in c.parts_of(order.command) if isinstance(p, c.EditMessage)}
    for message, text in edits.items():
        if message not in gone and shown.get(message) != text:
            raise Violation(9, f"{client.name} does not see what it has just put in its place")


def tidies_tray(world: World) -> None:
    """An agent deals with an unsent item: send all the same, take it as a draft, drop it."""
    client = world.rng.choice(list(world.clients.values()))
    if not client.running:
        return
    client.refresh()
    tray = client.desk.tray.items
    if not tray:
        return
    item = world.rng.choice(tray)
    rows = client.outbox.rows("SELECT client, number FROM tray WHERE id = ?", (item.id,))
    queued = world.history.queued.get(rows[0]) if rows else None
    if queued is not None:
        queued.dealt_with = True
    try:
        if world.rng.random() < 0.5:
            client.desk.tray.to_draft(item)
        else:
            client.desk.tray.discard(item)
    except ClientDied:
        world.kill_client(client)
