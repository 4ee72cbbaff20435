"""The ring of my live chats with its numbers, and the way back to the chat before this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from agent_tui.desk.rows import QueueRow, Section
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Status
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

SLOTS = 9
REMEMBERED = 99  # numbers that chats had, in case they come back
TRAIL = 10


class Slots:
    """Which of my chats has which number, from 1 to 9.

    A chat keeps its number until it leaves; the number then goes to whichever came first of those
    without one, or to the next that comes. A chat that comes back gets its old one if it is free.
    """

    def __init__(self) -> None:
        self._arrived: dict[ConversationId, None] = {}
        self._had: dict[ConversationId, int] = {}
        self.numbers: dict[ConversationId, int] = {}

    def recall(self, kept: Sequence[str]) -> None:
        """The chats that had the numbers 1, 2 ... when the program last ended; "" for none."""
        self._had = {ConversationId(key): slot for slot, key in enumerate(kept, 1) if key}

    def kept(self) -> tuple[str, ...]:
        """What `recall` takes."""
        by_slot = {slot: key for key, slot in self.numbers.items()}
        return tuple(by_slot.get(slot, ConversationId("")) for slot in range(1, SLOTS + 1))

    def follow(self, changes: Mapping[ConversationId, bool]) -> bool:
        """Chats that are now mine and live (True), or no longer; those that came, in order.

        Whether a number changed.
        """
        before = dict(self.numbers)
        for key in [key for key, here in changes.items() if not here]:
            self._arrived.pop(key, None)
            slot = self.numbers.pop(key, None)
            if slot is not None:
                self._had.pop(key, None)
                self._had[key] = slot
                while len(self._had) > REMEMBERED:
                    del self._had[next(iter(self._had))]
        came = [key for key, here in changes.items() if here and key not in self._arrived]
        self._arrived |= dict.fromkeys(came)
        taken = set(self.numbers.values())
        for key in came:
            slot = self._had.get(key)
            if slot is not None and slot not in taken:
                self.numbers[key] = slot
                taken.add(slot)
        free = [slot for slot in range(1, SLOTS + 1) if slot not in taken]
        waiting = [key for key in self._arrived if key not in self.numbers]
        self.numbers |= dict(zip(waiting, free, strict=False))
        return before != self.numbers

    def ring(self) -> list[ConversationId]:
        """All of them: by number, then those without one, as they came."""
        numbered = sorted(self.numbers, key=self.numbers.__getitem__)
        return [*numbered, *(key for key in self._arrived if key not in self.numbers)]


class Trail:
    """The chats that were open, the last one first."""

    def __init__(self) -> None:
        self._keys: list[ConversationId] = []

    def leave(self, key: ConversationId) -> None:
        """`key` is no longer on the screen."""
        self._keys = [key, *(each for each in self._keys if each != key)][:TRAIL]

    def before(self, current: ConversationId | None) -> list[ConversationId]:
        """Where one may go back to, the best first."""
        return [key for key in self._keys if key != current]


class Ring:
    """Keeps numbers and trail current, and goes around."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._follower = screen.desk.queue.follow()
        self._trail = Trail()
        self.slots = Slots()

    def start(self) -> None:
        """What is mine now, in the order in which it came; `slots.recall` may have been told."""
        desk = self._screen.desk
        mine = [
            state for row in desk.queue.rows() if live(row) and (state := desk.conversation(row.id))
        ]
        mine.sort(key=lambda state: (state.opened_at, state.id))
        self.slots.follow({state.id: True for state in mine})
        self._screen.queue.number(self.slots.numbers)

    def changed(self) -> None:
        """The desk reads differently now."""
        rows = self._follower.take()
        if rows and self.slots.follow({key: live(row) for key, row in rows.items()}):
            self._screen.queue.number(self.slots.numbers)
            self._screen.view.header()

    def leave(self, to: ConversationId | None) -> None:
        """The screen is about to show `to` instead of what it shows."""
        current = self._screen.current
        if current is not None and current != to:
            self._trail.leave(current)

    def number(self, key: ConversationId | None) -> int | None:
        """The number of a chat, if it has one."""
        return self.slots.numbers.get(key) if key is not None else None

    def go(self, slot: int) -> None:
        """Open my chat number `slot`."""
        found = next((key for key, each in self.slots.numbers.items() if each == slot), None)
        if found is None:
            self._screen.doing.say(Both(f"没有 {slot} 号会话", f"no chat has number {slot}"))
        else:
            self._screen.open(found)

    def step(self, by: int) -> None:
        """Open the next (1) or the previous (-1) of my chats; of tiles, the one beside."""
        if self._screen.tiles.step(by):
            return
        keys, current = self.slots.ring(), self._screen.current
        if current in keys:
            target = keys[(keys.index(current) + by) % len(keys)]
        elif keys:
            target = keys[0 if by > 0 else -1]
        if not keys or target == current:
            self._screen.doing.say(Both("没有别的我的会话", "there is no other chat of mine"))
        else:
            self._screen.open(target)

    def back(self) -> None:
        """Open the chat that was open before this one; once more comes back here."""
        screen = self._screen
        for key in self._trail.before(screen.current):
            if screen.desk.conversation(key) is not None:
                screen.open(key)
                return
        screen.doing.say(Both("之前没有打开过别的会话", "no other chat was open before"))


def live(row: QueueRow | None) -> bool:
    """Whether a chat is mine and neither solved nor put aside."""
    return row is not None and row.section is Section.MINE and row.status is not Status.SNOOZED
