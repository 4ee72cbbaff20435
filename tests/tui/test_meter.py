"""The keystroke meter, and the hint that what was typed is there already."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from agent_tui.config import Config
from agent_tui.settings.workstation import Interface
from agent_tui.tui import layout
from agent_tui.tui.hints import _same
from agent_tui.tui.meter import FILE, Day, Days, load
from tests.tui.driver import Person, World, sit_down

MINUTE = 60_000


def today(agent: Person) -> Day:
    return agent.screen.meter.days.days[agent.screen.meter.today().isoformat()]


async def sends(agent: Person, text: str) -> None:
    before = len(agent.world.sent())
    await agent.types(text)
    await agent.press("enter")
    await agent.until(lambda: len(agent.world.sent()) > before or not agent.screen.composer.text)


async def test_keys_count_from_the_opening_to_the_sending(world: World) -> None:
    async with sit_down(world) as agent:
        await agent.press("down", "up", "down", "up")  # looking around is no answer's
        await agent.does("next_urgent")  # 1
        await sends(agent, "hello")  # 5 and Enter
        assert (today(agent).answers, today(agent).keys) == (1, 7)
        await sends(agent, "again")  # in the same chat: only its own
        assert (today(agent).answers, today(agent).keys) == (2, 13)
        await agent.does("next_urgent")
        await agent.types("never sent")
        await agent.does("next_urgent")
        await agent.press("f2", "enter")  # a macro: 1 to open, 1 to insert, 1 to send
        assert (today(agent).answers, today(agent).keys, today(agent).ready) == (3, 16, 1)
        agent.app.remember()
    async with sit_down(world) as agent:  # kept for the next start
        assert today(agent).answers == 3


async def test_the_page_shows_days_and_weeks(world: World) -> None:
    async with sit_down(world) as agent:
        date = agent.screen.meter.today()
        monday = date - datetime.timedelta(days=date.weekday())
        before = monday - datetime.timedelta(days=3)
        days = {date.isoformat(): Day(10, 30, 400, 8), before.isoformat(): Day(10, 120, 400, 1)}
        layout.save(world.root / FILE, Days(days=days))
        await agent.screen.action_intent("meter")
        await agent.until(lambda: "3.0 键 · 10 条回复 · 80%" in agent.sees())
        seen = agent.sees()
        assert "12.0 键" in seen
        bars = {line.count("█") for line in seen.splitlines() if "█" in line}
        assert bars == {30, 8}
        await agent.press("escape")
        assert agent.app.screen is agent.screen


@pytest.mark.parametrize("damage", [b"", b"{", b'{"version": 9}', b'{"days": {"x": 1}}', b"\xff"])
def test_a_damaged_file_counts_from_nothing(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    assert load(tmp_path / FILE) == Days()


def hints(agent: Person) -> list[str]:
    return [notice for notice in agent.notices() if "就有" in notice or "says it" in notice]


async def looked(agent: Person, answers: int) -> None:
    """So many answers were counted, and whether there is a hint was looked for."""

    def done() -> bool:
        looking = [each for each in agent.app.workers if each.group == "hints"]
        return today(agent).answers == answers and all(each.is_finished for each in looking)

    await agent.until(done)
    await agent.pilot.pause()  # a hint that was found is shown


def f2(agent: Person) -> str:
    """What F2 says, as a person would type it: one character otherwise."""
    [macro] = [
        each for each in agent.desk.macros.library().all.values()
        if each.head.key == "F2" and not each.id.endswith(".en")
    ]  # fmt: skip
    agent.screen.current = agent.desk.queue.rows()[0].id
    text = agent.screen.inserting.rendered(macro)
    agent.screen.current = None
    return text.replace("，", " ", 1).replace("\n", "")


async def test_who_types_what_a_key_says_is_told_so_once(world: World) -> None:
    async with sit_down(world) as agent:
        text = f2(agent)
        await agent.does("next_urgent")
        agent.screen.composer.put(text)
        await agent.press("enter")
        await agent.until(lambda: hints(agent))
        [hint] = hints(agent)
        assert "F2" in hint and str(len(text.strip())) in hint
        agent.screen.composer.put(text)
        await agent.press("enter")
        await looked(agent, answers=2)
        assert len(hints(agent)) == 1  # not again within twenty minutes
        world.clock.now += 21 * MINUTE
        agent.app.clear_notifications()  # what still stands is not said twice
        agent.screen.composer.put(text)
        await agent.press("enter")
        await agent.until(lambda: hints(agent))


@pytest.mark.parametrize("how", ["inserted", "short", "other", "off"])
async def test_nobody_else_is_told_anything(world: World, how: str) -> None:
    config = Config(interface=Interface(hints=0 if how == "off" else 20))
    async with sit_down(world, config=config) as agent:
        text = f2(agent)
        await agent.does("next_urgent")
        if how == "inserted":
            await agent.press("f2")
        else:
            words = {
                "short": "好的，稍等",
                "other": "明天下午三点仓库的老周会把那箱杯子重新打包寄出来",
            }
            agent.screen.composer.put(words.get(how, text))
        await agent.press("enter")
        await looked(agent, answers=1)
        assert not hints(agent)


async def test_an_article_is_hinted_at_too(world: World) -> None:
    body = "我们家的玻璃杯可以进洗碗机，温度不要超过六十度，拿出来擦干就好。"
    changes = world.article("cups/dishwasher", "玻璃杯能进洗碗机吗", body)
    async with sit_down(world) as agent:
        await agent.hears(changes)
        await agent.does("next_urgent")
        agent.screen.composer.put(body.replace("就好", "即可"))
        await agent.press("enter")
        await agent.until(lambda: any("玻璃杯能进洗碗机吗" in hint for hint in hints(agent)))


def test_what_is_the_same() -> None:
    ready = "亲亲，退货运费由我们承担，请选上门取件，不用垫付。"
    assert _same("亲，退货的运费由我们承担，请选上门取件，不用您垫付", ready)
    assert _same("王女士您好！收到照片了。" + ready + "还有别的可以帮您吗？", ready)
    assert not _same("亲，退货地址我发您：杭州市余杭区", ready)
    assert not _same(ready, "好的")
