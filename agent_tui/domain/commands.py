"""What people and channels ask for, in the imperative. Plain data; `decide` says what follows."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from agent_tui.domain.ids import (
    AgentId,
    ConversationId,
    CustomerId,
    InboxId,
    MessageId,
    SuggestionId,
    TeamId,
)
from agent_tui.domain.model import Channel, Clock, Customer, DeliveryState, Priority, Status


class Command(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="do"):
    """Base of every command."""


class Claim(Command, frozen=True, tag="claim"):
    """Make the actor the owner, if nobody is."""


class Release(Command, frozen=True, tag="release"):
    """Give the conversation back to its team's queue."""


class Assign(Command, frozen=True, tag="assign"):
    """Give the conversation to `agent` (None: to nobody) and to `team` (None: leave it).

    With `epoch` set, only if nothing changed hands since that epoch; with `owner`, only if it is
    that one's (null: nobody's). An epoch alone may be one's own guess that another's change met.
    With `reply`, the number of the last reply, only if the owner has not answered since.
    """

    agent: AgentId | None = None
    team: TeamId | None = None
    epoch: int | None = None
    owner: AgentId | msgspec.UnsetType | None = msgspec.UNSET
    reply: int | msgspec.UnsetType = msgspec.UNSET


class SendReply(Command, frozen=True, tag="send_reply"):
    """Say `text` to the customer.

    `epoch`, `owner` and `seen` (the last message number on the author's screen) let the server find
    out that the author wrote to a conversation that has moved on; `force` says that the author
    knows. An epoch alone may be one's own guess that another's change met, as in `Assign`.
    `sources` are the entries that the text came from, as "article:returns/freight".
    """

    message: MessageId
    text: str
    epoch: int
    seen: int
    force: bool = False
    owner: AgentId | msgspec.UnsetType | None = msgspec.UNSET
    sources: tuple[str, ...] = ()


class AddNote(Command, frozen=True, tag="add_note"):
    """Say `text` to colleagues only."""

    message: MessageId
    text: str


class RemoveNote(Command, frozen=True, tag="remove_note"):
    """Take a note of one's own back."""

    message: MessageId
    no: int


class EditMessage(Command, frozen=True, tag="edit_message"):
    """Put other words in the place of one's own: of a note, or of a reply where the customer reads
    what the server has now."""

    message: MessageId
    no: int
    text: str


class Tag(Command, frozen=True, tag="tag"):
    """Add a tag."""

    tag: str


class Untag(Command, frozen=True, tag="untag"):
    """Take a tag off."""

    tag: str


class SetPriority(Command, frozen=True, tag="set_priority"):
    """Change the priority; with `expect`, only if it still is that."""

    priority: Priority
    expect: Priority | None = None


class SetType(Command, frozen=True, tag="set_type"):
    """Change the question type; with `expect`, only if it still is that."""

    type: str
    expect: str | None = None


class SetStatus(Command, frozen=True, tag="set_status"):
    """Open, set pending, snooze `until` a time (ms), resolve, or reopen.

    With `expect`, only if the status still is that.
    """

    status: Status
    until: int | None = None
    expect: Status | None = None


class CoolDown(Command, frozen=True, tag="cool_down"):
    """Let the conversation rest until a time (ms), whatever the customer writes; then it goes to
    the queue, and not to the same agent. More than a day only leads may ask for."""

    until: int


class MarkRead(Command, frozen=True, tag="mark_read"):
    """The owner has looked at everything up to message `no`."""

    no: int


class StartClock(Command, frozen=True, tag="start_clock"):
    """Start one of the deadlines that agents start; its length is the policy's."""

    clock: Clock


class StopClock(Command, frozen=True, tag="stop_clock"):
    """Stop it: done."""

    clock: Clock


class MergeCustomer(Command, frozen=True, tag="merge_customer"):
    """This conversation's customer is the same person as `into`."""

    into: CustomerId


class UnmergeCustomer(Command, frozen=True, tag="unmerge_customer"):
    """Undo a merge: `customer` is a person of their own again."""

    customer: Customer


class RetryDelivery(Command, frozen=True, tag="retry_delivery"):
    """Push a reply again that failed or may have failed, under the same key."""

    message: MessageId


class SettleDelivery(Command, frozen=True, tag="settle_delivery"):
    """A reply that failed or may have failed needs no more care: it arrived, or never will."""

    message: MessageId


class UnsettleDelivery(Command, frozen=True, tag="unsettle_delivery"):
    """Undo that: the reply is `state` (failed or uncertain) again."""

    message: MessageId
    state: DeliveryState


class SettleDraft(Command, frozen=True, tag="settle_draft"):
    """A draft that a colleague's late reply left is taken or not wanted; or, undoing that, not."""

    message: MessageId
    settled: bool = True


class SuggestArticle(Command, frozen=True, tag="suggest_article"):
    """Suggest a correction of article `article`, whose `version` its author had read; or, with
    none, a new article. `reason` is for whoever decides."""

    suggestion: SuggestionId
    title: str
    body: str
    lang: str
    article: str = ""
    version: str = ""
    questions: tuple[str, ...] = ()
    audience: str = "public"
    reason: str = ""


