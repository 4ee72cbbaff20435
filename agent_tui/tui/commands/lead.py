"""Many chats at once, the board, and who is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_tui.desk import board
from agent_tui.domain import commands as c
from agent_tui.domain.context import is_lead
from agent_tui.domain.ids import AgentId, TeamId
from agent_tui.domain.protocol import SurgeRequest
from agent_tui.domain.staffing import Availability
from agent_tui.lang import Both
from agent_tui.tui.commands.base import Intent
from agent_tui.tui.screens.pick import Choice, Picker

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

STATES = (
    (Availability.ONLINE, Both("在线", "online"), Both("接新会话", "new chats come in")),
    (Availability.BUSY, Both("忙碌", "busy"), Both("不接新的", "no new chats")),
    (Availability.AWAY, Both("离开：休息", "away: a break"), Both("不接新的", "no new chats")),
    (Availability.AWAY, Both("离开：用餐", "away: a meal"), Both("不接新的", "no new chats")),
    (Availability.AWAY, Both("离开：开会", "away: a meeting"), Both("不接新的", "no new chats")),
    (Availability.OFFLINE, Both("下线", "offline"), Both("会话退回", "chats go back")),
)
MINUTES = (30, 60, 120, 240)
FACTORS = (1.5, 2.0, 3.0, 1.0)  # the usual one first


class FilterQueue(Intent):
    id = "filter"
    default_keys = "alt+q"
    letters = "f"
    title = Both("筛选", "filter")
    doc = Both(
        "筛选列表，如 team:退款 waiting>5m tag:vip；Esc 取消",
        "Filter the queue, as team:refunds waiting>5m tag:vip; Esc ends it",
    )
    footer = ("queue",)

    async def run(self, screen: Workstation) -> None:
        screen.filtering.begin()


class Mark(Intent):
    id = "mark"
    letters = "space"
    title = Both("标记", "mark")
    doc = Both(
        "标记会话或取消；转交、标签、解决等对所有标记的生效",
        "Mark the chat or unmark it; assign, tag, resolve and so on then act on all marked",
    )

    async def run(self, screen: Workstation) -> None:
        screen.queue.mark()
        screen.listing.title()


class MarkAll(Intent):
    id = "mark_all"
    letters = "asterisk"
    title = Both("全标", "mark all")
    doc = Both("标记列表里的全部会话；再按一次全取消", "Mark every chat shown; once more: none")

    async def run(self, screen: Workstation) -> None:
        screen.queue.mark_all()
        screen.listing.title()


class TakeOver(Intent):
    id = "take_over"
    default_keys = "alt+t"
    letters = "C"
    footer = ("queue",)
    title = Both("接管", "take over")
    doc = Both(
        "接管同事的会话：归我，他们没发出的变成草稿；期间换了人就不动",
        "Take a colleague's chat over, unless it changed hands; what they did not send is a draft",
    )
    needs_chat = True

    async def run(self, screen: Workstation) -> None:
        state = screen.doing.state()
        if state is None:
            return
        if state.assignee == screen.desk.me.id:
            screen.doing.say(Both("已经是你的", "it is yours already"))
            return
        command = c.Assign(screen.desk.me.id, None, state.epoch, state.assignee)
        if screen.doing.act(command, Both("接管", "take over")):
            screen.open(state.id)


class ShowBoard(Intent):
    id = "board"
    default_keys = "alt+o"
    letters = "B"
    title = Both("看板", "board")
    doc = Both(
        "看板：各团队、各坐席的现状；组长可在上面改状态、开高峰支援",
        "The board of teams and agents; leads set states and surges there",
    )

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.screens.board import BoardScreen

        def back(_: None) -> None:
            # `f` or `a` pressed next is meant for the list, unless one was writing.
            if not screen.composer.text.strip():
                screen.queue.focus()

        screen.app.push_screen(BoardScreen(screen), back)


class ShowWallboard(Intent):
    id = "wallboard"
    default_keys = "alt+w"
    letters = "W"
    title = Both("大屏", "wallboard")
    doc = Both("大屏：各团队的大数字，给备用显示器", "Big figures of each team for a spare monitor")

    async def run(self, screen: Workstation) -> None:
        from agent_tui.tui.screens.wallboard import Wallboard

        screen.app.push_screen(Wallboard(screen.desk))


class SetState(Intent):
    id = "set_state"
    default_keys = "alt+s"
    letters = "S"
    title = Both("状态", "state")
    doc = Both(
        "我的状态：在线、忙碌、离开（可写原因）、下线",
        "My state: online, busy, away (a reason may be typed), offline",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        chosen = await ask_state(screen, str(Both("我的状态", "My state")))
        if chosen is not None:
            screen.duty.say(*chosen)


class Surge(Intent):
    id = "surge"
    title = Both("高峰支援", "surge")
    doc = Both(
        "组长：某个团队忙不过来时，机动坐席加入、上限提高；到时结束",
        "Leads: floating agents join a team and limits rise, for some time",
    )
    asks = True

    async def run(self, screen: Workstation) -> None:
        teams = [
            Choice(team.id, str(team.name), _running(team))
            for team in board.board(screen.desk).teams
        ]
        title = str(Both("哪个团队", "Which team"))
        chosen = await screen.app.push_screen_wait(Picker(title, teams))
        if chosen:
            await ask_surge(screen, TeamId(chosen))


def _running(team: board.TeamLine) -> str:
    if team.surge is None:
        return ""
    return str(Both(f"支援中 ×{team.surge.factor:g}", f"surge ×{team.surge.factor:g}"))


async def ask_state(screen: Workstation, title: str) -> tuple[Availability, str] | None:
    """Which state, with the reason; None for Escape. What fits no line is a reason to be away."""
    choices = [
        Choice(str(number), str(words), str(hint), f"{words.zh} {words.en}")
        for number, (_, words, hint) in enumerate(STATES)
    ]
    chosen = await screen.app.push_screen_wait(Picker(title, choices, free=True))
    if chosen is None:
        return None
    if not (chosen.isdecimal() and int(chosen) < len(STATES)):
        return Availability.AWAY, chosen
    state, words, _ = STATES[int(chosen)]
    _, _, reason = str(words).replace("：", ":").partition(":")
    return state, reason.strip()


async def set_others(screen: Workstation, agent: AgentId) -> None:
    """A lead says what another agent is."""
    if not is_lead(screen.desk.me):
        screen.doing.say(ONLY_LEADS)
        return
    name = screen.names.of(agent)
    chosen = await ask_state(screen, str(Both(f"{name} 的状态", f"{name}'s state")))
    if chosen is not None:
        await screen.asking.availability(agent, *chosen)


async def ask_surge(screen: Workstation, team: TeamId) -> None:
    """For how long; then who joins is shown, and how far limits rise is asked: Enter begins it."""
    if not is_lead(screen.desk.me):
        screen.doing.say(ONLY_LEADS)
        return
    name = screen.names.of(team)
    line = next((each for each in board.board(screen.desk).teams if each.id == team), None)
    choices = [Choice(str(m), str(Both(f"{m} 分钟", f"{m} minutes"))) for m in MINUTES]
    if line is not None and line.surge is not None:
        choices.append(Choice("0", str(Both("现在结束", "end it now"))))
    title = str(Both(f"{name} 高峰支援多久", f"Surge in {name} for"))
    chosen = await screen.app.push_screen_wait(Picker(title, choices, filtered=False))
    if chosen is None:
        return
    factor: str | None = str(FACTORS[0])
    if chosen != "0":
        joining = board.would_join(screen.desk, team)
        names = "、".join(joining) if joining else "-"
        question = Both(
            f"{name} 高峰支援 {chosen} 分钟；加入的机动坐席（在线 {len(joining)} 人）：{names}",
            f"Surge in {name} for {chosen} minutes; floating agents who join"
            f" ({len(joining)} online): {', '.join(joining) or '-'}",
        )
        # With a filter: a digit that bounced on its way here begins nothing.
        picker = Picker(str(question), [_limits(each) for each in FACTORS])
        factor = await screen.app.push_screen_wait(picker)
    if factor is not None:
        await screen.asking.surge(SurgeRequest(team, int(chosen), float(factor)))


def _limits(factor: float) -> Choice:
    """How far a surge raises the limits of those who work for the team."""
    if factor == 1:
        words = Both("上限不变，只加入机动坐席", "limits as they are, floating agents only")
    else:
        words = Both(f"上限 ×{factor:g}", f"limits ×{factor:g}")
    usual = str(Both("通常", "usual")) if factor == FACTORS[0] else ""
    return Choice(str(factor), str(words), usual)


ONLY_LEADS = Both("只有组长可以", "only leads can")
