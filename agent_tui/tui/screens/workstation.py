"""The workstation: queue, chat, composer, find and card, wired to the desk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from agent_tui.config import Config
from agent_tui.desk.desk import Desk
from agent_tui.desk.drafts import conversation_of
from agent_tui.domain.ids import ConversationId
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.tui import notices
from agent_tui.tui.asking import Asking
from agent_tui.tui.attaching import Attaching
from agent_tui.tui.bound import QueueKeys, TranscriptKeys, everywhere
from agent_tui.tui.bulk import Bulk
from agent_tui.tui.calling import Calling
from agent_tui.tui.card import CardWork
from agent_tui.tui.chat import ChatWork
from agent_tui.tui.chatview import ChatView
from agent_tui.tui.commands import BY_ID
from agent_tui.tui.doing import Doing
from agent_tui.tui.duty import OwnDuty
from agent_tui.tui.filtering import Filtering
from agent_tui.tui.flows import Flows
from agent_tui.tui.ghosts import Ghosts
from agent_tui.tui.going import Going
from agent_tui.tui.grace import SendGrace
from agent_tui.tui.inserting import Inserting
from agent_tui.tui.keymap import KeyMap
from agent_tui.tui.listing import Listing
from agent_tui.tui.meter import Meter
from agent_tui.tui.names import Names
from agent_tui.tui.offers import Offers, Strip
from agent_tui.tui.ownmacros import OwnMacros
from agent_tui.tui.panes import Panes
from agent_tui.tui.reading import Reading
from agent_tui.tui.ring import Ring
from agent_tui.tui.searching import Searching
from agent_tui.tui.status import status_parts
from agent_tui.tui.suggesting import Suggesting
from agent_tui.tui.tiles import Tiles
from agent_tui.tui.told import Announcer
from agent_tui.tui.tour import Tour
from agent_tui.tui.whispers import Whispers
from agent_tui.tui.widgets.card import CustomerCard
from agent_tui.tui.widgets.composer import Composer
from agent_tui.tui.widgets.filterbox import FilterBox
from agent_tui.tui.widgets.find import FindPane
from agent_tui.tui.widgets.panels import ChatHeader, StatusLine
from agent_tui.tui.widgets.queue import QueueList
from agent_tui.tui.widgets.searchbar import SearchBar
from agent_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agent_tui.tui.app import WorkstationApp


class Workstation(Screen[None]):
    """Holds wiring: what a widget says becomes a command, what the desk says becomes a drawing."""

    AUTO_FOCUS: ClassVar[str | None] = "#queue"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 -- Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = list(everywhere())

    def __init__(
        self, desk: Desk, config: Config, band: str, notice: str, notes: Path | None = None
    ) -> None:
        super().__init__()
        self.desk = desk
        self.config = config
        self.current: ConversationId | None = None
        self.begun = False  # whether the parts that need a mounted screen are there
        self._band = band
        self._notice = notice
        self.keymap = KeyMap.of(config)
        self._keys = self.keymap.bound()
        self.doing = Doing(self)
        self.listing = Listing(self)
        self.going = Going(self)
        self.ring = Ring(self)
        self.tiles = Tiles(self)
        self.chat = ChatWork(self)
        self.grace = SendGrace(self)
        self.view = ChatView(self)
        self.reading = Reading(self)
        self.offers = Offers(self)
        self.inserting = Inserting(self)
        self.ghosts = Ghosts(self)
        self.flows = Flows(self)
        self.own_macros = OwnMacros(self)
        self.searching = Searching(self)
        self.suggesting = Suggesting(self)
        self.names = Names(desk)
        self.filtering = Filtering(self)
        self.bulk = Bulk(self)
        self.duty = OwnDuty(self)
        self.asking = Asking(self)
        self.calling = Calling(self)
        self.attaching = Attaching(self)
        self.whispers = Whispers(self)
        self.panes = Panes(self, notes)
        self.meter = Meter(self, notes)
        self.tour = Tour(self)
        self.card = CardWork(self)

    # --- composition -----------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        if self._band:
            yield Static(self._band, id="band", markup=False)
        yield Static(id="tour", markup=False)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Static(id="queue-title", markup=False)
                yield FilterBox(id="filter")
                yield QueueKeys(self.keymap, id="queue")
            with Vertical(id="middle"):
                yield ChatHeader(id="header")
                yield TranscriptKeys(self.keymap, id="transcript")
                yield SearchBar(id="search")
                yield Strip(id="strip")
                yield Strip(id="flow")
                yield Strip(id="answers")
                yield Composer(id="composer")
            with Vertical(id="side"):
                yield FindPane(id="find")
                yield CustomerCard(id="card")
        yield StatusLine(id="status")

    def on_mount(self) -> None:
        """First content comes from the cache, before any network."""
        self.queue = self.query_one(QueueList)
        self.transcript = self.query_one(Transcript)
        self.composer = self.query_one(Composer)
        self.find = self.query_one(FindPane)
        self._status = self.query_one(StatusLine)
        self.composer.is_short = self.inserting.is_short
        self.composer.on_submit = self.chat.submit
        self.composer.on_complete = self.inserting.complete
        self.panes.start(self.config.interface.theme)
        self.filtering.start()
        self.desk.listen(self.desk_changed)
        self.listing.start()
        self.whispers.start()
        self.ring.start()
        self.told = Announcer(self)
        self.view.draw()
        self.set_interval(1.0, self._tick)
        self.grace.start()
        self.tour.start()
        if self._notice:
            words = Both(self._notice, self._notice)
            # Where it fits is known once there is a layout.
            self.call_after_refresh(self.doing.say, words, seconds=12)
        self.begun = True

    def on_resize(self) -> None:
        self.call_after_refresh(self.panes.fit)
        self.call_after_refresh(self.view.draw)
        self.call_after_refresh(self.tiles.resized)

    def on_screen_suspend(self) -> None:
        notices.cover(self, True)

    def on_screen_resume(self) -> None:
        notices.cover(self, False)

    @property
    def ui(self) -> WorkstationApp:
        """The application, as what it is."""
        return cast("WorkstationApp", self.app)

    # --- intents ---------------------------------------------------------------------------------

    async def action_intent(self, name: str) -> None:
        """A key or the palette: run an intent; one that asks something waits in a worker."""
        if self.app.screen is not self:
            return  # a dialogue is open
        intent = BY_ID[name]()
        if intent.needs_chat and self.doing.target() is None:
            self.doing.say(Both("先打开一个会话", "open a chat first"))
        elif intent.asks:
            self.run_worker(intent.run(self), exit_on_error=True)
        else:
            await intent.run(self)
        self.tour.heard(name)

    async def intend_key(self, key: str) -> bool:
        """A key in a text field: run its intent, if it has one."""
        name = self._keys.get(key)
        if name is None:
            return False
        await self.action_intent(name)
        return True

    def open(self, key: ConversationId) -> None:
        """Open a conversation and put the cursor where one writes."""
        self.going.open(key)

    # --- messages from widgets -------------------------------------------------------------------

    def on_queue_list_picked(self, event: QueueList.Picked) -> None:
        self.open(event.conversation)

    def on_queue_list_cursor_moved(self) -> None:
        self.card.moved()
        self.draw_status()

    def on_composer_edited(self) -> None:
        self.chat.edited()
        self.tour.look()

    def on_descendant_focus(self) -> None:
        self.reading.focused()
        self.draw_status()

    # --- news ------------------------------------------------------------------------------------

    def desk_changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        if not self.is_mounted:
            return
        self.names.changed(changes)
        self.ghosts.changed(changes)
        self.duty.changed(changes)
        self.bulk.changed()
        self.tour.look()
        self.card.changed(changes)
        self.ring.changed()
        self.listing.changed(changes)
        self.told.changed(changes)
        self.whispers.changed(changes)
        self.tiles.changed(changes)
        self.chat.changed()
        here = self.current in changes.conversations
        if changes.all or here or changes.things or changes.outbox:
            self.view.draw()
            self.searching.follow()
        self.draw_status()

    def _tick(self) -> None:
        now = self.desk.clock()
        if self.listing.busy() or self.ui.typing_now():
            self.queue.tick(now)
        else:
            self.listing.reorder()
        self.view.tick()
        self.card.tick()
        self.searching.draw_title()
        self.draw_status()
        self.chat.tick()
        self.told.tick()
        self.tiles.tick()

    def draw_status(self) -> None:
        """The line at the bottom, and where a flow stands."""
        notices.follow(self)
        self.flows.draw()
        self._status.show(**status_parts(self))

    def relabel(self) -> None:
        """The language changed: every word is drawn again."""
        self.searching.relabel()
        self.query_one(FilterBox).relabel()
        self.composer.relabel()
        self.tour.relabel()
        self.tiles.relabel()
        self.listing.reorder()
        self.queue.refresh()
        self.view.draw()
        self.draw_status()

    # --- the tray ---------------------------------------------------------------------------------

    def show_tray(self) -> None:
        """What was not sent."""
        from agent_tui.tui.screens.tray import TrayScreen

        self.chat.keep_draft()
        tray = TrayScreen(self.desk, self.ui.ring, self.chat.guards.check)
        self.app.push_screen(tray, callback=self._tray_closed)

    def _tray_closed(self, draft: ConversationId | None) -> None:
        if draft is not None:
            self.open(conversation_of(draft))
            self.composer.set_note(draft != self.current)
