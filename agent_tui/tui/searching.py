"""The work on the find pane: what is looked for when, and which rows stand there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from agent_tui.desk.likely import LIKELY
from agent_tui.domain.finding import Found
from agent_tui.domain.ids import ConversationId
from agent_tui.knowledge.entry import Hit
from agent_tui.lang import Both
from agent_tui.tui import format as fmt
from agent_tui.tui.finds import NUMBERED, Only, Row, asked, doubt
from agent_tui.tui.likely import (
    ANSWERED,
    NEW,
    SUGGESTIONS,
    USUAL,
    Likely,
    fits,
    in_a_line,
)
from agent_tui.tui.meaning import ByMeaning
from agent_tui.tui.misses import Misses
from agent_tui.tui.offers import Strip
from agent_tui.tui.past import Past
from agent_tui.tui.previews import Previews
from agent_tui.tui.queries import HITS, Queries, Search
from agent_tui.tui.rowkeys import RowKeys
from agent_tui.tui.taking import Taking
from agent_tui.tui.versions import named

if TYPE_CHECKING:
    from agent_tui.tui.screens.workstation import Workstation

NARROW = 52  # cells of that line in 80 columns
PAST_BESIDE = 3  # past conversations below articles and macros
PAST_ALONE = 20


class Searching:
    """What the pane shows belongs to the text of its box; nothing late is ever shown or taken."""

    def __init__(self, screen: Workstation) -> None:
        self._screen = screen
        self.text = ""  # what the rows are for
        # Chat and messages that the answers are for.
        self._about: tuple[ConversationId | None, int] = (None, 0)
        self._number = 0  # of the last search
        self._busy = False  # it runs beside the screen
        self._started = False
        self._hits: Sequence[Hit] = ()
        self._past = Past(screen, self._found_past)
        self._found: tuple[Sequence[Found], Sequence[str]] = ((), ())  # of the past, and notes
        self._meaning = ByMeaning(screen, self._ranked)
        self._likely = Likely(screen)
        self._news = False  # the answers are called new
        self._answered = False  # a reply followed what they are for: they are dim
        self._previews = Previews(screen)
        self.taking = Taking(screen)
        self.misses = Misses(screen)
        self.keys = RowKeys(screen, self)
        self._queries = Queries(screen, self.taking, self._likely)

    # --- the pane and the index ------------------------------------------------------------------

    def start(self) -> None:
        """The first picture is drawn: follow the index from now on."""
        screen = self._screen
        screen.find.on_typed = self.typed
        screen.find.on_act = self.keys.act
        screen.find.on_taken = self.keys.take
        screen.find.on_moved = screen.draw_status
        screen.find.preview = self._previews.lines
        screen.find.today = lambda: fmt.local(screen.desk.clock()).date().isoformat()
        screen.desk.finding.start(screen.ui.bridge.indexed)
        self._started = True
        self._search()

    async def close(self) -> None:
        """The program ends."""
        if self._started:
            self.misses.report()
            await self._past.close()
            self._screen.desk.finding.close()

    def indexed(self) -> None:
        """There is another index: what is shown may be out of date."""
        if self._started:
            self._search(keep=True)

    def draw_title(self) -> None:
        """What is searched, which keys take it, and how far the index is."""
        finding = self._screen.desk.finding
        words = asked(self.text).only.words
        if self._started and finding.building:
            count = finding.size
            some = Both(f" · 可查 {count} 条", f" · {count} so far") if count else ""
            words = f"{Both('正在建立索引…', 'indexing…')}{some}"
        elif reason := self._doubt():
            words += f" · {reason}"
        elif not self.text and self._hits:
            usual = ANSWERED if self._answered else USUAL
            words = str(NEW if self._likely.is_new else usual)
        if self._news != self._likely.is_new:
            self._answers()
        self._screen.find.set_title(words)

    def _doubt(self) -> Both | None:
        """What there is to say against the articles and macros found for what was typed."""
        wanted = asked(self.text)
        past_only = wanted.only is Only.PAST
        return doubt(self._hits) if wanted.text and not past_only and not self._busy else None

    def relabel(self) -> None:
        """The language changed."""
        self._screen.find.relabel()
        self._search(keep=True)

    # --- what is asked ---------------------------------------------------------------------------

    def opened(self) -> None:
        """Another conversation came to the screen, or none."""
        self._reset()

    def follow(self) -> None:
        """The open conversation went on: so do its answers, unless the agent is among them."""
        if not self.text and self._about != self._now() and not self._screen.find.moved:
            self._search()
        elif self._answered != self._is_answered():
            self._draw(keep=True)

    def typed(self, text: str) -> None:
        """The box says something else now."""
        if text != self.text:
            self.misses.left(self.text, text)
            self.text = text
            self._screen.find.moved = False
            self._search()

    def _reset(self) -> None:
        self.misses.left(self.text, "")
        self.text = ""
        self._screen.find.clear()
        self._search()

    def _now(self) -> tuple[ConversationId | None, int]:
        key = self._screen.current
        state = self._screen.desk.conversation(key) if key else None
        return key, state.last_customer_no if state else 0

    def _is_answered(self) -> bool:
        key = self._screen.current
        return not self.text and key is not None and self._screen.desk.messages.answered(key)

    def _search(self, *, keep: bool = False) -> None:
        """Look for what the box says; beside the screen, if that takes long here."""
        if not self._started:
            return
        self._number += 1
        self._busy = False
        self._found = ((), ())
        self._meaning.drop()
        if not keep:
            self.keys.drop()
        wanted = asked(self.text)
        self._about = self._now()
        alone = wanted.only is Only.PAST
        if alone or (wanted.only is Only.ALL and wanted.text):
            self._past.look(wanted.text, PAST_ALONE if alone else PAST_BESIDE, always=alone)
        else:
            self._past.drop()
        if alone:
            self._show((), keep)
        elif self._screen.desk.finding.too_many(self._queries.count(wanted)):
            self._busy = True
            # No coroutine yet: a worker that is called off before it begins would not await it.
            work = partial(self._later, self._number, self._queries.of(wanted), keep)
            self._screen.run_worker(work, group="find", exclusive=True)  # type: ignore[arg-type]
        else:
            self._show(self._queries.of(wanted)(), keep)

    async def _later(self, number: int, search: Search, keep: bool) -> None:
        def run() -> Sequence[Hit] | None:
            return search() if number == self._number else None  # another key came meanwhile

        hits = await asyncio.to_thread(run)
        if hits is not None and number == self._number and self._screen.find.box.is_running:
            self._busy = False
            self._show(hits, keep)

    def _show(self, hits: Sequence[Hit], keep: bool) -> None:
        if not self.text:
            whole = not self._screen.desk.finding.building
            hits = self._likely.settle(self._about, hits, whole=whole)
        self._hits = hits
        self._draw(keep)
        self.keys.settle()
        wanted = asked(self.text)
        meant = wanted.text or (hits[0].query if hits else self._queries.said().most)
        if wanted.only is not Only.PAST and meant:
            rank = partial(
                self._screen.desk.finding.by_meaning,
                meant,
                hits,
                HITS if wanted.text else SUGGESTIONS,
                kinds=wanted.only.kinds,
                public=not wanted.text,
            )
            self._meaning.look(rank)

    def _ranked(self, hits: Sequence[Hit]) -> None:
        """By meaning; not under a highlight that the agent moved."""
        if not self.text:
            left_out = self._likely.left_out(self._about[0])
            hits = [hit for hit in hits if fits(hit, left_out)]
        if list(hits) == list(self._hits) or self._screen.find.moved:
            return
        if self.text or self._likely.ranked(hits):
            self._hits = hits
            self._draw(keep=True)

    def _found_past(self, found: Sequence[Found], notes: list[str]) -> None:
        self._found = (found, notes)
        self._draw(keep=True)
        self.keys.settle()

    def _draw(self, keep: bool) -> None:
        if not (
            self._screen.find.box.is_running and len(self._screen.query("#answers, #status")) == 2
        ):
            return  # the program ends, and what comes late finds some of the widgets gone
        past, notes = self._found
        rows: list[Row] = [*named(self._screen, self._hits), *past]
        wanted = asked(self.text)
        past_only = wanted.only is Only.PAST
        if self._doubt():
            self.misses.saw(self.text)
        if wanted.text and not rows and not self._past.busy:
            notes = (str(Both("没有找到", "nothing found")), *notes)
        elif not rows and self._screen.current and not self.text:
            notes = (str(Both("没有把握的答案", "no likely answer")),)
        elif past_only and not wanted.text:
            notes = (str(Both("输入说过的话", "type what was said")),)
        self._answered = self._is_answered()
        self._screen.find.hits.set_class(self._answered, "-answered")
        self._screen.find.show(rows, notes, keep=keep)
        self._answers()
        self.draw_title()
        self._screen.draw_status()

    def _answers(self) -> None:
        """The likely answers in one line, for terminals without room for the pane."""
        self._news = self._likely.is_new
        strip = self._screen.query_one("#answers", Strip)
        asks = bool(self.text) or self._screen.current is None
        hits = named(self._screen, self._hits[:NUMBERED]) if not asks else []
        strip.show(in_a_line(hits, strip.size.width or NARROW, new=self._news, dim=self._answered))

    # --- what a key for a row asks ---------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether the rows are those of what was typed."""
        alone = asked(self.text).only is Only.PAST
        return not self._busy and not (alone and self._past.busy)

    @property
    def unseen(self) -> bool:
        """Whether the likely answers changed so lately that nobody can have looked at them."""
        return not self.text and self._likely.is_unseen

    @property
    def hardly_fits(self) -> bool:
        """Whether what was typed found only what is far from it."""
        return bool(asked(self.text).text and self._hits and self._hits[0].score < LIKELY)

    def done(self) -> None:
        """Something was taken: the box is empty again, and the chat has the keys."""
        self.misses.forget()
        screen = self._screen
        screen.remove_class("-side")
        screen.set_focus(screen.composer)
        self._reset()
