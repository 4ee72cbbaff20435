"""The application: themes, keys, and the bridge from the sync thread. Wiring only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import App

from agent_tui.config import Config
from agent_tui.desk.desk import Desk
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.protocol import Presence
from agent_tui.store.cache import Changes
from agent_tui.tui.commands import check_keys
from agent_tui.tui.screens.workstation import Workstation
from agent_tui.tui.theme import THEMES

if TYPE_CHECKING:
    from textual.command import Provider

# News are drawn at most this often; what comes in between is one drawing.
DRAW_EVERY = 1 / 30


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


Connect = Callable[
    [Callable[[Changes], None], Callable[[str, str], None], Callable[[Presence], None]], LinkPort
]


def _palette() -> type[Provider]:
    # Textual's palette is not needed for the first picture.
    from agent_tui.tui.palette import IntentProvider

    return IntentProvider


class WorkstationApp(App[None], inherit_bindings=False):
    """One workstation."""

    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_palette}

    def __init__(
        self,
        desk: Desk,
        config: Config,
        connect: Connect | None,
        *,
        source: str = "config.toml",
        band: str = "",
        notice: str = "",
    ) -> None:
        super().__init__()
        check_keys(config.keys, source)
        self.title = "agent-tui"
        self.link = "connecting"
        self.trouble = ""
        self._connect = connect
        self._port: LinkPort | None = None
        self._bridge = Bridge(desk, self._news)
        self._config = config
        self.workstation = Workstation(desk, config, band, notice)

    def on_mount(self) -> None:
        """Show the cache's content first; the network starts after that was drawn."""
        for theme in THEMES:
            self.register_theme(theme)
        wanted = self._config.interface.theme
        self.theme = wanted if wanted in self.available_themes else "desk-dark"
        self.set_keymap(self._config.keys)
        self._bridge.start(asyncio.get_running_loop())
        self.push_screen(self.workstation)
        self.call_after_refresh(self._start_link)

    def _start_link(self) -> None:
        if self._connect is not None:
            self._port = self._connect(
                self._bridge.change, self._bridge.link, self._bridge.presence
            )
            self._port.start()

    def on_unmount(self) -> None:
        """Stop syncing."""
        if self._port is not None:
            self._port.close()

    def ring(self) -> None:
        """Something was enqueued: send it."""
        if self._port is not None:
            self._port.ring()

    def typing(self, conversation: ConversationId) -> None:
        """The agent types."""
        if self._port is not None:
            self._port.typing(conversation)

    def _news(self, link: tuple[str, str] | None, presences: list[Presence]) -> None:
        if link is not None:
            self.link, self.trouble = link
        if not self.workstation.is_mounted:
            return
        for presence in presences:
            self.workstation.presence(presence)
        if link is not None:
            self.workstation.draw_status()
        if self._bridge.new_in_tray():
            self.bell()
            self.workstation.show_tray()


class Bridge:
    """Carries news from the sync thread to the screen's, many as one."""

    def __init__(
        self, desk: Desk, on_news: Callable[[tuple[str, str] | None, list[Presence]], None]
    ) -> None:
        self._desk = desk
        self._on_news = on_news
        self._lock = threading.Lock()
        self._changes: Changes | None = None
        self._link: tuple[str, str] | None = None
        self._presences: list[Presence] = []
        self._scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self.tray_seen: set[int] = {item.id for item in desk.tray}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop on which the desk lives."""
        self._loop = loop

    def change(self, changes: Changes) -> None:
        """From the sync thread: what must be read again."""
        with self._lock:
            self._changes = changes if self._changes is None else self._changes | changes
            self._schedule()

    def link(self, link: str, trouble: str) -> None:
        """From the sync thread: how the server is reached."""
        with self._lock:
            self._link = (str(link), trouble)
            self._schedule()

    def presence(self, presence: Presence) -> None:
        """From the sync thread: who types."""
        with self._lock:
            self._presences.append(presence)
            self._schedule()

    def new_in_tray(self) -> bool:
        """Whether something came into the unsent tray since the last look."""
        now = {item.id for item in self._desk.tray}
        fresh = bool(now - self.tray_seen)
        self.tray_seen = now
        return fresh

    def _schedule(self) -> None:
        if self._scheduled or self._loop is None or self._loop.is_closed():
            return
        self._scheduled = True
        self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        with self._lock:
            changes, self._changes = self._changes, None
            link, self._link = self._link, None
            presences, self._presences = self._presences, []
        if changes is not None:
            self._desk.refresh(changes)
        self._on_news(link, presences)
        assert self._loop is not None
        self._loop.call_later(DRAW_EVERY, self._again)

    def _again(self) -> None:
        with self._lock:
            self._scheduled = False
            if self._changes is not None or self._link is not None or self._presences:
                self._schedule()
