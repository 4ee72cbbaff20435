"""What is typed before the workstation is there is not lost."""

from __future__ import annotations

import asyncio
import importlib
import threading
from typing import Any

import pytest

from agent_tui.config import Config
from agent_tui.tui import app as application
from agent_tui.tui.app import WorkstationApp
from tests.tui.driver import NoNetwork, World


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Loading the rest waits for this."""
    go = threading.Event()
    real = importlib.import_module

    def load(name: str) -> Any:
        assert go.wait(20)
        return real(name)

    monkeypatch.setattr(application.importlib, "import_module", load)  # type: ignore[attr-defined]
    return go


@pytest.mark.parametrize(
    ("keys", "box"), [(("ctrl+n", "h", "i"), "composer"), (("ctrl+f", "h", "i"), "find")]
)
async def test_keys_typed_ahead_arrive(
    world: World, slow: threading.Event, keys: tuple[str, ...], box: str
) -> None:
    app = WorkstationApp(NoNetwork(world.desk(), Config(), world.clock))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await pilot.press(*keys)
        assert not app.ready.is_set()
        slow.set()
        async with asyncio.timeout(20):
            await app.ready.wait()
        screen = app.workstation

        def text() -> str:
            return screen.composer.text if box == "composer" else screen.find.query_text

        async with asyncio.timeout(20):
            while text() != "hi":
                await pilot.pause(0.02)
        assert screen.current is not None


async def test_told_to_end_before_the_workstation_is_there_it_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(app: WorkstationApp, screen: object) -> None:
        app.exit()  # as by a hang-up while the screen is being put on: it is never mounted

    monkeypatch.setattr(WorkstationApp, "switch_screen", gone)
    app = WorkstationApp(NoNetwork(world.desk(), Config(), world.clock))
    async with app.run_test(notifications=True) as pilot:
        async with asyncio.timeout(20):
            while app._exit is False:
                await pilot.pause(0.02)
    assert app._exception is None and not app.ready.is_set()
