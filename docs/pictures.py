"""Draws the pictures for README and docs: the real workstation on a made-up queue."""

from __future__ import annotations

import asyncio
import html
import random
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.cells import cell_len

from agent_tui.domain import events as e
from agent_tui.domain.events import ArticleSuggested
from agent_tui.domain.ids import AgentId, MessageId, SuggestionId, TeamId
from agent_tui.domain.model import Agent, Article, Role, Team
from agent_tui.domain.staffing import Availability, Duty, Routing, Surge, TeamRules
from tests.tui.driver import COLLEAGUE, ME, World, key_of, sit_down

DOCS = Path(__file__).parent


def queue(root: Path) -> World:
    """The customers of the sketch."""
    world = World(root)
    world.chat("c1", "王女士", "收到的杯子碎了，怎么退", "运费谁出", tier="VIP")
    world.clock.now += 25_000
    world.chat("c2", "Tom B.", "where is my parcel", "tracking has not moved", language="en")
    world.clock.now += 30_000
    world.chat("c3", "小鹿", "M 还是 L 呢，168 / 58")
    world.clock.now += 20_000
    world.chat("c4", "陈先生", "退款说好三天，现在一周了", "你们到底管不管")
    world.clock.now += 40_000
    world.chat("c5", "Anna K.", "I was charged twice for one order", language="en")
    world.clock.now += 9_000
    return world


def widened(svg: str) -> str:
    """The picture with wide characters two cells wide: the exporter counts characters only."""
    lengths = re.compile(r'textLength="([\d.]+)"([^>]*)>([^<]*)</text>')

    def fix(found: re.Match[str]) -> str:
        text = html.unescape(found[3])
        length = float(found[1]) / max(1, len(text)) * cell_len(text)
        return f'textLength="{length:.1f}"{found[2]}>{found[3]}</text>'

    return lengths.sub(fix, svg)


def suggested(root: Path) -> World:
    """The same, and a correction that a colleague suggests."""
    world = queue(root)
    [article] = world.cache.some("article", ["returns/return-freight"])
    assert isinstance(article, Article)
    event = ArticleSuggested(
        suggestion=SuggestionId("s1"),
        author=AgentId("zhang"),
        title=article.title,
        body=article.body.replace("72 小时", "48 小时"),
        lang=article.lang,
        article=article.id,
        version=article.version,
        questions=(*article.questions, "邮费谁付"),
        reason="保险公司上月起改为 48 小时",
    )
    world.feed([("c2", event)])
    return world


def rush(root: Path) -> World:
    """A peak: forty chats of six teams, nine agents, a surge in refunds."""
    world = World(root)
    chance = random.Random(3)
    teams = {
        "pre-sales": ("售前", "Pre-sales"),
        "after-sales": ("售后", "After-sales"),
        "logistics": ("物流", "Logistics"),
        "refunds": ("退款", "Refunds"),
        "technical": ("技术", "Technical"),
        "complaints": ("投诉", "Complaints"),
    }
    keys = [TeamId(key) for key in teams]
    lead = Agent(ME.id, ME.name, ME.role, tuple(keys))
    people = [lead, COLLEAGUE]
    for number, name in enumerate(("王磊", "陈晨", "Anna", "刘洋", "赵敏", "孙悦", "吴桐")):
        works = (keys[number % 6], keys[(number * 2 + 1) % 6])
        floating = name == "吴桐"
        people.append(Agent(AgentId(f"a{number}"), name, Role.AGENT, works, floating=floating))
    rules = {key: TeamRules(assign="least_loaded") for key in keys}
    states = {"a1": ("away", "午休"), "a3": ("busy", ""), "li": ("busy", "")}
    world.feed([(None, e.TeamSaved(Team(TeamId(k), *names))) for k, names in teams.items()])
    world.feed([(None, e.AgentSaved(person)) for person in people])
    world.feed([(None, e.RoutingSaved(Routing(teams={str(k): v for k, v in rules.items()})))])
    for person in people:
        state, why = states.get(person.id, ("online", ""))
        duty = Duty(person.id, Availability(state), why, world.clock.now - 300_000)
        world.feed([(None, e.AvailabilitySet(duty))])
    lines = ("我要退款", "快递到哪了", "M 还是 L 呢", "where is my parcel", "收到的杯子碎了")
    names = ("王女士", "陈先生", "Tom B.", "小鹿", "Anna K.", "李雷")
    for number in range(40):
        key = f"p{number:02}"
        tier = "VIP" if number % 9 == 4 else ""
        world.chat(key, chance.choice(names), chance.choice(lines), tier=tier)
        team, owner = chance.choice(keys), chance.choice(people[1:])
        has = number % 3 != 0
        world.feed([(key, e.Assigned(owner.id if has else None, team, 1))])
        if has and number % 2 and number < 30:
            reply = e.ReplySent(
                message=MessageId(f"{key}-r"), text="好的", author=owner.id, epoch=1
            )
            world.clock.now += 9_000
            world.feed([(key, reply)])
        world.clock.now += chance.randrange(2_000, 9_000)
    now = world.clock.now
    world.feed([(None, e.SurgeSet(Surge(TeamId("refunds"), now, now + 1_500_000, by="li")))])
    return world


