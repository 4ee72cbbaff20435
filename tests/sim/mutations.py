"""Faults put into the real program, each of which the simulation must find.

A mutation replaces one part of the protocol by a wrong one. `seed` is where it was found first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from agent_tui.domain import commands as c
from agent_tui.domain import decide as deciding
from agent_tui.domain import events as e
from agent_tui.domain import replies, statuses
from agent_tui.domain.context import Context
from agent_tui.domain.ids import ClientId
from agent_tui.domain.model import Agent, Conversation, Role, Status
from agent_tui.domain.outcome import Held, Outcome, Rejected
from agent_tui.domain.policy import Policy
from agent_tui.errors import UsageError
from agent_tui.server import feed, log
from agent_tui.server.commands import SubmitOrders
from agent_tui.server.feed import Reader, Reset
from agent_tui.server.hub import Hub
from agent_tui.server.inbound import TakeInbound
from agent_tui.server.paging import Pages
from agent_tui.server.unit import Unit
from agent_tui.server.writer import Writer
from agent_tui.store import cache as caches
from agent_tui.store import fold, meta, sqlite
from agent_tui.store.cache import Cache
from agent_tui.store.outbox import Outbox
from agent_tui.sync.engine import Engine
from agent_tui.sync.profile_store import ProfileStore
from agent_tui.sync.upward import Upward
from tests.sim.agents import EDITS

Mutation = Callable[[pytest.MonkeyPatch], None]


def no_idempotency(patch: pytest.MonkeyPatch) -> None:
    """The stored result of a number is not looked up: it is applied again."""

    def again(self: SubmitOrders, unit: Unit, each: Any) -> Any:
        self._apply(unit, each, unit.directory.agents.get(self._agent_id))
        unit.results.pop()
        return self._results.pop()

    patch.setattr(SubmitOrders, "_again", again)


def raw_sequence(patch: pytest.MonkeyPatch) -> None:
    """Numbers come from a sequence: a reader sees 11 while 10 is not committed yet."""
    real = log.after

    def after(connection: Any, seq: int, limit: int) -> list[log.LogRow]:
        rows = real(connection, seq, limit)
        return [row for row in rows if row.seq % 5 or row is rows[-1] or row is rows[0]]

    patch.setattr(log, "after", after)


def ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The answer goes out, then the transaction is lost."""
    real = Writer._transact
    counter = itertools.count(1)

    class Lost(Exception):
        pass

    def transact(self: Writer, jobs: list[Any]) -> Any:
        if next(counter) % 15:
            return real(self, jobs)
        known = self.directory
        answers: list[Any] = []
        database = self._database

        class Losing:
            sqlite = database.sqlite

            def write(self) -> Any:
                return losing()

        from contextlib import contextmanager

        @contextmanager
        def losing() -> Any:
            with database.engine.connect() as connection, connection.begin() as begun:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                begun.rollback()

        self._database = Losing()  # type: ignore[assignment]
        try:
            answers, _ = real(self, jobs)
        finally:
            self._database = database
            self.directory = known
        return answers, []

    patch.setattr(Writer, "_transact", transact)


def _decides(patch: pytest.MonkeyPatch, kind: type[c.Command], decider: deciding.Decider) -> None:
    known: dict[type[c.Command], deciding.Decider] = dict(deciding.DECIDERS)
    known[kind] = decider
    patch.setattr(deciding, "DECIDERS", known)


def claim_without_compare(patch: pytest.MonkeyPatch) -> None:
    """A claim takes what somebody has."""

    def claim(s: Conversation, command: c.Claim, context: Context, actor: Agent) -> Outcome:
        if s.assignee == actor.id:
            return ()
        return (e.Claimed(agent=actor.id, epoch=s.epoch + 1),)

    _decides(patch, c.Claim, claim)


