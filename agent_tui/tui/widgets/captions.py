"""What stands over and beside a message: when, from whom, and how far it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent_tui.desk.transcripts import Line
from agent_tui.domain.ids import MessageId
from agent_tui.domain.model import TROUBLE, MessageKind
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.widgets import bubbles
from agent_tui.tui.widgets.bubbles import Drawn

GRACE = "grace"  # state of a reply that waits a moment before it is sent


class Captions:
    """Draws messages of one conversation, as of `now` (ms). `customer` and `names` (of agents, by
    id) are what people are called; `hint` says what to do about a reply that did not arrive."""

    def __init__(self) -> None:
        self.customer = ""
        self.names: Mapping[str, str] = {}
        self.now = 0
        self.hint = ""
        # How long (ms) a reply still waits before it is sent; None: not here.
        self.left: Callable[[MessageId, int], int | None] = lambda message, now: None
        self.phone = False  # what we answered was said into a telephone, and is only noted
        self.undo = ""  # the key that takes back what is not left

    def drawn(self, line: Line, width: int) -> tuple[Drawn, ...]:
        """A message with all that stands over, beside and below it, `width` cells wide."""
        message = line.message
        if message.kind is MessageKind.CUSTOMER:
            return bubbles.customer(fmt.clock(message.at), self.customer, message.text, width)
        author = self.names.get(message.author, message.author)
        head = f"{fmt.clock(message.at)} {author}"
        edited = fmt.edited(message)
        if message.kind is MessageKind.NOTE:
            tail = f" {Both('备注', 'note')}" + (" ~" if line.state == "waiting" else "")
            tail += f" · {edited}" if edited else ""
            return bubbles.note(head + tail, message.text, width)
        hint = self.hint if line.state in TROUBLE else ""
        why = " · ".join(filter(None, (line.why, hint)))
        words = " · ".join(filter(None, (self._said(line), edited)))
        return bubbles.reply(head, line.state, words, message.text, width, why)

    def _said(self, line: Line) -> str:
        """A reply's state in words."""
        left = self.left(line.message.id, self.now) if line.state == GRACE else None
        if left is None:
            noted = self.phone and line.state == "sent"
            return str(fmt.STATE_WORDS["noted" if noted else line.state])
        seconds = -(-left // 1000)
        words = Both(f"{seconds} 秒后发出", f"sending in {seconds} s")
        undo = Both(f" · {self.undo} 撤回", f" · {self.undo} takes it back") if self.undo else ""
        return f"{words}{undo}"
