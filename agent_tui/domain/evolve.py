"""The fold: a conversation's state after one more event. `HANDLERS` lists one handler per kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from agent_tui.domain import events as e
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import (
    Clock,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageKind,
    Offer,
    Rung,
    RunningClock,
    Status,
    Suggestion,
    SuggestionState,
    Wait,
)

PREVIEW_CHARS = 120
# Grows when the fold of old events changes: what agents' machines have folded is fetched again.
FOLD = 1
OFFERS_KEPT = 5
OFFER_CHARS = 2_000
SETTLED_KEPT = 100
SUGGESTIONS_SETTLED_KEPT = 5
DECLINED_KEPT = 10
RUNG_KEPT = 24


def evolve(
    state: Conversation | None, event: e.ConversationEvent, *, conversation: ConversationId, at: int
) -> Conversation:
    """`state` after `event`, which the server recorded at `at` (ms).

    Raises ValueError if the first event of a conversation is not ConversationOpened.
    """
    if isinstance(event, e.ConversationOpened):
        return Conversation(
            id=conversation,
            customer=event.customer,
            inbox=event.inbox,
            channel=event.channel,
            team=event.team,
            visitor=event.visitor,
            subject=event.subject,
            opened_at=at,
            last_at=at,
            version=1,
        )
    if state is None:
        raise ValueError(f"{conversation}: {type(event).__name__} before ConversationOpened")
    changes = HANDLERS[type(event)](state, event, at)
    return replace(state, version=state.version + 1, **changes)


def message_of(
    event: e.ConversationEvent, state: Conversation, at: int, seq: int
) -> Message | None:
    """The transcript line that `event` adds, given the state after it; None for the other kinds."""
    match event:
        case e.CustomerWrote():
            kind, author = MessageKind.CUSTOMER, str(state.customer.id)
        case e.ReplySent():
            kind, author = MessageKind.REPLY, str(event.author)
        case e.NoteAdded():
            kind, author = MessageKind.NOTE, str(event.author)
        case _:
            return None
    return Message(
        id=event.message,
        no=state.messages,
        at=at,
        kind=kind,
        author=author,
        text=event.text,
        seq=seq,
        sources=event.sources if isinstance(event, e.ReplySent) else (),
    )


def edited(message: Message, event: e.MessageEdited, at: int, seq: int) -> Message:
    """`message` with the words that `event` put in their place."""
    return replace(message, text=event.text, edited=at, edited_seq=seq)


def _customer_wrote(s: Conversation, event: e.CustomerWrote, at: int) -> dict[str, Any]:
    no = s.messages + 1
    return {
        "messages": no,
        "last_customer_no": no,
        "last_at": at,
        "waiting": s.waiting + 1,
        "waiting_since": at if s.waiting_since is None else s.waiting_since,
        "preview": _preview(event.text),
        "preview_kind": MessageKind.CUSTOMER,
    }


def _reply_sent(s: Conversation, event: e.ReplySent, at: int) -> dict[str, Any]:
    no = s.messages + 1
    return {
        "messages": no,
        "last_reply_no": no,
        "last_reply_by": event.author,
        "last_at": at,
        "waiting": 0,
        "waiting_since": None,
        "first_reply_at": at if s.first_reply_at is None else s.first_reply_at,
        "read_no": no,
        "answer_by": None,
        "declined": (),
        "preview": _preview(event.text),
        "preview_kind": MessageKind.REPLY,
        # Who has the chat has answered: what others would have said is of no use any more.
        "offers": () if event.author == s.assignee else s.offers,
    } | _queued(s, event, at)


def _queued(s: Conversation, event: e.ReplySent, at: int) -> dict[str, Any]:
    if not event.pushed:
        return {}
    return {"deliveries": (*s.deliveries, Delivery(event.message, DeliveryState.QUEUED, at))}


def _note_added(s: Conversation, event: e.NoteAdded, at: int) -> dict[str, Any]:
    return {"messages": s.messages + 1, "last_at": at}


def _unchanged(s: Conversation, event: e.NoteRemoved, at: int) -> dict[str, Any]:
    return {}


def _message_edited(s: Conversation, event: e.MessageEdited, at: int) -> dict[str, Any]:
    said_last = event.no == max(s.last_customer_no, s.last_reply_no)
    return {"preview": _preview(event.text)} if said_last else {}


def _claimed(s: Conversation, event: e.Claimed, at: int) -> dict[str, Any]:
    return {"assignee": event.agent, "epoch": event.epoch} | _TAKEN


def _released(s: Conversation, event: e.Released, at: int) -> dict[str, Any]:
    changes: dict[str, Any] = {"assignee": None, "epoch": event.epoch}
    if event.declined and s.assignee is not None:
        others = tuple(each for each in s.declined if each != s.assignee)
        changes["declined"] = (*others, s.assignee)[-DECLINED_KEPT:]
    return changes | _TAKEN


def _assigned(s: Conversation, event: e.Assigned, at: int) -> dict[str, Any]:
    changes: dict[str, Any] = {"assignee": event.agent, "team": event.team, "epoch": event.epoch}
    return changes | _TAKEN | {"placed": event.why, "answer_by": event.answer_by}


_TAKEN: dict[str, Any] = {"placed": "", "held": "", "answer_by": None, "wait": None}


def _held_in_queue(s: Conversation, event: e.HeldInQueue, at: int) -> dict[str, Any]:
    return {"held": event.why}


def _wait_told(s: Conversation, event: e.WaitTold, at: int) -> dict[str, Any]:
    return {"wait": Wait(at, event.ahead, event.low, event.high, event.room)}


def _tagged(s: Conversation, event: e.Tagged, at: int) -> dict[str, Any]:
    return {"tags": (*s.tags, event.tag)}


def _untagged(s: Conversation, event: e.Untagged, at: int) -> dict[str, Any]:
    return {"tags": tuple(tag for tag in s.tags if tag != event.tag)}


def _priority_set(s: Conversation, event: e.PrioritySet, at: int) -> dict[str, Any]:
    return {"priority": event.priority}


def _type_set(s: Conversation, event: e.TypeSet, at: int) -> dict[str, Any]:
    return {"type": event.type, "reason": event.reason}


def _status_set(s: Conversation, event: e.StatusSet, at: int) -> dict[str, Any]:
    changes: dict[str, Any] = {"status": event.status, "until": event.until}
    if event.status is Status.SNOOZED:
        changes["snoozes"] = s.snoozes + 1
    elif event.status is Status.RESOLVED:
        changes |= {"offers": (), "declined": (), "held": "", "wait": None}
    return changes


def _cooled_down(s: Conversation, event: e.CooledDown, at: int) -> dict[str, Any]:
    others = tuple(each for each in s.declined if each != s.assignee)
    owner = (s.assignee,) if s.assignee is not None else ()
    return {
        "status": Status.SNOOZED,
        "until": event.until,
        "cooled": event.until,
        "snoozes": s.snoozes + 1,
        "assignee": None,
        "epoch": event.epoch,
        "declined": (*others, *owner)[-DECLINED_KEPT:],
    } | _TAKEN


def _reopened(s: Conversation, event: e.Reopened, at: int) -> dict[str, Any]:
    changes: dict[str, Any] = {"status": Status.OPEN, "until": None, "cooled": None}
    if event.fresh:
        changes |= {"waiting": 0, "waiting_since": None, "clocks": ()}
        changes["rung"] = tuple(each for each in s.rung if each.deadline != Clock.SOLUTION)
    return changes


def _marked_read(s: Conversation, event: e.MarkedRead, at: int) -> dict[str, Any]:
    return {"read_no": event.no, "answer_by": None}


def _customer_saw(s: Conversation, event: e.CustomerSaw, at: int) -> dict[str, Any]:
    return {"delivered_no": event.delivered, "seen_no": event.seen}


def _rated(s: Conversation, event: e.Rated, at: int) -> dict[str, Any]:
    return {"rating": event.rating, "rating_comment": event.comment}


def _clock_started(s: Conversation, event: e.ClockStarted, at: int) -> dict[str, Any]:
    others = tuple(c for c in s.clocks if c.clock is not event.clock)
    return {"clocks": (*others, RunningClock(event.clock, event.due, event.since))}


def _clock_stopped(s: Conversation, event: e.ClockStopped, at: int) -> dict[str, Any]:
    return {"clocks": tuple(c for c in s.clocks if c.clock is not event.clock)}


def _clock_paused(s: Conversation, event: e.ClockPaused, at: int) -> dict[str, Any]:
    return {
        "clocks": tuple(
            RunningClock(event.clock, 0, each.since, event.left)
            if each.clock is event.clock
            else each
            for each in s.clocks
        )
    }


def _clock_rang(s: Conversation, event: e.ClockRang, at: int) -> dict[str, Any]:
    found = (*s.rung, Rung(event.deadline, event.due, event.mark))
    # However many replies were late meanwhile: a clock that still runs does not ring again.
    running = {(each.clock.value, each.due) for each in s.clocks}
    still = tuple(
        each
        for each in found[:-RUNG_KEPT]
        if each.deadline == Clock.SOLUTION or (each.deadline, each.due) in running
    )
    return {"rung": still + found[-RUNG_KEPT:]}


def _customer_merged(s: Conversation, event: e.CustomerMerged, at: int) -> dict[str, Any]:
    return {"customer": event.customer}


def _delivery_changed(s: Conversation, event: e.DeliveryChanged, at: int) -> dict[str, Any]:
    changed = Delivery(event.message, event.state, at, event.code, event.detail)
    found = [changed if each.message == event.message else each for each in s.deliveries]
    if changed not in found:  # an older program folded the reply
        found.append(changed)
    settled = [each for each in found if each.state is DeliveryState.SETTLED]
    gone = {each.message for each in settled[:-SETTLED_KEPT]}
    if event.state is DeliveryState.SENT:
        gone.add(event.message)
    return {"deliveries": tuple(each for each in found if each.message not in gone)}


def _draft_offered(s: Conversation, event: e.DraftOffered, at: int) -> dict[str, Any]:
    if not event.message:
        return {}  # of a time when the state kept no offers: replaying the log gives what it gave
    cut = len(event.text) > OFFER_CHARS
    text = event.text[: OFFER_CHARS - 1] + "…" if cut else event.text
    others = tuple(each for each in s.offers if each.message != event.message)
    return {"offers": (*others, Offer(event.message, event.author, text, at))[-OFFERS_KEPT:]}


def _draft_settled(s: Conversation, event: e.DraftSettled, at: int) -> dict[str, Any]:
    return {
        "offers": tuple(
            replace(each, settled=event.settled) if each.message == event.message else each
            for each in s.offers
        )
    }


def _article_suggested(s: Conversation, event: e.ArticleSuggested, at: int) -> dict[str, Any]:
    suggested = Suggestion(
        id=event.suggestion,
        author=event.author,
        at=at,
        title=event.title,
        body=event.body,
        lang=event.lang,
        article=event.article,
        version=event.version,
        questions=event.questions,
        audience=event.audience,
        reason=event.reason,
    )
    return {"suggestions": (*_other_suggestions(s, event.suggestion), suggested)}


def _suggestion_settled(s: Conversation, event: e.SuggestionSettled, at: int) -> dict[str, Any]:
    was = s.suggestion(event.suggestion)
    others = _other_suggestions(s, event.suggestion)
    if was is None or event.outcome is SuggestionState.WITHDRAWN:
        return {"suggestions": others}
    settled = replace(
        was,
        body="",
        questions=(),
        article=event.article or was.article,
        state=event.outcome,
        settled_by=event.by,
        settled_at=at,
        answer=event.reason,
    )
    found = (*others, settled)
    done = [each.id for each in found if each.state is not SuggestionState.OPEN]
    gone = frozenset(done[:-SUGGESTIONS_SETTLED_KEPT])
    return {"suggestions": tuple(each for each in found if each.id not in gone)}


def _other_suggestions(s: Conversation, key: str) -> tuple[Suggestion, ...]:
    return tuple(each for each in s.suggestions if each.id != key)


def _preview(text: str) -> str:
    return text.strip().replace("\n", " ")[:PREVIEW_CHARS]


Handler = Callable[[Conversation, Any, int], dict[str, Any]]

HANDLERS: dict[type[e.Event], Handler] = {
    e.CustomerWrote: _customer_wrote,
    e.ReplySent: _reply_sent,
    e.NoteAdded: _note_added,
    e.NoteRemoved: _unchanged,
    e.MessageEdited: _message_edited,
    e.Claimed: _claimed,
    e.Released: _released,
    e.Assigned: _assigned,
    e.Tagged: _tagged,
    e.Untagged: _untagged,
    e.PrioritySet: _priority_set,
    e.TypeSet: _type_set,
    e.StatusSet: _status_set,
    e.CooledDown: _cooled_down,
    e.Reopened: _reopened,
    e.MarkedRead: _marked_read,
    e.CustomerSaw: _customer_saw,
    e.ClockStarted: _clock_started,
    e.ClockStopped: _clock_stopped,
    e.ClockPaused: _clock_paused,
    e.ClockRang: _clock_rang,
    e.HeldInQueue: _held_in_queue,
    e.WaitTold: _wait_told,
    e.CustomerMerged: _customer_merged,
    e.DraftOffered: _draft_offered,
    e.DraftSettled: _draft_settled,
    e.DeliveryChanged: _delivery_changed,
    e.ArticleSuggested: _article_suggested,
    e.SuggestionSettled: _suggestion_settled,
    e.Rated: _rated,
}

__all__ = ["HANDLERS", "edited", "evolve", "message_of"]
