"""A chat that is put aside, and one that is over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from agent_tui.desk.unfinished import unfinished
from agent_tui.domain import commands as c
from agent_tui.domain.context import is_lead
from agent_tui.domain.model import Conversation, Status
from agent_tui.domain.statuses import LONGEST_COOLING_MS, LONGEST_SNOOZE_MS
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.commands.conversation import leave
from agent_tui.tui.moments import EXAMPLES
from agent_tui.tui.screens.moment import MomentScreen
from agent_tui.tui.screens.pick import Choice, Confirm, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

HOUR_MS = 3600 * 1000
TYPED = "typed"


async def _ask(
    screen: Workstation, title: str, offers: Iterable[tuple[int, Both]], longest: int
) -> int | None:
    """When (ms): one of `offers`, or a time that is typed, at most `longest` ms away."""
    choices = [
        Choice(str(at), str(words), fmt.local(at).strftime("%m-%d %H:%M")) for at, words in offers
    ]
    choices.append(Choice(TYPED, str(Both("别的时间", "another time")), str(EXAMPLES)))
    chosen = await screen.app.push_screen_wait(Picker(title, choices, filtered=False))
    if chosen != TYPED:
        return int(chosen) if chosen else None
    hour = screen.config.interface.snooze_hour
    view = MomentScreen(title, screen.desk.clock, hour, longest)
    return await screen.app.push_screen_wait(view)


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
        target, marked = screen.doing.target(), screen.bulk.marked()
        title = screen.doing.about(Both("搁置到", "Snooze until"), marked)
        until = await _ask(screen, title, offers, LONGEST_SNOOZE_MS)
        if until is None:
            return
        command = c.SetStatus(Status.SNOOZED, until=until)
        if marked:
            when = fmt.local(until).strftime("%m-%d %H:%M")
            words = Both(f"搁置到 {when}", f"snooze until {when}")
            screen.bulk.act(marked, lambda _: command, words)
        elif screen.doing.act(command, Both("搁置", "snooze"), key=target):
            leave(screen, target)


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
        title = screen.doing.about(Both("让会话冷静到", "Let the chat rest until"))
        longest = LONGEST_SNOOZE_MS if is_lead(screen.desk.me) else LONGEST_COOLING_MS
        until = await _ask(screen, title, offers, longest)
        if until is None:
            return
        question = Both(
            "其间客户的消息不会有人看到，而且不能撤销。让会话冷静？",
            "Nobody will look at what the customer writes, and this cannot be undone. Do it?",
        )
        if await screen.app.push_screen_wait(Confirm(str(question))):
            done = Both("冷静", "cool down")
            if screen.doing.act(c.CoolDown(until=until), done, key=target, undoable=False):
                leave(screen, target)


class SetsStatus(Intent):
    """One chat's status, after a question where that may be a slip; or that of all marked ones."""

    status: ClassVar[Status]
    done: ClassVar[Both]
    needs_chat = True
    asks = True

    async def run(self, screen: Workstation) -> None:
        command = c.SetStatus(self.status)
        if marked := screen.bulk.marked():
            screen.bulk.act(marked, lambda _: command, self.done)
            return
        target, state = screen.doing.target(), screen.doing.state()
        question = self.doubt(screen, state) if state is not None else None
        if question and not await screen.app.push_screen_wait(Confirm(str(question))):
            return
        if screen.doing.act(command, self.done, key=target):
            self.then(screen)

    def doubt(self, screen: Workstation, state: Conversation) -> Both | None:
        """What is asked first; None: nothing."""
        raise NotImplementedError

    def then(self, screen: Workstation) -> None:
        """Once it is done."""


class WaitForCustomer(SetsStatus):
    id = "pending"
    default_keys = "ctrl+g"
    letters = "w"
    title = Both("等客户", "wait")
    doc = Both("标为等客户回复", "Mark as waiting for the customer")
    status = Status.PENDING
    done = Both("等客户", "waiting for customer")

    def doubt(self, screen: Workstation, state: Conversation) -> Both | None:
        if state.waiting_since is None:
            return None
        who = screen.doing.who(state.id)
        return Both(
            f"{who} 还在等回复。仍要标为等客户？",
            f"{who} waits for a reply. Mark it as waiting for the customer all the same?",
        )


class ResolveNext(SetsStatus):
    id = "resolve_next"
    default_keys = "ctrl+d"
    letters = "D"  # nobody types it by accident into the list
    title = Both("解决", "resolve")
    doc = Both("标为已解决并打开下一个；可撤销", "Resolve and open the next chat; can be undone")
    footer = ("composer",)
    status = Status.RESOLVED
    done = title

    def doubt(self, screen: Workstation, state: Conversation) -> Both | None:
        desk = screen.desk
        return unfinished(
            state,
            screen.doing.who(state.id),
            screen.chat.written(state.id),
            desk.directory.policy,
            desk.directory.plan,
            desk.clock(),
        )

    def then(self, screen: Workstation) -> None:
        screen.going.open_next()
