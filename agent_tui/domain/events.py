"""What happened, in the past tense: the only thing the log holds, and what a reader's feed has
beside it. Adding a field needs a default; a kind is never renamed.

All events have their names here; those of conversations and of the workspace are written down in
modules of their own.
"""

from __future__ import annotations

import msgspec

from agent_tui.domain.conversation_events import ArticleSuggested as ArticleSuggested
from agent_tui.domain.conversation_events import Assigned as Assigned
from agent_tui.domain.conversation_events import Claimed as Claimed
from agent_tui.domain.conversation_events import ClockPaused as ClockPaused
from agent_tui.domain.conversation_events import ClockRang as ClockRang
from agent_tui.domain.conversation_events import ClockStarted as ClockStarted
from agent_tui.domain.conversation_events import ClockStopped as ClockStopped
from agent_tui.domain.conversation_events import ConversationEvent as ConversationEvent
from agent_tui.domain.conversation_events import ConversationOpened as ConversationOpened
from agent_tui.domain.conversation_events import CooledDown as CooledDown
from agent_tui.domain.conversation_events import CustomerMerged as CustomerMerged
from agent_tui.domain.conversation_events import CustomerSaw as CustomerSaw
from agent_tui.domain.conversation_events import CustomerWrote as CustomerWrote
from agent_tui.domain.conversation_events import DeliveryChanged as DeliveryChanged
from agent_tui.domain.conversation_events import DraftOffered as DraftOffered
from agent_tui.domain.conversation_events import DraftSettled as DraftSettled
from agent_tui.domain.conversation_events import HeldInQueue as HeldInQueue
from agent_tui.domain.conversation_events import MarkedRead as MarkedRead
from agent_tui.domain.conversation_events import MessageEdited as MessageEdited
from agent_tui.domain.conversation_events import NoteAdded as NoteAdded
from agent_tui.domain.conversation_events import NoteRemoved as NoteRemoved
from agent_tui.domain.conversation_events import PrioritySet as PrioritySet
from agent_tui.domain.conversation_events import Rated as Rated
from agent_tui.domain.conversation_events import Released as Released
from agent_tui.domain.conversation_events import Reopened as Reopened
from agent_tui.domain.conversation_events import ReplySent as ReplySent
from agent_tui.domain.conversation_events import StatusSet as StatusSet
from agent_tui.domain.conversation_events import SuggestionSettled as SuggestionSettled
from agent_tui.domain.conversation_events import Tagged as Tagged
from agent_tui.domain.conversation_events import TypeSet as TypeSet
from agent_tui.domain.conversation_events import Untagged as Untagged
from agent_tui.domain.conversation_events import WaitTold as WaitTold
from agent_tui.domain.event import Event as Event
from agent_tui.domain.event import kinds as kinds
from agent_tui.domain.ids import ClientId, ConversationId
from agent_tui.domain.model import Conversation, Message
from agent_tui.domain.workspace_events import AgentSaved as AgentSaved
from agent_tui.domain.workspace_events import ArticleRemoved as ArticleRemoved
from agent_tui.domain.workspace_events import ArticleSaved as ArticleSaved
from agent_tui.domain.workspace_events import AvailabilitySet as AvailabilitySet
from agent_tui.domain.workspace_events import InboxSaved as InboxSaved
from agent_tui.domain.workspace_events import MacroRemoved as MacroRemoved
from agent_tui.domain.workspace_events import MacroSaved as MacroSaved
from agent_tui.domain.workspace_events import PolicySaved as PolicySaved
from agent_tui.domain.workspace_events import RoutingSaved as RoutingSaved
from agent_tui.domain.workspace_events import SurgeSet as SurgeSet
from agent_tui.domain.workspace_events import TeamSaved as TeamSaved
from agent_tui.domain.workspace_events import WorkspaceEvent as WorkspaceEvent

# --- of one client -------------------------------------------------------------------------------


class CommandRefused(Event, frozen=True, tag="command_refused"):
    """A numbered command had no effect. `held` means: its author may look and send it again."""

    client: ClientId
    number: int
    code: str
    held: bool = False
    conversation: ConversationId | None = None
    detail: str = ""


class CommandSettled(Event, frozen=True, tag="command_settled"):
    """A numbered command found everything as it wished already: nothing else to say of it."""

    client: ClientId
    number: int


class SearchesReported(Event, frozen=True, tag="searches_reported"):
    """Searches of an agent that found nothing, masked, and how often."""

    client: ClientId
    number: int
    misses: tuple[tuple[str, int], ...]


ClientEvent = CommandRefused | CommandSettled | SearchesReported
LoggedEvent = ConversationEvent | WorkspaceEvent | ClientEvent

# --- made for a reader's feed, never logged ------------------------------------------------------


class ConversationEntered(Event, frozen=True, tag="conversation_entered"):
    """A conversation came into this reader's scope: all of it, as of this seq."""

    state: Conversation
    messages: tuple[Message, ...]


class ConversationLeft(Event, frozen=True, tag="conversation_left"):
    """A conversation went out of this reader's scope: forget it."""

    conversation: ConversationId


class NotUnderstood(Event, frozen=True, tag="not_understood"):
    """Something that this program is too old to read; put in its place by the reader itself."""

    name: str = ""


FeedEvent = LoggedEvent | ConversationEntered | ConversationLeft | NotUnderstood


class Recorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event with its place in the feed. `at` is the server's clock (ms) and never decreases.

    `by` is an agent id, `customer`, or `system`.
    """

    seq: int
    at: int
    by: str
    body: FeedEvent
    conversation: ConversationId | None = None
