"""What can happen to a conversation."""

from __future__ import annotations

from agent_tui.domain.event import Event
from agent_tui.domain.ids import AgentId, CustomerId, InboxId, MessageId, SuggestionId, TeamId
from agent_tui.domain.model import (
    Channel,
    Clock,
    Customer,
    DeliveryState,
    Priority,
    Status,
    SuggestionState,
)


class ConversationOpened(Event, frozen=True, tag="conversation_opened"):
    """A customer began to write."""

    customer: Customer
    inbox: InboxId
    channel: Channel
    team: TeamId
    visitor: CustomerId
    subject: str = ""


class CustomerWrote(Event, frozen=True, tag="customer_wrote"):
    """A customer's message came in."""

    message: MessageId
    text: str


class ReplySent(Event, frozen=True, tag="reply_sent"):
    """An agent answered; `forced` when the author sent it knowing that the chat had moved on.

    `pushed`: the channel takes it to the customer's side; `DeliveryChanged` tells how that went.
    `sources`: the knowledge entries that its text came from.
    """

    message: MessageId
    text: str
    author: AgentId
    epoch: int
    forced: bool = False
    pushed: bool = False
    sources: tuple[str, ...] = ()


class NoteAdded(Event, frozen=True, tag="note_added"):
    """An agent told colleagues something."""

    message: MessageId
    text: str
    author: AgentId


class NoteRemoved(Event, frozen=True, tag="note_removed"):
    """Its author took a note back."""

    message: MessageId
    no: int


class MessageEdited(Event, frozen=True, tag="message_edited"):
    """Its author put other words in a note's or a reply's place."""

    message: MessageId
    no: int
    text: str


class Claimed(Event, frozen=True, tag="claimed"):
    """An agent took a conversation that nobody had."""

    agent: AgentId
    epoch: int


class Released(Event, frozen=True, tag="released"):
    """The conversation went back to the queue; `why` if the server took it back.

    `declined`: it had been given out, and shall not be given to the same agent again.
    """

    epoch: int
    why: str = ""
    declined: bool = False


class Assigned(Event, frozen=True, tag="assigned"):
    """The conversation was given to an agent, or to a team's queue.

    If the server gave it out, `why`, and `answer_by`: the moment (ms) at which it goes back unless
    its owner has looked at it.
    """

    agent: AgentId | None
    team: TeamId
    epoch: int
    why: str = ""
    answer_by: int | None = None


class HeldInQueue(Event, frozen=True, tag="held_in_queue"):
    """Nobody could be given the conversation, and why; or nothing holds it any more."""

    why: str


class WaitTold(Event, frozen=True, tag="wait_told"):
    """The customer was told how many are before them, and that it takes `low` to `high` ms.

    `room`: how many chats the agents who may take it can have at a time.
    """

    ahead: int
    low: int
    high: int
    room: float = 1.0


class Tagged(Event, frozen=True, tag="tagged"):
    """A tag was added."""

    tag: str


class Untagged(Event, frozen=True, tag="untagged"):
    """A tag was taken off."""

    tag: str


class PrioritySet(Event, frozen=True, tag="priority_set"):
    """The priority changed."""

    priority: Priority


class TypeSet(Event, frozen=True, tag="type_set"):
    """The question type changed."""

    type: str
    reason: str = ""


class StatusSet(Event, frozen=True, tag="status_set"):
    """The status changed; `until` is when a snooze ends."""

    status: Status
    until: int | None = None


class CooledDown(Event, frozen=True, tag="cooled_down"):
    """The customer was left to cool down until a time (ms); their messages are kept."""

    until: int
    epoch: int


class Reopened(Event, frozen=True, tag="reopened"):
    """A resolved or sleeping conversation is open again, by whom the record says.

    `fresh`: the customer came back after it was resolved, so what was owed before is settled.
    """

    was: Status
    fresh: bool = False


class MarkedRead(Event, frozen=True, tag="marked_read"):
    """The owner looked at everything up to `no`."""

    no: int


class CustomerSaw(Event, frozen=True, tag="customer_saw"):
    """The customer's side received, and looked at, messages up to these numbers."""

    delivered: int
    seen: int


class Rated(Event, frozen=True, tag="rated"):
    """The customer said how they were served, 1 to 5; the last one holds."""

    rating: int
    comment: str = ""


class ClockStarted(Event, frozen=True, tag="clock_started"):
    """A deadline was set at `since` (ms), or a clock that stood goes on."""

    clock: Clock
    due: int
    since: int = 0


class ClockStopped(Event, frozen=True, tag="clock_stopped"):
    """A deadline was dealt with."""

    clock: Clock


class ClockPaused(Event, frozen=True, tag="clock_paused"):
    """A clock stands, with `left` ms on it, until it is started again."""

    clock: Clock
    left: int


class ClockRang(Event, frozen=True, tag="clock_rang"):
    """The deadline at `due` (ms) passed a mark: `warning`, a share of its time, or `breach`."""

    deadline: str
    due: int
    mark: str


class CustomerMerged(Event, frozen=True, tag="customer_merged"):
    """The conversation belongs to `customer` from now on."""

    customer: Customer
    previous: Customer


class DeliveryChanged(Event, frozen=True, tag="delivery_changed"):
    """A pushed reply arrived, failed, may have failed, was dealt with, or is to be sent again."""

    message: MessageId
    state: DeliveryState
    code: str = ""
    detail: str = ""


class DraftOffered(Event, frozen=True, tag="draft_offered"):
    """A reply that came too late for its author's ownership, offered to the new owner.

    `message` is the id that the reply would have had; logs of before it was kept have none.
    """

    author: AgentId
    text: str
    message: MessageId = MessageId("")


class DraftSettled(Event, frozen=True, tag="draft_settled"):
    """An offered draft was taken or is not wanted; not `settled`: it is offered again."""

    message: MessageId
    settled: bool = True


class ArticleSuggested(Event, frozen=True, tag="article_suggested"):
    """An agent suggests a correction of `article`, or a new one."""

    suggestion: SuggestionId
    author: AgentId
    title: str
    body: str
    lang: str
    article: str = ""
    version: str = ""
    questions: tuple[str, ...] = ()
    audience: str = "public"
    reason: str = ""


class SuggestionSettled(Event, frozen=True, tag="suggestion_settled"):
    """A suggestion was published as `article`, declined, or taken back by its author."""

    suggestion: SuggestionId
    outcome: SuggestionState
    by: AgentId
    article: str = ""
    reason: str = ""


ConversationEvent = (
    ConversationOpened
    | CustomerWrote
    | ReplySent
    | NoteAdded
    | NoteRemoved
    | MessageEdited
    | Claimed
    | Released
    | Assigned
    | Tagged
    | Untagged
    | PrioritySet
    | TypeSet
    | StatusSet
    | CooledDown
    | Reopened
    | MarkedRead
    | CustomerSaw
    | ClockStarted
    | ClockStopped
    | ClockPaused
    | ClockRang
    | HeldInQueue
    | WaitTold
    | CustomerMerged
    | DraftOffered
    | DeliveryChanged
    | DraftSettled
    | ArticleSuggested
    | SuggestionSettled
    | Rated
)
