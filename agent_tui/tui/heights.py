"""How many lines each of many blocks takes: guessed until it is drawn, and where each begins."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Heights:
    """Heights in lines, in order; a block's true height replaces its guess when it is known."""

    def __init__(self, guesses: Iterable[int] = ()) -> None:
        self._heights = list(guesses)
        self._known = bytearray(len(self._heights))
        self._starts: list[int] | None = None

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """Lines of all blocks."""
        return self._first_lines()[-1]

    def start(self, index: int) -> int:
        """The first line of block `index`."""
        return self._first_lines()[index]

    def height(self, index: int) -> int:
        """Lines of block `index`, known or guessed."""
        return self._heights[index]

    def known(self, index: int) -> bool:
        """Whether that height is the true one."""
        return bool(self._known[index])

    def at(self, line: int) -> tuple[int, int]:
        """The block that has `line`, and which of its lines that is."""
        starts = self._first_lines()
        index = max(0, min(bisect_right(starts, line) - 1, len(self._heights) - 1))
        return index, line - starts[index]

    def learn(self, index: int, height: int) -> None:
        """Block `index` truly takes `height` lines."""
        self._known[index] = 1
        if self._heights[index] != height:
            self._heights[index] = height
            self._starts = None

    def doubt(self, index: int) -> None:
        """Block `index` may have changed; until it is drawn, its height stands for a guess."""
        self._known[index] = 0

    def keep(self, count: int, guesses: Iterable[int]) -> None:
        """The first `count` blocks stay; `guesses` are those that follow now."""
        more = list(guesses)
        self._heights[count:] = more
        self._known[count:] = bytes(len(more))
        self._starts = None

    def _first_lines(self) -> list[int]:
        # Ten thousand sums take a fraction of a millisecond: simpler than a tree, and fast enough.
        if self._starts is None:
            self._starts = list(accumulate(self._heights, initial=0))
        return self._starts
