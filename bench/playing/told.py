"""What customers were told of their wait, and how long it then took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from agent_tui.domain import waits
from agent_tui.domain.events import WaitTold
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.model import Conversation, Wait
from agent_tui.domain.routing import Floor, Seat, order_key
from agent_tui.domain.waits import Pace

LEAST = 100  # waits of a team by which it can be judged
HELD = (0.85, 0.95)
BIAS = 0.10


@dataclass(frozen=True, slots=True)
class Came:
    """A wait that was told, and how long it took (ms)."""

    team: str
    told: Wait
    ms: int


class Told:
    """As `server.waits.Waits`, over the conversations of a house without a database."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self._paces: defaultdict[TeamId, Pace] = defaultdict(Pace)

    def of(
        self,
        s: Conversation,
        queue: Sequence[Conversation],
        seats: Mapping[AgentId, Seat],
        floor: Floor,
    ) -> WaitTold | None:
        """What the customer of `s` is told, once a wait; `queue`: all who wait."""
        if s.wait is not None:
            return None
        key = order_key(s)
        ahead = sum(each.team == s.team and order_key(each) < key for each in queue)
        able = (seat.agent for seat in seats.values() if floor.works_for(seat.agent, s.team))
        room = sum(floor.capacity(agent, s.team) for agent in able)
        return waits.tell(ahead, room / (floor.plan.load(s) or 1.0), self._paces[s.team])

    def ended(self, s: Conversation, now: int) -> None:
        """Somebody was given `s`."""
        if s.wait is not None:
            self.came.append(Came(s.team, s.wait, now - s.wait.at))
            self._paces[s.team] = waits.learn(self._paces[s.team], s.wait, now)


@dataclass(frozen=True, slots=True)
class Holds:
    """Of a team's waits: how many, the share that took at most the high end, and the median of
    actual over told median."""

    team: str
    count: int
    share: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.team}: {self.count} waits told, {100 * self.share:.0f} % within the high end,"
            f" median {self.ratio:.2f} of the low end"
        )

    @property
    def good(self) -> bool:
        """As promised."""
        return HELD[0] <= self.share <= HELD[1] and abs(self.ratio - 1) <= BIAS


def holds(came: Sequence[Came]) -> list[Holds]:
    """Each team that told enough, and all of them together."""
    of: defaultdict[str, list[Came]] = defaultdict(list)
    for each in came:
        of[each.team].append(each)
    teams = {team: found for team, found in sorted(of.items()) if len(found) >= LEAST}
    if came:
        teams["all"] = list(came)
    return [
        Holds(
            team,
            len(found),
            sum(each.ms <= each.told.high for each in found) / len(found),
            median(each.ms / max(1, each.told.low) for each in found),
        )
        for team, found in teams.items()
    ]
