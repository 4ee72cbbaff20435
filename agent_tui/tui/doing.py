"""What a key does to the desk, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from agent_tui.desk.causes import cause
from agent_tui.desk.reasons import reason
from agent_tui.desk.undo import Undo, is_note
from agent_tui.domain import commands as c
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation
from agent_tui.domain.outcome import Held, Rejected
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.text import clean, clip
from agent_tui.tui import notices

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


RECENT_MS = 60_000


class Elsewhere(NamedTuple):
    """A step in another chat: what it was, whose chat it is, and how many minutes ago."""

    title: Both
    who: str
    minutes: int


class Doing:
    """Commands on the conversation that a key means, with undo; notices to the agent."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    def target(self) -> ConversationId | None:
        """The conversation that a key means: under the queue's cursor while it has the focus. Of a
        list that a filter left empty, none: least of all the one that stands beside it."""
        queue = self._screen.queue
        if queue.has_focus and (queue.cursor is not None or not queue.order()):
            return queue.cursor
        return self._screen.current

    def state(self) -> Conversation | None:
        """The target's state."""
        key = self.target()
        return self._screen.desk.conversation(key) if key else None

    def open_target(self) -> None:
        """What is written from now on is for the conversation that the key means."""
        key = self.target()
        if key is not None and key != self._screen.current:
            self._screen.open(key)

    def about(self, words: Both, marked: Sequence[ConversationId] = ()) -> str:
        """The title of a dialogue on the target, or on all of `marked`: `words`, and whose chat."""
        key = self.target()
        if marked:
            who = Both(f"{len(marked)} 个会话", f"{len(marked)} chats")
        else:
            who = Both(*(self.who(key) if key is not None else "",) * 2)
        return str(Both(f"{words.zh} · {who.zh}", f"{words.en} · {who.en}"))

    def states(self) -> list[Conversation]:
        """Every open conversation's state."""
        found = (self._screen.desk.conversation(row.id) for row in self._screen.desk.queue.rows())
        return [state for state in found if state is not None]

    def act(
        self,
        command: c.AgentCommand,
        title: Both,
        *,
        key: ConversationId | None = None,
        undoable: bool = True,
    ) -> bool:
        """Do something to the target, or to `key`, which was that before something was asked; says
        what happened. True if it was queued."""
        key = key or self.target()
        if key is None:
            return False
        try:
            refused = self._screen.desk.do(key, command, title=title if undoable else None)
        except StoreError as error:
            self.trouble(error)
            return False
        if refused is not None:
            self.refuse(refused.reason, refused.detail)
            return False
        self._screen.ui.ring()
        again = self._screen.keymap.shown("undo")
        undo = Both(f" · {again} 撤销", f" · {again} undoes") if undoable else Both("", "")
        self.say(Both(f"{title.zh}{undo.zh}", f"{title.en}{undo.en}"), seconds=3)
        return True

    def elsewhere(self) -> Elsewhere | None:
        """What would be undone, if it was done some time ago in a chat other than the key's: its
        effects are not on the screen."""
        desk = self._screen.desk
        step, now = desk.undo_stack.newest(), desk.clock()
        if step is None or step.bulk or self._typed() or now - step.at < RECENT_MS:
            return None
        if step.conversation in (self.target(), self._screen.current):
            return None
        return Elsewhere(step.title, self.who(step.conversation), (now - step.at) // 60_000)

    def who(self, key: ConversationId) -> str:
        """Whose chat it is, in a few characters."""
        state = self._screen.desk.conversation(key)
        return clip(state.customer.name, 16) if state is not None else key

    def _typed(self) -> bool:
        """Whether what was typed is newer than what was done."""
        composer, last = self._screen.composer, self._screen.desk.undo_stack.last_at()
        later = composer.edited_at * 1000 > last
        return bool(composer.has_focus and composer.undoable and later)

    def undo(self) -> None:
        """The newest of: a desk step, typing. A reply in its grace comes before typing: it is about
        to leave, and what was typed is kept."""
        if self._typed() and not self._screen.desk.undoing.may_take_back():
            self._screen.composer.undo()
            return
        try:
            self._screen.chat.keep_draft()
            step = self._screen.desk.undo()
        except StoreError as error:
            self.trouble(error)
            return
        if step is None:
            self.say(Both("没有可撤销的", "nothing to undo"))
        elif isinstance(step, Undo):
            self._screen.ui.ring()
            self._screen.ui.withdraw(self._screen.keymap.shown("undo"))
            count = len(step.others) + 1 - len(step.left)
            many = Both(f" · {count} 个", f" · {count} chats") if step.bulk else ""
            left = Both(f" · {len(step.left)} 个期间已变", f" · {len(step.left)} changed since")
            more = f"{many}{left if step.left else ''}"
            who = "" if step.bulk else f" · {self.who(step.conversation)}"
            more += who
            words = Both(f"已撤销：{step.title.zh}{more}", f"undone: {step.title.en}{more}")
            if step.replies and step.taken is None:
                words = Both(
                    f"回复已送出，收不回；其余已撤销{more}",
                    f"the reply has been sent and stays; the rest is undone{more}",
                )
            self.say(words, seconds=3)
            self._screen.grace.taken_back(step)
            if self._screen.current is None and not step.bulk:
                self._screen.open(step.conversation)
            if is_note(step) and step.conversation == self._screen.current:
                self._screen.chat.reload()
                self._screen.composer.set_note(True)
        else:
            self._refuse_undo(step)

    def _refuse_undo(self, refused: Rejected | Held) -> None:
        """Say what stands against it: it may be an older step than its author thinks of."""
        desk = self._screen.desk
        step = desk.undoing.tried
        found = None
        if step is not None:
            state = desk.conversation(step.conversation)
            found = cause(step, refused, state, self._screen.names.shown)
        if step is not None and step.bulk and found is None:
            why = reason(refused.reason, self._screen.names.of(refused.detail))
            zh, en = f"没能撤销“{step.title.zh}”：{why}", f"{step.title.en} stays: {why}"
            self._warn(str(Both(zh, en)))
        elif step is None or found is None:
            self.refuse(refused.reason, refused.detail)
        elif step.command is None or step.replies:
            self._warn(str(found))
        else:
            zh, en = f"没能撤销“{step.title.zh}”：{found.zh}", f"{step.title.en} stays: {found.en}"
            self._warn(str(Both(zh, en)))

    def customer_language(self) -> str:
        """The language that macros are chosen in."""
        state = self.state()
        return state.customer.language if state else "zh"

    def refuse(self, code: str, detail: str) -> None:
        """Say why something was refused, where the agent acted."""
        self._warn(reason(code, self._screen.names.of(detail)))

    def _warn(self, said: str) -> None:
        words = clean(said)
        notices.place(self._screen, words)
        self._screen.app.notify(words, severity="warning", markup=False)

    def trouble(self, error: StoreError) -> None:
        """The local disk refused: what was written stays on the screen, and this says why."""
        words = clean(str(error))
        notices.place(self._screen, words)
        self._screen.app.notify(words, severity="error", timeout=10, markup=False)

    def say(self, words: Both, *, seconds: float = 4) -> None:
        """A short notice."""
        said = clean(str(words))
        notices.place(self._screen, said)
        self._screen.app.notify(said, timeout=seconds, markup=False)
