"""Invariants 6 and 7: who has a conversation, and whose reply may reach a customer."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.context import is_lead
from agent_tui.domain.ids import AgentId, MessageId
from agent_tui.domain.model import Article, Channel, MessageKind, Status
from agent_tui.domain.policy import Policy
from agent_tui.server.log import LogRow
from tests.sim.history import Queued, Violation
from tests.sim.shadow import Shadow

if TYPE_CHECKING:
    from tests.sim.world import World


def invariant_6_one_owner_an_epoch(world: World) -> None:
    """Each change of hands is one epoch more, and a claim takes only what nobody has."""
    for key, versions in world.shadow.versions.items():
        for (_, before), (seq, after) in itertools.pairwise(versions):
            event = world.shadow.rows[seq - 1].event()
            moved = isinstance(event, e.Claimed | e.Released | e.Assigned | e.CooledDown)
            if after.epoch != before.epoch + moved:
                raise Violation(6, f"{key} at {seq}: epoch {before.epoch}, then {after.epoch}")
            if before.assignee != after.assignee and not moved:
                raise Violation(6, f"{key} at {seq}: another owner in the same epoch")
            if isinstance(event, e.Claimed) and before.assignee is not None:
                raise Violation(6, f"{key} at {seq}: claimed from {before.assignee}")


def invariant_6_published_as_compared(world: World) -> None:
    """A correction is accepted only on the version that the lead compared it with; a new article
    only where there is none."""
    shadow = world.shadow
    for row in shadow.rows:
        event = row.event()
        if not isinstance(event, e.SuggestionSettled) or not event.article:
            continue
        assert row.client is not None and row.number is not None
        queued = world.history.queued.get((row.client, row.number))
        if queued is None:
            continue
        seqs = [seq for seq, _ in shadow.things["article", event.article] if seq < row.seq]
        if not seqs or shadow.rows[seqs[-1] - 1].by != row.by:
            raise Violation(6, f"{event.article} was accepted at {row.seq}, and is not published")
        before = _article(shadow, event.article, seqs[-1] - 1)
        compared = [
            part.version
            for part in c.parts_of(queued.order.command)
            if isinstance(part, c.AcceptSuggestion) and part.suggestion == event.suggestion
        ]
        if compared != [before.version if before is not None else ""]:
            raise Violation(6, f"{event.article} at {row.seq}: compared with {compared}")


def _article(shadow: Shadow, key: str, seq: int) -> Article | None:
    found = shadow.all_things(seq).get(("article", key))
    assert found is None or isinstance(found, Article)
    return found


def invariant_7_no_stale_reply(world: World) -> None:
    """No reply of an older epoch, of somebody who had no right, or past its time, unless forced."""
    shadow, history = world.shadow, world.history
    given = {
        part.message: (queued, part)
        for queued in history.queued.values()
        for part in c.parts_of(queued.order.command)
        if isinstance(part, c.SendReply)
    }
    for row in shadow.rows:
        event = row.event()
        if not isinstance(event, e.ReplySent):
            continue
        assert row.conversation is not None
        before = shadow.state(row.conversation, row.seq - 1)
        assert before is not None
        queued, part = given[MessageId(event.message)]
        lead = is_lead(shadow.agent(event.author, row.seq - 1))
        if before.assignee != event.author and not lead:
            raise Violation(7, f"{event.text!r} at {row.seq} by one who was not the owner")
        if event.forced:
            if not part.force:
                raise Violation(7, f"{event.text!r} was forced by nobody")
            continue
        took = any(isinstance(p, c.Claim | c.Assign) for p in c.parts_of(queued.order.command))
        if _changed_hands(shadow, row, part.epoch, event.author, took=took):
            raise Violation(7, f"{event.text!r} at {row.seq} is of epoch {part.epoch}")
        if before.channel is not Channel.PHONE:  # a note of what was said has time
            _in_time(world, queued, event.text, row)


def invariant_7_own_words_only(world: World) -> None:
    """Other words stand where their author's own stood, under the same id; a reply's only while the
    chat was not resolved."""
    shadow = world.shadow
    for row in shadow.rows:
        event = row.event()
        if not isinstance(event, e.MessageEdited):
            continue
        assert row.conversation is not None
        before = shadow.state(row.conversation, row.seq - 1)
        lines = shadow.transcript(row.conversation, row.seq - 1)
        message = next((each for each in lines if each.no == event.no), None)
        assert before is not None
        if message is None or message.id != event.message or message.removed:
            raise Violation(7, f"{event.text!r} at {row.seq} took another message's place")
        if message.author != row.by:
            raise Violation(7, f"{event.text!r} at {row.seq} took {message.author}'s place")
        if message.kind is MessageKind.REPLY and before.status is Status.RESOLVED:
            raise Violation(7, f"{event.text!r} at {row.seq} came after the chat was resolved")


def _changed_hands(shadow: Shadow, row: LogRow, epoch: int, author: AgentId, *, took: bool) -> bool:
    """Whether somebody moved the conversation, away from the author, after `epoch`.

    Looked at before the whole command, unless that took the conversation in so many words first:
    answering what nobody has claims it, too.
    """
    first = row.seq
    if not took and row.client is not None:
        first = next(d.first for d in shadow.decided[row.client] if d.first <= row.seq <= d.last)
    assert row.conversation is not None
    before = shadow.state(row.conversation, first - 1)
    return before is not None and epoch < before.epoch and before.assignee != author


def _in_time(world: World, queued: Queued, text: str, row: LogRow) -> None:
    skew = world.clients[queued.client].skew_ms
    age = row.at - (queued.order.queued_at - skew)
    if age > Policy().chat_expiry * 1000 + 3000:
        raise Violation(7, f"{text!r} at {row.seq} was sent {age / 1000:.0f} s late")
