"""What people call things on the command line: agents, teams, filters."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from agent_tui.desk.meant import AGENT, TEAM, guess, stranger
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.errors import NotFound
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.domain.filters import Filter, View


def known(key: str, names: Collection[str], kind: Both) -> None:
    """Raises NotFound with the nearest name, unless nothing is known here yet."""
    if names and key not in names:
        raise missing(kind, key, names)


def missing(kind: Both, key: str, names: Collection[str]) -> NotFound:
    """The error for a name that is none of `names`: the nearest one, or all there are."""
    listed = " ".join(sorted(names)) or "-"
    return NotFound(
        Both(f"没有{kind.zh} {key}", f"there is no {kind.en} {key}"),
        guess(key, names) or Both(f"现有：{listed}", f"there are: {listed}"),
    )


def agent(desk: Desk, key: str) -> AgentId:
    """The account `key`; `me` is one's own. Raises NotFound."""
    if key == "me":
        return desk.me.id
    known(key, desk.directory.agents().keys(), AGENT)
    return AgentId(key)


def team(desk: Desk, key: str) -> TeamId:
    """The team `key`. Raises NotFound."""
    known(key, desk.directory.teams().keys(), TEAM)
    return TeamId(key)


def filtered(desk: Desk, text: str) -> tuple[Filter, View]:
    """The filter that `text` is, and from where it looks.

    Raises FilterError with the place, also for an id that is how several begin, and NotFound for
    a team or agent that does not exist: a script must not take a slip of the pen for an empty list.
    """
    from agent_tui.desk.reasons import TYPES
    from agent_tui.domain.filters import View, parse

    found = parse(text)
    view = View.over(
        desk.clock(),
        desk.directory.policy,
        desk.me.id,
        agents=desk.directory.agents().values(),
        teams=desk.directory.teams().values(),
        inboxes=desk.directory.inboxes().values(),
        types=TYPES,
        chats=desk.conversations.ids(),
        plan=desk.directory.plan,
    )
    for kind, name in found.strangers(view):
        if kind == "id":
            raise stranger(text, kind, name, ())
        names = desk.directory.teams().keys() if kind == "team" else desk.directory.agents().keys()
        if names:  # else nothing is known here yet
            wrong = stranger(text, kind, name, names)
            raise NotFound(wrong.title, wrong.hint)
    return found, view
