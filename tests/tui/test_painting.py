"""When something is painted: soon, and only if it looks different."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from textual.app import App, ComposeResult
from textual.content import Content
from textual.strip import Strip

from agent_tui.tui.widgets.words import Words

LOOK = "import agent_tui.tui.app; from textual.screen import UPDATE_PERIOD; print(UPDATE_PERIOD)"


def period(**variables: str) -> float:
    """Seconds between two pictures of a workstation started with these variables."""
    env = {key: value for key, value in os.environ.items() if key != "TEXTUAL_FPS"} | variables
    done = subprocess.run(
        [sys.executable, "-c", LOOK], env=env, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_a_key_does_not_wait_for_the_sixtieth_of_a_second() -> None:
    assert period() == pytest.approx(1 / 240)
    assert period(TEXTUAL_FPS="30") == pytest.approx(1 / 30)  # who asks for less gets it


class OneLine(App[None]):
    """Counts how often its line is drawn."""

    drawn = 0

    def compose(self) -> ComposeResult:
        outer = self

        class Counted(Words):
            def render_line(self, y: int) -> Strip:
                outer.drawn += 1
                return super().render_line(y)

        yield Counted(id="line")


async def test_the_same_words_are_not_drawn_again() -> None:
    app = OneLine()
    async with app.run_test() as pilot:
        line = app.query_one(Words)
        line.say(Content.styled("在线", "bold"))
        await pilot.pause()
        before = app.drawn
        for _ in range(5):
            line.say(Content.styled("在线", "bold"))
            await pilot.pause()
        assert app.drawn == before
        line.say(Content.styled("在线", "italic"))  # the same letters, another look
        await pilot.pause()
        assert app.drawn > before