class AcceptSuggestion(Command, frozen=True, tag="accept_suggestion"):
    """Publish what was suggested, with these words, as article `article`.

    A correction only while the article still has `version`, the one that the lead compared it with;
    its audience stays what it is. A new article only while there is none of that id, and without a
    `version`: one that was seen there, and is gone, has changed.
    """

    suggestion: SuggestionId
    article: str
    title: str
    body: str
    questions: tuple[str, ...] = ()
    version: str = ""
    audience: str = "public"


class DeclineSuggestion(Command, frozen=True, tag="decline_suggestion"):
    """Do not publish it; `reason` is for its author, who may take it back this way as well."""

    suggestion: SuggestionId
    reason: str = ""


class ReportSearches(Command, frozen=True, tag="report_searches"):
    """Searches that found nothing, and how often. Of no conversation: the order's is empty."""

    misses: tuple[tuple[str, int], ...]


class NoteCall(Command, frozen=True, tag="note_call"):
    """Somebody called from `number` and said `text`: goes on in the conversation, which is one of a
    phone inbox, or opens it, if there is none of that id; then it is the actor's.

    `message` names the call: it is taken once in its inbox, whoever notes it how often. `name`,
    `language` and `team` (None: the inbox's) are for a customer, and a conversation, that are not
    known yet. It is no part of a batch.
    """

    message: MessageId
    number: str
    text: str
    inbox: InboxId
    name: str = ""
    language: str = "zh"
    team: TeamId | None = None


class Batch(Command, frozen=True, tag="batch"):
    """Several commands on one conversation: one number, all or nothing."""

    parts: tuple[AgentPart, ...]


AgentPart = (
    Claim
    | Release
    | Assign
    | SendReply
    | AddNote
    | RemoveNote
    | EditMessage
    | Tag
    | Untag
    | SetPriority
    | SetType
    | SetStatus
    | CoolDown
    | MarkRead
    | StartClock
    | StopClock
    | MergeCustomer
    | UnmergeCustomer
    | RetryDelivery
    | SettleDelivery
    | UnsettleDelivery
    | SettleDraft
    | SuggestArticle
    | AcceptSuggestion
    | DeclineSuggestion
)
AgentCommand = AgentPart | Batch | ReportSearches | NoteCall


class ReceiveMessage(Command, frozen=True, tag="receive_message"):
    """A channel hands in what a customer wrote.

    `visitor` is the identity the channel knows; `customer` the record that stands for it, another
    one where two were merged.
    """

    message: MessageId
    customer: Customer
    visitor: CustomerId
    inbox: InboxId
    channel: Channel
    team: TeamId
    text: str
    subject: str = ""


class ConfirmDelivery(Command, frozen=True, tag="confirm_delivery"):
    """The customer's side has received and looked at messages up to these numbers."""

    delivered: int
    seen: int


class WakeSnoozed(Command, frozen=True, tag="wake_snoozed"):
    """A snooze timer ran out; `generation` tells a timer that was set again meanwhile."""

    generation: int


class ReportDelivery(Command, frozen=True, tag="report_delivery"):
    """What became of the attempt to push a reply; `queued` with a code: it is tried again."""

    message: MessageId
    state: DeliveryState
    code: str = ""
    detail: str = ""


class RateService(Command, frozen=True, tag="rate_service"):
    """What the customer thinks of how they were served: 1 to 5, and why in their own words."""

    rating: int
    comment: str = ""


ChannelCommand = ReceiveMessage | ConfirmDelivery | WakeSnoozed | ReportDelivery | RateService
AnyCommand = AgentCommand | ChannelCommand


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """A numbered command of one client, as it lies in the outbox and goes over the wire.

    `queued_at` is the client's clock (ms); the server only ever uses the difference to the moment
    of sending, which the same clock tells.
    """

    number: Annotated[int, Meta(ge=1, lt=2**53)]
    conversation: ConversationId
    queued_at: int
    command: AgentCommand


def parts_of(command: AgentCommand) -> tuple[AgentPart, ...]:
    """The single commands in `command` that are about a conversation which is there."""
    if isinstance(command, ReportSearches | NoteCall):
        return ()
    return command.parts if isinstance(command, Batch) else (command,)


def text_of(command: AgentCommand) -> str:
    """What the author wrote in `command`: the texts that must not be lost when it is refused."""
    if isinstance(command, NoteCall):
        return command.text
    return "\n".join(text for part in parts_of(command) for text in _texts(part))


def _texts(part: AgentPart) -> tuple[str, ...]:
    match part:
        case SendReply() | AddNote() | EditMessage():
            return (part.text,)
        case SuggestArticle() | AcceptSuggestion():
            return part.title, part.body
        case DeclineSuggestion() if part.reason:
            return (part.reason,)
        case _:
            return ()
