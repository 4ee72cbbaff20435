"""The workstation: queue, chat, composer, find and card, wired to the desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import Screen
from textual.widgets import Static

from agent_tui import lang
from agent_tui.config import Config
from agent_tui.desk.desk import Desk
from agent_tui.desk.rows import View
from agent_tui.desk.undo import Undo
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.domain.protocol import Presence
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.cache import Changes
from agent_tui.text import clean, clip
from agent_tui.tui.chat import ChatWork
from agent_tui.tui.commands import BY_ID, INTENTS
from agent_tui.tui.first import ROWS, First
from agent_tui.tui.screens.pick import Confirm
from agent_tui.tui.status import status_parts
from agent_tui.tui.widgets.composer import Composer
from agent_tui.tui.widgets.find import FindPane
from agent_tui.tui.widgets.panels import ChatHeader, CustomerCard, StatusLine
from agent_tui.tui.widgets.queue import QueueList
from agent_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:
    from agent_tui.macros.model import Macro
    from agent_tui.tui.app import WorkstationApp


def _bindings() -> Iterator[BindingType]:
    for intent in INTENTS:
        # Escape must reach an open dialogue's own binding; everything else works in any focus.
        priority = intent.default_keys != "escape"
        yield Binding(
            intent.default_keys or f"<{intent.id}>",
            f"intent('{intent.id}')",
            intent.title.en,
            show=False,
            priority=priority,
            id=intent.id,
        )


class QueueKeys(QueueList):
    """The queue with its letters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(intent.letters, f"screen.intent('{intent.id}')", intent.title.en, show=False)
        for intent in INTENTS
        if intent.letters
    ]


