"""What the application is given from outside: the desk, its settings, and the sync side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Future

    from agent_tui.config import Config
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.ids import ConversationId
    from agent_tui.domain.protocol import AvailabilityRequest, FileAnswer, Presence, SurgeRequest
    from agent_tui.domain.staffing import Availability, Duty, Surge
    from agent_tui.store.cache import Changes
    from agent_tui.tui.first import First
    from agent_tui.tui.past import HistoryPort


class LinkPort(Protocol):
    """The sync side, as the terminal sees it."""

    def start(self) -> None:
        """Begin to sync."""

    def close(self) -> None:
        """Stop."""

    def ring(self) -> None:
        """Something was enqueued."""

    def typing(self, conversation: ConversationId) -> None:
        """Tell that the agent types."""

    def viewing(self, conversation: ConversationId, looking: bool) -> None:
        """Tell that the agent looks at a chat, or no longer."""

    def look_up(self, conversation: ConversationId) -> None:
        """A chat is looked at: what the server knows of its customer's orders is wanted."""

    def say(self, availability: Availability, reason: str) -> None:
        """The agent is this from now on."""

    def learn(self, availability: Availability, reason: str) -> None:
        """Somebody else said that the agent is this."""

    def surge(self, asked: SurgeRequest) -> Future[Surge]:
        """Ask for a surge; the future may hold a WireError."""

    def availability(self, asked: AvailabilityRequest) -> Future[Duty]:
        """Say what another agent is; the future may hold a WireError."""

    def download(self, path: str, most: int) -> Future[bytes]:
        """A file that the server keeps, at most so many bytes; the future may hold a WireError."""

    def upload(self, key: str, name: str, content: bytes) -> Future[FileAnswer]:
        """Have the server keep a file, once per `key`; the future may hold a WireError."""


class Parts(Protocol):
    """Where desk, settings and sync come from; asked after the first picture."""

    def desk(self) -> tuple[Desk, Config, str]:
        """The desk, the settings, and the file that errors about them name."""

    def connect(
        self,
        on_change: Callable[[Changes], None],
        on_link: Callable[[str, str], None],
        on_presence: Callable[[Presence], None],
    ) -> LinkPort | None:
        """The sync side, not started yet; None without a network."""

    def history(self) -> HistoryPort | None:
        """The search over past messages; None if there is none here. Called from a thread."""

    def notes(self) -> Path | None:
        """Where small files about this screen lie; None: nowhere."""

    def remember(self, first: First) -> None:
        """Keep the first picture of the next start."""
