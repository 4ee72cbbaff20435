"""A lead's keys: filter, marks, the dry run, the board, presence."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from agent_tui.config import Config
from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Priority, Role, Status, Team
from agent_tui.domain.protocol import AvailabilityRequest, FileAnswer, SurgeRequest
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge, TeamRules
from agent_tui.domain.why import Because, Why
from agent_tui.store.cache import Changes
from agent_tui.tui import asking
from agent_tui.tui.format import local, tomorrow
from agent_tui.tui.named import named
from agent_tui.tui.screens.board import BoardScreen
from agent_tui.tui.screens.dryrun import DryRunScreen
from agent_tui.tui.screens.people import PeoplePicker
from agent_tui.tui.screens.wallboard import Wallboard
from agent_tui.tui.widgets.boardlines import BoardList
from tests import factories as f
from tests.tui.driver import ME, Person, World, sit_down

SUN = Agent(AgentId("sun"), "孙悦", Role.AGENT, (TeamId("after-sales"),))
FLOATER = Agent(AgentId("wu"), "吴桐", Role.AGENT, (TeamId("pre"),), floating=True)
TEAM = TeamId("after-sales")
T = TypeVar("T")
TYPED = 3  # what a typed filter counts, its Enter included


class Port:
    """The sync side, which only remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Availability, str]] = []
        self.asked: list[SurgeRequest | AvailabilityRequest] = []

    def say(self, availability: Availability, reason: str) -> None:
        self.said.append(("say", availability, reason))

    def learn(self, availability: Availability, reason: str) -> None:
        self.said.append(("learn", availability, reason))

    def surge(self, asked: SurgeRequest) -> Future[Surge]:
        self.asked.append(asked)
        return _answered(Surge(asked.team, 0, 0))

    def availability(self, asked: AvailabilityRequest) -> Future[Duty]:
        self.asked.append(asked)
        return _answered(Duty(asked.agent, asked.availability))

    def download(self, path: str, most: int) -> Future[bytes]:
        raise NotImplementedError

    def upload(self, key: str, name: str, content: bytes) -> Future[FileAnswer]:
        raise NotImplementedError

    def start(self) -> None: ...
    def close(self) -> None: ...
    def ring(self) -> None: ...
    def typing(self, conversation: ConversationId) -> None: ...
    def viewing(self, conversation: ConversationId, looking: bool) -> None: ...
    def look_up(self, conversation: ConversationId) -> None: ...