def no_fencing(patch: pytest.MonkeyPatch) -> None:
    """The epoch and the owner that a reply names are not looked at."""

    def send(s: Conversation, command: c.SendReply, context: Context, actor: Agent) -> Outcome:
        now = msgspec.structs.replace(command, epoch=s.epoch, owner=s.assignee)
        return replies.send_reply(s, now, context, actor)

    _decides(patch, c.SendReply, send)


def drop_on_send(patch: pytest.MonkeyPatch) -> None:
    """What was sent counts as taken, whatever the answer."""
    real = Outbox.pending
    sent: dict[str, int] = {}

    def pending(self: Outbox, after: int = 0, limit: int = -1) -> list[c.Order]:
        if limit < 1:
            return real(self, after, limit)
        found = real(self, max(after, sent.get(self.client, 0)), limit)
        if found and limit > 1:
            sent[self.client] = found[-1].number
        return found

    patch.setattr(Outbox, "pending", pending)


def push_taken_as_data(patch: pytest.MonkeyPatch) -> None:
    """A page is applied although it does not begin at the cursor."""

    def take(self: Engine, page: Any) -> bool:
        self._store.apply(page)
        return True

    patch.setattr(Engine, "_take", take)


def cursor_before_rows(patch: pytest.MonkeyPatch) -> None:
    """Cursor and rows are two transactions."""
    real = Cache.apply

    def apply(
        self: Cache, events: Any, cursor: str, done: int, *, replace: bool = False
    ) -> caches.Changes:
        if not replace:
            with sqlite.transaction(self._connection(), self.path) as db:
                meta.write(db, "cursor", cursor)
                meta.write(db, "done", str(done))
        return real(self, events, cursor, done, replace=replace)

    patch.setattr(Cache, "apply", apply)


def refused_text_dropped(patch: pytest.MonkeyPatch) -> None:
    """A refusal settles its command and nothing more."""

    def settle(self: ProfileStore) -> bool:
        return self._outbox.settle(self._cache.done(), [], 0)

    patch.setattr(ProfileStore, "settle", settle)


def numbers_reused_after_restore(patch: pytest.MonkeyPatch) -> None:
    """The client keeps its id when the server has lost its memory."""

    def keep(self: Outbox, db: Any) -> Any:
        found = db.execute("SELECT value FROM meta WHERE key = 'client'").fetchone()
        return found[0] if found else real(self, db)

    real = Outbox._new_client
    patch.setattr(Outbox, "_new_client", keep)


def scope_leak(patch: pytest.MonkeyPatch) -> None:
    """The feed tells of every team."""
    patch.setattr(feed, "_scope", lambda reader, row: (row.team_before is not None, True))


def blocked_queue(patch: pytest.MonkeyPatch) -> None:
    """A refusal is an error of the request and does not use its number up."""
    real = SubmitOrders._decide

    def decide(self: SubmitOrders, unit: Unit, order: Any, actor: Any) -> Outcome:
        outcome = real(self, unit, order, actor)
        if isinstance(outcome, Rejected | Held):
            raise UsageError("refused")
        return outcome

    patch.setattr(SubmitOrders, "_decide", decide)


def overlay_never_cleared(patch: pytest.MonkeyPatch) -> None:
    """What has come home is still laid over."""
    patch.setattr(Cache, "done", lambda self: 0)


def expiry_ignored(patch: pytest.MonkeyPatch) -> None:
    """A reply goes out however long it lay."""
    patch.setattr(Policy, "expiry_ms", lambda self, channel: 10**15)


# --- beyond the issue's list ---------------------------------------------------------------------


def snapshot_not_swapped(patch: pytest.MonkeyPatch) -> None:
    """A snapshot is laid over what the cache had."""
    real = Cache.apply

    def apply(
        self: Cache, events: Any, cursor: str, done: int, *, replace: bool = False
    ) -> caches.Changes:
        return real(self, events, cursor, done, replace=False)

    patch.setattr(Cache, "apply", apply)


def left_ignored(patch: pytest.MonkeyPatch) -> None:
    """What went out of scope stays in the cache."""
    patch.setattr(fold.Fold, "_forget", lambda self, key: None)


