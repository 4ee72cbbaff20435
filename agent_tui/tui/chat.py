"""The work on one open conversation: draft, macros, guards, sending, searching."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agent_tui.desk.reasons import word
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.errors import StoreError
from agent_tui.knowledge.finder import Entry, Hit
from agent_tui.lang import Both
from agent_tui.tui.screens.pick import Confirm, SlotForm

if TYPE_CHECKING:
    from agent_tui.macros.model import Action, Macro
    from agent_tui.tui.screens.workstation import Workstation

SUGGESTIONS = 3
HITS = 12
DRAFT_SECONDS = 1.0


class ChatWork:
    """State of the chat pane that is neither the desk's nor a widget's."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._macros: list[Macro] = []  # inserted since the last send: their actions go with it
        self._dirty = False
        self._marking = False
        self.read_before = 0

    # --- opening and drafts ----------------------------------------------------------------------

    def opened(self) -> None:
        """Another conversation came to the screen: its draft, and the likely answers."""
        screen = self._screen
        state = screen.desk.conversation(screen.current) if screen.current else None
        self.read_before = state.read_no if state and state.unread else 0
        self._macros = []
        screen.composer.begin(self._draft(screen.current), self._draft(_note_key(screen.current)))
        self._dirty = False
        screen.find.clear()
        self.search("")

    def keep_draft(self) -> None:
        """Store what stands in the composer."""
        screen = self._screen
        if screen.current is not None and self._dirty:
            try:
                reply, note = screen.composer.texts()
                screen.desk.save_draft(screen.current, reply)
                screen.desk.save_draft(_note_key(screen.current), note)
            except StoreError as error:
                screen.doing.trouble(error)
                return
        self._dirty = False

    def edited(self) -> None:
        """A key in the composer."""
        screen = self._screen
        self._dirty = True
        if not screen.composer.text:
            self._macros = []
        elif screen.current is not None and not screen.composer.note:
            screen.ui.typing(screen.current)

    def tick(self) -> None:
        """Once a second: drafts reach the disk."""
        self.keep_draft()

    def mark_read(self) -> None:
        """What the screen shows of one's own chat is read."""
        screen = self._screen
        state = screen.desk.conversation(screen.current) if screen.current else None
        if state is None or self._marking or state.assignee != screen.desk.me.id:
            return
        if state.messages > state.read_no:
            self._marking = True
            try:
                screen.desk.do(state.id, c.MarkRead(state.messages))
            except StoreError:
                return  # the next key that writes will say so
            finally:
                self._marking = False
            screen.ui.ring()

    # --- sending ---------------------------------------------------------------------------------

    def submit(self, text: str) -> None:
        """Enter: send a reply, or leave a note. The text stays until it is durably queued."""
        try:
            self._submit(text)
        except StoreError as error:
            self._screen.doing.trouble(error)

    def _submit(self, text: str) -> None:
        screen = self._screen
        key = screen.current
        if key is None:
            screen.doing.say(Both("先打开一个会话", "open a chat first"))
        elif not text.strip():
            screen.doing.say(Both("还没有写内容", "nothing is written yet"))
        elif screen.composer.note:
            self._leave_note(key, text)
        else:
            self._send(key, text)

    def _leave_note(self, key: ConversationId, text: str) -> None:
        screen = self._screen
        refused = screen.desk.note(key, text)
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return
        screen.composer.load("")
        screen.composer.set_note(False)
        screen.desk.save_draft(_note_key(key), "")
        screen.ui.ring()
        screen.transcript.end()

    def _draft(self, key: ConversationId | None) -> str:
        draft = self._screen.desk.drafts.get(key) if key else None
        return draft.text if draft else ""

    def _send(self, key: ConversationId, text: str) -> None:
        screen = self._screen
        # The template engine is loaded with the first use, not with the first picture.
        from agent_tui.macros import template

        places = template.open_slots(text)
        if places:
            start, end = places[0]
            piece = text[start:end]
            screen.doing.say(Both(f"还没填：{piece}", f"still to fill in: {piece}"))
            return
        reply = screen.desk.reply(key, text)
        actions = [part for macro in self._macros for part in _commands(macro)]
        command: c.AgentCommand = c.Batch((reply, *actions)) if actions else reply
        follow = any(macro.head.after == "next" for macro in self._macros)
        refused = screen.desk.do(key, command, clear_draft=True)
        if isinstance(refused, Held):
            screen.run_worker(self._ask_and_send(key, command, refused))
        elif self._finish(refused) and follow:
            screen.open_next()

    async def _ask_and_send(self, key: ConversationId, command: c.AgentCommand, held: Held) -> None:
        from agent_tui.desk.reasons import reason

        screen = self._screen
        why = reason(held.reason, held.detail)
        question = Both(f"{why}。仍要发送？", f"{why}. Send it all the same?")
        if await screen.app.push_screen_wait(Confirm(str(question))):
            self._finish(screen.desk.do(key, forced(command), clear_draft=True))

    def _finish(self, refused: Rejected | Held | None) -> bool:
        screen = self._screen
        if refused is not None:
            screen.doing.refuse(refused.reason, refused.detail)
            return False
        self._macros = []
        self._dirty = False
        screen.composer.load("")
        screen.ui.ring()
        screen.transcript.end()
        self.search("")
        return True

    # --- inserting -------------------------------------------------------------------------------

    def is_short(self, short: str) -> bool:
        """Whether `/short` is a macro's."""
        return any(m.head.short == short for m in self._screen.desk.macros().all.values())

    def complete(self, short: str) -> None:
        """Tab: `/short` before the cursor becomes its macro; with nothing to complete, search."""
        screen = self._screen
        if not short:
            screen.focus_find()
            return
        now = datetime.datetime.now().astimezone()
        found = screen.desk.macros().by_short(short, screen.doing.customer_language(), now)
        if found is None:
            screen.doing.say(Both(f"/{short} 现在不可用", f"/{short} is not offered now"))
            return
        screen.composer.take_short()
        self.insert_macro(found)

    def insert_entry(self, entry: Entry) -> None:
        """A hit of the find pane goes to the cursor."""
        screen = self._screen
        if entry.kind == "macro":
            macro = screen.desk.macros().all.get(entry.id)
            if macro is not None:
                self.insert_macro(macro)
        else:
            article = screen.desk.articles().get(entry.id)
            if article is None:
                return
            if article.audience != "public":
                screen.doing.say(Both("仅供内部，不能发给客户", "internal: not for customers"))
                return
            screen.composer.put_block(article.body)
        screen.remove_class("-side")
        screen.find.clear()
        screen.composer.focus()
        self.search("")

    def insert_macro(self, macro: Macro) -> None:
        """Insert it, after asking for what it needs; its actions go with the next send."""
        if macro.head.ask:
            self._screen.run_worker(self._ask_and_put(macro))
        else:
            self._put_macro(macro, {})

    async def _ask_and_put(self, macro: Macro) -> None:
        from agent_tui.macros import library

        screen = self._screen
        key = screen.current
        values = screen.desk.values(key, datetime.datetime.now().astimezone())
        known = library.slot_defaults(macro, values)
        form = SlotForm(macro.head.title, macro.head.ask, known)
        answer = await screen.app.push_screen_wait(form)
        if answer is not None and screen.current == key:
            self._put_macro(macro, answer)

    def _put_macro(self, macro: Macro, slots: dict[str, str]) -> None:
        from agent_tui.macros import library

        screen = self._screen
        now = datetime.datetime.now().astimezone()
        values = screen.desk.values(screen.current, now)
        screen.composer.put_block(library.fill(macro, values, slots))
        screen.composer.focus()
        self._macros.append(macro)
        words = [_action_words(action) for action in macro.head.actions]
        if words:
            joined = " · ".join(words)
            screen.doing.say(Both(f"发送时：{joined}", f"with the reply: {joined}"), seconds=3)

    # --- searching -------------------------------------------------------------------------------

    def search(self, query: str) -> None:
        """Fill the find pane."""
        self._screen.find.show(self.hits(query))

    def hits(self, query: str) -> Sequence[Hit]:
        """What matches `query`; without one, the likely answers to the customer's last words."""
        screen = self._screen
        language = screen.doing.customer_language()
        finder = screen.desk.finder()
        if query.strip():
            return finder.search(query, HITS, language)
        last = screen.desk.last_words(screen.current) if screen.current else ""
        found = finder.search(last, SUGGESTIONS * 3, language)
        # Nobody asked: what only colleagues may read is not put under the agent's finger.
        return [hit for hit in found if not hit.entry.internal][:SUGGESTIONS]


