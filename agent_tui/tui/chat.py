"""The work on one open conversation: drafts, guards, sending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.tui.screens.pick import Confirm

if TYPE_CHECKING:
    from agent_tui.macros.model import Macro
    from agent_tui.tui.screens.workstation import Workstation


class ChatWork:
    """State of the chat pane that is neither the desk's nor a widget's."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._dirty = False
        self._marking = False
        self.read_before = 0

    # --- opening and drafts ----------------------------------------------------------------------

    def opened(self) -> None:
        """Another conversation came to the screen: its draft, and the likely answers."""
        screen = self._screen
        state = screen.desk.conversation(screen.current) if screen.current else None
        self.read_before = state.read_no if state and state.unread else 0
        screen.composer.begin(self._draft(screen.current), self._draft(_note_key(screen.current)))
        self._dirty = False
        screen.searching.opened()

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
        reply, _ = screen.composer.texts()
        if not reply:
            screen.inserting.forget(screen.current)
        if not screen.composer.text:
            return
        if screen.current is not None and not screen.composer.note:
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
        if state.messages > state.read_no or state.answer_by is not None:
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
        left = screen.inserting.left(text)
        macros = [each.macro for each in left if each.macro is not None]
        sources = tuple(dict.fromkeys(each.source for each in left))
        reply = screen.desk.reply(key, text, sources=sources)
        actions = [part for macro in macros for part in _commands(macro)]
        command: c.AgentCommand = c.Batch((reply, *actions)) if actions else reply
        follow = any(macro.head.after == "next" for macro in macros)
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
        screen.inserting.forget(screen.current)
        self._dirty = False
        screen.composer.load("")
        screen.ui.ring()
        screen.transcript.end()
        screen.searching.follow()
        return True


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
    return command if isinstance(command, c.ReportSearches) else force(command)


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
