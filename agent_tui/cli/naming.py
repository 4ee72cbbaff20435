"""What people call things on the command line: agents, teams, filters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from agent_tui.desk.meant import AGENT, TEAM, guess, shown_types, stranger, types
from agent_tui.domain.filter_keys import BY_NAME, chosen, fold
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.errors import NotFound, UsageError
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.filters import Filter, View
    from agent_tui.domain.model import Agent, Team


def known(key: str, names: Collection[str], kind: Both) -> None:
    """Raises NotFound with the nearest name, unless nothing is known here yet."""
    if names and key not in names:
        raise missing(kind, key, names)


def missing(kind: Both, key: str, names: Collection[str], shown: Collection[str] = ()) -> NotFound:
    """The error for a name that is none of `names`, nor `shown` as one: the nearest one, or all
    `names` there are."""
    listed = " ".join(sorted(names)) or "-"
    return NotFound(
        Both(f"没有{kind.zh} {key}", f"there is no {kind.en} {key}"),
        guess(key, {*names, *shown}) or Both(f"现有：{listed}", f"there are: {listed}"),
    )


Called = Mapping[str, Collection[str]]  # the names that each id is shown by


def of_agents(agents: Iterable[Agent]) -> Called:
    """How accounts are called."""
    return {each.id: (each.name,) for each in agents}


def of_teams(teams: Iterable[Team]) -> Called:
    """How teams are called, in both languages."""
    return {each.id: (each.name_zh, each.name_en) for each in teams}


def meant(kind: Both, key: str, called: Called) -> str | None:
    """The id that `key` is, else the one whose shown name it is, however it is written (case,
    width); None if there is none. Raises UsageError with their ids if several are called so."""
    if key in called:
        return key
    wanted = fold(key.strip())
    found = [each for each in called if fold(each) == wanted] or [
        each for each, names in called.items() if wanted in map(fold, names)
    ]
    if len(found) > 1:
        listed = " ".join(sorted(found))
        raise UsageError(
            Both(
                f"不止一个{kind.zh}叫 {key}：{listed}",
                f"more than one {kind.en} is called {key}: {listed}",
            ),
            Both("写编号", "give the id"),
        )
    return found[0] if found else None


def one(kind: Both, key: str, called: Called) -> str:
    """What `meant` finds. Raises NotFound with the nearest name, or all ids; UsageError."""
    found = meant(kind, key, called)
    if found is None:
        ids = set(map(fold, called))
        shown = {name for names in called.values() for name in names if fold(name) not in ids}
        raise missing(kind, key, called, shown)
    return found


def is_who(key: str, who: str) -> bool:
    """Whether `key` writes `who`, `me` or `none`, as filters do."""
    return chosen(BY_NAME["agent"], key) == who


def agent(desk: Desk, key: str) -> AgentId:
    """The account `key`, by id or name; `me` is one's own. Raises NotFound, UsageError."""
    if is_who(key, "me"):
        return desk.me.id
    called = of_agents(desk.directory.agents().values())
    return AgentId(one(AGENT, key, called) if called else key)  # nothing is known here yet


def team(desk: Desk, key: str) -> TeamId:
    """The team `key`, by id or name. Raises NotFound, UsageError."""
    called = of_teams(desk.directory.teams().values())
    return TeamId(one(TEAM, key, called) if called else key)


def filtered(desk: Desk, text: str) -> tuple[Filter, View]:
    """The filter that `text` is, and from where it looks.

    Raises FilterError with the place, also for an id that is how several begin, and NotFound for
    a team, agent or type that does not exist: a script must not take a slip of the pen for an empty
    list.
    """
    from agent_tui.domain.filters import View, parse

    found, every = parse(text), types(desk)
    view = View.over(
        desk.clock(),
        desk.directory.policy,
        desk.me.id,
        agents=desk.directory.agents().values(),
        teams=desk.directory.teams().values(),
        inboxes=desk.directory.inboxes().values(),
        types=every,
        chats=desk.conversations.ids(),
        plan=desk.directory.plan,
    )
    for kind, name in found.strangers(view):
        if kind == "id":
            raise stranger(text, kind, name, ())
        if kind == "type":
            wrong = stranger(text, kind, name, every, shown_types(every))
            raise NotFound(wrong.title, wrong.hint)
        names = desk.directory.teams().keys() if kind == "team" else desk.directory.agents().keys()
        if names:  # else nothing is known here yet
            wrong = stranger(text, kind, name, names)
            raise NotFound(wrong.title, wrong.hint)
    return found, view
