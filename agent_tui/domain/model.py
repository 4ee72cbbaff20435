"""What the system talks about. Times are integer milliseconds since the epoch, UTC."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent_tui.domain.ids import (
    AgentId,
    ConversationId,
    CustomerId,
    InboxId,
    MessageId,
    SuggestionId,
    TeamId,
)


class Role(StrEnum):
    """What an account may do; each role may do what the ones before it may."""

    TRAINEE = "trainee"
    AGENT = "agent"
    LEAD = "lead"
    ADMIN = "admin"


class Status(StrEnum):
    """Where a conversation stands."""

    OPEN = "open"
    PENDING = "pending"  # waiting for the customer
    SNOOZED = "snoozed"  # out of sight until `Conversation.until`
    RESOLVED = "resolved"


class Priority(StrEnum):
    """How urgent people say it is; the clocks say the rest."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Channel(StrEnum):
    """The way a customer reaches the shop."""

    WEB = "web"
    MAIL = "mail"
    WEBHOOK = "webhook"
    WECHAT = "wechat"
    WECOM = "wecom"
    PHONE = "phone"


class MessageKind(StrEnum):
    """Who speaks to whom."""

    CUSTOMER = "customer"
    REPLY = "reply"
    NOTE = "note"  # among colleagues; never leaves the house
    SYSTEM = "system"


class DeliveryState(StrEnum):
    """How far a reply got that a channel pushes to the customer's side."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"  # it did not arrive
    UNCERTAIN = "uncertain"  # it left, and nobody said whether it arrived
    SETTLED = "settled"  # failed or uncertain, and an agent has dealt with it


TROUBLE = frozenset({DeliveryState.FAILED, DeliveryState.UNCERTAIN})


class SuggestionState(StrEnum):
    """What became of a suggested article."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Clock(StrEnum):
    """A deadline that is set, beside those of replies, which follow from what was written."""

    RETURN_REVIEW = "return_review"
    COMPLAINT_ESCALATION = "complaint_escalation"
    FOLLOW_UP = "follow_up"
    SOLUTION = "solution"  # starts by itself, and stands while the customer is to write


class Customer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who writes. `tier` and `tags` are the shop's words ("VIP", "gold")."""

    id: CustomerId
    name: str
    language: str = "zh"
    tier: str = ""
    tags: tuple[str, ...] = ()
    contact: str = ""
    since: int = 0


class Agent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account. `id` is the login name and never changes.

    The rest is what chats are given out by: see `agent_tui.domain.staffing`.
    """

    id: AgentId
    name: str
    role: Role
    teams: tuple[TeamId, ...] = ()
    disabled: bool = False
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # none: every one
    capacity: float | None = None  # load at the same time; None: the shop's figure
    floating: bool = False  # joins any team in a surge
    shift: str = ""  # the calendar of their working hours; empty: whenever they are online


class Team(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group that shares a queue."""

    id: TeamId
    name_zh: str
    name_en: str


class Inbox(msgspec.Struct, frozen=True, omit_defaults=True):
    """One channel of one shop, and the team that gets what no rule sends elsewhere."""

    id: InboxId
    channel: Channel
    team: TeamId
    title_zh: str
    title_en: str


class Article(msgspec.Struct, frozen=True, omit_defaults=True):
    """One knowledge-base answer in one language; `body` may be sent, `internal` never.

    `version` is a digest of what it says. `origin` tells whether a file in the data folder says so,
    or an accepted suggestion (`desk`); then `file` is the version of the file that it stands on,
    which keeps it until the file changes again, or empty if there is none.
    """

    id: str
    title: str
    body: str
    lang: str
    category: str = ""
    questions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    audience: str = "public"
    owner: str = ""
    internal: str = ""
    valid_from: str = ""  # ISO dates, inclusive
    valid_to: str = ""
    version: str = ""
    origin: str = "file"  # file | desk
    file: str = ""
    revised_at: int = 0  # when this version was published
    revised_by: AgentId | None = None  # None: whoever wrote the file


class MacroSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shared macro as it travels: the file's own text, parsed by `agent_tui.macros` there."""

    id: str
    text: str
    version: str = ""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a transcript; `no` counts 1, 2, 3 ... within its conversation.

    `sources` are the knowledge entries that a reply's text came from, as "article:returns/freight".
    `edited` is when its author last changed the text (0: never), `edited_seq` that event's place in
    the log; an edit that has not come home has no place yet.
    """

    id: MessageId
    no: int
    at: int
    kind: MessageKind
    author: str
    text: str
    seq: int = 0
    removed: bool = False
    sources: tuple[str, ...] = ()
    edited: int = 0
    edited_seq: int = 0


class Delivery(msgspec.Struct, frozen=True, omit_defaults=True):
    """A pushed reply that is not known to have arrived. `at` is when it came into `state`.

    `code` says why, in `agent_tui.desk.reasons.DELIVERIES`' terms; `detail` goes with it.
    """

    message: MessageId
    state: DeliveryState
    at: int
    code: str = ""
    detail: str = ""


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The text of a reply that came too late for its author's ownership, for the new owner.

    `message` is the id that the reply would have had; `settled`: taken, or not wanted.
    """

    message: MessageId
    author: AgentId
    text: str
    at: int
    settled: bool = False


class Suggestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A correction of article `article` as of `version`, or, with none, a new article.

    Once it is settled, its texts are gone from here; `answer` says why it was declined.
    """

    id: SuggestionId
    author: AgentId
    at: int
    title: str
    body: str
    lang: str
    article: str = ""
    version: str = ""
    questions: tuple[str, ...] = ()
    audience: str = "public"
    reason: str = ""
    state: SuggestionState = SuggestionState.OPEN
    settled_by: AgentId | None = None
    settled_at: int = 0
    answer: str = ""


class RunningClock(msgspec.Struct, frozen=True, omit_defaults=True):
    """A started clock and the moment by which it must be dealt with.

    `since` is when it started or went on. While it stands, `due` is 0 and `left` what remains (ms).
    """

    clock: Clock
    due: int
    since: int = 0
    left: int = 0


class Rung(msgspec.Struct, frozen=True):
    """A mark that a deadline has passed: `warning`, a share of its time ("75"), or `breach`."""

    deadline: str
    due: int
    mark: str


class Wait(msgspec.Struct, frozen=True):
    """What the customer was told: so many are before them, and it takes from `low` to `high` ms.

    `room`: how many chats the agents who may take it can have at a time.
    """

    at: int
    ahead: int
    low: int
    high: int
    room: float = 1.0


class Conversation(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fold of one conversation's events, without the texts of its messages."""

    id: ConversationId
    customer: Customer
    inbox: InboxId
    channel: Channel
    team: TeamId
    visitor: CustomerId  # who may read it from outside; merging customers does not change that
    opened_at: int
    last_at: int
    status: Status = Status.OPEN
    until: int | None = None  # when a snooze ends
    snoozes: int = 0  # generation of the snooze timer
    assignee: AgentId | None = None
    epoch: int = 0  # fencing token: grows with every change of owner
    priority: Priority = Priority.NORMAL
    type: str = ""
    reason: str = ""  # why it was routed as it was
    subject: str = ""
    tags: tuple[str, ...] = ()
    clocks: tuple[RunningClock, ...] = ()
    messages: int = 0
    waiting_since: int | None = None  # the first customer message that no reply followed
    waiting: int = 0  # customer messages since the last reply
    last_customer_no: int = 0
    last_reply_no: int = 0
    last_reply_by: AgentId | None = None
    first_reply_at: int | None = None
    read_no: int = 0  # what the owner has looked at
    delivered_no: int = 0  # what reached the customer
    seen_no: int = 0  # what the customer has looked at
    preview: str = ""
    preview_kind: MessageKind = MessageKind.CUSTOMER
    version: int = 0  # events folded so far
    deliveries: tuple[Delivery, ...] = ()  # pushed replies that are not known to have arrived
    offers: tuple[Offer, ...] = ()  # unsent drafts of others, until the owner has answered
    suggestions: tuple[Suggestion, ...] = ()  # of articles: the open ones, and the last settled
    placed: str = ""  # why it is with its owner, as `agent_tui.domain.why` writes it
    held: str = ""  # why nobody has it, the same way
    answer_by: int | None = None  # given out, not looked at: goes back at this moment
    declined: tuple[AgentId, ...] = ()  # whom it came back from, of late
    rung: tuple[Rung, ...] = ()  # marks that its deadlines have passed, the last ones
    wait: Wait | None = None  # while nobody has it
    cooled: int | None = None  # until then the customer's messages wake nobody
    rating: int = 0  # what the customer gave, 1 to 5; 0: nothing yet
    rating_comment: str = ""

    @property
    def unread(self) -> int:
        """Customer messages that no agent has looked at; an upper bound where notes lie between."""
        return max(0, min(self.waiting, self.messages - self.read_no))

    def delivery(self, message: MessageId) -> Delivery | None:
        """What is known of a pushed reply's way; None once it arrived, or if it is not pushed."""
        return next((each for each in self.deliveries if each.message == message), None)

    def suggestion(self, key: SuggestionId) -> Suggestion | None:
        """The suggestion `key`, open or lately settled."""
        return next((each for each in self.suggestions if each.id == key), None)

    @property
    def open_suggestions(self) -> tuple[Suggestion, ...]:
        """Suggestions that wait for a lead, oldest first."""
        return tuple(each for each in self.suggestions if each.state is SuggestionState.OPEN)

    @property
    def undelivered(self) -> tuple[Delivery, ...]:
        """Replies that failed or may have failed, oldest first."""
        return tuple(each for each in self.deliveries if each.state in TROUBLE)

    @property
    def owed_since(self) -> int | None:
        """Since when (ms) the customer waits for a reply that arrives; None if they do not."""
        if not self.deliveries:  # as almost always, and whole lists are asked
            return self.waiting_since
        moments = [each.at for each in self.undelivered]
        if self.waiting_since is not None:
            moments.append(self.waiting_since)
        return min(moments, default=None)
