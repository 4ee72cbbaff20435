"""Now and then a word that what was typed is there already: "F3 says it"."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.macros.model import Macro
    from agent_tui.tui.screens.workstation import Workstation

LEAST = 20  # characters; what is shorter is typed about as fast
ALIKE = 78.0  # points of 100 from which one would have done for the other
WITHIN = 88.0  # the same, for a ready text that is a part of what was typed
LOOKED_AT = 5  # articles


class Hint(NamedTuple):
    """How the same text is had for less: what to press, and what it is called."""

    press: str
    title: str


class Hints:
    """Compares what was sent with macros and articles, beside the screen."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._last = 0  # ms, when the last one was given

    def look(self, text: str) -> None:
        """`text` was typed and sent. Says at most one thing, and not before its time."""
        pause = self._screen.config.interface.hints * 60_000
        now = self._screen.desk.clock()
        if pause and len(text.strip()) >= LEAST and (not self._last or now - self._last >= pause):
            self._screen.run_worker(self._look(text, self._values()), group="hints")

    def _values(self) -> dict[str, str]:
        now = datetime.datetime.now().astimezone()
        return self._screen.desk.macros.values(self._screen.current, now)

    async def _look(self, text: str, values: dict[str, str]) -> None:
        screen = self._screen
        now = datetime.datetime.now().astimezone()
        macros = screen.desk.macros.library().offered(screen.doing.customer_language(), now)
        found = await asyncio.to_thread(_among_macros, text, macros, values)
        if found is None:
            found = await self._among_articles(text)
        if found is not None:
            self._last = screen.desk.clock()
            count = len(text.strip())
            words = Both(
                f"刚才打了 {count} 个字；{found.press} 就有：{found.title}",
                f"you typed {count} characters; {found.press} says it: {found.title}",
            )
            screen.doing.say(words, seconds=8)

    async def _among_articles(self, text: str) -> Hint | None:
        desk = self._screen.desk
        hits = await asyncio.to_thread(desk.finding.search, text[:120], LOOKED_AT)
        for hit in hits:
            article = desk.directory.article(hit.entry.id) if hit.entry.kind == "article" else None
            if article is not None and article.audience == "public" and _same(text, article.body):
                return Hint(self._screen.keymap.shown("find"), article.title)
        return None


def _among_macros(text: str, macros: Sequence[Macro], values: dict[str, str]) -> Hint | None:
    """The macro that says about the same, one with a key before one with a short name."""
    from agent_tui.macros import library

    found: list[tuple[bool, str, Hint]] = []
    for macro in macros:
        press = macro.head.key or (f"/{macro.head.short}" if macro.head.short else "")
        slots = library.slot_defaults(macro, values)
        if press and _same(text, library.fill(macro, values, slots)):
            found.append((not macro.head.key, macro.id, Hint(press, macro.head.title)))
    return min(found)[2] if found else None


def _same(typed: str, ready: str) -> bool:
    """Whether `ready` would have done for `typed`, or for a good part of it."""
    from rapidfuzz import fuzz

    one, other = "".join(typed.split()), "".join(ready.split())
    if fuzz.ratio(one, other, score_cutoff=ALIKE):
        return True
    return LEAST <= len(other) <= len(one) and bool(
        fuzz.partial_ratio(one, other, score_cutoff=WITHIN)
    )