def steps(key: str) -> list[str]:
    """A key, or what is to be typed, behind a colon."""
    return [*map(key_of, key[1:])] if key[:1] == ":" and len(key) > 1 else [key]


async def draw(
    name: str,
    size: tuple[int, int],
    language: str,
    keys: list[str],
    make: Callable[[Path], World] = queue,
) -> None:
    """One picture after pressing `keys`."""
    with tempfile.TemporaryDirectory() as folder:
        async with sit_down(make(Path(folder)), size=size, language=language) as agent:
            agent.app.link = "online"
            for key in keys:
                if key.startswith("!"):  # an intent without a key of its own
                    await agent.screen.action_intent(key[1:])
                else:
                    await agent.press(*steps(key))
            await agent.pilot.pause(0.3)
            (DOCS / name).write_text(
                widened(agent.app.export_screenshot(title="agent-tui")), "utf-8"
            )


async def main() -> None:
    """Every picture."""
    answer = ["ctrl+n", "f7", "enter", "ctrl+n"]
    await draw("screen-120.svg", (120, 36), "zh", answer)
    await draw("screen-120-en.svg", (120, 36), "en", ["ctrl+n", "down"])
    await draw("screen-80.svg", (80, 24), "zh", ["ctrl+n"])
    await draw("screen-find-80.svg", (80, 24), "zh", ["ctrl+n", "ctrl+f", *"refund"])
    find = ["ctrl+n", "ctrl+f", *"tuihuo yunfei"]
    find[find.index(" ")] = "space"
    await draw("screen-find.svg", (120, 36), "zh", find)
    await draw("screen-article.svg", (120, 36), "zh", [*find, "down", "up", "right"])
    await draw("screen-review.svg", (120, 36), "zh", ["R"], suggested)
    await draw("screen-board.svg", (120, 36), "zh", ["alt+o"], rush)
    await draw("screen-board-80.svg", (80, 24), "en", ["alt+o"], rush)
    marked = ["f", *"waiting", "enter", "asterisk", "a", *"zhang,a2,a5,a6", "enter"]
    marked = ["comma" if key == "," else key for key in marked]
    await draw("screen-dry-run.svg", (120, 36), "zh", marked, rush)
    await draw("screen-wallboard.svg", (120, 36), "zh", ["alt+w"], rush)
    await draw("screen-help.svg", (120, 48), "zh", ["f1"])
    await draw("screen-guard.svg", (100, 24), "zh", ["ctrl+n", ":我们保证全网最低价", "enter"])
    await draw("screen-reading.svg", (120, 36), "zh", ["ctrl+n", "alt+up"])
    await draw("screen-card-80.svg", (80, 24), "zh", ["ctrl+n", "ctrl+o"])
    await draw("screen-tiles.svg", (160, 40), "zh", ["ctrl+n", "f7", "alt+n", "f7", "alt+g"])
    await draw("screen-pick.svg", (100, 24), "en", ["down", "a"])
    await draw("screen-palette.svg", (100, 24), "zh", ["ctrl+p", ":huashu"])
    await draw("screen-keep.svg", (100, 30), "zh", [*answer, "alt+1", "enter", "alt+m"])
    await draw("screen-meter.svg", (100, 30), "zh", [*answer, "!meter"])
    await draw("screen-themes.svg", (100, 30), "en", ["!switch_theme"])


if __name__ == "__main__":
    asyncio.run(main())
