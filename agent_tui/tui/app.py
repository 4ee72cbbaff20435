"""The application: themes, the first picture, then the workstation and its sync. Wiring only.

Only what the first picture needs is imported here; the rest follows once that picture is drawn.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.geometry import Offset

from agent_tui.errors import DeskError
from agent_tui.tui.alt import teach_alt, teach_keys
from agent_tui.tui.clipboard import through_tmux, within_tmux
from agent_tui.tui.first import First, FirstScreen
from agent_tui.tui.goingon import go_on_once
from agent_tui.tui.theme import ANSI, DEFAULT, DEFAULTS, THEMES, TITLES, check_theme

if TYPE_CHECKING:
    from agent_tui.domain.ids import ConversationId
    from agent_tui.domain.protocol import Presence
    from agent_tui.tui.ports import LinkPort, Parts
    from agent_tui.tui.screens.workstation import Workstation
    from agent_tui.tui.tour import Mode

BETWEEN_KEYS = 0.15  # seconds
STANDING = 1.0  # seconds: a notice that is gone sooner is no answer to a key pressed now
HEAVY = ("agent_tui.tui.screens.workstation", "agent_tui.tui.bridge")


class WorkstationApp(App[None], inherit_bindings=False):
    """One workstation."""

    # How long after the last key something may take the keyboard by itself.
    quiet_seconds: float = 1.5

    CSS_PATH = "styles.tcss"
    ENABLE_COMMAND_PALETTE = False  # ours is an intent like any other

    workstation: Workstation  # once `ready`
    _caret = Offset(0, 0)

    def __init__(
        self,
        parts: Parts,
        first: First | None = None,
        *,
        band: str = "",
        notice: str = "",
        tour: Mode = "",
    ) -> None:
        # Without colours there are none at all, instead of the greys that Textual makes of them.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.title = "agent-tui"
        self.link = "connecting"
        self.trouble = ""
        self.left_at: int | None = None  # when the link was lost (ms), if it ever was there
        self.failure: DeskError | None = None
        self.ready = asyncio.Event()
        self.tour = tour
        self._parts = parts
        self.history = parts.history
        self._first = first or First()
        self._band = band
        self._notice = notice
        self._port: LinkPort | None = None
        self._last_key = 0.0
        self._counted: events.Key | None = None
        self._tray_waits = False

    def on_mount(self) -> None:
        """What was on the screen last time is there at once; everything else comes after it."""
        teach_alt()
        for theme in THEMES:
            self.register_theme(theme)
        self.use_theme(self._first.theme)
        opening = FirstScreen(self._first, self._band)
        self.push_screen(opening)
        self.call_after_refresh(self.run_worker, self._open(opening), exit_on_error=True)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours that Textual's own themes do not have."""
        return DEFAULTS

    def get_css_variables(self) -> dict[str, str]:
        """Those of the theme; of one that is not ours, such that everything can be read."""
        found = super().get_css_variables()
        if self.theme not in TITLES and not self.current_theme.ansi:
            from agent_tui.tui.contrast import readable

            found = self.theme_variables = readable(found)
        return found

    def use_theme(self, name: str) -> None:
        """Put on the theme called so, or the first of ours; without colours, the one that has none
        of its own."""
        known = name if name in self.available_themes else DEFAULT
        self.theme = ANSI.name if self.no_color else known

    async def _open(self, opening: FirstScreen) -> None:
        for module in HEAVY:
            await asyncio.to_thread(importlib.import_module, module)
        from agent_tui.tui.bridge import Bridge
        from agent_tui.tui.keymap import KeyMap
        from agent_tui.tui.screens.workstation import Workstation
        from agent_tui.tui.wrapping import teach_wrapping

        try:
            desk, config, source = self._parts.desk()
            keymap = KeyMap.of(config, source)
            self.set_keymap(keymap.changed())
            teach_keys(keymap.bound())
            teach_wrapping()
            check_theme(config.interface.theme, self.available_themes, source)
        except DeskError as error:
            self.failure = error
            self.exit(return_code=error.exit_code)
            return
        self.bridge = Bridge(desk, self._news)
        self.bridge.start(asyncio.get_running_loop())
        self.workstation = Workstation(desk, config, self._band, self._notice, self._parts.notes())
        self.workstation.ring.slots.recall(self._first.ring)
        await self.switch_screen(self.workstation)
        if not self.workstation.begun:
            return  # told to end meanwhile: there is no screen, and nothing to stop
        self.workstation.call_after_refresh(self.workstation.searching.start)
        self.workstation.call_after_refresh(self.workstation.ghosts.start)
        self.workstation.call_after_refresh(self.workstation.own_macros.start)
        for event in opening.typed:
            # Anew, and to the app, as from the terminal: Textual passes no event on twice.
            self.post_message(events.Key(event.key, event.character))
        self._port = self._parts.connect(self.bridge.change, self.bridge.link, self.bridge.presence)
        self.workstation.duty.start()
        if self._port is not None:
            self._port.start()
        self.set_interval(60, self.remember)
        self.ready.set()
        go_on_once(self)
        self._focus_something()

    def remember(self) -> None:
        """Keep what the next start shows first, and report what searches missed."""
        self.workstation.searching.misses.report()
        self.workstation.panes.remember()
        self.workstation.meter.save()
        self._parts.remember(self.workstation.listing.first())

    @property
    def cursor_position(self) -> Offset:
        """Where the terminal's own cursor goes with every frame, and beside it an input method's
        window: where one writes, or last wrote."""
        focused = self.screen.focused if self._screen_stack else None
        if focused is not None and self.ready.is_set():
            from agent_tui.tui.caret import caret

            self._caret = caret(focused) or self._caret
        return self._caret

    @cursor_position.setter
    def cursor_position(self, _: Offset) -> None:
        """Textual's fields say so now and then, but also those that have not the focus, and before
        the layout that moves them."""

    def on_app_focus(self) -> None:
        """A screen that appeared while another window had the keyboard has the focus nowhere."""
        self.call_later(self._focus_something)

    def _focus_something(self) -> None:
        if self.ready.is_set() and self.app_focus and self.screen.focused is None:
            if self.screen is self.workstation:
                self.workstation.queue.focus()
            else:
                self.screen.focus_next()

    def on_exit_app(self) -> None:
        """Told to end, as by a browser whose tab was closed: what is being written is kept."""
        if self.ready.is_set():
            self.workstation.chat.keep_draft()

    async def on_unmount(self) -> None:
        """Stop searching and syncing."""
        if self.ready.is_set():
            self.workstation.told.close()
            await self.workstation.searching.close()
            self.workstation.ghosts.close()
        if self._port is not None:
            self._port.close()

    def notify(self, message: str, **options: Any) -> None:
        """Not what stands there already, and will for a while."""
        standing = [each for each in self._notifications if each.time_left > STANDING]
        if not any(each.message == message for each in standing):
            super().notify(message, **options)

    def standing(self) -> list[str]:
        """What the notices say that stand now."""
        return [each.message for each in self._notifications]

    def withdraw(self, text: str) -> None:
        """Notices that say `text` hold no longer."""
        for each in list(self._notifications):
            if text and text in each.message:
                self._unnotify(each)

    @property
    def port(self) -> LinkPort | None:
        """The sync side; None without a network."""
        return self._port

    def ring(self) -> None:
        """Something was enqueued: send it."""
        if self._port is not None:
            self._port.ring()

    def typing(self, conversation: ConversationId) -> None:
        """The agent types."""
        if self._port is not None:
            self._port.typing(conversation)

    def viewing(self, conversation: ConversationId, looking: bool) -> None:
        """The agent looks at a chat, or no longer."""
        if self._port is not None:
            self._port.viewing(conversation, looking)

    def copy_to_clipboard(self, text: str) -> None:
        """By OSC 52, and through tmux where that would drop it."""
        super().copy_to_clipboard(text)
        if within_tmux():
            # mypy cannot tell which of Textual's overloads this is.
            self.run_worker(partial(through_tmux, text), exit_on_error=False)  # type: ignore[arg-type]

    def look_up(self, conversation: ConversationId) -> None:
        """A chat is looked at."""
        if self._port is not None:
            self._port.look_up(conversation)

    def _news(self, link: tuple[str, str] | None, presences: list[Presence], indexed: bool) -> None:
        if link is not None:
            self._linked(*link)
        if not self.workstation.is_mounted:
            return
        for presence in presences:
            self.workstation.view.presence(presence)
        if indexed:
            self.workstation.searching.indexed()
        if link is not None:
            self.workstation.draw_status()
        if self.bridge.new_in_tray():
            self.workstation.told.ring()
            if not self._tray_waits:
                self._tray_waits = True
                self._show_tray_soon()

    def _linked(self, link: str, trouble: str) -> None:
        if link == "online":
            self.left_at = None
        elif self.link == "online":
            self.left_at = self.workstation.desk.clock()
        self.link, self.trouble = link, trouble

    async def on_event(self, event: events.Event) -> None:
        """Remember when somebody last pressed a key."""
        if isinstance(event, events.Key):
            self._last_key = time.monotonic()
            if not self.app_focus:  # whatever was reported: keys come here
                self.app_focus = True
                self._focus_something()
            if self.ready.is_set() and event is not self._counted:
                self._counted = event  # what nothing stops comes by here again
                self.workstation.meter.key()
                self.workstation.tour.key(event.key)
        await super().on_event(event)

    def idle_seconds(self) -> float:
        """How long nobody has pressed a key."""
        return time.monotonic() - self._last_key

    def typing_now(self) -> bool:
        """Whether keys follow each other so fast that what can wait should."""
        return self.idle_seconds() < BETWEEN_KEYS

    def _show_tray_soon(self) -> None:
        """Not under somebody's fingers: the next letters of a sentence would choose there."""
        typing = self.idle_seconds() < self.quiet_seconds
        if typing or self.screen is not self.workstation:
            self.set_timer(0.25, self._show_tray_soon)
            return
        self._tray_waits = False
        if self.workstation.desk.tray.items:
            self.workstation.show_tray()
