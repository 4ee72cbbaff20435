"""Who takes which chats, when: the shop's settings for giving work out, and who is at work.

Times are ms UTC where they are moments, seconds where they are lengths.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agent_tui.domain.calendars import Calendar
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.policy import DAY, Seconds
from agent_tui.domain.rules import Rule


class Availability(StrEnum):
    """Whether an agent takes chats."""

    ONLINE = "online"
    BUSY = "busy"  # at work, but no new ones
    AWAY = "away"
    OFFLINE = "offline"


class Duty(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent's availability since a moment (ms), with the reason that they or a lead gave."""

    agent: AgentId
    availability: Availability
    reason: str = ""
    since: int = 0


class Surge(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rush on a team until `until` (ms): floating agents join, capacities grow by `factor`."""

    team: TeamId
    since: int
    until: int
    factor: float = 1.5
    by: str = ""


def _meta(zh: str, en: str, **bounds: Any) -> Meta:
    return Meta(description=f"{zh} / {en}", **bounds)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the tables below."""


Load = Annotated[float, Meta(ge=0, le=1000)]
Assign = Literal["pull", "least_loaded", "longest_idle", "round_robin"]


class TeamRules(Settings, frozen=True):
    """How one team's chats are given out."""

    assign: Annotated[
        Assign,
        _meta(
            "pull 坐席自取；least_loaded 负载最低；longest_idle 空闲最久；round_robin 轮流",
            "pull: agents take them; or the server gives each to one of these",
        ),
    ] = "pull"
    calendar: Annotated[str, _meta("营业时间，取自 [calendars]", "its hours, of [calendars]")] = ""
    overflow: Annotated[
        str, _meta("忙不过来时转给哪个团队", "the team that helps when nobody has room")
    ] = ""
    overflow_after: Annotated[
        Seconds, _meta("等多久才转过去", "seconds that a chat waits before that")
    ] = 60


class TypeRules(Settings, frozen=True):
    """What a question type asks for."""

    difficulty: Annotated[
        Literal["", "common", "ordinary", "complex"],
        _meta("难度，决定解决时限", "decides in how long it is to be solved"),
    ] = ""
    skill: Annotated[str, _meta("需要的技能", "what its agent must be able to do")] = ""


class Giving(Settings, frozen=True):
    """How chats are given out."""

    capacity: Annotated[Load, _meta("每人同时接待的负载", "load of one agent at a time")] = 5.0
    chat_load: Annotated[Load, _meta("一个在线会话的负载", "what a chat weighs")] = 1.0
    mail_load: Annotated[Load, _meta("一封邮件的负载", "what a mail weighs")] = 0.25
    phone_load: Annotated[Load, _meta("一条电话记录的负载", "what a phone note weighs")] = 0.5
    lease: Annotated[
        Seconds, _meta("失联多久算离线", "seconds without a sign until an agent is offline")
    ] = 90
    answer_within: Annotated[
        Seconds,
        _meta("派出的会话多久没看就退回", "a chat not looked at goes back after this long"),
    ] = 60
    ignored: Annotated[
        int,
        _meta("连续几次没看就设为离开", "so many not looked at in a row, and one is away", ge=1),
    ] = 3
    last_agent: Annotated[
        Seconds,
        _meta("多久内的老顾客找回上次的坐席", "a customer returns to their last agent within"),
    ] = 30 * DAY
    warn_at: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=99)], ...],
        _meta("其他时钟走到百分之几时提醒", "other clocks warn at these shares, in percent"),
    ] = (75,)
    hours: Annotated[
        dict[str, str],
        _meta("各渠道按哪个日历计时", "the calendar by which a channel's clocks run"),
    ] = {}
    teams: Annotated[dict[str, TeamRules], _meta("各团队", "the teams")] = {}
    types: Annotated[dict[str, TypeRules], _meta("各问题类型", "the question types")] = {}
    calendars: Annotated[dict[str, Calendar], _meta("日历", "business calendars")] = {}


class Routing(Giving, frozen=True):
    """How chats are sorted and given out, as it is published."""

    rules: tuple[Rule, ...] = ()
