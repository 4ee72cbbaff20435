"""The shop's routing settings, compiled: calendars, loads, difficulty classes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent_tui.domain.calendars import ALWAYS, BusinessTime, CalendarError, compile_calendar
from agent_tui.domain.ids import TeamId
from agent_tui.domain.model import Agent, Channel, Conversation, Status
from agent_tui.domain.staffing import Routing, Surge, TeamRules, TypeRules
from agent_tui.lang import Both

_TEAM = TeamRules()
_TYPE = TypeRules()
UNENDING = frozenset({Status.RESOLVED, Status.SNOOZED})


class PlanError(ValueError):
    """The settings contradict themselves: where, what, and what to do."""

    def __init__(self, place: str, what: Both, hint: Both) -> None:
        super().__init__(f"{place}: {what.en}")
        self.place = place
        self.what = what
        self.hint = hint


class Plan:
    """Answers what `routing` says of a chat or an agent. Raises PlanError, CalendarError."""

    def __init__(self, routing: Routing) -> None:
        self.routing = routing
        self._calendars = {
            name: compile_calendar(calendar, f"routing.calendars.{name}")
            for name, calendar in routing.calendars.items()
        }
        for place, name in self._named():
            if name and name not in self._calendars:
                raise PlanError(
                    place,
                    Both(f"没有日历 {name}", f"there is no calendar {name}"),
                    _known("calendars", self._calendars),
                )
        for team in routing.teams:
            self._check_overflow(team)
        if any(each.assign != "pull" for each in routing.teams.values()) and not routing.capacity:
            raise PlanError(
                "routing.capacity",
                Both("是 0，派不出任何会话", "is 0: no chat could be given to anybody"),
                Both("设为同时接待的会话数", "set it to what one agent can have at a time"),
            )

    def _named(self) -> Iterator[tuple[str, str]]:
        for key, rules in self.routing.teams.items():
            yield f"routing.teams.{key}.calendar", rules.calendar
        channels = {str(each) for each in Channel}
        for channel, name in self.routing.hours.items():
            place = f"routing.hours.{channel}"
            if channel not in channels:
                raise PlanError(
                    place,
                    Both(f"没有渠道 {channel}", f"there is no channel {channel}"),
                    _known("channels", channels),
                )
            yield place, name

    def _check_overflow(self, team: str) -> None:
        chain = [team]
        while into := self.routing.teams.get(chain[-1], _TEAM).overflow:
            place = f"routing.teams.{chain[-1]}.overflow"
            if into not in self.routing.teams:
                raise PlanError(
                    place,
                    Both(f"没有团队 {into}", f"there is no team {into}"),
                    _known("teams", self.routing.teams),
                )
            if into in chain:
                circle = " → ".join([*chain[chain.index(into) :], into])
                raise PlanError(
                    place,
                    Both(f"绕成了圈：{circle}", f"runs in a circle: {circle}"),
                    Both("去掉其中一个 overflow", "take one of these overflows out"),
                )
            chain.append(into)

    def team(self, key: str) -> TeamRules:
        """How the team's chats are given out; by pull if nothing is said of it."""
        return self.routing.teams.get(key, _TEAM)

    def type(self, key: str) -> TypeRules:
        """What the question type asks for; what `default` says if nothing is said of it."""
        return self.routing.types.get(key) or self.routing.types.get("default", _TYPE)

    def hours(self, conversation: Conversation) -> BusinessTime:
        """When the conversation's clocks run: by its channel's calendar, or its team's."""
        name = self.routing.hours.get(conversation.channel)
        if name is None:
            name = "" if conversation.channel is Channel.MAIL else self._team_calendar(conversation)
        return self._calendars[name] if name else ALWAYS

    def _team_calendar(self, conversation: Conversation) -> str:
        return self.team(conversation.team).calendar

    def open_hours(self, team: str) -> BusinessTime:
        """When the team works."""
        name = self.team(team).calendar
        return self._calendars[name] if name else ALWAYS

    def opens(self, team: str, now: int) -> str:
        """When the team works again, as its own clocks on the wall show it."""
        calendar = self.routing.calendars.get(self.team(team).calendar)
        at = self.open_hours(team).next_open(now)
        zone = ZoneInfo(calendar.zone) if calendar is not None else UTC
        return datetime.fromtimestamp(at / 1000, zone).strftime("%m-%d %H:%M")

    def shift(self, agent: Agent) -> BusinessTime:
        """When the agent works, if it is said; an unknown calendar sends nobody home."""
        return self._calendars.get(agent.shift, ALWAYS)

    def weigh(self, channel: Channel) -> float:
        """The load of one conversation of this channel."""
        match channel:
            case Channel.MAIL:
                return self.routing.mail_load
            case Channel.PHONE:
                return self.routing.phone_load
            case _:
                return self.routing.chat_load

    def load(self, conversation: Conversation) -> float:
        """What the conversation weighs for its owner now: nothing when it sleeps or is solved."""
        return 0.0 if conversation.status in UNENDING else self.weigh(conversation.channel)

    def capacity(self, agent: Agent, surge: Surge | None = None) -> float:
        """The load that the agent may have at a time; in a surge, more (whole chats)."""
        base = self.routing.capacity if agent.capacity is None else agent.capacity
        return base if surge is None else math.ceil(base * surge.factor)


def _known(what: str, names: Collection[str]) -> Both:
    listed = ", ".join(sorted(names)) or "-"
    return Both(f"现有：{listed}", f"known {what}: {listed}")


def surge_of(surges: Collection[Surge], team: TeamId | str, now: int) -> Surge | None:
    """The team's surge that runs at `now`."""
    return next((s for s in surges if s.team == team and s.since <= now < s.until), None)


PLAIN = Plan(Routing())
"""Of a shop that said nothing: agents take chats themselves, and time never stands."""

__all__ = ["PLAIN", "CalendarError", "Plan", "PlanError", "surge_of"]
