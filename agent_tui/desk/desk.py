"""The desk: read models over cache and outbox, and `do`, the one way to change anything."""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from agent_tui.desk import tray
from agent_tui.desk.canned import Canned
from agent_tui.desk.context import Moment
from agent_tui.desk.customer import Customers
from agent_tui.desk.finding import Finding
from agent_tui.desk.grace import TOLD_MS, Grace, has_reply
from agent_tui.desk.order import Book, Follower
from agent_tui.desk.overlay import Predicted, predict
from agent_tui.desk.rows import QueueRow, View, first_of, row_of
from agent_tui.desk.transcripts import Line as Line
from agent_tui.desk.transcripts import Transcripts
from agent_tui.desk.undo import Undo, UndoStack
from agent_tui.domain import commands as c
from agent_tui.domain.context import Context
from agent_tui.domain.decide import decide
from agent_tui.domain.ids import AgentId, ConversationId, MessageId, TeamId
from agent_tui.domain.inverse import inverse
from agent_tui.domain.model import (
    TROUBLE,
    Agent,
    Article,
    Conversation,
    Inbox,
    MacroSource,
    MessageKind,
    Status,
    Suggestion,
    Team,
)
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected
from agent_tui.domain.plan import PLAIN, CalendarError, Plan, PlanError, surge_of
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Duty, Routing, Surge
from agent_tui.knowledge import entry as search
from agent_tui.lang import Both
from agent_tui.orders.model import Order
from agent_tui.store.bulks import Bulk
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.grace import Recovered
from agent_tui.store.outbox import SLIGHT, Draft, Outbox, OutboxFull, TrayItem
from agent_tui.text import clean

if TYPE_CHECKING:
    from agent_tui.macros.flows import Taken
    from agent_tui.macros.library import Library
    from agent_tui.macros.model import Macro

Clock = Callable[[], int]
# What customers write to be seen, and no search can answer.
NUDGES = frozenset(
    {"", "在吗", "在么", "在不在", "有人吗", "人呢", "还在吗", "喂", "你好", "您好", "亲"}
    | {"hello", "hi", "hey", "anyone", "anyone there", "are you there", "still there"}
)
_MARKS = " ?？!！.。,，~～…"
Listener = Callable[[Changes], None]
T = TypeVar("T", bound=msgspec.Struct)
REPLY = Both("回复", "reply")
EVERY = 50  # steps of many, between two words of how far it has come