class Workstation(Screen[None]):
    """Holds wiring: what a widget says becomes a command, what the desk says becomes a drawing."""

    AUTO_FOCUS: ClassVar[str | None] = "#queue"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 -- Textual's own form
    BINDINGS: ClassVar[list[BindingType]] = list(_bindings())

    def __init__(self, desk: Desk, config: Config, band: str, notice: str) -> None:
        super().__init__()
        self.desk = desk
        self.config = config
        self.current: ConversationId | None = None
        self.view = View.WORK
        self._band = band
        self._notice = notice
        self._known: set[ConversationId] = set()
        self._presence: dict[ConversationId, Presence] = {}
        self.chat = ChatWork(self)

    # --- composition -----------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        if self._band:
            yield Static(self._band, id="band", markup=False)
        with Horizontal(id="panes"):
            with Vertical(id="left"):
                yield Static(id="queue-title", markup=False)
                yield QueueKeys(id="queue")
            with Vertical(id="middle"):
                yield ChatHeader(id="header")
                yield Transcript(id="transcript")
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
        self.composer.is_short = self.chat.is_short
        self.desk.listen(self.desk_changed)
        self._reorder()
        self._known = {row.id for row in self.desk.rows()}
        self.draw_chat()
        self.set_interval(1.0, self._tick)
        if self._notice:
            self.say(Both(self._notice, self._notice), seconds=12)

    def on_resize(self) -> None:
        """Lines that depend on the width."""
        self.call_after_refresh(self.draw_chat)

    @property
    def ui(self) -> WorkstationApp:
        """The application, as what it is."""
        return cast("WorkstationApp", self.app)

    # --- intents ---------------------------------------------------------------------------------

    def action_intent(self, name: str) -> None:
        """A key or the palette: run an intent. In a worker, since it may ask something."""
        if self.app.screen is not self:
            return  # a dialogue is open
        intent = BY_ID[name]()
        if intent.needs_chat and self.target() is None:
            self.say(Both("先打开一个会话", "open a chat first"))
            return
        self.run_worker(intent.run(self), exit_on_error=True)

    def target(self) -> ConversationId | None:
        """The conversation that a key means: under the queue's cursor while it has the focus."""
        if self.queue.has_focus and self.queue.cursor is not None:
            return self.queue.cursor
        return self.current

    def state(self) -> Conversation | None:
        """The target's state."""
        key = self.target()
        return self.desk.conversation(key) if key else None

    def states(self) -> list[Conversation]:
        """Every open conversation's state."""
        found = (self.desk.conversation(row.id) for row in self.desk.rows())
        return [state for state in found if state is not None]

    def act(self, command: c.AgentCommand, title: Both) -> bool:
        """Do something undoable to the target; says what happened. True if it was queued."""
        key = self.target()
        if key is None:
            return False
        try:
            refused = self.desk.do(key, command, title=title)
        except StoreError as error:
            self.trouble(error)
            return False
        if refused is not None:
            self.refuse(refused.reason, refused.detail)
            return False
        self.ui.ring()
        undo = Both("Ctrl+Z 撤销", "Ctrl+Z undoes")
        self.say(Both(f"{title.zh} · {undo.zh}", f"{title.en} · {undo.en}"), seconds=3)
        return True

    def undo(self) -> None:
        """The newest of: a desk step, typing."""
        typed_later = self.composer.edited_at * 1000 > self.desk.undo_stack.last_at()
        if self.composer.has_focus and self.composer.text and typed_later:
            self.composer.undo()
            return
        try:
            step = self.desk.undo()
        except StoreError as error:
            self.trouble(error)
            return
        if step is None:
            self.say(Both("没有可撤销的", "nothing to undo"))
        elif isinstance(step, Undo):
            self.ui.ring()
            self.say(Both(f"已撤销：{step.title.zh}", f"undone: {step.title.en}"), seconds=3)
            if self.current is None:
                self.open(step.conversation)
        else:
            self.refuse(step.reason, step.detail)

    # --- the queue -------------------------------------------------------------------------------

    def set_view(self, view: View) -> None:
        """Show other conversations."""
        self.view = view
        self._reorder()
        self.queue.focus()

    def open(self, key: ConversationId) -> None:
        """Open a conversation and put the cursor where one writes."""
        self.chat.keep_draft()
        self.current = key
        self.queue.opened = key
        self._reorder()
        self.queue.move_to(key)
        self.chat.opened()
        self.draw_chat()
        self.composer.focus()

    def open_next(self) -> None:
        """The most urgent other conversation."""
        row = self.desk.next_after(self.current)
        if row is None:
            if self.state() is None or self.state().status == "resolved":  # type: ignore[union-attr]
                self.leave_chat()
            self.say(Both("没有等待的会话", "nobody is waiting"))
        else:
            self.open(row.id)

    def open_neighbour(self, step: int) -> None:
        """The next or previous one in the list's order."""
        key = self.queue.neighbour(self.current or self.queue.cursor, step)
        if key is not None and key != self.current:
            self.open(key)

    def leave_chat(self) -> None:
        """Close the conversation and go back to the queue."""
        self.chat.keep_draft()
        self.current = self.queue.opened = None
        self.composer.load("")
        self.draw_chat()
        self.queue.focus()

    def back(self) -> None:
        """Escape: what slid over goes, then the queue has the focus."""
        if self.has_class("-side"):
            self.remove_class("-side")
            self.focus_composer()
        elif self.composer.note:
            self.toggle_note()
        else:
            self.queue.focus()

    def focus_composer(self) -> None:
        """Write to the open conversation, or to the one under the cursor."""
        if self.current is None and self.queue.cursor is not None:
            self.open(self.queue.cursor)
        elif self.current is not None:
            self.composer.focus()

    def focus_find(self) -> None:
        """The search box, sliding over the chat where the terminal is narrow."""
        if self.current is None and self.queue.cursor is not None:
            self.open(self.queue.cursor)
        self.add_class("-side")
        self.find.query_one("#find-input").focus()

    def toggle_side(self) -> None:
        """Show or hide what slides over."""
        self.toggle_class("-side")
        self.draw_chat()

    def toggle_note(self) -> None:
        """Between replying and writing a note."""
        self.focus_composer()
        self.composer.set_note(not self.composer.note)
        self.draw_status()

    def customer_language(self) -> str:
        """The language that macros are chosen in."""
        state = self.state()
        return state.customer.language if state else "zh"

    async def insert_macro(self, macro: Macro) -> None:
        """Insert a macro at the cursor, asking for its slots."""
        if self.current is None and self.queue.cursor is not None:
            self.open(self.queue.cursor)
        await self.chat.insert_macro(macro)

    # --- messages from widgets -------------------------------------------------------------------

    def on_queue_list_picked(self, event: QueueList.Picked) -> None:
        self.open(event.conversation)

    def on_queue_list_cursor_moved(self) -> None:
        self.draw_status()

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        self.chat.submit(event.text)

    def on_composer_completed(self, event: Composer.Completed) -> None:
        if event.short:
            self.run_worker(self.chat.expand(event.short))
        else:
            self.focus_find()

    def on_composer_edited(self) -> None:
        self.chat.edited()

    def on_find_pane_typed(self, event: FindPane.Typed) -> None:
        self.chat.search(event.text)

    def on_find_pane_chosen(self, event: FindPane.Chosen) -> None:
        self.run_worker(self.chat.insert_entry(event.entry))

    def on_descendant_focus(self) -> None:
        self.draw_status()

    # --- news ------------------------------------------------------------------------------------

    def desk_changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        if not self.is_mounted:
            return
        self._reorder()
        self._ring_for_new()
        if changes.all or self.current in changes.conversations or changes.things:
            self.draw_chat()
        self.draw_status()

    def _ring_for_new(self) -> None:
        """The terminal's bell when a conversation comes that was not there before."""
        rows = {row.id for row in self.desk.rows() if row.section != "others"}
        if rows - self._known and self._known and self.config.interface.bell:
            self.app.bell()
        self._known |= rows

    def presence(self, presence: Presence) -> None:
        """Somebody types or looks."""
        self._presence[presence.conversation] = presence
        self.draw_header()

    def _tick(self) -> None:
        now = self.desk.clock()
        if self.queue.busy(self.config.interface.freeze_seconds):
            self.queue.tick(now)
        else:
            self._reorder()
        self.draw_header()
        self.draw_status()
        self.chat.tick()

    def _reorder(self) -> None:
        now = self.desk.clock()
        rows = self.desk.queue(self.view)
        if self.queue.busy(self.config.interface.freeze_seconds):
            # New rows go below what the agent is looking at; the known order stays.
            place = {key: index for index, key in enumerate(self.queue.order())}
            rows.sort(key=lambda row: (row.section.value != "mine", place.get(row.id, len(place))))
            rows.sort(key=lambda row: ("mine", "team", "others").index(row.section))
        self.queue.show(rows, self.desk.policy, now)
        mine = sum(row.section == "mine" for row in rows)
        title = Both(
            f"会话 · 我的 {mine} · 其他 {len(rows) - mine}",
            f"Queue · mine {mine} · other {len(rows) - mine}",
        )
        self.query_one("#queue-title", Static).update(str(title))

    # --- drawing ---------------------------------------------------------------------------------

    def draw_chat(self) -> None:
        """Transcript, header and card of the open conversation."""
        key = self.current
        state = self.desk.conversation(key) if key else None
        if key is not None and state is None:
            self.say(Both("会话已不在你的范围内", "the chat went out of your scope"))
            self.leave_chat()
            return
        now = self.desk.clock()
        names = {str(agent.id): agent.name for agent in self.desk.agents().values()}
        self.transcript.show(
            key,
            self.desk.transcript(key) if key else [],
            customer=state.customer.name if state else "",
            names=names,
            me=self.desk.me.id,
            now=now,
            read_no=self.chat.read_before,
        )
        self.query_one(CustomerCard).show(state, now)
        self.draw_header()
        self.chat.mark_read()

    def draw_header(self) -> None:
        """The running clock and who types."""
        state = self.desk.conversation(self.current) if self.current else None
        words = ""
        if state is not None:
            presence = self._presence.get(state.id)
            if presence is not None and presence.until > self.desk.clock():
                who = presence.agent or str(Both("客户", "customer"))
                words = str(Both(f"{who}正在输入…", f"{who} is typing…"))
        self.query_one(ChatHeader).show(
            state, self.desk.policy, self.desk.clock(), me=self.desk.me.id, presence=words
        )

    def draw_status(self) -> None:
        """The line at the bottom."""
        self.query_one(StatusLine).show(**status_parts(self))

    def relabel(self) -> None:
        """The language changed: every word is drawn again."""
        self.find.relabel()
        self._reorder()
        self.draw_chat()
        self.draw_status()

    def first(self) -> First:
        """What the next start shows before anything is loaded."""
        title = str(self.query_one("#queue-title", Static).content)
        rows = self.desk.queue(self.view)[:ROWS]
        lines = [f" {title}"]
        for row in rows:
            lines += [clip(f"          {row.name}", 34), clip(f"     {row.preview}", 34)]
        return First(tuple(lines), self.app.theme, lang.current())

    # --- other screens, and leaving --------------------------------------------------------------

    def show_help(self) -> None:
        """Every key."""
        from agent_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.config.keys))

    def show_tray(self) -> None:
        """What was not sent."""
        from agent_tui.tui.screens.tray import TrayScreen

        self.chat.keep_draft()
        self.app.push_screen(TrayScreen(self.desk, self.ui.ring), callback=self._tray_closed)

    def _tray_closed(self, key: ConversationId | None) -> None:
        if key is not None:
            self.open(key)

    async def leave(self) -> None:
        """Quit; drafts are kept, and unsent commands wait in the outbox."""
        self.chat.keep_draft()
        if self.desk.unsent:
            count = self.desk.unsent
            question = Both(
                f"{count} 项还没有送达服务器；会留在发件箱，下次启动时再送。现在退出？",
                f"{count} not yet with the server; kept in the outbox for the next start. Leave?",
            )
            if not await self.app.push_screen_wait(Confirm(str(question))):
                return
        self.ui.remember()
        self.app.exit()

    def refuse(self, code: str, detail: str) -> None:
        """Say why something was refused, where the agent acted."""
        from agent_tui.desk.reasons import reason

        words = clean(reason(code, detail))
        self.app.notify(words, severity="warning", markup=False)

    def trouble(self, error: StoreError) -> None:
        """The local disk refused: what was written stays on the screen, and this says why."""
        self.app.notify(clean(str(error)), severity="error", timeout=10, markup=False)

    def say(self, words: Both, *, seconds: float = 4) -> None:
        """A short notice."""
        self.app.notify(clean(str(words)), timeout=seconds, markup=False)
