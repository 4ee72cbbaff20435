"""Whether the agent here takes chats: what they said, and what others say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk.reasons import AVAILABILITIES, duty_reason, word
from agent_tui.domain.staffing import Availability, Duty
from agent_tui.domain.why import Because, Why
from agent_tui.lang import Both
from agent_tui.text import clean_line

if TYPE_CHECKING:
    from agent_tui.store.cache import Changes
    from agent_tui.tui.screens.workstation import Workstation

Said = tuple[Availability, str]
REASON_CHARS = 80
START: Said = (Availability.ONLINE, "")


class OwnDuty:
    """The own state. The server's word holds, but one's own shows at once."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._began = 0
        self._known: Duty | None = None
        self._said: list[Said] = []  # not yet come home

    def start(self) -> None:
        """What the cache says is no news. Who opens the desk is there."""
        self._began = self._screen.desk.clock()
        self._known = self._screen.desk.directory.duties().get(self._screen.desk.me.id)
        if self._known is not None and self._known.availability is Availability.OFFLINE:
            self.say(*START)

    def changed(self, changes: Changes) -> None:
        """The desk reads differently now."""
        if self._began and (changes.all or "duty" in changes.things):
            self._look()

    def say(self, availability: Availability, reason: str = "") -> None:
        """The agent is this from now on."""
        said = (availability, clean_line(reason, REASON_CHARS))
        if self._said or said != _said(self._known):
            self._said.append(said)
        if (port := self._screen.ui.port) is not None:
            port.say(*said)
        self._screen.draw_status()

    @property
    def now(self) -> Said | None:
        """What the agent is; None if nobody ever said."""
        return self._said[-1] if self._said else _said(self._known)

    def _look(self) -> None:
        desk = self._screen.desk
        before, self._known = self._known, desk.directory.duties().get(desk.me.id)
        duty, said = self._known, _said(self._known)
        if duty is None or said is None or said == _said(before):
            return
        if said in self._said:
            # Ones said before it are overtaken: of a burst only the last may have been told.
            del self._said[: self._said.index(said) + 1]
        elif duty.availability is Availability.OFFLINE and duty.since < self._began:
            self.say(*START)  # of an earlier day: who opens the desk is there
        elif Why.decode(duty.reason).code != Because.LEASE_ENDED:
            self._said.clear()
            if (port := self._screen.ui.port) is not None:
                port.learn(*said)
            was = before.availability if before is not None else Availability.OFFLINE
            if (was, duty.availability) != (Availability.OFFLINE, Availability.ONLINE):
                self._tell(duty)  # else one's own coming, or coming back

    def _tell(self, duty: Duty) -> None:
        state = AVAILABILITIES[duty.availability]
        why = duty_reason(duty.reason)
        self._screen.doing.say(
            Both(
                f"你的状态现在是：{state.zh}" + (f"（{why}）" if why else ""),
                f"you are now {state.en}" + (f": {why}" if why else ""),
            ),
            seconds=12,
        )

    def words(self) -> tuple[str, str]:
        """For the status line: what I am, with a colour. Online says whether chats come in."""
        if self.now is None:
            return "", ""
        availability, reason = self.now
        if availability is Availability.ONLINE:
            plan, me = self._screen.desk.directory.plan, self._screen.desk.me
            pushes = any(plan.team(team).assign != "pull" for team in me.teams)
            pushed = pushes and plan.capacity(me) > 0
            return (str(Both(" · 自动进线", " · chats come in")) if pushed else ""), ""
        why = duty_reason(reason)
        return f" · {word(AVAILABILITIES, availability)}" + (f" {why}" if why else ""), "$warning"


def _said(duty: Duty | None) -> Said | None:
    return (duty.availability, duty.reason) if duty is not None else None
