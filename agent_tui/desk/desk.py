"""The desk: read models over cache and outbox, and `do`, the one way to change anything."""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from agent_tui.desk import reasons, tray
from agent_tui.desk.context import Moment
from agent_tui.desk.finding import Finding
from agent_tui.desk.overlay import Predicted, predict
from agent_tui.desk.rows import QueueRow, View, arrange, most_urgent, row_of
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
    Message,
    MessageKind,
    Suggestion,
    Team,
)
from agent_tui.domain.outcome import Held, Outcome, Reason, Rejected
from agent_tui.domain.plan import PLAIN, CalendarError, Plan, PlanError, surge_of
from agent_tui.domain.policy import Policy
from agent_tui.domain.staffing import Duty, Routing, Surge
from agent_tui.knowledge import entry as search
from agent_tui.lang import Both
from agent_tui.store.bulks import Bulk
from agent_tui.store.cache import Cache, Changes
from agent_tui.store.outbox import Draft, Outbox, OutboxFull, TrayItem
from agent_tui.text import clean

if TYPE_CHECKING:
    from agent_tui.macros.library import Library

Clock = Callable[[], int]
Listener = Callable[[Changes], None]
T = TypeVar("T", bound=msgspec.Struct)
EVERY = 50  # steps of many, between two words of how far it has come


class Line(msgspec.Struct, frozen=True):
    """A transcript line. `state` is, for replies, waiting, sent, delivered or read; of those that
    a channel pushes also queued, failed, uncertain or settled, and `why`; else empty."""

    message: Message
    state: str = ""
    why: str = ""


class Desk:
    """One agent's desk. Lives on one thread; `refresh` it when something changed elsewhere."""

    def __init__(self, me: Agent, cache: Cache, outbox: Outbox, clock: Clock) -> None:
        self.me = me
        self.clock = clock
        self.undo_stack = UndoStack()
        self._cache = cache
        self._outbox = outbox
        self._listeners: list[Listener] = []
        self._states: dict[ConversationId, Conversation] = {}
        self._pending: dict[ConversationId, list[c.Order]] = {}
        self._predicted: dict[ConversationId, Predicted] = {}
        self._rows: dict[ConversationId, QueueRow] = {}
        self._library: Library | None = None
        self.finding = Finding(cache.path, lambda: self.me.teams)
        self._moment = Moment(cache)
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
            self._rows.pop(key, None)
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
        self.drafts = self._outbox.drafts()
        self._unsettled = self._outbox.unsettled()
        self.bulks = self._outbox.bulks()  # read after it: they are whole where nothing is left
        self._refresh_tray()
        for key in before | set(self._pending):
            self._predicted.pop(key, None)
            self._rows.pop(key, None)

    def _refresh_tray(self) -> None:
        self.tray = self._outbox.tray()
        if self._cache.cursor() is not None:  # or nothing is known to be gone
            self.tray += tray.orphans(self.drafts.values(), self._is_here)

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
        state = found.state
        lines = [
            _line(message, state)
            for message in self._cache.messages(key)
            if not message.removed and message.id not in found.removed
        ]
        waiting = (m for m in found.waiting if m.id not in found.removed)
        return lines + [Line(message, "waiting") for message in waiting]

    def undelivered(self, key: ConversationId) -> list[Line]:
        """The replies that did not arrive, or may not have, oldest first."""
        return [line for line in self.transcript(key) if line.state in TROUBLE]

    def rows(self) -> list[QueueRow]:
        """A row for every conversation that is not resolved."""
        found: list[QueueRow] = []
        for key in self._states:
            row = self._rows.get(key)
            if row is None:
                predicted = self._predict(key)
                if predicted is None:
                    continue
                row = row_of(
                    predicted.state,
                    self.me,
                    self.policy,
                    self.plan,
                    draft=self._draft_of(key),
                    unsent=len(predicted.waiting),
                )
                self._rows[key] = row
            if row.status != "resolved":
                found.append(row)
        return found

    def _draft_of(self, key: ConversationId) -> str:
        draft = self.drafts.get(key)
        return draft.text[:60] if draft else ""

    def queue(self, view: View) -> list[QueueRow]:
        """The list, in order, as of now."""
        return arrange(self.rows(), view, self.clock(), self.policy)

    def next_after(self, key: ConversationId | None) -> QueueRow | None:
        """The most urgent conversation other than `key`."""
        return most_urgent(self.rows(), self.clock(), self.policy, after=key)

    def macros(self) -> Library:
        """The macros this agent may use."""
        if self._library is None:
            # YAML and templates cost more than the rest of a start: first picture first.
            from agent_tui.macros.library import Library

            sources = ((s.id, s.text) for s in self._things("macro", MacroSource))
            self._library = Library.of_sources(sources, self.me.teams)
        surges, now = self.surges().values(), self.clock()
        self._library.surge = any(surge_of(surges, team, now) for team in self.me.teams)
        return self._library

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
        can be undone under that name. `instead_of` leaves the unsent tray for it.
        """
        outcome = self.foresee(conversation, command)
        if isinstance(outcome, Rejected | Held):
            return outcome
        if not outcome and isinstance(command, c.MarkRead):
            return None
        now = self.clock()
        back = self._inverse(conversation, command) if title is not None else None
        try:
            self._outbox.enqueue(
                command, conversation, now, clear_draft=clear_draft, instead_of=instead_of
            )
        except OutboxFull as full:
            return Rejected(Reason.OUTBOX_FULL, str(full.waiting))
        if back is not None and title is not None:
            self.undo_stack.push(Undo(conversation, back, title, now))
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
        confirmed = self._states.get(key) or self._cache.conversation(key)
        return c.SendReply(
            message=new_message_id(),
            text=clean(text),
            epoch=state.epoch if state else 0,
            owner=state.assignee if state else None,
            seen=confirmed.messages if confirmed else 0,
            force=force,
            sources=sources,
        )

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
        self._rows.pop(key, None)
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
        self._rows.pop(item.conversation, None)
        self.refresh(Changes(outbox=True))

    def last_words(self, key: ConversationId) -> str:
        """The customer's last message."""
        for line in reversed(self.transcript(key)):
            if line.message.kind is MessageKind.CUSTOMER:
                return line.message.text[:200]
        return ""

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
        """The variables that macros may use, for one conversation at local time `now`."""
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
            }
        return values


def new_message_id() -> MessageId:
    """A fresh id for something written here."""
    return MessageId("m" + secrets.token_hex(8))


def _line(message: Message, state: Conversation) -> Line:
    delivery = state.delivery(message.id) if message.kind is MessageKind.REPLY else None
    if delivery is None:
        return Line(message, _state_of(message, state))
    return Line(message, delivery.state, reasons.delivery(delivery.code, delivery.detail))


def _state_of(message: Message, state: Conversation) -> str:
    if message.kind != "reply":
        return ""
    if message.no <= state.seen_no:
        return "read"
    return "delivered" if message.no <= state.delivered_no else "sent"


def _plan(routing: Routing) -> Plan:
    try:
        return Plan(routing)
    except (PlanError, CalendarError):  # a newer server's
        return PLAIN
