"""A hypothesis state machine over the agent's real files, beside a model of what they must say.

The server is a list of events. What it did with each command is the model's to draw; where the
command must be found afterwards follows from that.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from agent_tui.domain import events as e
from agent_tui.domain.commands import AddNote, Order, text_of
from agent_tui.domain.evolve import evolve, message_of
from agent_tui.domain.ids import AgentId, ConversationId, MessageId
from agent_tui.domain.model import Conversation, Message
from agent_tui.domain.protocol import Page
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.sync.ports import Snapshot
from agent_tui.sync.profile_store import ProfileStore
from tests import factories as f

KEYS = (ConversationId("c1"), ConversationId("c2"))
REFUSED = "not_allowed"
conversations = st.sampled_from(KEYS)
texts = st.sampled_from(["", "草稿", "写到一半 🙂"])


class Entry:
    """An event of the feed: whose command it answers, if any, and what it does."""

    def __init__(self, body: e.FeedEvent, key: ConversationId | None, order: Order | None) -> None:
        self.body = body
        self.key = key
        self.order = order


class Stores(RuleBasedStateMachine):
    """Two processes of one profile; the first one syncs."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="stores-"))
        self.open()
        self.other = Outbox(self.root / "outbox.db")
        self.feed: list[Entry] = []
        self.era = 0  # how often the server lost its memory
        self.known = 0  # the server's last number of this client
        self.told = 0  # the client's place in the feed; -1: none
        self.drafts: dict[ConversationId, str] = {}
        self.waiting: dict[str, int] = {}  # text -> number, sent or not, not settled
        self.settled: dict[str, int] = {}  # applied and settled
        self.tray: set[str] = set()
        self.count = 0

    def open(self) -> None:
        self.cache = Cache(self.root / "cache.db")
        self.outbox = Outbox(self.root / "outbox.db")
        self.store = ProfileStore(self.cache, self.outbox, lambda changes: None)

    def teardown(self) -> None:
        self.cache.close()
        self.outbox.close()
        self.other.close()
        shutil.rmtree(self.root)

    # --- the server --------------------------------------------------------------------------

    @initialize()
    def two_chats(self) -> None:
        for key in KEYS:
            self.feed.append(Entry(f.opened(), key, None))
        self.told = -1
        self.snapshot()

    def cursor(self, seq: int) -> str:
        return f"feed{self.era}:{seq}:x"

    def recorded(self, seq: int) -> e.Recorded:
        entry = self.feed[seq - 1]
        return e.Recorded(
            seq=seq, at=f.NOW + seq, by="anna", body=entry.body, conversation=entry.key
        )

    def done(self, upto: int) -> int:
        numbers = [entry.order.number for entry in self.feed[:upto] if entry.order is not None]
        return max(numbers, default=0) if self.known else 0

    def fold(self, upto: int) -> dict[ConversationId, tuple[Conversation, list[Message]]]:
        found: dict[ConversationId, tuple[Conversation, list[Message]]] = {}
        for seq in range(1, upto + 1):
            recorded = self.recorded(seq)
            if recorded.conversation is None:
                continue
            assert isinstance(recorded.body, e.ConversationEvent)
            key = recorded.conversation
            before, messages = found.get(key, (None, []))
            state = evolve(before, recorded.body, conversation=key, at=recorded.at)
            message = message_of(recorded.body, state, recorded.at, seq)
            found[key] = (state, [*messages, message] if message is not None else messages)
        return found

    @rule(key=conversations)
    def a_customer_writes(self, key: ConversationId) -> None:
        self.count += 1
        self.feed.append(Entry(f.wrote(f"w{self.count}", f"顾客 {self.count}"), key, None))

    @rule(verdicts=st.lists(st.booleans(), min_size=1, max_size=4), answered=st.booleans())
    def the_server_decides(self, verdicts: list[bool], answered: bool) -> None:
        orders = self.store.pending(self.known, len(verdicts))
        for order, applied in zip(orders, verdicts, strict=False):
            assert order.number == self.known + 1
            self.known = order.number
            if applied:
                command = order.command
                assert isinstance(command, AddNote)
                note = e.NoteAdded(command.message, command.text, AgentId("anna"))
                self.feed.append(Entry(note, order.conversation, order))
            else:
                no = e.CommandRefused(self.outbox.client, order.number, REFUSED)
                self.feed.append(Entry(no, None, order))
        if answered and orders:
            self.store.acknowledge(self.outbox.client, self.known)

    # --- the client --------------------------------------------------------------------------

    @rule(key=conversations, second=st.booleans(), from_draft=st.booleans())
    def somebody_enqueues(self, key: ConversationId, second: bool, from_draft: bool) -> None:
        self.count += 1
        text = f"备注 {self.count}"
        outbox = self.other if second else self.outbox
        note = AddNote(MessageId(f"n{self.count}"), text)
        order = outbox.enqueue(note, key, f.NOW, clear_draft=from_draft)
        assert order.number == max([self.last(), *self.waiting.values()]) + 1
        self.waiting[text] = order.number
        if from_draft:
            self.drafts.pop(key, None)

    def last(self) -> int:
        return max(self.settled_now, self.done(max(self.told, 0)))

    settled_now = 0

    @precondition(lambda self: 0 <= self.told < len(self.feed))
    @rule(limit=st.integers(1, 5), crash=st.booleans())
    def a_page_comes(self, limit: int, crash: bool) -> None:
        to = min(self.told + limit, len(self.feed))
        events = tuple(self.recorded(seq) for seq in range(self.told + 1, to + 1))
        page = Page(
            "f",
            self.cursor(self.told),
            self.cursor(to),
            len(self.feed),
            self.done(to),
            False,
            events,
        )
        if crash:
            # The cache is written, and the outbox was to be next.
            self.cache.apply(page.events, page.to, page.done)
            self.told = to
            self.again()
        else:
            self.store.apply(page)
            self.told = to
        self.settle(to)

    @rule()
    def snapshot(self) -> None:
        to = len(self.feed)
        self.store.replace(self.picture(to, self.done(to)))
        self.told = to
        self.settle(to)

    def picture(self, to: int, done: int) -> Snapshot:
        entered = [
            e.Recorded(
                seq=to,
                at=f.NOW,
                by="",
                conversation=key,
                body=e.ConversationEntered(state=state, messages=tuple(messages)),
            )
            for key, (state, messages) in self.fold(to).items()
        ]
        refusals = [
            self.recorded(seq)
            for seq in range(1, to + 1)
            if done and isinstance(self.feed[seq - 1].body, e.CommandRefused)
        ]
        return Snapshot(self.cursor(to), done, entered + refusals)

    def settle(self, upto: int) -> None:
        """Move the model's commands to where the client must have them now."""
        self.settled_now = max(self.settled_now, self.done(upto))
        for entry in self.feed[:upto]:
            if entry.order is None:
                continue
            text = text_of(entry.order.command)
            number = self.waiting.pop(text, None)
            if number is None:
                continue
            if isinstance(entry.body, e.CommandRefused):
                self.tray.add(text)
            else:
                self.settled[text] = number

    @rule()
    def again(self) -> None:
        """The program ends, at any moment, and is started anew."""
        self.cache.close()
        self.outbox.close()
        self.open()
        self.store.begin()

    @rule()
    def the_cache_is_deleted(self) -> None:
        self.cache.close()
        for path in self.root.glob("cache.db*"):
            path.unlink()
        self.cache = Cache(self.root / "cache.db")
        self.store = ProfileStore(self.cache, self.outbox, lambda changes: None)
        assert self.cache.cursor() is None
        self.snapshot()

    @precondition(lambda self: self.told >= 2)
    @rule(back=st.integers(0, 12))
    def the_servers_past_comes_back(self, back: int) -> None:
        kept = max(2, len(self.feed) - back)
        del self.feed[kept:]
        self.era += 1
        numbers = [entry.order.number for entry in self.feed if entry.order is not None]
        done = max(numbers, default=0) if self.known else 0
        there = {x.body.text for x in self.feed if isinstance(x.body, e.NoteAdded)}
        old = self.outbox.client
        proven = min(done, self.outbox.acked())
        self.store.restart(self.picture(kept, done), {})
        self.store.replace(self.picture(kept, 0))
        assert self.outbox.client != old
        for text, number in list((self.waiting | self.settled).items()):
            if text in there:
                self.settled[text] = 0  # under an id that was given up
            elif text in self.waiting or number > proven or number == 0:
                self.settled.pop(text, None)
                self.tray.add(text)
        self.waiting.clear()
        # What the server still has under the old id is nobody's number any more.
        self.feed = [Entry(x.body, x.key, None) for x in self.feed]
        self.known = self.settled_now = 0
        self.told = kept

    @rule(key=conversations, text=texts, second=st.booleans())
    def somebody_types(self, key: ConversationId, text: str, second: bool) -> None:
        (self.other if second else self.outbox).drafts.save(key, text, f.NOW)
        self.drafts.pop(key, None)
        if text:
            self.drafts[key] = text

    @precondition(lambda self: self.tray)
    @rule(data=st.data(), undone=st.booleans())
    def an_item_is_dealt_with(self, data: st.DataObject, undone: bool) -> None:
        item = data.draw(st.sampled_from(self.outbox.tray.items()))
        self.outbox.tray.discard(item)
        if undone:
            self.other.tray.put_back(item)
        else:
            self.tray.discard(item.text)

    # --- what must hold ----------------------------------------------------------------------

    @invariant()
    def every_command_is_where_it_must_be(self) -> None:
        for outbox in (self.outbox, self.other):
            pending = outbox.pending()
            assert {text_of(order.command): order.number for order in pending} == self.waiting
            numbers = [order.number for order in pending]
            assert numbers == list(range(self.settled_now + 1, self.settled_now + 1 + len(numbers)))
            assert sorted(item.text for item in outbox.tray.items()) == sorted(self.tray)
        assert not self.tray & self.waiting.keys()

    @invariant()
    def drafts_stay(self) -> None:
        found = {key: draft.text for key, draft in self.outbox.drafts.all().items()}
        assert found == self.drafts

    @invariant()
    def the_cache_is_the_fold(self) -> None:
        if self.told < 0:
            return
        assert self.cache.cursor() == self.cursor(self.told)
        for key, (state, messages) in self.fold(self.told).items():
            assert self.cache.conversation(key) == state
            assert self.cache.messages(key) == messages
