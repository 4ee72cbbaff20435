"""The likely answers: they stay where they are, under a finger, until the customer writes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.content import Content

from agent_tui.desk.likely import Asked, Search, answers
from agent_tui.domain.ids import ConversationId
from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.text import clip
from agent_tui.tui.finds import NUMBERED
from agent_tui.tui.inserting import unfit_for

if TYPE_CHECKING:
    from agent_tui.macros.model import Macro
    from agent_tui.tui.screens.workstation import Workstation

About = tuple[ConversationId | None, int]  # a chat, and its customer's last message
USUAL = Both("可能的答案 · Alt+1 2 3 插入", "Likely answers · Alt+1 2 3")
NEW = Both("新的可能答案 · Alt+1 2 3 插入", "New likely answers · Alt+1 2 3")
ANSWERED = Both("已回复 · Alt+1 2 3 仍可插入", "Answered · still Alt+1 2 3")
CHANGED = Both("答案刚变了：看一眼再按", "the answers just changed: look, then press again")
KEY = "Alt+1"
SUGGESTIONS = 3
FOUND = 12  # for each message of the customer
EARLY = 1.0  # seconds in which a better order may still come: nobody has read them yet
GLANCE = 0.5  # seconds for which answers that changed by themselves are taken by no key
NEWS = 5.0  # seconds for which they are called new


class Likely:
    """Which answers stand in which places, and since when."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self._about: About = (None, 0)
        self._hits: Sequence[Hit] = ()
        self._shown = self._changed = float("-inf")  # s; for this question, by themselves

    def settle(self, about: About, hits: Sequence[Hit], *, whole: bool) -> Sequence[Hit]:
        """`hits` for the question `about`: what stands there for it keeps its place, and what is
        new takes those that are free. `whole`: everything that is known was looked through."""
        known = self._hits if about == self._about and about[0] is not None and whole else ()
        kept = [now for hit in known if (now := self._still(hit)) is not None]
        there = {hit.entry.key for hit in kept}
        fresh = (hit for hit in hits if hit.entry.key not in there)
        found = [*kept, *fresh][: max(len(kept), len(hits))]
        self._note(about, found)
        return found

    def ranked(self, hits: Sequence[Hit]) -> bool:
        """Whether these, the same in a better order, may still take the place of what is there."""
        if time.monotonic() - self._shown > EARLY:
            return False
        self._note(self._about, hits)
        return True

    def _note(self, about: About, hits: Sequence[Hit]) -> None:
        now = time.monotonic()
        before = [hit.entry.key for hit in self._hits[:NUMBERED]]
        if about[0] == self._about[0] and before != _keys(hits, len(before)):
            self._changed = now
        elif about[0] != self._about[0]:
            self._changed = float("-inf")
        if about != self._about:
            self._shown = now
        self._about, self._hits = about, hits

    def _still(self, hit: Hit) -> Hit | None:
        entry = self._screen.desk.finding.entry(hit.entry.kind, hit.entry.id)
        if entry is None or entry.internal:
            return None
        return hit if entry is hit.entry else replace(hit, entry=entry)

    @property
    def is_new(self) -> bool:
        """Whether they changed a moment ago while their chat was open."""
        return time.monotonic() - self._changed < NEWS

    @property
    def is_unseen(self) -> bool:
        """Whether that was so short ago that a key may have been meant for those before."""
        glance = min(GLANCE, self._screen.ui.quiet_seconds)
        return time.monotonic() - self._changed < glance

    def left_out(self, key: ConversationId | None) -> frozenset[str]:
        """Macros that are not for the chat `key` now; nor, while its customer waits for an answer,
        those that end a chat."""
        state = self._screen.desk.conversation(key) if key is not None else None
        if state is None:
            return frozenset()
        from agent_tui.macros.model import Situation

        moment = self._screen.inserting.moment()._replace(situation=Situation.of(state))
        waits = state.waiting_since is not None
        return frozenset(
            macro.id
            for macro in moment.library.all.values()
            if (waits and _ends(macro)) or unfit_for(macro, moment)
        )


def _ends(macro: Macro) -> bool:
    """Whether sending it solves the chat."""
    return any(action.status == "resolved" for action in macro.head.actions)


def likely(search: Search, asked: Asked, without: frozenset[str]) -> Sequence[Hit]:
    """Nobody typed it: what only colleagues may read is not put under the agent's finger (the
    search leaves it out), nor what hardly fits, nor the macros `without`."""

    def fitting(text: str) -> Sequence[Hit]:
        return [hit for hit in search(text) if fits(hit, without)]

    return answers(fitting, asked)[:SUGGESTIONS]


def fits(hit: Hit, without: frozenset[str]) -> bool:
    """Whether it is none of these macros."""
    return hit.entry.kind != "macro" or hit.entry.id not in without


def in_a_line(hits: Sequence[Hit], width: int, *, new: bool, dim: bool) -> Content | None:
    """`hits` with the keys that insert them, in `width` cells; None if there are none."""
    if not hits:
        return None
    lead = str(Both("新 ", "new ")) if new else ""
    room = (width - (8 if new else 4)) // len(hits) - 4
    parts = [
        part
        for number, hit in enumerate(hits, 1)
        for part in (
            (f"{KEY if number == 1 else number} ", "$secondary" if dim else "$accent bold"),
            (f"{clip(hit.entry.title, room)}  ", "$secondary" if dim else ""),
        )
    ]
    return Content.assemble((lead, "$warning bold"), *parts)


def _keys(hits: Sequence[Hit], count: int) -> list[tuple[str, ...]]:
    return [hit.entry.key for hit in hits[:count]]
