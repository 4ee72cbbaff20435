"""What a lead reads on the board, the wallboard and in the filter is whole, and is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_tui.desk.board import TeamLine
from agent_tui.domain import events as e
from agent_tui.domain.calendars import Calendar
from agent_tui.domain.ids import AgentId, ConversationId, TeamId
from agent_tui.domain.model import Agent, Role
from agent_tui.domain.policy import Policy
from agent_tui.domain.protocol import SurgeRequest
from agent_tui.domain.rules import Rule
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge, TeamRules
from agent_tui.domain.why import Because, Why
from agent_tui.lang import Both
from agent_tui.sync.engine import Link
from agent_tui.tui import format as fmt
from agent_tui.tui.screens import wallboard
from agent_tui.tui.widgets.figures import LARGE, SMALL, big
from agent_tui.tui.widgets.filterbox import FilterBox
from tests.tui.driver import ME, World, sit_down
from tests.tui.test_lead import Port

AFTER = TeamId("after-sales")
SUN = Agent(AgentId("sun"), "孙悦", Role.AGENT, (AFTER,))
CY = Agent(AgentId("cy"), "Cy", Role.AGENT, (AFTER, TeamId("technical")))


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[World]:
    """Sun works for one team, Cy for one more, which the lead does not lead."""
    world = World(tmp_path)
    for agent in (SUN, CY):
        online = Duty(agent.id, Availability.ONLINE)
        world.feed([(None, e.AgentSaved(agent)), (None, e.AvailabilitySet(online))])
    for number in range(3):
        world.chat(f"r{number}", f"客户{number}", "我要退款")
    yield world


def line_of(screen: str, name: str) -> str:
    return next(line for line in screen.splitlines() if name in line)


@pytest.mark.parametrize("height", [SMALL, LARGE])
def test_no_figure_of_the_wallboard_is_cut(height: int) -> None:
    team = TeamLine(
        AFTER, Both("售后", "After-sales"), 432, 452_000, 1377, 12, 15, 0, None, None, ()
    )
    widths = wallboard._columns((team,), height)
    lines = wallboard._drawn(team, Policy(), height, widths)
    for place, figure in enumerate(("432", "7:32!!", "1377", "12"), 1):
        assert [line[place][0].strip() for line in lines[:height]] == [
            row.strip() for row in big(figure, height)
        ]


async def test_loads_that_may_be_more_say_so(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("board")
        seen = agent.sees()
        assert "0+/5" in line_of(seen, "Cy") and "0/5" in line_of(seen, "孙悦")
        assert "≤10" in line_of(seen, "售后")
        await agent.press("home")
        assert "≤：有人还有别的团队的会话" in agent.sees()
        await agent.press("escape", "space")
        await agent.does("assign")
        await agent.types("cy")
        await agent.press("enter")
        assert "0+ → 1+" in agent.sees() and "别的团队的会话没算" in agent.sees()


async def test_the_board_puts_who_drowns_on_top_and_remembers_it(floor: World) -> None:
    given = e.Assigned(agent=ME.id, team=AFTER, epoch=1)
    floor.feed([("r0", given)])
    floor.clock.now += 600_000
    async with sit_down(floor, size=(80, 24)) as agent:
        await agent.does("board")

        def first() -> str:
            lines = agent.sees().splitlines()
            at = next(n for n, line in enumerate(lines) if "坐席" in line and "负载" in line)
            return lines[at + 1]

        assert ME.name not in first()
        await agent.press("down")
        under = next(line for line in agent.sees().splitlines() if "▸" in line)
        await agent.press("o")
        assert ME.name in first() and "最急在上" in agent.sees().splitlines()[0]
        assert next(line for line in agent.sees().splitlines() if "▸" in line) == under
        await agent.press("escape")
        await agent.does("board")
        assert ME.name in first()
        await agent.press("o", "o")
        assert ME.name not in first()


async def test_who_leads_every_team_sees_whole_loads(floor: World) -> None:
    mine = (AFTER, TeamId("refunds"))
    floor.feed([(None, e.AgentSaved(Agent(ME.id, ME.name, Role.LEAD, mine)))])
    async with sit_down(floor) as agent:
        await agent.does("board")
        assert "0+/5" not in agent.sees() and "≤" not in agent.sees()


async def test_a_queued_chat_says_why_it_waits(floor: World) -> None:
    matched = Why(Because.MATCHED, ("退款", "1", "refund")).encode()
    given = e.Assigned(None, AFTER, 1, matched)
    full = e.HeldInQueue(Why(Because.AT_LIMIT, ("1", "after-sales")).encode())
    floor.feed([("r0", given), ("r0", full)])
    async with sit_down(floor, size=(120, 36)) as agent:
        agent.screen.queue.move_to(ConversationId("r0"))
        await agent.pilot.pause()
        assert "售后 只有 1 人在线，已满" in agent.sees().splitlines()[-1]


async def test_a_closed_team_says_until_when(floor: World) -> None:
    hours = Calendar(hours={"mon": "09:00-10:00"})
    rules = {"after-sales": TeamRules(assign="least_loaded", calendar="mornings")}
    floor.feed([(None, e.RoutingSaved(Routing(teams=rules, calendars={"mornings": hours})))])
    async with sit_down(floor) as agent:
        await agent.does("board")
        assert "休息" in line_of(agent.sees(), "售后")
        await agent.press("home")
        assert "休息到 11-23 09:00" in agent.sees()
        await agent.press("w")
        assert "休息到 09:00" in agent.sees()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("team:nowhere waiting", ("没有团队 nowhere", "可选：after-sales refunds")),
        ("-agent:sunn", ("没有坐席 sunn", "是不是 sun？")),
        ("type:地址", ("没有类型 地址", "是不是 改地址？")),
        ("type:nosuch", ("没有类型 nosuch", "可选：address_change")),
    ],
)
async def test_a_filter_by_nobody_says_so(floor: World, text: str, said: tuple[str, str]) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types(text)
        lines = agent.sees().splitlines()
        at = next(number for number, line in enumerate(lines) if "^" in line)
        assert lines[at].index("^") == lines[at - 1].index(":") + 1
        assert all(words in agent.sees() for words in said)
        await agent.press("enter")
        assert agent.screen.query_one(FilterBox).has_focus_within


async def test_a_type_of_the_shops_own_is_no_mistake(floor: World) -> None:
    rules = (Rule(name="gift", any=("礼物",), type="gift"),)
    floor.feed([(None, e.RoutingSaved(Routing(rules=rules))), ("r0", e.TypeSet("wedding"))])
    async with sit_down(floor) as agent:
        for text in ("type:gift", "type:wedding", "type:refund"):
            await agent.does("filter")
            await agent.types(text)
            await agent.press("enter")
            assert not agent.screen.query_one(FilterBox).has_focus_within
            await agent.press("escape")


async def test_an_id_that_several_have_in_common_is_marked_once_it_is_done(floor: World) -> None:
    keys = sorted(floor.cache.matching("", 100))
    begin = keys[0][:1]
    assert sum(key.startswith(begin) for key in keys) > 1 and begin not in keys
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types(f"id:{begin}")
        assert "对应不止一个" not in agent.sees()
        await agent.press("enter")
        lines = agent.sees().splitlines()
        at = next(number for number, line in enumerate(lines) if "^" in line)
        assert lines[at].index("^") == lines[at - 1].index(":") + 1
        assert f"{begin} 对应不止一个会话" in agent.sees() and "多写几位" in agent.sees()
        assert agent.screen.query_one(FilterBox).has_focus_within


async def test_a_name_that_is_not_finished_is_no_mistake(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("filter")
        await agent.types("agent:s")
        assert "没有坐席" not in agent.sees() and "sun  孙悦" in agent.sees()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_filters_way_out_is_never_cut(floor: World, size: tuple[int, int]) -> None:
    async with sit_down(floor, size=size, language="en") as agent:
        await agent.does("filter")
        await agent.types("vip or late open")
        left = " ".join(line[:44].strip() for line in agent.sees().splitlines())
        assert "say with parentheses which belong together: (A or B) C" in left


async def test_the_dry_run_counts_and_names_the_way_back(floor: World) -> None:
    async with sit_down(floor, language="en") as agent:
        await agent.press("space")
        await agent.does("assign")
        await agent.types("sun")
        await agent.press("enter")
        assert "1 chat " in agent.sees() and "Ctrl+Z takes all of it back" in agent.sees()
        await agent.press("enter")
        assert any("· 1 chat · Ctrl+Z undoes" in each for each in agent.notices())


async def test_what_came_too_late_offers_no_undo(floor: World) -> None:
    async with sit_down(floor, language="en") as agent:
        await agent.press("space")
        await agent.does("assign")
        await agent.types("sun")
        await agent.press("enter")
        await agent.hears(floor.feed([("r0", e.Assigned(CY.id, AFTER, 1))]))
        await agent.press("enter")
        assert "assign to 孙悦 · 0 chats · 1 skipped: changed meanwhile" in agent.notices()
        assert not floor.sent()


async def test_an_undone_deed_says_of_how_many(floor: World) -> None:
    async with sit_down(floor, language="en") as agent:
        await agent.does("mark_all")
        await agent.does("assign")
        await agent.types("sun")
        await agent.press("enter", "enter")
        await agent.does("undo")
        assert "undone: assign to 孙悦 · 3 chats" in agent.notices()


async def test_a_deadline_that_is_over_is_late(floor: World) -> None:
    floor.clock.now += 310_000
    async with sit_down(floor, language="en", size=(120, 36)) as agent:
        assert "first reply 2:10 late" in agent.sees().splitlines()[-1]


async def test_a_name_that_fits_several_gets_nothing(floor: World) -> None:
    floor.feed([(None, e.AgentSaved(Agent(AgentId("suny"), "Suny", Role.AGENT, (AFTER,))))])
    async with sit_down(floor) as agent:
        await agent.does("mark_all")
        await agent.does("assign")
        await agent.types("cy,su")
        await agent.press("enter")
        assert "su  可能是 @sun、@suny" in agent.sees() and not floor.sent()


async def test_a_notice_that_just_fills_a_line_keeps_its_second(floor: World) -> None:
    async with sit_down(floor, size=(80, 24)) as agent:
        await agent.does("board")
        agent.screen.doing.say(Both("售后 高峰支援 30 分钟，上限 ×1.5", ""))
        await agent.until(lambda: "高峰支援 30 分钟" in agent.sees())
        assert "×1.5" in agent.sees()


async def test_a_surge_says_how_much_more(floor: World) -> None:
    async with sit_down(floor) as agent:
        await agent.does("board")
        await agent.press("home", "s", "1")
        assert "上限 ×1.5" in agent.sees()


async def test_a_lead_says_how_far_limits_rise_and_the_board_tells(floor: World) -> None:
    port = Port()
    async with sit_down(floor, size=(160, 36)) as agent:
        agent.app._port = port
        await agent.does("board")
        await agent.press("home", "s", "1")
        await agent.press("1")  # it bounced, and begins nothing
        assert not port.asked
        await agent.press("backspace", "down", "enter")
        await agent.until(lambda: port.asked)
        [asked] = port.asked
        assert isinstance(asked, SurgeRequest) and asked.factor == 2
        surge = Surge(asked.team, floor.clock.now, floor.clock.now + 60_000, asked.factor, ME.id)
        await agent.hears(floor.feed([(None, e.SurgeSet(surge))]))
        await agent.until(lambda: "上限 ×2" in agent.sees())


@pytest.mark.parametrize("screen", ["board", "wallboard"])
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_figures_without_the_server_say_of_when_they_are(
    floor: World, screen: str, language: str
) -> None:
    offline = {"zh": "! 离线", "en": "! offline"}[language]
    async with sit_down(floor, size=(80, 24), language=language) as agent:
        link = agent.app.bridge.link
        await agent.does(screen)
        link(Link.ONLINE, "")
        await agent.until(lambda: "!" not in agent.sees().splitlines()[0])
        then = fmt.clock(floor.clock.now)
        link(Link.OFFLINE, "gone")
        await agent.until(lambda: offline in agent.sees().splitlines()[0])
        floor.clock.now += 600_000
        link(Link.OFFLINE, "still gone")
        await agent.pilot.pause(1.1)  # drawn again
        of_then = {"zh": f"{offline}，{then} 的数字 · ", "en": f"{offline}, figures of {then} · "}
        assert of_then[language] in agent.sees().splitlines()[0]
        strip = agent.app.screen._compositor.render_strips()[0]
        color, calm = (
            next(each.style.color for each in strip if each.style and words in each.text)
            for words in (offline, " · ")
        )
        assert color is not None and color != calm
        link(Link.ONLINE, "")
        await agent.until(lambda: offline not in agent.sees().splitlines()[0])


async def test_the_dry_run_says_who_is_not_in_the_chats_team(floor: World) -> None:
    wu = Agent(AgentId("wu"), "吴桐", Role.AGENT, (TeamId("refunds"),))
    floor.feed([(None, e.AgentSaved(wu))])
    async with sit_down(floor, size=(80, 24)) as agent:
        await agent.press("space")
        await agent.does("assign")
        await agent.types("wu")
        await agent.press("enter")
        assert "! 吴桐 不在售后" in agent.sees()