def page_ends_in_a_command(patch: pytest.MonkeyPatch) -> None:
    """`done` counts a command of which there is more on the next page."""
    real = Pages.done

    def done(self: Pages, reader: Reader, seq: int) -> int:
        with self._service.database.read() as connection:
            begun = [
                row.number
                for row in log.after(connection, seq - 1, 1)
                if row.client == reader.client and row.number is not None
            ]
        return max([real(self, reader, seq), *begun])

    patch.setattr(log, "fitting", lambda rows, limit: rows[:limit])
    patch.setattr(Pages, "done", done)


_OLD: dict[str, Reader] = {}


def scope_as_of_earlier(patch: pytest.MonkeyPatch) -> None:
    """A replica goes by what it last knew of the account."""
    real = Pages.check

    async def check(self: Pages, reader: Reader, since: feed.Cursor) -> Reader:
        await real(self, reader, since)
        return reader

    told = feed.snapshot

    def snapshot(connection: Any, reader: Reader, directory: Any, keep: int) -> Any:
        known = _OLD.setdefault(reader.client, reader)
        return told(connection, known, directory, keep)

    patch.setattr(Pages, "check", check)
    _OLD.clear()
    patch.setattr(feed, "snapshot", snapshot)


def timers_without_generation(patch: pytest.MonkeyPatch) -> None:
    """Every replica that finds a timer wakes the conversation."""

    def wake(s: Conversation, command: c.WakeSnoozed, context: Context) -> Outcome:
        return (e.Reopened(was=Status.SNOOZED),)

    patch.setattr(statuses, "wake_snoozed", wake)


def inbound_twice(patch: pytest.MonkeyPatch) -> None:
    """A channel's own identity of a message is not looked up."""
    real = TakeInbound.run
    remember = Unit.remember_inbound

    def run(self: TakeInbound, unit: Unit) -> None:
        known = unit.inbound.pop((self._inbox, self._external), None)
        unit.__dict__["known"] = known
        real(self, unit)

    def once(self: Unit, inbox: Any, external: str, message: Any, index: int) -> None:
        known = self.__dict__.get("known")
        if known is None:
            remember(self, inbox, external, message, index)
        else:
            self.inbound[(inbox, external)] = known

    patch.setattr(TakeInbound, "run", run)
    patch.setattr(Unit, "remember_inbound", once)


def chain_ignored(patch: pytest.MonkeyPatch) -> None:
    """A cursor is good if its number is: a restored backup goes unnoticed."""
    real = feed.check

    def check(connection: Any, reader: Reader, since: feed.Cursor) -> None:
        try:
            real(connection, reader, since)
        except Reset as reset:
            if reset.code != "feed_reset":
                raise

    patch.setattr(feed, "check", check)


def refusals_of_others(patch: pytest.MonkeyPatch) -> None:
    """A client's refusals and settlements go to everybody."""
    patch.setattr(feed, "_OF_CLIENT", frozenset())


def accepted_without_compare(patch: pytest.MonkeyPatch) -> None:
    """A suggestion is published whatever its article says by now."""
    real = deciding.DECIDERS[c.AcceptSuggestion]

    def accept(s: Conversation, command: Any, context: Context, actor: Agent) -> Outcome:
        return real(s, command, msgspec.structs.replace(context, articles=None), actor)

    patch.setattr(deciding, "DECIDERS", deciding.DECIDERS | {c.AcceptSuggestion: accept})


def edits_by_number(patch: pytest.MonkeyPatch) -> None:
    """An edit goes where its author's machine thought that the message stands."""
    real = deciding.DECIDERS[c.EditMessage]

    def edit(s: Conversation, command: Any, context: Context, actor: Agent) -> Outcome:
        return real(s, command, msgspec.structs.replace(context, messages=None), actor)

    _decides(patch, c.EditMessage, edit)


