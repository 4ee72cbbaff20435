"""The agent's own macros: read beside the screen, followed as files change, made with one key."""

from __future__ import annotations

import asyncio
import importlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui import paths
from agent_tui.domain.model import Conversation, MessageKind
from agent_tui.errors import StoreError
from agent_tui.lang import Both
from agent_tui.text import clean

if TYPE_CHECKING:
    from agent_tui.frontmatter import Problem
    from agent_tui.macros.model import Head
    from agent_tui.macros.personal import Personal
    from agent_tui.tui.screens.keep import Kept
    from agent_tui.tui.screens.workstation import Workstation

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between looks at the folder
IDLE = 0.1  # seconds between looks at whether the keys rest
MOST_TOLD = 3  # findings that are shown at once


def folder() -> Path:
    """Where an agent's own macros lie."""
    return paths.config_home() / "macros"


class OwnMacros:
    """Reads the shared macros while the keys rest, and follows the folder. A file that is wrong is
    named, with its line, and the rest stays in use."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._personal: Personal | None = None
        self._told: tuple[Problem, ...] = ()
        self._looking = asyncio.Lock()

    def start(self) -> None:
        """The first picture is drawn."""
        self._screen.run_worker(self._follow(), group="own-macros", exclusive=True)

    async def _follow(self) -> None:
        await asyncio.to_thread(importlib.import_module, "agent_tui.macros.library")
        desk = self._screen.desk
        while True:
            try:
                if not desk.macros.are_read and not self._screen.ui.typing_now():
                    desk.macros.library()
                await self.look()
            except Exception:  # whatever a file may make a parser do: the rest goes on
                log.exception("macros stay as they were")
            await asyncio.sleep(LOOK if desk.macros.are_read else IDLE)

    async def look(self) -> None:
        """Take over what changed in the folder."""
        async with self._looking:
            if self._personal is None:
                self._personal = await asyncio.to_thread(_personal)
            personal = self._personal
            if await asyncio.to_thread(personal.look):
                self._screen.desk.macros.use_own(personal.macros)
                self._screen.draw_status()
                self._tell(personal)

    def _tell(self, personal: Personal) -> None:
        fresh = [each for each in personal.problems if each not in self._told]
        self._told = personal.problems
        for problem in fresh[:MOST_TOLD]:
            words = f"{personal.root / problem.path}:{problem.line}: {problem.text}"
            self._screen.app.notify(clean(words), severity="warning", timeout=10, markup=False)

    # --- saving ----------------------------------------------------------------------------------

    async def save(self) -> None:
        """Make a macro of what stands in the composer, else of the last reply that I sent here."""
        from agent_tui.tui.screens.keep import KeepScreen

        screen = self._screen
        state = screen.doing.state()
        if state is None:
            return
        text = screen.composer.texts()[0] if screen.current == state.id else ""
        text = text.strip() or self._last_reply(state)
        if not text:
            words = Both("这里还没有发过回复", "no reply was sent from here yet")
            screen.doing.say(words)
            return
        taken = {macro.head.short for macro in screen.desk.macros.library().all.values()}
        orders = [order.no for order in screen.desk.orders(state.id)]
        start = await asyncio.to_thread(_proposed, text, self._values(state), orders, taken)
        kept = await screen.app.push_screen_wait(KeepScreen(start, self._wrong))
        if kept is not None:
            await self._write(kept)

    def _last_reply(self, state: Conversation) -> str:
        me = self._screen.desk.me.id
        for line in reversed(self._screen.desk.transcript(state.id)):
            if line.message.kind is MessageKind.REPLY and line.message.author == me:
                return line.message.text
        return ""

    def _values(self, state: Conversation) -> dict[str, str]:
        moment = self._screen.inserting.moment()
        return self._screen.desk.macros.values(state.id, moment.now)

    def _wrong(self, kept: Kept) -> str:
        """What is wrong with what was filled in; empty: nothing."""
        from agent_tui.frontmatter import Malformed
        from agent_tui.macros.personal import own
        from agent_tui.macros.writing import text_of

        try:
            own("new", text_of(_head(kept), kept.body))
        except Malformed as error:
            return str(error.text)
        for macro in self._screen.desk.macros.own:
            if kept.short and macro.head.short == kept.short:
                return str(Both(f"/{kept.short} 已有了", f"/{kept.short} is taken"))
        return ""

    async def _write(self, kept: Kept) -> None:
        screen = self._screen
        try:
            path = await asyncio.to_thread(_written, kept)
        except OSError as error:
            what = error.strerror or str(error)
            screen.doing.trouble(StoreError(Both(f"没存上：{what}", f"not saved: {what}")))
            return
        await self.look()
        ways = f" /{kept.short}" if kept.short else f" {kept.key}"
        screen.doing.say(Both(f"已存：{path.stem}{ways}", f"saved: {path.stem}{ways}"))


def _personal() -> Personal:
    from agent_tui.macros.personal import Personal

    return Personal(folder())


def _proposed(text: str, values: dict[str, str], orders: list[str], taken: set[str]) -> Kept:
    """What the form begins with. Reads the tables of pinyin: for a thread."""
    from agent_tui.macros import drafting
    from agent_tui.tui.screens.keep import Kept

    body = drafting.body_of(text, values, orders)
    title = drafting.title_of(body)
    return Kept(title, drafting.short_of(title, taken), "", body)


def _head(kept: Kept) -> Head:
    from agent_tui.knowledge.importing.row import language_of
    from agent_tui.macros.model import PERSONAL, Head

    return Head(
        title=kept.title,
        lang="en" if language_of("", "", kept.body) == "en" else "zh",
        key=kept.key,
        short=kept.short,
        scope=PERSONAL,
    )


def _written(kept: Kept) -> Path:
    """The new file: whole, under a name that is free. Raises OSError."""
    from agent_tui.knowledge import files
    from agent_tui.knowledge.importing.plan import slug
    from agent_tui.macros.writing import text_of

    root = folder()
    root.mkdir(parents=True, exist_ok=True)
    text = text_of(_head(kept), kept.body)
    name, count = slug(kept.title), 1
    while not files.create(path := root / f"{name}{f'-{count}' if count > 1 else ''}.md", text):
        count += 1
    return path
