"""The desk: its parts over cache and outbox, kept current together."""

from __future__ import annotations

from collections.abc import Callable

from agent_tui.desk.canned import Canned
from agent_tui.desk.context import Moment
from agent_tui.desk.conversations import Conversations
from agent_tui.desk.customer import Customers
from agent_tui.desk.directory import Directory
from agent_tui.desk.doing import Doing
from agent_tui.desk.drafts import Drafts
from agent_tui.desk.finding import Finding
from agent_tui.desk.grace import Grace
from agent_tui.desk.macros import Macros
from agent_tui.desk.messages import Messages
from agent_tui.desk.pending import Pending
from agent_tui.desk.queuing import Queue
from agent_tui.desk.transcripts import Line
from agent_tui.desk.tray import Tray
from agent_tui.desk.undo import Undo, Undoing, UndoStack
from agent_tui.desk.writing import Writing
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Agent, Conversation
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.orders.model import Order
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.drafts import conversation_of
from agent_tui.store.outbox import Outbox

Clock = Callable[[], int]
Listener = Callable[[Changes], None]


class Desk:
    """One agent's desk. Lives on one thread; `refresh` it when something changed elsewhere.

    Reading: `directory` (who and what the shop is), `conversations`, `messages`, `queue`,
    `customers`, `macros`, `finding` and `moment` (search), `pending` (what has not come home),
    `drafts`, `canned` (what drafts came from), `tray`. Changing: `doing`, what is `writing` for it,
    `grace`, `undoing`. Here is only what nearly everybody asks for.
    """

    def __init__(self, me: Agent, cache: Cache, outbox: Outbox, clock: Clock) -> None:
        self.clock = clock
        self._cache = cache
        self._outbox = outbox
        self._listeners: list[Listener] = []
        self.directory = Directory(me, cache)
        self.grace = Grace(outbox)
        self.pending = Pending(outbox, self.grace)
        self.conversations = Conversations(cache, self.directory, self.pending)
        self.messages = Messages(cache, self.conversations, self.grace)
        self.drafts = Drafts(outbox, lambda: self.clock(), self._draft_saved)
        self.canned = Canned(cache, outbox, self.conversations)
        self.customers = Customers(cache, clock)
        self.finding = Finding(cache.path, lambda: self.me.teams)
        self.moment = Moment(self, cache)
        self.macros = Macros(self)
        self.undo_stack = UndoStack()
        self.doing = Doing(self, outbox)
        self.do = self.doing.do  # the one way to change anything
        self.undoing = Undoing(self, outbox)
        self.writing = Writing(self.conversations, self.doing)
        self.tray = Tray(self, outbox)
        self.queue = Queue(self)
        self.refresh(Changes(all=True, outbox=True), tell=False)

    def close(self) -> None:
        """Close both files."""
        self.finding.close()
        self._cache.close()
        self._outbox.close()

    # --- staying current -------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every change of what can be read here."""
        self._listeners.append(listener)

    def refresh(self, changes: Changes, *, tell: bool = True) -> None:
        """Read again what `changes` names."""
        before = self._cache.done()
        self.messages.changed(changes)
        self.customers.changed(changes)
        self.conversations.changed(changes)
        self.directory.changed(changes)
        self.macros.changed(changes)
        if changes.all or changes.things & {"policy", "routing"}:
            self.queue.all_changed()
        # `done` may have moved: pending commands that came home must not be laid over twice; and a
        # draft's conversation may have gone.
        left = any(conversation_of(key) in changes.conversations for key in self.drafts.kept)
        if changes.all or changes.outbox or self.pending.conversations() or left:
            changes |= self._read_outbox(before, changes)
        self.queue.changed(changes.conversations)
        if tell:
            for listener in self._listeners:
                listener(changes)

    def _read_outbox(self, before: int, changes: Changes) -> Changes:
        """What came home is in the cache before anybody tells of it: of which chats it was, which
        would otherwise be shown for a moment as they were before. `before`: `done`, at the time
        when those of `changes` were read."""
        done = self._cache.done()
        pending, home = self.pending.read(done)
        if done == before:
            home = frozenset() if changes.all else home - changes.conversations
        early = Changes(home)
        if early.conversations:
            self.messages.changed(early)
            self.conversations.changed(early)
        self.conversations.laid_over(pending)
        self.queue.changed(pending | self.drafts.read())
        self.queue.changed(self.tray.read())
        return early

    def _draft_saved(self, key: ConversationId) -> None:
        self.queue.changed((key,))
        if self.conversations.is_gone(key):
            self.queue.changed(self.tray.read())

    # --- what nearly everybody asks for ----------------------------------------------------------

    @property
    def me(self) -> Agent:
        """Whose desk it is."""
        return self.directory.me

    def conversation(self, key: ConversationId) -> Conversation | None:
        """A conversation with what is pending laid over it; resolved ones come from the cache."""
        return self.conversations.state(key)

    def transcript(self, key: ConversationId) -> list[Line]:
        """A conversation's lines, unconfirmed ones last."""
        return self.messages.lines(key)

    def orders(self, key: ConversationId) -> tuple[Order, ...]:
        """The orders of a conversation's customer, newest first; () if none are known here."""
        state = self.conversation(key)
        return self.customers.orders(state) if state is not None else ()

    def undo(self) -> Undo | Rejected | Held | None:
        """Take the last step back: see `Undoing.undo`."""
        return self.undoing.undo()
