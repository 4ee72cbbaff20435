"""The work on one open conversation: drafts, guards, sending."""

from __future__ import annotations

import asyncio
import functools
import importlib
from typing import TYPE_CHECKING

from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ConversationId
from agent_tui.domain.model import Channel
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.store.drafts import note_key
from agent_tui.tui.looked import Looked
from agent_tui.tui.sending import Sender

if TYPE_CHECKING:
    from agent_tui.tui.guarding import SendGuards
    from agent_tui.tui.screens.workstation import Workstation


class ChatWork:
    """State of the chat pane that is neither the desk's nor a widget's."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self.looked = Looked(screen.desk, screen.config.guards.look_seconds)
        self._dirty = False
        self._key: ConversationId | None = None  # whose drafts stand in the composer
        self._marking = False
        self._loading = False
        self._sender = Sender(screen)
        self.read_before = 0
        self._owner: AgentId | None = None  # of the open chat

    @functools.cached_property
    def guards(self) -> SendGuards:
        """What is looked for before a reply leaves."""
        from agent_tui.tui.guarding import SendGuards

        return SendGuards(self._screen)

    # --- opening and drafts ----------------------------------------------------------------------

    def opened(self) -> None:
        """Another conversation came to the screen: its draft, and the likely answers."""
        screen = self._screen
        state = screen.desk.conversation(screen.current) if screen.current else None
        self.read_before = state.read_no if state and state.unread else 0
        self._owner = state.assignee if state else None
        if screen.current != self._key or screen.composer.texts() != self._drafts():
            self.reload()  # come back to, it stays as it is, with its cursor
        self._key = screen.current
        self.looked.opened(screen.current, self._draft(screen.current))
        screen.searching.opened()

    def changed(self) -> None:
        """The open chat reads differently: one that was mine may be another's by now."""
        screen = self._screen
        key, me = screen.current, screen.desk.me.id
        row = screen.desk.queue.by_id().get(key) if key is not None else None
        was, self._owner = self._owner, row.assignee if row is not None else None
        if row is None or row.pending or was != me or row.assignee == me:
            return  # what is pending is one's own doing
        if row.assignee is None:
            words = Both("会话回到了团队队列", "the chat went back to the team's queue")
        else:
            name = screen.names.of(row.assignee)
            words = Both(f"会话现在归{name}", f"the chat is {name}'s now")
        if screen.composer.text.strip():
            words = Both(f"{words.zh}，草稿还在", f"{words.en}; your draft stays")
        screen.doing.say(words, seconds=8)

    def reload(self, *, undoable: bool = False) -> None:
        """The stored drafts of the open conversation stand in the composer; `undoable` as if they
        had just been inserted."""
        key = self._screen.current
        reply, note = self._drafts()
        state = self._screen.desk.conversation(key) if key else None
        phone = state is not None and state.channel is Channel.PHONE
        self._screen.composer.begin(reply, note, undoable=undoable, phone=phone)
        self._dirty = False

    def _drafts(self) -> tuple[str, str]:
        key = self._screen.current
        return self._draft(key), self._draft(note_key(key)) if key else ""

    def keep_draft(self) -> None:
        """Store what stands in the composer."""
        screen = self._screen
        if screen.current is not None and self._dirty:
            try:
                reply, note = screen.composer.texts()
                screen.desk.drafts.save(screen.current, reply)
                screen.desk.drafts.save(note_key(screen.current), note)
            except StoreError as error:
                screen.doing.trouble(error)
                return
        self._dirty = False

    def edited(self) -> None:
        """A key in the composer."""
        screen = self._screen
        self._dirty = True
        reply, _ = screen.composer.texts()
        self.looked.edited(reply)
        if not reply:
            screen.inserting.emptied(screen.current)
        else:
            screen.inserting.brought_back(screen.current, reply)
        if not screen.composer.text:
            return
        if screen.current is not None and not screen.composer.note:
            screen.ui.typing(screen.current)

    def clear(self) -> None:
        """Take away what is being written, or bring it back."""
        screen = self._screen
        if screen.current is None:
            screen.doing.say(Both("先打开一个会话", "open a chat first"))
            return
        screen.set_focus(screen.composer)
        had = bool(screen.composer.text)
        if not screen.composer.clear_out():
            screen.doing.say(Both("还没有写内容", "nothing is written yet"))
        elif had:
            key = screen.keymap.shown("clear_draft")
            words = Both(f"已清空 · {key} 放回来", f"cleared · {key} brings it back")
            screen.doing.say(words, seconds=3)
        else:
            screen.doing.say(Both("刚才的内容回来了", "what was written is back"), seconds=3)

    def tick(self) -> None:
        """Once a second: drafts reach the disk, replies go on their way."""
        self.keep_draft()
        self._screen.grace.tick()
        if "guards" in self.__dict__:
            self.guards.tick()
        elif not self._loading:
            self._loading = True
            self._screen.run_worker(self._load_guards())

    async def _load_guards(self) -> None:
        """Beside the work: compiling all those patterns takes as long as several keys."""
        await asyncio.to_thread(importlib.import_module, "agent_tui.tui.guarding")
        self.guards.tick()

    def mark_read(self) -> None:
        """What the screen shows of one's own chat is read."""
        screen = self._screen
        self.looked.drawn()
        state = screen.desk.conversation(screen.current) if screen.current else None
        if state is None or self._marking or state.assignee != screen.desk.me.id:
            return
        if state.messages > state.read_no or state.answer_by is not None:
            self._marking = True
            try:
                screen.desk.do(state.id, c.MarkRead(state.messages))
            except StoreError:
                return  # the next key that writes will say so
            finally:
                self._marking = False
            screen.ui.ring()

    def sent(self, key: ConversationId) -> int:
        """The reply of `key` is on its way; up to which message its author knew the chat."""
        self._dirty = False
        self._screen.composer.load("")
        return self.looked.forget(key)

    # --- sending ---------------------------------------------------------------------------------

    def submit(self, text: str, *, resolve: bool = False, to_next: bool = False) -> None:
        """Enter: send a reply, or leave a note. The text stays until it is durably queued. With a
        reply, `resolve` the chat, and open the next one (`to_next`)."""
        try:
            self._submit(text, resolve, to_next)
        except StoreError as error:
            self._screen.doing.trouble(error)

    def _submit(self, text: str, resolve: bool, to_next: bool) -> None:
        screen = self._screen
        key = screen.current
        if key is None:
            screen.doing.say(Both("先打开一个会话", "open a chat first"))
        elif not text.strip():
            screen.doing.say(self._nothing_written(resolve))
        elif screen.composer.note:
            self._sender.note(key, text, lambda: self._leave_note(key, text))
        else:
            self._sender.reply(key, text, resolve, to_next)

    def _nothing_written(self, resolve: bool) -> Both:
        """Says so, with the key that resolves without a reply to whoever meant to."""
        shown = self._screen.keymap.shown("resolve_next")
        if not resolve or not shown:
            return Both("还没有写内容", "nothing is written yet")
        return Both(
            f"还没有写内容；{shown} 直接解决",
            f"nothing is written yet; {shown} resolves without a reply",
        )

    def written(self, key: ConversationId) -> str:
        """The reply to `key` that is not sent: what stands in the composer, else the draft."""
        return self._screen.composer.texts()[0] if key == self._screen.current else self._draft(key)

    def _draft(self, key: ConversationId | None) -> str:
        draft = self._screen.desk.drafts.get(key) if key else None
        return draft.text if draft else ""

    def _leave_note(self, key: ConversationId, text: str) -> None:
        screen = self._screen
        refused = screen.desk.writing.note(key, text)
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return
        screen.composer.load("")
        screen.composer.set_note(False)
        screen.desk.drafts.save(note_key(key), "")
        screen.ui.ring()
        screen.transcript.end()
