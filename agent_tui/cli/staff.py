"""`user set`: what an account can do, and how much of it at a time."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent_tui.cli import output
from agent_tui.cli.administration import Account, agent_of
from agent_tui.cli.naming import missing
from agent_tui.cli.options import Json
from agent_tui.cli.output import words
from agent_tui.cli.served import Data, Database, administering
from agent_tui.errors import UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.domain.model import Agent
    from agent_tui.domain.plan import Plan

MOST = 1000
SHOP = "default"


def add_to(user: typer.Typer) -> None:
    """Make `set` one of the commands of `user`."""
    user.command(
        "set", help=words("技能、语言、容量、机动、班次", "Skills, languages, capacity, shift.")
    )(user_set)


def user_set(
    account: Account,
    skill: Annotated[
        list[str] | None,
        typer.Option(help=words("技能，可重复；空串清除", "repeat for more; '' for none")),
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help=words("语言，可重复；空串不限", "repeat for more; '' for any")),
    ] = None,
    capacity: Annotated[
        str,
        typer.Option(
            metavar="LOAD",
            help=words("同时接待的负载；default 用店铺的", "load at a time; default: the shop's"),
        ),
    ] = "",
    floating: Annotated[
        bool | None,
        typer.Option("--floating/--no-floating", help=words("高峰时支援", "joins in a surge")),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(metavar="CALENDAR", help=words("班次日历；空串清除", "'' for none")),
    ] = None,
    data: Data = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Change what chats are given out by; what is not named stays."""
    import msgspec

    from agent_tui.cli.lead_shapes import StaffEntry
    from agent_tui.domain.plan import Plan
    from agent_tui.server import accounts

    changes: dict[str, Any] = {}
    if skill is not None:
        changes["skills"] = tuple(_name(each) for each in skill if each)
    if language is not None:
        changes["languages"] = tuple(_language(each) for each in language if each)
    if capacity:
        changes["capacity"] = load_of(capacity)
    if floating is not None:
        changes["floating"] = floating
    if shift is not None:
        changes["shift"] = shift
    if not changes:
        raise UsageError(
            Both("没有说改什么", "nothing was said to change"),
            Both("例如 --skill refund --capacity 6", "for example --skill refund --capacity 6"),
        )
    with administering(data, database) as (folder, writer):
        agent = agent_of(account, writer)
        plan = Plan(folder.config.sorting)  # as it is, or will be once the server has read it
        if shift and shift not in plan.routing.calendars:
            raise missing(Both("日历", "calendar"), shift, plan.routing.calendars)
        agent = msgspec.structs.replace(agent, **changes)
        _check_room(agent, plan, writer.directory.agents.values())
        writer.run_now(accounts.save_agent(agent))
    found = StaffEntry(
        agent.id,
        agent.name,
        agent.role,
        [str(each) for each in agent.teams],
        list(agent.skills),
        list(agent.languages),
        agent.capacity,
        agent.floating,
        agent.shift,
    )
    if json:
        output.document(found)
        return
    output.say(Both(f"已改 {agent.id}", f"{agent.id} is changed"))


def _check_room(agent: Agent, plan: Plan, everybody: Collection[Agent]) -> None:
    """Raises UsageError if nobody of a team could be given chats any more."""
    if agent.capacity != 0:
        return
    for team in agent.teams:
        if plan.team(team).assign == "pull":
            continue
        others = (
            each
            for each in everybody
            if each.id != agent.id and team in each.teams and not each.disabled
        )
        if not any(plan.capacity(each) for each in others):
            raise UsageError(
                Both(
                    f"容量都是 0，{team} 的会话派不给任何人",
                    f"all capacities are 0: nobody could be given chats of {team}",
                ),
                Both("先给团队里别人容量", "let somebody else of the team have capacity first"),
            )


def load_of(text: str) -> float | None:
    """A load as it is written; None for the shop's own figure. Raises UsageError."""
    if text == SHOP:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 <= found <= MOST:
        raise UsageError(
            Both(f"容量不能是 {text}", f"a capacity cannot be {text}"),
            Both(f"0 到 {MOST} 的数，或 {SHOP}", f"a number from 0 to {MOST}, or {SHOP}"),
        )
    return found


def _name(text: str) -> str:
    from agent_tui.text import clean_line

    if text != clean_line(text, 40) or not text.strip():
        raise UsageError(
            Both(f"技能不能叫 {text!r}", f"a skill cannot be called {text!r}"),
            Both("一个词，最多 40 字", "a word of at most 40 characters"),
        )
    return text


def _language(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?", text):
        raise UsageError(
            Both(f"语言不能是 {text!r}", f"{text!r} is no language"),
            Both("写成 zh、en、ja", "write zh, en or ja"),
        )
    return text