def _answered(value: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(value)
    return future


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[World]:
    """Twelve refunds and three others wait; three agents of the team are online."""
    world = World(tmp_path)
    world.feed([(None, e.AgentSaved(SUN)), (None, e.AgentSaved(FLOATER))])
    world.feed([(None, e.TeamSaved(Team(TeamId("pre"), "售前", "Pre-sales")))])
    for agent in ("li", "zhang", "sun", "wu"):
        world.online(agent)
    for number in range(15):
        world.chat(f"r{number:02}", f"客户{number}", "我要退款" if number < 12 else "在吗")
        if number < 10:
            world.feed([(f"r{number:02}", e.TypeSet("refund"))])
        world.clock.now += 1_000
    yield world


def owners(agent: Person) -> list[str | None]:
    """Who has the ten refunds."""
    states = [agent.desk.conversation(ConversationId(f"r{number:02}")) for number in range(10)]
    return [state.assignee for state in states if state is not None]


async def test_ten_filtered_chats_are_reassigned_in_eight_keys(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types("type:refund")
        await agent.press("enter")
        await agent.does("mark_all")
        assert len(agent.screen.bulk.marked()) == 10
        await agent.does("assign")
        await agent.press("enter")  # the team's least loaded
        assert isinstance(agent.app.screen, DryRunScreen)
        seen = agent.sees()
        assert "10 个会话" in seen and "0 → 3" in seen and "0 → 4" in seen
        await agent.press("enter")
        assert agent.keys - 1 + TYPED <= 8
        assert sorted(map(owners(agent).count, ("li", "zhang", "sun"))) == [3, 3, 4]
        assert len(floor.sent()) == 10
        await agent.does("undo")
        assert owners(agent) == [None] * 10


async def test_several_named_agents_share_the_marked(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.press("space", "space", "space", "space")
        await agent.does("assign")
        await agent.types("zhang,sun")
        await agent.press("enter", "enter")
        assert sorted(map(owners(agent).count, ("li", "zhang", "sun"))) == [0, 2, 2]


async def test_a_stranger_gets_nothing_and_the_other_names_stay(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.press("space", "space")
        await agent.does("assign")
        await agent.types("zhang,nobody,sn")
        seen = agent.sees()
        assert "zhang  → 张敏 @zhang" in seen and "没有匹配" not in seen
        assert "nobody  没有这个坐席" in seen and "sn  没有这个坐席，是不是 sun？" in seen
        await agent.press("enter")
        box = agent.app.screen.query_one(Input)
        assert (box.value, box.selected_text) == ("zhang,nobody,sn", "nobody")
        await agent.types("wu")
        await agent.press("enter")
        assert box.selected_text == "sn" and not floor.sent()
        await agent.types("孙悦")
        await agent.press("enter")
        assert "转给张敏、吴桐、孙悦" in agent.sees()


async def test_one_name_that_is_nobodys_says_whose_it_may_be(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.press("space")
        await agent.does("assign")
        await agent.types("zhank")
        assert "没有这个坐席，是不是 zhang？" in agent.sees()
        await agent.press("enter")
        assert isinstance(agent.app.screen, PeoplePicker) and not floor.sent()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("陈晨、@nora;", [("陈晨", 0, "chen"), ("@nora", 3, "nora")]),
        ("Anna Kowalska, c", [("Anna Kowalska", 0, "anna"), ("c", 15, "chen")]),
        ("anna k,sunyue", [("anna k", 0, "anna"), ("sunyue", 7, "yue")]),
        ("nora  n", [("nora", 0, "nora"), ("n", 6, "可能是 @nora、@nina")]),
        (" , Li", [("Li", 3, "可能是 @li1、@li2")]),
    ],
)
def test_names_are_looked_up_where_they_stand(text: str, found: list[tuple[str, int, str]]) -> None:
    names = {"chen": "陈晨", "nora": "Nora", "nina": "Nina", "anna": "Anna Kowalska"}
    names |= {"li1": "Li", "li2": "Li", "yue": "孙悦"}
    agents = [Agent(AgentId(key), name, Role.AGENT, (TEAM,)) for key, name in names.items()]
    assert [
        (each.text, each.at, each.agent.id if each.agent else str(each.wrong))
        for each in named(text, agents)
    ] == found


async def test_what_changed_while_one_looked_is_left_out_and_said(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.press("space", "space")
        await agent.does("assign")
        await agent.types("zhang")
        await agent.press("enter")
        taken = e.Assigned(agent=SUN.id, team=TEAM, epoch=1)
        await agent.hears(floor.feed([("r00", taken)]))
        await agent.press("enter")
        assert owners(agent)[:2] == ["sun", "zhang"]
        assert any("跳过 1" in notice for notice in agent.notices())


@pytest.mark.parametrize(
    ("intent", "keys", "expected"),
    [
        ("tag", ["加", "急", "enter"], c.Tag("加急")),
        ("set_priority", ["1"], c.SetPriority(Priority.URGENT, Priority.NORMAL)),
        ("set_type", ["s", "i", "z", "e", "enter"], c.SetType("size", "refund")),
        ("pending", [], c.SetStatus(Status.PENDING, expect=Status.OPEN)),
        ("resolve_next", [], c.SetStatus(Status.RESOLVED, expect=Status.OPEN)),
    ],
)
async def test_everything_acts_on_all_marked(
    floor: World, intent: str, keys: list[str], expected: c.AgentCommand
) -> None:
    async with sit_down(floor) as agent:
        await agent.press("space", "space")
        await agent.does(intent)
        await agent.press(*keys)
        assert isinstance(agent.app.screen, DryRunScreen) and not floor.sent()
        await agent.press("enter")
        assert [order.command for order in floor.sent()] == [expected] * 2
        assert not agent.screen.bulk.marked()
        await agent.does("undo")
        assert len(floor.sent()) == 4


async def test_release_and_snooze_of_all_marked(floor: World) -> None:
    given = e.Assigned(agent=SUN.id, team=TEAM, epoch=1)
    floor.feed([("r00", given), ("r01", given)])
    async with sit_down(floor) as agent:
        agent.screen.filtering.use("agent:sun")
        await agent.does("mark_all")
        await agent.does("release")
        assert "2 → 0" in agent.sees()
        await agent.press("enter")
        assert owners(agent)[:2] == [None, None]
        agent.screen.filtering.use("客户14")
        await agent.does("mark_all")
        await agent.does("snooze")
        await agent.press("1")
        morning = local(tomorrow(floor.clock(), agent.screen.config.interface.snooze_hour))
        assert f"搁置到 {morning:%m-%d %H:%M} · 1 个会话" in agent.sees()
        await agent.press("enter")
        state = agent.desk.conversation(ConversationId("r14"))
        assert state is not None and state.status is Status.SNOOZED


async def test_who_was_never_answered_is_counted_before_they_are_resolved(floor: World) -> None:
    floor.feed([("r01", f.replied())])
    async with sit_down(floor) as agent:
        await agent.does("mark_all")
        await agent.does("resolve_next")
        assert "! 14 个会话还没有人回复过" in agent.sees()
        await agent.press("escape")
        await agent.does("pending")
        assert "回复过" not in agent.sees()


async def test_who_may_have_no_chats_is_left_out_where_they_are_spread(floor: World) -> None:
    floor.feed([(None, e.AgentSaved(replace(SUN, capacity=0.0)))])
    async with sit_down(floor) as agent:
        await agent.press("space", "space")
        await agent.does("assign")
        assert "2 人，负载低的先" in agent.sees()
        await agent.press("enter")
        seen = agent.sees()
        assert "0 → 1" in seen and "0 / 0" not in seen and "孙悦" not in seen


async def test_the_list_narrows_while_one_types_and_escape_ends_it(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types("type:refu")
        assert len(agent.screen.queue.order()) == 0
        await agent.types("nd")
        assert len(agent.screen.queue.order()) == 10
        await agent.types(" 客户3")
        assert len(agent.screen.queue.order()) == 1
        await agent.press("escape")
        assert len(agent.screen.queue.order()) == 15
        assert agent.screen.queue.has_focus


async def test_a_filter_that_does_not_parse_says_where(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types("type:refund colour:red")
        seen = agent.sees()
        assert "没有 colour 这个键" in seen and "^^^^^^" in seen
        lines = seen.splitlines()
        at = next(number for number, line in enumerate(lines) if "colour:red" in line)
        assert lines[at + 1].index("^") == lines[at].index("colour")
        await agent.press("enter")
        assert agent.screen.query_one("FilterInput").has_focus


async def test_while_it_does_not_parse_the_last_filter_holds(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types("type:refund -")
        assert "减号后面没有条件" in agent.sees()
        assert len(agent.screen.queue.order()) == 10


async def test_completion_writes_what_is_offered(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types("team:aft")
        assert "after-sales  售后/After-sales" in agent.sees()
        await agent.press("tab", "enter")
        assert agent.screen.filtering.text == "team:after-sales"


async def test_escape_drops_marks_then_the_filter(floor: World) -> None:
    async with sit_down(floor) as agent:
        agent.screen.filtering.use("type:refund")
        await agent.does("mark_all")
        assert "已标 10" in agent.sees()
        await agent.press("escape")
        assert not agent.screen.bulk.marked() and agent.screen.filtering.active
        await agent.press("escape")
        assert not agent.screen.filtering.active


async def test_marks_that_are_not_seen_are_dropped(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("mark_all")
        agent.screen.filtering.use("type:refund")
        assert len(agent.screen.bulk.marked()) == 10
        agent.screen.filtering.drop()
        assert len(agent.screen.bulk.marked()) == 10


async def test_one_key_takes_a_chat_over(floor: World) -> None:
    floor.feed([("r00", e.Assigned(agent=SUN.id, team=TEAM, epoch=1))])
    async with sit_down(floor) as agent:
        agent.screen.filtering.use("agent:sun")
        await agent.does("take_over")
        [order] = floor.sent()
        assert order.command == c.Assign(ME.id, None, 1, SUN.id)
        assert agent.screen.current == "r00" and agent.screen.composer.has_focus
        assert agent.keys == 1


# --- the board ----------------------------------------------------------------------------------


async def on_the_board(agent: Person) -> BoardList:
    """Open it with its key."""
    await agent.does("board")
    assert isinstance(agent.app.screen, BoardScreen)
    return agent.app.screen.query_one(BoardList)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_board_shows_teams_and_agents(floor: World, size: tuple[int, int]) -> None:
    floor.feed([("r00", e.Assigned(agent=SUN.id, team=TEAM, epoch=1))])
    floor.clock.now += 200_000
    async with sit_down(floor, size=size) as agent:
        await on_the_board(agent)
        team = next(line for line in agent.sees().splitlines() if "售后" in line)
        assert team.split()[1:6] == ["14", "3:35", "!!", "15", "3/3"]
        sun = next(line for line in agent.sees().splitlines() if "孙悦" in line)
        assert "1/5" in sun and "▮▯▯▯▯" in sun and "在线" in sun
        await agent.press("escape")
        assert agent.app.screen is agent.screen


async def test_the_boards_lines_stand_still_under_moving_keys(floor: World) -> None:
    still = replace(Config().interface, freeze_seconds=60)  # however slow the machine is
    async with sit_down(floor, config=replace(Config(), interface=still)) as agent:
        board = await on_the_board(agent)
        await agent.press("o")
        await agent.press("end")
        last = board.cursor
        await agent.hears(floor.feed([("r00", e.Assigned(agent=last[1], team=TEAM, epoch=1))]))  # type: ignore[arg-type]
        floor.clock.now += 400_000  # they let somebody wait now, and are the worst
        agent.app.screen._draw()  # type: ignore[attr-defined]
        await agent.press("end")
        assert board.cursor == last
        line = next(line for line in agent.sees().splitlines() if "▸" in line)
        assert "!!" in line  # figures are the latest
        await agent.press("o", "o", "o")  # asked for anew, it is in order
        await agent.press("end")
        assert board.cursor != last


async def test_enter_shows_an_agents_chats_or_a_teams_queue(floor: World) -> None:
    floor.feed([("r00", e.Assigned(agent=SUN.id, team=TEAM, epoch=1))])
    async with sit_down(floor) as agent:
        board = await on_the_board(agent)
        board.cursor = ("agent", "sun")
        await agent.press("enter")
        assert agent.screen.queue.order() == ["r00"]
        board = await on_the_board(agent)
        await agent.press("home", "enter")
        assert len(agent.screen.queue.order()) == 14
        assert agent.screen.queue.has_focus


async def test_a_surge_says_who_joins_and_is_asked_for(floor: World) -> None:
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        await on_the_board(agent)
        await agent.press("home", "s")
        await agent.press("2")
        assert "吴桐" in agent.sees() and "60 分钟" in agent.sees()
        assert not port.asked
        await agent.press("enter")
        await agent.until(lambda: port.asked)
        assert port.asked == [SurgeRequest(TEAM, 60)]


async def test_a_lead_sets_anothers_state(floor: World) -> None:
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        board = await on_the_board(agent)
        board.cursor = ("agent", "sun")
        await agent.press("p")
        await agent.types("training")
        await agent.press("enter")
        await agent.until(lambda: port.asked)
        [asked] = port.asked
        assert isinstance(asked, AvailabilityRequest)
        assert (asked.agent, asked.availability, asked.reason) == ("sun", "away", "training")


async def test_without_the_server_a_surge_says_so(floor: World) -> None:
    async with sit_down(floor) as agent:
        await on_the_board(agent)
        await agent.press("home", "s")
        await agent.press("1")
        await agent.press("enter")
        await agent.until(lambda: any("没有连到服务器" in each for each in agent.notices()))


class Slow(Port):
    """A server that says nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Future[Surge] = Future()

    def surge(self, asked: SurgeRequest) -> Future[Surge]:
        super().surge(asked)
        return self.answer


async def test_a_server_that_takes_its_time_is_told_of(
    floor: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "SOON_SECONDS", 0.05)
    port = Slow()
    async with sit_down(floor) as agent:
        agent.app._port = port
        await on_the_board(agent)
        await agent.press("home", "s")
        await agent.press("1")
        await agent.press("enter")
        await agent.until(lambda: any("等它回答" in each for each in agent.notices()))
        port.answer.set_result(Surge(TEAM, 0, 1, 1.5))
        await agent.until(lambda: any("高峰支援 30 分钟" in each for each in agent.notices()))


async def test_with_a_surge_on_the_digits_mean_what_they_did(floor: World) -> None:
    now = floor.clock.now
    floor.feed([(None, e.SurgeSet(Surge(TEAM, now - 1, now + 3_600_000, 1.5)))])
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        await on_the_board(agent)
        await agent.press("home", "s")
        assert "现在结束" in agent.sees()
        await agent.press("1")
        await agent.press("enter")
        await agent.until(lambda: port.asked)
        assert port.asked == [SurgeRequest(TEAM, 30)]


async def test_the_board_says_what_its_keys_do(floor: World) -> None:
    async with sit_down(floor) as agent:
        await on_the_board(agent)
        await agent.press("f1")
        assert "改坐席状态" in agent.sees()
        await agent.press("escape")
        assert isinstance(agent.app.screen, BoardScreen)


async def test_a_colleagues_chat_is_taken_over_and_not_claimed(floor: World) -> None:
    floor.feed([("r00", e.Assigned(agent=SUN.id, team=TEAM, epoch=1))])
    async with sit_down(floor) as agent:
        agent.screen.filtering.use("agent:sun")
        await agent.until(lambda: "Alt+T 接管" in agent.sees())
        assert "Ctrl+K 认领" not in agent.sees()
        agent.screen.filtering.use("refund -assigned")
        await agent.until(lambda: "Ctrl+K 认领" in agent.sees())


async def test_an_agent_may_look_but_not_touch(floor: World) -> None:
    plain = Agent(ME.id, ME.name, Role.AGENT, ME.teams)
    floor.feed([(None, e.AgentSaved(plain))])
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        board = await on_the_board(agent)
        await agent.press("home", "s")
        board.cursor = ("agent", "sun")
        await agent.press("p")
        assert isinstance(agent.app.screen, BoardScreen) and not port.asked
        assert any("只有组长" in each for each in agent.notices())


async def test_from_the_board_the_keys_go_to_the_list_unless_one_writes(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("next_urgent")
        assert agent.screen.composer.has_focus
        await agent.press("alt+o", "escape")
        assert agent.screen.queue.has_focus
        await agent.press("enter")
        await agent.types("in a moment")
        await agent.press("alt+o", "escape")
        assert agent.screen.composer.has_focus


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_wallboard(floor: World, size: tuple[int, int]) -> None:
    async with sit_down(floor, size=size) as agent:
        await agent.does("wallboard")
        assert isinstance(agent.app.screen, Wallboard)
        assert "售后" in agent.sees() and "█" in agent.sees()
        await agent.press("escape")
        assert agent.screen.is_active


# --- presence -----------------------------------------------------------------------------------


async def test_my_state_is_said_and_shown(floor: World) -> None:
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        await agent.does("set_state")
        await agent.types("oculist")
        await agent.press("enter")
        assert port.said == [("say", Availability.AWAY, "oculist")]
        assert "离开 oculist" in agent.sees().splitlines()[-1]
        duty = Duty(ME.id, Availability.AWAY, "oculist", floor.clock.now)
        await agent.hears(floor.feed([(None, e.AvailabilitySet(duty))]))
        assert not agent.notices() and len(port.said) == 1  # one's own word came home


async def test_what_others_say_of_me_is_learnt_and_told(floor: World) -> None:
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        why = Why(Because.DECLINED, ("li", "3")).encode()
        duty = Duty(ME.id, Availability.AWAY, why, floor.clock.now)
        await agent.hears(floor.feed([(None, e.AvailabilitySet(duty))]))
        assert port.said == [("learn", Availability.AWAY, why)]
        assert any("连续 3 个派来的会话没看" in each for each in agent.notices())
        assert "离开" in agent.sees().splitlines()[-1]


async def test_who_left_yesterday_is_online_today(floor: World) -> None:
    port = Port()
    async with sit_down(floor) as agent:
        agent.app._port = port
        left = Duty(ME.id, Availability.OFFLINE, "", floor.clock.now - 50_000_000)
        await agent.hears(floor.feed([(None, e.AvailabilitySet(left))]))
        assert port.said == [("say", Availability.ONLINE, "")]
        assert not agent.notices()


@pytest.mark.parametrize("capacity", [None, 0.0])
async def test_online_says_that_chats_come_in(floor: World, capacity: float | None) -> None:
    routing = Routing(teams={"after-sales": TeamRules(assign="least_loaded")})
    me = replace(ME, capacity=capacity)
    floor.feed([(None, e.RoutingSaved(routing)), (None, e.AgentSaved(me))])
    async with sit_down(floor) as agent:
        assert ("自动进线" in agent.sees().splitlines()[-1]) == (capacity is None)


async def test_a_row_says_why_it_is_here_and_when_it_goes_back(floor: World) -> None:
    why = Why(Because.LEAST_LOADED, ("li", "1", "5")).encode()
    given = e.Assigned(ME.id, TEAM, 1, why, floor.clock.now + 42_000)
    full = e.HeldInQueue(Why(Because.AT_LIMIT, ("3", "after-sales")).encode())
    floor.feed([("r00", given), ("r01", full)])
    async with sit_down(floor) as agent:
        assert "0:42 后退回" in agent.sees()
        line = agent.sees().splitlines()[-1]
        assert "没看就在 0:42 后退回" in line
        agent.screen.queue.move_to(ConversationId("r01"))
        await agent.pilot.pause()
        assert "售后 的 3 人都满了" in agent.sees().splitlines()[-1]


async def test_what_the_cache_remembers_of_me_is_no_news(floor: World) -> None:
    duty = Duty(ME.id, Availability.BUSY, "", floor.clock.now)
    floor.feed([(None, e.AvailabilitySet(duty))])
    async with sit_down(floor) as agent:
        assert not agent.notices()
        assert "忙碌" in agent.sees().splitlines()[-1]


async def test_what_the_server_refuses_of_it_is_told_once(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.press("space", "space")
        await agent.does("release")  # nobody has them: nothing to do
        await agent.press("escape")
        await agent.does("assign")
        await agent.types("zhang")
        await agent.press("enter", "enter")
        first, second = floor.outbox.pending()
        refused = e.CommandRefused(
            client=floor.outbox.client,
            number=first.number,
            code="changed_since",
            conversation=first.conversation,
            detail="sun",
        )
        floor.feed([(None, refused)], done=second.number)
        floor.outbox.settle(second.number, floor.cache.refusals(), floor.clock.now)
        everything = Changes(all=True, outbox=True)
        await agent.hears(everything)
        await agent.hears(everything)
        told = [each for each in agent.notices() if "2 个中有 1 个没动" in each]
        assert len(told) == 1 and "期间已被改动" in told[0]


async def test_to_be_found_again_is_no_news(floor: World) -> None:
    lost = Duty(ME.id, Availability.OFFLINE, Why(Because.LEASE_ENDED, ("li",)).encode(), 1)
    back = Duty(ME.id, Availability.ONLINE, "", floor.clock.now)
    async with sit_down(floor) as agent:
        later = Duty(ME.id, lost.availability, lost.reason, floor.clock.now + 1)
        for duty in (later, back):
            await agent.hears(floor.feed([(None, e.AvailabilitySet(duty))]))
        assert not agent.notices()
        await agent.hears(
            floor.feed([(None, e.AvailabilitySet(Duty(ME.id, Availability.BUSY, "", 5)))])
        )
        assert any("忙碌" in each for each in agent.notices())
