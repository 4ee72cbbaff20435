"""What is done to all marked chats: shown first, done on Enter, undone in one step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from agent_tui.desk import bulk
from agent_tui.desk.board import AgentLine, board
from agent_tui.desk.reasons import AVAILABILITIES, word
from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Conversation, Role
from agent_tui.domain.staffing import Availability
from agent_tui.errors import DeskError, StoreError
from agent_tui.lang import Both
from agent_tui.text import clean
from agent_tui.tui.screens.dryrun import DryRunScreen, counted
from agent_tui.tui.screens.people import PeoplePicker
from agent_tui.tui.screens.pick import Choice

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Bulk:
    """Acts on the queue's marks, and tells what the server refused of it."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._told = {
            each.first
            for each in screen.desk.pending.bulks
            if not screen.desk.pending.waiting(each)
        }

    def changed(self) -> None:
        """The desk reads differently now: a deed may have come home."""
        desk = self._screen.desk
        for each in desk.pending.bulks:
            if each.first in self._told or desk.pending.waiting(each):
                continue
            self._told.add(each.first)
            if each.refused:
                said = clean(str(bulk.refusals(each)))
                self._screen.app.notify(said, severity="warning", timeout=12, markup=False)

    def marked(self) -> list[ConversationId]:
        """What a key in the list means: every marked chat, in the order shown; or none."""
        queue = self._screen.queue
        return queue.marked() if queue.has_focus else []

    def act(
        self,
        marked: Sequence[ConversationId],
        make: Callable[[Conversation], c.AgentCommand | None],
        title: Both,
    ) -> None:
        """Show what `make` would do to each of `marked`, then do it."""
        self._show(bulk.act(self._screen.desk, marked, make, title))

    async def assign(self, marked: Sequence[ConversationId]) -> None:
        """Ask to whom, and show how they would be spread."""
        title = str(Both(f"{len(marked)} 个会话转给", f"Assign {len(marked)} chats to"))
        picker = PeoplePicker(title, self._targets(marked), self._eligible())
        chosen = await self._screen.app.push_screen_wait(picker)
        if not chosen:
            return
        kind, _, key = chosen.partition(":")
        if kind == "team" and key in self._screen.names.teams:
            self._to_team(marked, TeamId(key))
            return
        match kind:
            case "spread":
                to = self._members(key)
            case "agents":
                to = [AgentId(each) for each in key.split(",")]
            case _:
                to = [AgentId(chosen)]
        try:
            run = bulk.assign(self._screen.desk, marked, to)
        except DeskError as error:
            self._screen.app.notify(clean(str(error)), severity="warning", markup=False)
            return
        self._show(run)

    def _to_team(self, marked: Sequence[ConversationId], team: TeamId) -> None:
        name = self._screen.names.of(team)
        title = Both(f"转到团队 {name}", f"to the team {name}")
        self._show(bulk.act(self._screen.desk, marked, lambda _: c.Assign(team=team), title))

    def _show(self, run: bulk.DryRun) -> None:
        def closed(sure: bool | None) -> None:
            if sure and run.steps:
                self._apply(run)

        shown = DryRunScreen(run, self._screen.keymap.shown("undo"))
        self._screen.app.push_screen(shown, callback=closed)

    def _apply(self, run: bulk.DryRun) -> None:
        screen = self._screen
        try:
            done = bulk.apply(screen.desk, run)
        except StoreError as error:
            screen.doing.trouble(error)
            return
        screen.queue.unmark()
        screen.ui.ring()
        screen.listing.reorder()
        screen.doing.say(self._said(run.title, done), seconds=6)

    def _said(self, title: Both, done: bulk.Applied) -> Both:
        """What was done, what was not and why; how it is undone, if there is anything to undo."""
        key, parts = self._screen.keymap.shown("undo"), [title, counted(done.queued)]
        if done.skipped:
            [(why, _)] = Counter(why for _, why in done.skipped).most_common(1)
            count = len(done.skipped)
            parts.append(Both(f"跳过 {count} 个：{why.zh}", f"{count} skipped: {why.en}"))
        if done.queued:
            parts.append(Both(f"{key} 撤销", f"{key} undoes"))
        return Both(" · ".join(each.zh for each in parts), " · ".join(each.en for each in parts))

    # --- who can be chosen -----------------------------------------------------------------------

    def _targets(self, marked: Sequence[ConversationId]) -> list[Choice]:
        """Least loaded of the marked chats' team first; then agents, the emptiest first; teams."""
        screen = self._screen
        desk, teams = screen.desk, screen.names.teams
        states = [state for key in marked if (state := desk.conversation(key)) is not None]
        often = [team for team, _ in Counter(state.team for state in states).most_common()]
        order = dict.fromkeys([*often, *teams])
        spread = []
        for team in order:
            online = len(self._members(team))
            if team in teams and online:
                name = Both(teams[team].name_zh, teams[team].name_en)
                title = Both(f"分给{name.zh}在线的人", f"spread over {name.en}")
                hint = str(Both(f"{online} 人，负载低的先", f"{online} online, least loaded"))
                spread.append(Choice(f"spread:{team}", str(title), hint, f"{team} {title.en}"))
        agents = [self._person(line) for line in sorted(board(desk).agents, key=_fullness)]
        back = str(Both("放进团队队列", "into the team's queue"))
        to_teams = [
            Choice(f"team:{t.id}", str(Both(t.name_zh, t.name_en)), back, t.id)
            for t in teams.values()
        ]
        return [*spread, *agents, *to_teams]

    def people(self) -> list[Choice]:
        """Whom one chat may go to, and what they do now: who is there and has room comes first."""
        desk = self._screen.desk
        lines = sorted(board(desk).agents, key=_fullness)
        lines.sort(key=lambda line: line.id == desk.me.id)  # to oneself: there is a key for that
        shown = {line.id for line in lines}
        people = [replace(each, value=f"agent:{each.value}") for each in map(self._person, lines)]
        for agent in self._eligible():
            if agent.id not in shown:  # of other teams: their chats are not seen here
                state = self._availability(agent.id)
                hint = f"@{agent.id} · {word(AVAILABILITIES, state)}"
                people.append(Choice(f"agent:{agent.id}", agent.name, hint, f"@{agent.id}"))
        return people

    def is_out(self, agent: AgentId) -> bool:
        """Whether a colleague is offline."""
        me = self._screen.desk.me.id
        return agent != me and self._availability(agent) is Availability.OFFLINE

    def _availability(self, agent: AgentId) -> Availability:
        duty = self._screen.desk.directory.duties().get(agent)
        return duty.availability if duty is not None else Availability.OFFLINE

    def _person(self, line: AgentLine) -> Choice:
        state = word(AVAILABILITIES, line.availability)
        more = "+" if line.partial else ""
        hint = f"@{line.id} · {state} {line.load:g}{more}/{line.capacity:g}"
        return Choice(line.id, line.name, hint, f"@{line.id}")

    def _eligible(self) -> list[Agent]:
        agents = self._screen.names.agents.values()
        return [each for each in agents if not each.disabled and each.role is not Role.TRAINEE]

    def _members(self, team: str) -> list[AgentId]:
        """Who of the team takes chats now, and may have any."""
        desk = self._screen.desk
        floor = desk.directory.floor(desk.clock())
        return [
            agent.id
            for agent in self._eligible()
            if floor.takes(agent)
            and floor.works_for(agent, team)
            and floor.capacity(agent, team) > 0
        ]


def _fullness(line: AgentLine) -> tuple[int, float, str]:
    """Who is there comes first, who is offline last; of them the emptiest."""
    place = list(Availability).index(line.availability)
    return (place, line.load / line.capacity if line.capacity else math.inf, line.name)