def _note_key(key: ConversationId | None) -> ConversationId:
    """Under which a conversation's unfinished note is kept among the drafts."""
    return ConversationId(f"note:{key}")


def forced(command: c.AgentCommand) -> c.AgentCommand:
    """The same, knowing what happened since."""
    import msgspec

    def force(part: c.AgentPart) -> c.AgentPart:
        if isinstance(part, c.SendReply):
            return msgspec.structs.replace(part, force=True)
        return part

    if isinstance(command, c.Batch):
        return c.Batch(tuple(force(part) for part in command.parts))
    return force(command)


def _commands(macro: Macro) -> list[c.AgentPart]:
    found: list[c.AgentPart] = []
    for action in macro.head.actions:
        if action.tag is not None:
            found.append(c.Tag(action.tag))
        elif action.untag is not None:
            found.append(c.Untag(action.untag))
        elif action.priority is not None:
            found.append(c.SetPriority(action.priority))
        elif action.type is not None:
            found.append(c.SetType(action.type))
        elif action.status is not None:
            found.append(c.SetStatus(Status(action.status)))
        elif action.clock is not None:
            found.append(c.StartClock(action.clock))
    return found


def _action_words(action: Action) -> str:
    from agent_tui.desk.reasons import DEADLINES, PRIORITIES, STATUSES, TYPES

    if action.tag is not None:
        return f"+{action.tag}"
    if action.untag is not None:
        return f"-{action.untag}"
    if action.priority is not None:
        return word(PRIORITIES, action.priority)
    if action.type is not None:
        return word(TYPES, action.type)
    if action.status is not None:
        return word(STATUSES, action.status)
    return word(DEADLINES, action.clock or "")
