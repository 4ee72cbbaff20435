"""Whose the conversation at hand is, and where it stands: owner, status, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.domain import commands as c
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Status
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.pick import Choice, Confirm, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

HOUR_MS = 3600 * 1000


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
            _leave(screen, target)


def _leave(screen: Workstation, key: ConversationId | None) -> None:
    """Chat `key` is not one's own business any more; another one that is open stays so."""
    if key == screen.current:
        screen.going.leave()


class Snooze(Intent):
    id = "snooze"
    default_keys = "ctrl+l"
    letters = "z"
    title = Both("搁置", "snooze")
    doc = Both("搁置到以后；到时自动回来", "Put the chat aside; it comes back by itself")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        now = screen.desk.clock()
        morning = fmt.tomorrow(now, screen.config.interface.snooze_hour)
        offers = [
            (morning, Both("明天", "tomorrow")),
            (now + HOUR_MS, Both("1 小时后", "in an hour")),
            (now + 3 * HOUR_MS, Both("3 小时后", "in 3 hours")),
            (morning + 24 * HOUR_MS, Both("后天", "in two days")),
            (morning + 6 * 24 * HOUR_MS, Both("一周后", "in a week")),
        ]
        choices = [
            Choice(str(at), str(title), fmt.local(at).strftime("%m-%d %H:%M"))
            for at, title in offers
        ]
        target, marked = screen.doing.target(), screen.bulk.marked()
        title = screen.doing.about(Both("搁置到", "Snooze until"), marked)
        chosen = await screen.app.push_screen_wait(Picker(title, choices, filtered=False))
        if chosen:
            command = c.SetStatus(Status.SNOOZED, until=int(chosen))
            if marked:
                screen.bulk.act(marked, lambda _: command, Both("搁置", "snooze"))
            elif screen.doing.act(command, Both("搁置", "snooze"), key=target):
                _leave(screen, target)


class CoolDown(Intent):
    id = "cool_down"
    letters = "X"
    title = Both("冷静", "cool down")
    doc = Both(
        "客户辱骂或纠缠：会话停到所选时间，其间来的消息不响不催，之后换人接待",
        "An abusive customer: the chat rests, whatever is written, then goes to somebody else",
    )
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        if screen.bulk.marked():
            screen.doing.say(Both("一次只能一个：Esc 取消标记", "one at a time: Esc unmarks"))
            return
        target, now = screen.doing.target(), screen.desk.clock()
        offers = [
            (now + HOUR_MS // 2, Both("半小时", "half an hour")),
            (now + 2 * HOUR_MS, Both("2 小时", "2 hours")),
            (now + 12 * HOUR_MS, Both("12 小时", "12 hours")),
            (now + 24 * HOUR_MS, Both("一天", "a day")),
        ]
        choices = [
            Choice(str(at), str(title), fmt.local(at).strftime("%m-%d %H:%M"))
            for at, title in offers
        ]
        title = screen.doing.about(Both("让会话冷静到", "Let the chat rest until"))
        chosen = await screen.app.push_screen_wait(Picker(title, choices, filtered=False))
        if not chosen:
            return
        question = Both(
            "其间客户的消息不会有人看到，而且不能撤销。让会话冷静？",
            "Nobody will look at what the customer writes, and this cannot be undone. Do it?",
        )
        if await screen.app.push_screen_wait(Confirm(str(question))):
            done = Both("冷静", "cool down")
            if screen.doing.act(c.CoolDown(until=int(chosen)), done, key=target, undoable=False):
                _leave(screen, target)


class WaitForCustomer(Intent):
    id = "pending"
    default_keys = "ctrl+g"
    letters = "w"
    title = Both("等客户", "wait")
    doc = Both("标为等客户回复", "Mark as waiting for the customer")
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        title = Both("等客户", "waiting for customer")
        if marked := screen.bulk.marked():
            screen.bulk.act(marked, lambda _: c.SetStatus(Status.PENDING), title)
            return
        target, state = screen.doing.target(), screen.doing.state()
        who = screen.doing.who(target) if target is not None else ""
        question = Both(
            f"{who} 还在等回复。仍要标为等客户？",
            f"{who} waits for a reply. Mark it as waiting for the customer all the same?",
        )
        owed = state is not None and state.waiting_since is not None
        if owed and not await screen.app.push_screen_wait(Confirm(str(question))):
            return
        screen.doing.act(c.SetStatus(Status.PENDING), title, key=target)


class ResolveNext(Intent):
    id = "resolve_next"
    default_keys = "ctrl+d"
    letters = "D"  # nobody types it by accident into the list
    title = Both("解决", "resolve")
    doc = Both("标为已解决并打开下一个；可撤销", "Resolve and open the next chat; can be undone")
    footer = ("composer",)
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        title = Both("解决", "resolve")
        if marked := screen.bulk.marked():
            screen.bulk.act(marked, lambda _: c.SetStatus(Status.RESOLVED), title)
        elif screen.doing.act(c.SetStatus(Status.RESOLVED), title):
            screen.going.open_next()


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
