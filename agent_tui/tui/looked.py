"""How far somebody has read a chat while writing to it."""

from __future__ import annotations

from collections.abc import Sequence

from agent_tui.desk.desk import Desk
from agent_tui.desk.transcripts import Line
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind

OTHERS = frozenset({MessageKind.CUSTOMER, MessageKind.REPLY})
UNCONFIRMED = frozenset({"waiting", "grace", "held"})


class Looked:
    """Of each chat with a draft, the number of the last message that its author knows.

    Whoever begins to write knows what the screen shows. Later lines are known once one writes on
    after they stood there for `seconds`, or after they were shown in a question.
    """

    def __init__(self, desk: Desk, seconds: float) -> None:
        self._desk = desk
        self._ms = seconds * 1000
        self._known: dict[ConversationId, int] = {}
        self._shown: list[tuple[int, int]] = []  # (number, since when), of the open chat
        self._open: ConversationId | None = None

    def opened(self, key: ConversationId | None, draft: str) -> None:
        """Another chat came to the screen, with this draft."""
        self._open, self._shown = key, []
        if key is None:
            return
        if not draft:
            self._known.pop(key, None)
        elif key not in self._known:  # written before the program was started anew
            self._known[key] = self._at(key)
        self.drawn()

    def _at(self, key: ConversationId) -> int:
        stored = self._desk.drafts.get(key)
        at = stored.at if stored is not None else self._desk.clock()
        lines = self._desk.transcript(key)
        return max((x.message.no for x in lines if _is_news(x) and x.message.at <= at), default=0)

    def drawn(self) -> None:
        """What there is of the open chat is on the screen."""
        if self._open is None:
            return
        last = self._desk.conversations.last_confirmed(self._open)
        if not self._shown or self._shown[-1][0] < last:
            self._shown.append((last, self._desk.clock()))

    def edited(self, draft: str) -> None:
        """A key in the composer; the reply's text is now `draft`."""
        key = self._open
        if key is None:
            return
        if not draft:
            self._known.pop(key, None)
        elif key not in self._known:
            self.know(key)
        else:
            now = self._desk.clock()
            read = [number for number, since in self._shown if now - since >= self._ms]
            self._known[key] = max([self._known[key], *read])

    def know(self, key: ConversationId) -> None:
        """Everything there is was read."""
        self._known[key] = self._desk.conversations.last_confirmed(key)

    def forget(self, key: ConversationId) -> int:
        """The draft was sent; what its author knew."""
        return self._known.pop(key, self._desk.conversations.last_confirmed(key))

    def again(self, key: ConversationId, known: int) -> None:
        """It was taken back."""
        self._known[key] = known

    def since(self, key: ConversationId) -> Sequence[Line]:
        """What others wrote that the draft's author does not know."""
        known = self._known.get(key)
        if known is None or self._desk.conversations.last_confirmed(key) <= known:
            return ()
        me = self._desk.me.id
        lines = self._desk.transcript(key)
        return [x for x in lines if _is_news(x) and x.message.no > known and x.message.author != me]


def _is_news(line: Line) -> bool:
    return line.message.kind in OTHERS and line.state not in UNCONFIRMED
