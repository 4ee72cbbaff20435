"""Whose the conversation at hand is; and undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.pick import Choice, Confirm, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation


class Claim(Intent):
    id = "claim"
    default_keys = "ctrl+k"
    letters = "c"
    title = Both("认领", "claim")
    doc = Both("认领会话", "Make the chat mine")
    footer = ("queue",)
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        if marked := screen.bulk.marked():
            screen.bulk.act(marked, lambda _: c.Claim(), Both("认领", "claim"))
        else:
            screen.doing.act(c.Claim(), Both("认领", "claim"))


class Release(Intent):
    id = "release"
    default_keys = "ctrl+r"
    letters = "r"
    title = Both("放回", "release")
    doc = Both("把会话放回团队队列", "Give the chat back to the team's queue")
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        title = Both("放回队列", "release")
        if marked := screen.bulk.marked():
            screen.bulk.act(marked, lambda _: c.Release(), title)
        else:
            screen.doing.act(c.Release(), title)


class Assign(Intent):
    id = "assign"
    default_keys = "ctrl+a"
    letters = "a"
    title = Both("转交", "assign")
    doc = Both("转交给同事或团队", "Assign the chat to a colleague or a team")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        if marked := screen.bulk.marked():
            await screen.bulk.assign(marked)
            return
        desk, target = screen.desk, screen.doing.target()
        people = screen.bulk.people()
        teams = [
            Choice(f"team:{t.id}", str(Both(t.name_zh, t.name_en)), str(Both("团队", "team")), t.id)
            for t in desk.directory.teams().values()
        ]
        title = screen.doing.about(Both("转给谁", "Assign to"))
        chosen = await screen.app.push_screen_wait(Picker(title, [*people, *teams]))
        if not chosen:
            return
        kind, _, key = chosen.partition(":")
        if kind == "agent" and screen.bulk.is_out(AgentId(key)):
            there = screen.names.of(key)
            question = Both(
                f"{there} 已下线，上线前不会看到这个会话。仍然转交？",
                f"{there} is offline and will not see the chat before coming back. Assign it?",
            )
            if not await screen.app.push_screen_wait(Confirm(str(question))):
                return
        command = c.Assign(agent=AgentId(key)) if kind == "agent" else c.Assign(team=TeamId(key))
        given_away = command.agent != screen.desk.me.id
        name = screen.names.of(key)
        words = Both(f"转给 {name}", f"assign to {name}")
        if screen.doing.act(command, words, key=target) and given_away:
            # An open composer on somebody else's chat is how the wrong customer gets an answer.
            leave(screen, target)


def leave(screen: Workstation, key: ConversationId | None) -> None:
    """Chat `key` is not one's own business any more; another one that is open stays so."""
    if key == screen.current:
        screen.going.leave()


class Undo(Intent):
    id = "undo"
    default_keys = "ctrl+z"
    letters = "u"
    title = Both("撤销", "undo")
    doc = Both(
        "撤回还没发出的回复，撤销最近一步；刚打过字时撤销打字",
        "Take back a reply that has not left, undo the last step; right after typing, the typing",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        step = screen.doing.elsewhere()
        if step is not None:
            question = Both(
                f"撤销{step.who}的“{step.title.zh}”？那是 {step.minutes} 分钟前在另一个会话里做的",
                f"Undo “{step.title.en}” of {step.who}? That was {step.minutes} min ago, elsewhere",
            )
            if not await screen.app.push_screen_wait(Confirm(str(question))):
                return
        screen.doing.undo()
