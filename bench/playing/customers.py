"""What customers do: write, wait, ask again, think, come back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import Conversation
from playing.draws import FOLLOW, GREETINGS, NUDGES, Turn, Visit

if TYPE_CHECKING:
    from playing.play import Day

LEAST_WORK = 2_000  # of a message that only repeats (ms)


@dataclass
class Talk:
    """A conversation from the customer's side. `step` grows with every turn and every reply."""

    visit: Visit
    script: deque[Turn]
    work: int = 0  # of an agent, for what is not answered yet (ms)
    step: int = 0
    answered: bool = True
    messages: int = 0
    asking: list[Visit] = field(default_factory=list)
    asked_at: int = 0  # when the turn that is not answered began


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a visit waited for its first reply (ms); `None`: it never came."""

    visit: Visit
    ms: int | None


class Customers:
    """All of them."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self.talks: dict[ConversationId, Talk] = {}
        self.waits: list[Wait] = []
        self.later: list[int] = []  # waits for every later reply (ms)
        self.written = 0

    # --- writing ---------------------------------------------------------------------------------

    def arrive(self, visit: Visit) -> None:
        """The first message of a visit. It may come into a conversation that still runs."""
        turn = visit.turns[0]
        said = GREETINGS[visit.language] if turn.gaps else visit.text
        key = self._write(visit, said, f"m{visit.number:06d}")
        talk = self.talks.get(key)
        if talk is None or (talk.answered and not talk.script):
            talk = self.talks[key] = Talk(
                visit, deque(visit.turns[1:]), step=talk.step if talk else 0
            )
        else:
            rest = visit.turns if not talk.answered else visit.turns[1:]
            talk.script.extendleft(reversed(rest))
            talk.visit = visit
        talk.asking.append(visit)
        if talk.answered:
            self._turn(key, talk, turn, visit.text)

    def _turn(self, key: ConversationId, talk: Talk, turn: Turn, text: str) -> None:
        """A turn has begun with its first message."""
        talk.step += 1
        talk.answered = False
        talk.work = turn.work
        talk.asked_at = at = self._day.now
        for gap in turn.gaps:
            at += gap
            self._day.at(at, partial(self._goes_on, key, talk.step, text))
        for n in range(1, self._day.model.customers.nudges + 1):
            moment = self._day.now + n * turn.patience
            said = NUDGES[talk.visit.language]
            self._day.at(moment, partial(self._goes_on, key, talk.step, said))

    def _goes_on(self, key: ConversationId, step: int, text: str) -> None:
        talk = self.talks[key]
        if talk.step == step and not talk.answered:
            self._more(key, talk, text)

    def _more(self, key: ConversationId, talk: Talk, text: str) -> None:
        talk.messages += 1
        written = self._write(talk.visit, text, f"m{talk.visit.number:06d}-{talk.messages}")
        assert written == key, (written, key)

    def _write(self, visit: Visit, text: str, message: str) -> ConversationId:
        self.written += 1
        return self._day.house.receive(visit, text, message)

    # --- reading ---------------------------------------------------------------------------------

    def answered(self, state: Conversation) -> None:
        """A reply came."""
        talk = self.talks[state.id]
        now = self._day.now
        if not talk.asking and not talk.answered:
            self.later.append(now - talk.asked_at)
        self.waits += [Wait(visit, now - visit.at) for visit in talk.asking]
        talk.asking = []
        talk.work = 0
        talk.step += 1
        talk.answered = True
        if talk.script:
            at = now + max(1000, talk.script[0].think)
            self._day.at(at, partial(self._next_turn, state.id, talk.step))

    def _next_turn(self, key: ConversationId, step: int) -> None:
        talk = self.talks[key]
        if talk.step == step and talk.script:
            turn = talk.script.popleft()
            text = FOLLOW[talk.visit.language]
            self._more(key, talk, text)
            self._turn(key, talk, turn, text)

    def work(self, key: ConversationId) -> int:
        """What answering takes now (ms)."""
        return max(LEAST_WORK, self.talks[key].work)

    def is_over(self, key: ConversationId) -> bool:
        """Whether the customer has nothing more to ask."""
        talk = self.talks[key]
        return talk.answered and not talk.script

    def unanswered(self) -> list[Wait]:
        """Visits that never got a reply."""
        return [Wait(visit, None) for talk in self.talks.values() for visit in talk.asking]
