"""What was filled into macros in each chat, so that the next macro does not ask for it again.

In memory only: an order number is asked for twice within minutes, not over a restart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent_tui.domain.ids import ConversationId
    from agent_tui.macros.model import Slot

CHATS = 100  # of which it is known


class Answer(NamedTuple):
    """What was typed, and what had been proposed in its place."""

    text: str
    proposed: str


Asked = tuple[str, str]  # a slot's name and its question: other macros ask other things by one name


class Answers:
    """Answers by chat, those of the chats that were answered in last."""

    def __init__(self) -> None:
        self._known: OrderedDict[ConversationId, dict[Asked, Answer]] = OrderedDict()

    def keep(
        self,
        chat: ConversationId,
        slots: Mapping[str, Slot],
        proposed: Mapping[str, str],
        given: Mapping[str, str],
    ) -> None:
        """`given` was filled in where `proposed` stood."""
        known = self._known.setdefault(chat, {})
        self._known.move_to_end(chat)
        for name, slot in slots.items():
            known[name, slot.prompt] = Answer(given[name], proposed.get(name, ""))
        if len(self._known) > CHATS:
            self._known.popitem(last=False)

    def over(
        self, chat: ConversationId, slots: Mapping[str, Slot], proposed: Mapping[str, str]
    ) -> dict[str, str]:
        """`proposed`, with what was typed instead. Something new that is proposed, as the order
        that the chat came to, is taken rather than what was typed before it."""
        found = dict(proposed)
        for name, slot in slots.items():
            answer = self._known.get(chat, {}).get((name, slot.prompt))
            if answer is not None and answer.proposed == proposed.get(name, ""):
                found[name] = answer.text
        return found