class Desk:
    """One agent's desk. Lives on one thread; `refresh` it when something changed elsewhere."""

    def __init__(self, me: Agent, cache: Cache, outbox: Outbox, clock: Clock) -> None:
        self.me = me
        self.clock = clock
        self.undo_stack = UndoStack()
        self.grace = Grace(outbox)
        self._cache = cache
        self._outbox = outbox
        self._listeners: list[Listener] = []
        self._states: dict[ConversationId, Conversation] = {}
        self._pending: dict[ConversationId, list[c.Order]] = {}
        self._predicted: dict[ConversationId, Predicted] = {}
        self._rows = Book(lambda: self._states, self._row)
        self._library: Library | None = None
        self.finding = Finding(cache.path, lambda: self.me.teams)
        self._moment = Moment(cache)
        self._transcripts = Transcripts(cache)
        self.canned = Canned(cache, outbox)
        self.customers = Customers(cache)
        self.policy = Policy()
        self.plan = PLAIN
        self.drafts: dict[ConversationId, Draft] = {}
        self.tray: list[TrayItem] = []
        self.unsent = 0
        self.bulks: tuple[Bulk, ...] = outbox.bulks()
        self._unsettled: list[int] = []
        self.not_understood: frozenset[ConversationId] = frozenset()
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
        self._transcripts.changed(changes)
        self.customers.changed(changes)
        if changes.all:
            self._states = {state.id: state for state in self._cache.live()}
        for key in changes.conversations:
            state = self._cache.conversation(key)
            if state is None:
                self._states.pop(key, None)
            else:
                self._states[key] = state
        if changes.all or changes.things:
            self._refresh_things(changes)
        if changes.all or changes.conversations:
            self.not_understood = self._cache.not_understood()
        # `done` may have moved: pending commands that came home must not be laid over twice; and a
        # draft's conversation may have gone.
        touched = changes.conversations
        left = any(tray.conversation_of(key) in touched for key in self.drafts)
        if changes.all or changes.outbox or self._pending or left:
            self._refresh_outbox()
        if changes.all:
            self._predicted.clear()
            self._rows.clear()
        for key in changes.conversations:
            self._predicted.pop(key, None)
            self._rows.pop(key)
        if tell:
            self._tell(changes)

    def _refresh_things(self, changes: Changes) -> None:
        if changes.all or "policy" in changes.things:
            policies = self._things("policy", Policy)
            self.policy = policies[0] if policies else Policy()
            self._rows.clear()
        if changes.all or "routing" in changes.things:
            self.plan = next(map(_plan, self._things("routing", Routing)), PLAIN)
            self._rows.clear()
        if changes.all or "agent" in changes.things:
            own = self.agents().get(self.me.id)
            if own is not None:
                self.me = own
        if changes.all or changes.things & {"article", "macro", "agent"}:
            self._library = None
            self.finding.look()

    def _refresh_outbox(self) -> None:
        before = set(self._pending)
        done = self._cache.done()
        self._pending = {}
        self.unsent = 0
        for order in self._outbox.pending(after=done):
            if isinstance(order.command, c.ReportSearches):
                continue  # nobody waits for it
            self._pending.setdefault(order.conversation, []).append(order)
            self.unsent += 1
        self.grace.refresh()
        for order in self.grace.orders():
            self._pending.setdefault(order.conversation, []).append(order)
        drafts, self.drafts = self.drafts, self._outbox.drafts()
        self._unsettled = self._outbox.unsettled()
        self.bulks = self._outbox.bulks()  # read after it: they are whole where nothing is left
        self._refresh_tray()
        for key in before | set(self._pending):
            self._predicted.pop(key, None)
            self._rows.pop(key)
        for key, _ in drafts.items() ^ self.drafts.items():
            self._rows.pop(tray.conversation_of(key))

    def _refresh_tray(self) -> None:
        before, self.tray = self.tray, self._outbox.tray()
        if self._cache.cursor() is not None:  # or nothing is known to be gone
            self.tray += tray.orphans(self.drafts.values(), self._is_here)
        for item in (*before, *self.tray):
            self._rows.pop(tray.conversation_of(item.conversation))

    def _is_here(self, key: ConversationId) -> bool:
        return key in self._states or self._cache.conversation(key) is not None

    def _tell(self, changes: Changes) -> None:
        for listener in self._listeners:
            listener(changes)

    def _things(self, kind: str, type_: type[T]) -> list[T]:
        return [thing for thing in self._cache.things(kind) if isinstance(thing, type_)]

    # --- reading ---------------------------------------------------------------------------------

    def agents(self) -> Mapping[AgentId, Agent]:
        """Every account."""
        return {agent.id: agent for agent in self._things("agent", Agent)}

    def teams(self) -> Mapping[str, Team]:
        """Every team."""
        return {team.id: team for team in self._things("team", Team)}

    def inboxes(self) -> Mapping[str, Inbox]:
        """Every inbox."""
        return {inbox.id: inbox for inbox in self._things("inbox", Inbox)}

    def duties(self) -> dict[AgentId, Duty]:
        """Who is at work, as the server last told."""
        return {duty.agent: duty for duty in self._things("duty", Duty)}

    def surges(self) -> dict[TeamId, Surge]:
        """The teams' last surges, also those that are over."""
        return {surge.team: surge for surge in self._things("surge", Surge)}

    def articles(self) -> Mapping[str, Article]:
        """Every knowledge article."""
        return {article.id: article for article in self._things("article", Article)}

    def article(self, key: str) -> Article | None:
        """One knowledge article."""
        found = self._cache.thing("article", key)
        return found if isinstance(found, Article) else None

    def conversation(self, key: ConversationId) -> Conversation | None:
        """A conversation with what is pending laid over it; resolved ones come from the cache."""
        found = self._predict(key)
        return found.state if found else None

    def live(self) -> list[Conversation]:
        """Every conversation that the server last told to be unresolved, with what is pending."""
        return [found.state for found in map(self._predict, tuple(self._states)) if found]

    def _predict(self, key: ConversationId) -> Predicted | None:
        known = self._predicted.get(key)
        if known is not None:
            return known
        state = self._states.get(key) or self._cache.conversation(key)
        if state is None:
            return None
        found = predict(state, self._pending.get(key, ()), self.me, self.policy, self.plan)
        self._predicted[key] = found
        return found

    def transcript(self, key: ConversationId) -> list[Line]:
        """A conversation's lines, unconfirmed ones last."""
        found = self._predict(key)
        if found is None:
            return []
        return self._transcripts.lines(key, found, self.grace.replies)

    def undelivered(self, key: ConversationId) -> list[Line]:
        """The replies that did not arrive, or may not have, oldest first."""
        return [line for line in self.transcript(key) if line.state in TROUBLE]

    def rows(self) -> list[QueueRow]:
        """A row for every conversation that is not resolved."""
        return list(self._rows.current().values())

    def by_id(self) -> Mapping[ConversationId, QueueRow]:
        """The same by conversation, as of now."""
        return self._rows.current()

    def follow(self) -> Follower:
        """Tells which rows change from now on."""
        return self._rows.follow()

    def _row(self, key: ConversationId) -> QueueRow | None:
        predicted = self._predict(key) if key in self._states else None
        if predicted is None or predicted.state.status is Status.RESOLVED:
            return None
        orders = self._pending.get(key, ())
        return row_of(
            predicted.state,
            self.me,
            self.policy,
            self.plan,
            draft=self._draft_of(key),
            unsent=len(predicted.waiting),
            pending=sum(not isinstance(order.command, SLIGHT) for order in orders),
            trayed=sum(item.conversation == key for item in self.tray) if self.tray else 0,
        )

    def _draft_of(self, key: ConversationId) -> str:
        draft = self.drafts.get(key) or self.drafts.get(tray.note_key(key))
        return draft.text[:60] if draft else ""

    def queue(self, view: View) -> list[QueueRow]:
        """The list, in order, as of now. Not to be changed."""
        return self._rows.arranged(view, self.clock())

    def next_after(self, key: ConversationId | None) -> QueueRow | None:
        """The most urgent conversation other than `key`."""
        return first_of(self.queue(View.WORK), after=key)

    def macros(self) -> Library:
        """The macros this agent may use."""
        if self._library is None:
            # YAML and templates cost more than the rest of a start: first picture first.
            from agent_tui.macros.library import Library

            sources = ((s.id, s.text) for s in self._things("macro", MacroSource))
            self._library = Library.of_sources(sources, self.me.teams, self.canned.own)
        surges, now = self.surges().values(), self.clock()
        self._library.surge = any(surge_of(surges, team, now) for team in self.me.teams)
        return self._library

    def orders(self, key: ConversationId) -> tuple[Order, ...]:
        """The orders of a conversation's customer, newest first; () if none are known here."""
        state = self.conversation(key)
        return self.customers.orders(state) if state is not None else ()

    @property
    def macros_read(self) -> bool:
        """Whether `macros` answers at once: reading them takes some 50 ms."""
        return self._library is not None

    def use_own_macros(self, macros: tuple[Macro, ...]) -> None:
        """The agent's own macros are these from now on."""
        self.canned.own = self.finding.own = macros
        self._library = None
        self.finding.look()

    def taken(self, key: ConversationId) -> list[Taken]:
        """Which entries the replies in a conversation came from, in their order."""
        found = self._predict(key)
        return self.canned.taken(key, found.waiting) if found else []

    def search_context(self, key: ConversationId | None) -> search.Context:
        """What makes one entry fit better than another in this conversation, or in none."""
        state = self.conversation(key) if key else None
        return self._moment.context(state, self.me.id, self.clock())

    def suggestions(self) -> list[tuple[Conversation, Suggestion]]:
        """Suggested articles that wait for a lead, oldest first, each with its conversation."""
        keys = {state.id for state in self._cache.suggested()} | self._pending.keys()
        states = filter(None, map(self.conversation, keys))
        found = [(state, each) for state in states for each in state.open_suggestions]
        return sorted(found, key=lambda pair: (pair[1].at, pair[1].id))

    def find_id(self, prefix: str) -> list[ConversationId]:
        """Up to two cached conversations whose id begins with `prefix`."""
        return self._cache.matching(prefix)

    # --- doing -----------------------------------------------------------------------------------

    def do(
        self,
        conversation: ConversationId,
        command: c.AgentCommand,
        *,
        title: Both | None = None,
        clear_draft: bool = False,
        instead_of: TrayItem | None = None,
    ) -> Rejected | Held | None:
        """Queue `command` durably and show its effect at once.

        A refusal that can be told here is returned, and nothing is queued. With a `title`, the step
        can be undone under that name; a reply in its grace can be without. `instead_of` leaves the
        unsent tray for it.
        """
        outcome = self.foresee(conversation, command)
        if isinstance(outcome, Rejected | Held):
            return outcome
        if not outcome and isinstance(command, c.MarkRead):
            return None
        now = self.clock()
        back = self._inverse(conversation, command) if title is not None else None
        held = 0
        try:
            if self.grace.takes(conversation, command):
                held = self.grace.hold(
                    conversation, command, now, clear_draft=clear_draft, instead_of=instead_of
                )
            else:
                self._outbox.enqueue(
                    command, conversation, now, clear_draft=clear_draft, instead_of=instead_of
                )
        except OutboxFull as full:
            return Rejected(Reason.OUTBOX_FULL, str(full.waiting))
        name = title or (REPLY if held and has_reply(command) else None)
        if name is not None and (back is not None or held):
            self.undo_stack.push(Undo(conversation, back, name, now, held=held))
        self.refresh(Changes(frozenset({conversation}), outbox=True))
        return None

    def do_all(
        self,
        steps: Sequence[tuple[ConversationId, c.AgentCommand]],
        *,
        title: Both,
        undoable: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> dict[ConversationId, Rejected | Held | None]:
        """`do` one command to each of many conversations: stored at once, undone at once.

        The answer is what was not queued, and why; None where it is so already. What the server
        refuses of it stands in `bulks`, unless it has a text. `progress` is told how many were
        looked at.
        """
        left: dict[ConversationId, Rejected | Held | None] = {}
        taken: list[tuple[ConversationId, c.AgentCommand]] = []
        back: list[tuple[ConversationId, c.AgentCommand]] = []
        for count, (key, command) in enumerate(steps, 1):
            outcome = self.foresee(key, command)
            if isinstance(outcome, Rejected | Held):
                left[key] = outcome
            elif not outcome:
                left[key] = None
            else:
                taken.append((key, command))
                undo = self._inverse(key, command) if undoable else None
                if undo is not None:
                    back.append((key, undo))
            if progress is not None and (count % EVERY == 0 or count == len(steps)):
                progress(count)
        if not taken:
            return left
        now = self.clock()
        self.grace.release(now, frozenset(key for key, _ in taken))  # what came first goes first
        try:
            bulk = self._outbox.enqueue_all(taken, title, now)
        except OutboxFull as full:
            refused = Rejected(Reason.OUTBOX_FULL, str(full.waiting))
            return left | {key: refused for key, _ in taken}
        if back:
            (key, undo), *others = back
            self.undo_stack.push(Undo(key, undo, title, now, tuple(others), bulk.first))
        self.refresh(Changes(frozenset(key for key, _ in taken), outbox=True))
        return left

    def foresee(self, key: ConversationId, command: c.AgentCommand) -> Outcome:
        """What would follow from `command`, as far as can be told here; nothing happens."""
        state = self.conversation(key)
        if state is None:
            return Rejected(Reason.NO_SUCH_CONVERSATION)
        outcome = decide(state, command, self._context(), conversation=key)
        if isinstance(outcome, Rejected):
            return Rejected(outcome.reason, outcome.detail)  # nothing happens here
        return outcome

    def _inverse(self, key: ConversationId, command: c.AgentCommand) -> c.AgentCommand | None:
        state = self.conversation(key)
        return inverse(state, command, self._context()) if state is not None else None

    def _context(self) -> Context:
        return Context(actor=self.me, now=self.clock(), policy=self.policy, plan=self.plan)

    def undo(self) -> Undo | Rejected | Held | None:
        """Take the last step back; None if there is nothing to undo."""
        step = self.undo_stack.pop()
        if step is None:
            return None
        if step.held:
            taken = self.grace.take_back(step.held, self.clock())
            if taken is not None:
                self.refresh(Changes(frozenset({step.conversation}), outbox=True))
                return msgspec.structs.replace(step, taken=taken)
            if step.command is None and self.clock() - step.at > self.grace.ms + TOLD_MS:
                return self.undo()
        if step.command is None:
            return Rejected(Reason.WITH_CUSTOMER)
        if isinstance(step.command, TrayItem):
            self._put_back(step.command)
            return step
        if step.bulk:
            return self._undo_all(step, step.command)
        refused = self.do(step.conversation, step.command)
        return refused or step

    def _undo_all(self, step: Undo, first: c.AgentCommand) -> Undo | Rejected | Held:
        # What the server refused was never done here: its undoing would hit somebody else's.
        bulk = next((each for each in self.bulks if each.first == step.bulk), None)
        left: dict[ConversationId, Rejected | Held | None]
        left = {key: Rejected(Reason.CHANGED_SINCE) for key, _, _ in bulk.refused} if bulk else {}
        steps = [each for each in ((step.conversation, first), *step.others) if each[0] not in left]
        title = Both(f"撤销：{step.title.zh}", f"undo: {step.title.en}")
        left |= self.do_all(steps, title=title, undoable=False)
        refused = next((each for each in left.values() if each is not None), None)
        if len(left) > len(step.others) and refused is not None:
            return refused
        return msgspec.structs.replace(step, left=tuple(left.items()))

    def may_take_back(self) -> bool:
        """Whether the newest step is a reply in its grace, or waits behind one."""
        step = self.undo_stack.newest()
        return step is not None and any(row.id == step.held for row in self.grace.rows)

    def release(self, *, flush: bool = False) -> bool:
        """Send on their way the replies whose grace is over, or all; whether there were any."""
        keys = self.grace.flush() if flush else self.grace.release(self.clock())
        if keys:
            self.refresh(Changes(keys, outbox=True))
        return bool(keys)

    def recover(self) -> list[Recovered]:
        """Make drafts of the replies in whose grace another workstation of this profile ended."""
        found = self.grace.recover(self.clock())
        if found:
            keys = frozenset(each.conversation for each in found)
            self.refresh(Changes(keys, outbox=True))
        return found

    def waiting(self, bulk: Bulk) -> int:
        """How many commands of a deed to many are not decided; `refused` is whole once none is."""
        return sum(bulk.first <= number <= bulk.last for number in self._unsettled)

    def send(
        self, key: ConversationId, text: str, *, force: bool = False
    ) -> Rejected | Held | None:
        """Reply with `text`, under the epoch and the last message that the screen shows."""
        return self.do(key, self.reply(key, text, force=force), clear_draft=True)

    def reply(
        self,
        key: ConversationId,
        text: str,
        *,
        force: bool = False,
        sources: tuple[str, ...] = (),
    ) -> c.SendReply:
        """The command that sends `text` as seen from this desk, taken from these `sources`.

        What was seen are confirmed messages only: one's own waiting ones have no number yet, and
        the customer may take it.
        """
        state = self.conversation(key)
        return c.SendReply(
            message=new_message_id(),
            text=clean(text),
            epoch=state.epoch if state else 0,
            owner=state.assignee if state else None,
            seen=self.confirmed(key),
            force=force,
            sources=sources,
        )

    def confirmed(self, key: ConversationId) -> int:
        """The number of a conversation's last message that came home; 0 if there is none."""
        state = self._states.get(key) or self._cache.conversation(key)
        return state.messages if state else 0

    def said(self, key: ConversationId, limit: int, *, customer: bool = False) -> list[str]:
        """What the last messages of a conversation say; only its `customer`'s, if so wanted."""
        kinds = {MessageKind.CUSTOMER} if customer else set(MessageKind)
        lines = self._cache.recent(key, limit)
        return [line.text for line in lines if line.kind in kinds and not line.removed]

    def note(self, key: ConversationId, text: str) -> Rejected | Held | None:
        """Leave a note for colleagues."""
        command = c.AddNote(message=new_message_id(), text=clean(text))
        return self.do(key, command, title=Both("备注", "note"), clear_draft=True)

    def save_draft(self, key: ConversationId, text: str) -> None:
        """Keep what stands in the composer."""
        known = self.drafts.get(key)
        if (known.text if known else "") == text:
            return
        self._outbox.save_draft(key, text, self.clock())
        self.drafts = self._outbox.drafts()
        self._rows.pop(tray.conversation_of(key))
        if not self._is_here(tray.conversation_of(key)):
            self._refresh_tray()

    # --- the unsent tray -------------------------------------------------------------------------

    def ways(self, item: TrayItem) -> tuple[tray.Way, ...]:
        """What can be done with a tray item now."""
        state = self.conversation(item.conversation)
        found: list[tray.Way] = []
        if state is not None:
            if isinstance(self.foresee(state.id, self._again(item)), tuple):
                found.append(tray.Way.SEND)
            if item.text:
                found += [tray.Way.EDIT, tray.Way.NOTE]
        if item.text:
            found.append(tray.Way.COPY)
        return (*found, tray.Way.DISCARD)

    def since(self, item: TrayItem) -> list[Line]:
        """What others said after what the author of a tray item had seen."""
        return tray.since(item, self.transcript(item.conversation), self.me.id)

    def discard(self, item: TrayItem) -> None:
        """Drop an item of the unsent tray; can be undone."""
        if item.reason == tray.DRAFT_LEFT:
            self._outbox.save_draft(item.conversation, "", self.clock())
        else:
            self._outbox.discard(item.id)
        title = Both("丢弃", "discard")
        key = tray.conversation_of(item.conversation)
        self.undo_stack.push(Undo(key, item, title, self.clock()))
        self.refresh(Changes(outbox=True))

    def _put_back(self, item: TrayItem) -> None:
        if item.reason == tray.DRAFT_LEFT:
            self._outbox.save_draft(item.conversation, item.text, item.at)
        else:
            self._outbox.put_back(item)
        self.refresh(Changes(outbox=True))

    def resend(self, item: TrayItem) -> Rejected | Held | None:
        """Send a tray item's text all the same, with everything that went with it."""
        return self.do(item.conversation, self._again(item), instead_of=item)

    def _again(self, item: TrayItem) -> c.AgentCommand:
        parts = tuple(
            self.reply(item.conversation, part.text, force=True, sources=part.sources)
            if isinstance(part, c.SendReply)
            else part
            for part in c.parts_of(item.order.command)
        )
        return parts[0] if len(parts) == 1 else c.Batch(parts)

    def note_instead(self, item: TrayItem) -> Rejected | Held | None:
        """Leave a tray item's text as a note for colleagues."""
        command = c.AddNote(message=new_message_id(), text=item.text)
        title = Both("备注", "note")
        return self.do(item.conversation, command, title=title, instead_of=item)

    def restore_draft(self, item: TrayItem) -> None:
        """Put a tray item's text into its conversation's composer, after what stands there."""
        draft = self.drafts.get(item.conversation)
        text = f"{draft.text}\n{item.text}" if draft else item.text
        self._outbox.to_draft(item, text, self.clock())
        self.canned.insert_again(item.conversation, item.order.command)
        self._rows.pop(item.conversation)
        self.refresh(Changes(outbox=True))

    def last_words(self, key: ConversationId) -> str:
        """The customer's last message that says something; a nudge only if there is no other."""
        said = ""
        for line in reversed(self.transcript(key)):
            if line.message.kind is MessageKind.CUSTOMER:
                text = line.message.text[:200]
                if text.strip(_MARKS).lower() not in NUDGES:
                    return text
                said = said or text
            elif said and line.message.kind is MessageKind.REPLY:
                break  # what was asked before it was answered
        return said

    def report_searches(self, misses: tuple[tuple[str, int], ...]) -> None:
        """Count searches that found nothing; lost if the outbox is full."""
        with contextlib.suppress(OutboxFull):
            command = c.ReportSearches(misses)
            self._outbox.enqueue(command, ConversationId(""), self.clock())

    def record_practice(self, body: bytes) -> None:
        """Keep the result of a practice session."""
        self._outbox.record_practice(body, self.clock())

    # --- macros ----------------------------------------------------------------------------------

    def values(self, key: ConversationId | None, now: datetime.datetime) -> dict[str, str]:
        """The variables that macros may use, for one conversation at local time `now`.

        `order.…` is the order that the chat names, else the last one (`Customers.values`).
        """
        state = self.conversation(key) if key else None
        inbox = self.inboxes().get(state.inbox) if state else None
        english = state is not None and state.customer.language == "en"
        shop = (inbox.title_en if english else inbox.title_zh) if inbox else ""
        values = {
            "agent.name": self.me.name,
            "shop.name": shop,
            "now.date": now.strftime("%Y-%m-%d"),
            "now.time": now.strftime("%H:%M"),
        }
        if state is not None:
            values |= {
                "customer.name": state.customer.name,
                "customer.tier": state.customer.tier,
                "customer.language": state.customer.language,
                **self.customers.values(state),
            }
        return values


def new_message_id() -> MessageId:
    """A fresh id for something written here."""
    return MessageId("m" + secrets.token_hex(8))


def _plan(routing: Routing) -> Plan:
    try:
        return Plan(routing)
    except (PlanError, CalendarError):  # a newer server's
        return PLAIN
