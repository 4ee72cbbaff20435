"""What `decide` answers: events, or a refusal with its reason."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from agent_tui.domain.events import ConversationEvent


class Reason(StrEnum):
    """Why a command had no effect. The words for people are in `agent_tui.desk.reasons`."""

    MALFORMED = "malformed"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_SUCH_CONVERSATION = "no_such_conversation"
    OUT_OF_SCOPE = "out_of_scope"
    ALREADY_CLAIMED = "already_claimed"
    NOT_YOURS = "not_yours"
    REASSIGNED = "reassigned"
    CHANGED_SINCE = "changed_since"
    ANSWERED_SINCE = "answered_since"
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_TEAM = "unknown_team"
    UNKNOWN_CUSTOMER = "unknown_customer"
    UNKNOWN_INBOX = "unknown_inbox"
    NO_SUCH_NOTE = "no_such_note"
    NO_SUCH_MESSAGE = "no_such_message"
    NOT_AUTHOR = "not_author"
    OUT_OF_REACH = "out_of_reach"
    FINISHED = "finished"
    NO_SUCH_DELIVERY = "no_such_delivery"
    TOO_MANY_UNDELIVERED = "too_many_undelivered"
    TOO_MANY_TAGS = "too_many_tags"
    NO_SUCH_SUGGESTION = "no_such_suggestion"
    TOO_MANY_SUGGESTIONS = "too_many_suggestions"
    NO_SUCH_ARTICLE = "no_such_article"
    ARTICLE_CHANGED = "article_changed"
    ARTICLE_EXISTS = "article_exists"
    NOT_ALLOWED = "not_allowed"
    NOT_UNDERSTOOD = "not_understood"
    # Told by an agent's own machine only: the server never sees the command.
    OUTBOX_FULL = "outbox_full"
    WITH_CUSTOMER = "with_customer"
    ON_ITS_WAY = "on_its_way"
    BUILT_ON = "built_on"
    # Held: the author may look at what happened since and send it all the same.
    CLOSED = "closed"
    CUSTOMER_WROTE = "customer_wrote"
    COLLEAGUE_ANSWERED = "colleague_answered"
    EXPIRED = "expired"


# Another one has the conversation: a reply that is refused for it becomes a draft of theirs.
CHANGED_HANDS = frozenset(
    {Reason.OUT_OF_SCOPE, Reason.ALREADY_CLAIMED, Reason.NOT_YOURS, Reason.REASSIGNED}
)
HELD = frozenset({Reason.CLOSED, Reason.CUSTOMER_WROTE, Reason.COLLEAGUE_ANSWERED, Reason.EXPIRED})


class Rejected(msgspec.Struct, frozen=True):
    """No effect, and sending the same again would not help. `events` tell others what was lost."""

    reason: Reason
    detail: str = ""
    events: tuple[ConversationEvent, ...] = ()


class Held(msgspec.Struct, frozen=True):
    """No effect yet: the conversation moved on, and the author must look first."""

    reason: Reason
    detail: str = ""


Outcome = tuple[ConversationEvent, ...] | Rejected | Held