# --- what the simulation itself found in the program, put back in ------------------------------


def one_task_goes_on(patch: pytest.MonkeyPatch) -> None:
    """One of the engine's tasks ends when the login does; the other says that all is well."""
    patch.setattr(Engine, "_logged_out", lambda self: False)


def empty_cache_is_a_loss(patch: pytest.MonkeyPatch) -> None:
    """A client whose cache.db was deleted asks for what follows nothing."""
    patch.setattr(Engine, "_place", lambda self: self._store.cursor() or "")


def trainee_not_told(patch: pytest.MonkeyPatch) -> None:
    """A trainee's own account changes without a snapshot."""
    real = feed._is_own

    def is_own(row: log.LogRow, reader: Reader) -> bool:
        return reader.agent.role is not Role.TRAINEE and real(row, reader)

    patch.setattr(feed, "_is_own", is_own)


def second_restore_forgets(patch: pytest.MonkeyPatch) -> None:
    """With its id a client gives up what it knows of its commands."""
    patch.setattr(Outbox, "_remember", lambda *_: None)


def a_part_of_the_log_for_all(patch: pytest.MonkeyPatch) -> None:
    """A replica that is far behind takes the first part of what it missed for all of it."""

    def read_after(self: Hub, seq: int) -> list[log.LogRow]:
        with self._database.read() as connection:
            return log.after(connection, seq, 5)

    patch.setattr(Hub, "_read_after", read_after)


def the_way_takes_no_time(patch: pytest.MonkeyPatch) -> None:
    """A reply is as old as it was when its request was written, whenever that arrives."""
    real = SubmitOrders.__init__

    def init(self: SubmitOrders, agent: Agent, request: Any, address: str = "") -> None:
        real(self, agent, msgspec.structs.replace(request, reckoned=None), address)

    patch.setattr(SubmitOrders, "__init__", init)


def given_up_not_asked_for(patch: pytest.MonkeyPatch) -> None:
    """Nobody asks what the server still has of a client id that was given up."""

    async def lasts(self: Upward) -> dict[ClientId, int]:
        return dict(self._store.given_up())

    patch.setattr(Upward, "lasts", lasts)


class Case(NamedTuple):
    """A mutation, the seed that finds it, and the powers of its world where only they matter."""

    mutation: Mutation
    seed: int
    powers: tuple[str, ...] | None = None


FROM_THE_ISSUE = (
    Case(no_idempotency, 1),
    Case(raw_sequence, 0),
    Case(ack_before_commit, 1),
    Case(claim_without_compare, 2),
    Case(no_fencing, 3),
    Case(drop_on_send, 0),
    Case(push_taken_as_data, 0),
    Case(cursor_before_rows, 2),
    Case(refused_text_dropped, 1),
    Case(numbers_reused_after_restore, 0),
    Case(scope_leak, 1),
    Case(blocked_queue, 1),
    Case(overlay_never_cleared, 0),
    Case(expiry_ignored, 8),
)
OUR_OWN = (
    Case(snapshot_not_swapped, 3),
    Case(left_ignored, 2),
    Case(page_ends_in_a_command, 0),
    Case(scope_as_of_earlier, 3),
    Case(timers_without_generation, 2),
    Case(inbound_twice, 0),
    Case(chain_ignored, 17),
    Case(refusals_of_others, 0),
    Case(accepted_without_compare, 14, ("content often",)),
    Case(edits_by_number, 0, (EDITS,)),
    Case(one_task_goes_on, 16, ("accounts",)),
    Case(empty_cache_is_a_loss, 10, ("cache",)),
    Case(trainee_not_told, 4, ("accounts often",)),
    Case(second_restore_forgets, 5, ("restores",)),
    Case(given_up_not_asked_for, 5, ("restores",)),
    Case(a_part_of_the_log_for_all, 0),
    Case(the_way_takes_no_time, 17, ("jumps",)),
)
ALL = (*FROM_THE_ISSUE, *OUR_OWN)
