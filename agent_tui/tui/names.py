"""What teams and agents are called, looked up once for many drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui import lang
from agent_tui.domain.ids import AgentId
from agent_tui.domain.model import Agent, Team
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.desk.desk import Desk
    from agent_tui.store.cache import Changes


class Names:
    """Agents and teams by id, as the desk last told."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._language = ""
        self._shown: dict[str, str] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.teams: dict[str, Team] = {}
        self._load()

    def changed(self, changes: Changes) -> None:
        """Read them again, if they may be others."""
        if changes.all or changes.things & {"agent", "team"}:
            self._load()

    def _load(self) -> None:
        self.agents = dict(self._desk.directory.agents())
        self.teams = dict(self._desk.directory.teams())
        self._language = ""

    @property
    def shown(self) -> dict[str, str]:
        """The name of each id, in the language in use; a team's before an agent's."""
        if self._language != lang.current():
            self._language = lang.current()
            self._shown = {agent.id: agent.name for agent in self.agents.values()}
            self._shown |= {
                team.id: str(Both(team.name_zh, team.name_en)) for team in self.teams.values()
            }
        return self._shown

    def of(self, key: str) -> str:
        """The name of an id; the id of a stranger."""
        return self.shown.get(key, key)
