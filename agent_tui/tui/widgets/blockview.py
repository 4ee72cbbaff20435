"""A long column of blocks of lines; only those near what is in sight are ever made.

Every other block counts with a guessed height. Before the guess would be seen it is replaced by
the true one, and the place in the text stays: above what is in sight lines may come and go unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from agent_tui.tui.folded import Span
from agent_tui.tui.heights import Heights
from agent_tui.tui.widgets.bubbles import Drawn
from agent_tui.tui.widgets.lines import LineView

KEPT = 400  # blocks as lines


class Block(NamedTuple):
    """A block's lines; `before` of them stand before what it is about."""

    lines: tuple[Drawn, ...]
    before: int


class Place(NamedTuple):
    """What stands at the top: line `line` of a block, whose text there begins at `at`."""

    name: str
    block: int
    line: int
    at: int


class BlockView(LineView):
    """Keeps its place: at the bottom it follows what comes, scrolled up it stays.

    Subclasses say how many blocks there are, and each; and call `begin` or `keep`, then `restore`,
    when they are others.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 -- Textual's name
        super().__init__(id=id)
        self.width = 0  # for which the heights are
        self.follow = True
        self.heights = Heights()
        self._blocks: dict[int, Block] = {}
        self._moving = False  # by ourselves, and not by whoever scrolls
        # What was to be at the top, and the line that this was: another width may not have a line
        # that begins there, and the next one should.
        self._meant: tuple[Place, int] | None = None

    def name_of(self, index: int) -> str:
        """What tells a block from others, wherever it stands."""
        raise NotImplementedError

    def guess(self, index: int) -> int:
        """About how many lines a block has."""
        raise NotImplementedError

    def make(self, index: int) -> Block:
        """A block for `width`."""
        raise NotImplementedError

    # --- scrolling -------------------------------------------------------------------------------

    def page(self, step: int) -> None:
        """Scroll a page up (-1) or down (1)."""
        self.scroll_lines(step * max(1, self.size.height - 2))

    def scroll_lines(self, lines: int) -> None:
        """Scroll by lines, down if positive."""
        self.scroll_by(lambda y: y + lines)

    def end(self) -> None:
        """Go to the last line and stay with it."""
        self.follow, self._meant = True, None
        self._settle()

    def reveal(self, index: int, span: Span | None = None) -> None:
        """Scroll as little as shows block `index`, or the line of it where `span` begins."""
        self.scroll_by(lambda y: self._showing(y, index, span), near=index)

    def in_sight(self, index: int) -> tuple[bool, bool]:
        """Whether the first and the last line of block `index` are in sight."""
        top, rows = self.first_line, self.size.height
        first = self.first_of(index)
        last = self.heights.start(index) + self.heights.height(index) - 1
        return top <= first < top + rows, top <= last < top + rows

    def top(self) -> int:
        """The first block that is in sight at least in part."""
        return self.heights.at(self.first_line)[0]

    def bottom(self) -> int:
        """The last block that is in sight at least in part."""
        return self.heights.at(min(self.first_line + self.size.height, self.line_count()) - 1)[0]

    def first_of(self, index: int) -> int:
        """The line at which what block `index` is about begins."""
        return self.heights.start(index) + self.block(index).before

    def scroll_by(self, target: Callable[[int], int], *, near: int | None = None) -> None:
        """Scroll to what `target` makes of the line at the top now; guesses around it are replaced
        first. `near`: the block it leads to."""
        if not len(self.heights) or not self.size.height:
            self.refresh()
            return
        index, line = self.heights.at(self.first_line)
        self._measure(index)
        if near is not None:
            self._measure(near)
        self._meant = None
        self._go(target(self._line_at(index, line)))
        self.follow = self.first_line >= self.max_scroll_y
        self._settle()
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Somebody scrolled: whether to follow, and what must be measured now."""
        super().watch_scroll_y(old_value, new_value)
        if not self._moving and self.text_width == self.width:
            self._meant = None
            self.follow = self.first_line >= self.max_scroll_y
            self._settle()

    # --- what is known ---------------------------------------------------------------------------

    def line_count(self) -> int:
        return self.heights.total

    def others(self) -> None:
        """What is shown from now on has nothing to do with what was."""
        self.follow, self._meant = True, None

    def begin(self, count: int) -> None:
        """There are `count` blocks, of which nothing is known."""
        self.width = self.text_width
        self._blocks.clear()
        self.heights = Heights(map(self.guess, range(count)))

    def keep(self, first: int, count: int) -> None:
        """There are `count` blocks, the first of which are as they were."""
        self.heights.keep(first, map(self.guess, range(first, count)))
        self._blocks = {at: block for at, block in self._blocks.items() if at < first}

    def forget(self, index: int) -> None:
        """Block `index` looks different now."""
        self._blocks.pop(index, None)
        if index < len(self.heights):
            self.heights.doubt(index)

    def block(self, index: int) -> Block:
        """Block `index` as lines."""
        known = self._blocks.get(index)
        if known is None:
            if len(self._blocks) >= KEPT:
                self._blocks.clear()
            known = self._blocks[index] = self.make(index)
        return known

    def place(self) -> Place | None:
        """What stands at the top; None if that is not for the numbers to say."""
        if self.follow or not len(self.heights):
            return None
        if self._meant is not None and self._meant[1] == self.first_line:
            return self._meant[0]
        index, line = self.heights.at(self.first_line)
        block = self._blocks.get(index)
        at = block.lines[line].at if block is not None and line < len(block.lines) else -1
        return Place(self.name_of(index), index, line, at)

    def restore(self, place: Place | None) -> None:
        """Be at `place` again; without one, at the end if that was followed."""
        if place is None:
            self._settle()
            self.refresh()
        else:
            index = self._index_of(place)
            line = self._line_of(index, place) if len(self.heights) else 0
            self.scroll_by(lambda _: self.heights.start(index) + line, near=index)
            self._meant = (place, self.first_line)

    def _index_of(self, place: Place) -> int:
        last = len(self.heights) - 1
        if place.block <= last and self.name_of(place.block) == place.name:
            return place.block
        same = (at for at in range(last + 1) if self.name_of(at) == place.name)
        return next(same, max(0, min(place.block, last)))

    def _line_of(self, index: int, place: Place) -> int:
        """The line of block `index` that has the text of `place`."""
        lines = self.block(index).lines
        same = min(place.line, len(lines) - 1)
        if place.at < 0 or lines[same].at == place.at:
            return same
        before = [at for at, line in enumerate(lines) if 0 <= line.at <= place.at]
        return before[-1] if before else same

    def _measure(self, index: int) -> None:
        """Learn the heights around a block, if any that may soon be seen is a guess."""
        rows, count = max(1, self.size.height), len(self.heights)
        near = range(max(0, index - rows // 2), min(count, index + rows))
        if all(map(self.heights.known, near)):
            return
        for each in range(max(0, index - rows), min(count, index + 2 * rows)):
            if not self.heights.known(each):
                self.heights.learn(each, len(self.block(each).lines))

    def _line_at(self, index: int, line: int) -> int:
        return self.heights.start(index) + min(line, self.heights.height(index) - 1)

    def _settle(self) -> None:
        """Replace the guesses around what is in sight; what is in sight does not move."""
        if not len(self.heights) or not self.size.height or self.text_width != self.width:
            self.resized()
        elif self.follow:
            self._measure(len(self.heights) - 1)
            self._go(self.line_count())
        else:
            index, line = self.heights.at(self.first_line)
            self._measure(index)
            self._go(self._line_at(index, line))

    def _go(self, y: int) -> None:
        self._moving = True
        try:
            self.resized()
            y = max(0, min(y, self.max_scroll_y))
            if y != self.first_line:
                self.scroll_to(y=y, animate=False, immediate=True, force=True)
        finally:
            self._moving = False

    def _showing(self, y: int, index: int, span: Span | None) -> int:
        rows = self.size.height
        start = self.heights.start(index)
        first, last = self.first_of(index), start + self.heights.height(index) - 1
        if span is not None:
            lines = self.block(index).lines
            holds = [at for at, line in enumerate(lines) if 0 <= line.at <= span[0]]
            first = last = start + (holds[-1] if holds else 0)
        if first < y:
            return start if span is None else first - rows // 3
        if last >= y + rows:
            return min(first, last - rows + 1) if span is None else first - rows // 2
        return y
