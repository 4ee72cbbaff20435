"""Looking at a picture that our own server keeps, without leaving the terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent_tui.errors import DeskError
from agent_tui.lang import Both
from agent_tui.text import clean
from agent_tui.tui import pictures
from agent_tui.tui.screens.picture import PictureScreen
from agent_tui.tui.targets import Kind, Target

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

MOST_BYTES = 16 * 1024 * 1024
SECONDS = 20.0
SOON = 0.4  # seconds after which it is worth a word that nothing is there yet


class Viewing:
    """One picture at a time. Asked for are only files of our own server, by their path: whatever
    host the address names, nobody else learns that somebody looks."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen

    async def shown(self, target: Target) -> bool:
        """Show it; false if it cannot be shown here, or the browser is wanted after all."""
        screen = self._screen
        port = screen.ui.port
        usable = pictures.available() and not screen.app.no_color
        if port is None or target.kind is not Kind.PICTURE or not target.kept or not usable:
            return False
        chat = screen.current
        patience = screen.set_timer(SOON, self._fetching)
        try:
            async with asyncio.timeout(SECONDS):
                raw = await asyncio.wrap_future(port.download(target.kept, MOST_BYTES))
                image, size = await asyncio.to_thread(pictures.decoded, raw)
            if screen.app.screen is not screen or screen.current != chat:
                return True  # the agent went on meanwhile
            drawing = pictures.widget(screen.app, image)
        except DeskError as error:
            screen.doing.say(_why(str(error.title)))
            return False
        except TimeoutError:
            late = Both("服务端没有及时回答", "the server did not answer in time")
            screen.doing.say(_why(str(late)))
            return False
        finally:
            patience.stop()
        return not await screen.app.push_screen_wait(PictureScreen(target.name, drawing, size))

    def _fetching(self) -> None:
        self._screen.doing.say(Both("正在取图片……", "fetching the picture ..."))


def _why(trouble: str) -> Both:
    shown = clean(trouble)
    return Both(f"图片在这里看不了：{shown}", f"the picture cannot be shown here: {shown}")
