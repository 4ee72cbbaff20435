"""The index of articles: made of the cache's rows, kept beside it, caught up with what changed.

Run as a program it is the child process that indexes many articles and keeps the result.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.desk import entries
from agent_tui.domain.model import Article
from agent_tui.knowledge.entry import Entry, Kind
from agent_tui.store.things import Things

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from agent_tui.knowledge.index import SearchIndex

    Marks = npt.NDArray[np.uint64]


class ArticleIndex:
    """An index of articles, and which rows of the cache it stands for: `marks` of the saved part
    in the order of its entries, and of what came since by id."""

    def __init__(self, index: SearchIndex, marks: Marks, since: dict[str, int]) -> None:
        self.index = index
        self._marks = marks
        self._since = since

    @classmethod
    def build(cls, things: Things, marks: Marks) -> ArticleIndex:
        """Index the articles at `marks`."""
        import numpy as np

        from agent_tui.knowledge.index import SearchIndex

        found = dict(_entries(things, marks))
        kept = marks[np.isin(marks >> np.uint64(32), np.array(list(found), np.uint64))]
        return cls(SearchIndex.build(found.values()), kept, {})

    def save(self, folder: Path) -> None:
        """Keep it in `folder`; only one that was just built. Raises OSError."""
        import numpy as np

        self.index.save(folder)
        np.save(folder / "marks.npy", self._marks, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> ArticleIndex | None:
        """What was kept, or None if it cannot be used."""
        import numpy as np

        from agent_tui.knowledge.index import SearchIndex, StaleIndex

        try:
            index = SearchIndex.load(folder)
            marks = np.load(folder / "marks.npy", allow_pickle=False)
        except (StaleIndex, OSError, ValueError):
            return None
        return cls(index, marks, {}) if len(index) == len(marks) else None

    @property
    def apart(self) -> int:
        """How many articles changed since the saved part was built."""
        return len(self._since)

    def behind(self, marks: Marks) -> int:
        """How many articles came or went since."""
        import numpy as np

        return len(np.setxor1d(self._current(), marks, assume_unique=True))

    def _current(self) -> Marks:
        import numpy as np

        replaced = [self.index.base_number(("article", key)) for key in self._since]
        numbers = [number for number in replaced if number is not None]
        mine = np.delete(self._marks, numbers)
        return np.concatenate((mine, np.array([m for m in self._since.values() if m], np.uint64)))

    def caught_up(self, marks: Marks, things: Things) -> ArticleIndex:
        """The same with what is at `marks` now."""
        import numpy as np

        fresh = np.setdiff1d(marks, self._current(), assume_unique=True)
        gone = set(np.setdiff1d(self._current(), marks, assume_unique=True).tolist())
        since = dict(self._since)
        removed = {key for key, mark in since.items() if mark in gone}
        numbers = np.flatnonzero(np.isin(self._marks, np.array(sorted(gone), np.uint64)))
        removed |= {self.index.base_entry(number).id for number in numbers.tolist()}
        since.update(dict.fromkeys(removed, 0))
        by_place = {mark >> 32: mark for mark in fresh.tolist()}
        changed = []
        for place, entry in _entries(things, fresh):
            since[entry.id] = by_place[place]
            changed.append(entry)
        kept = {entry.id for entry in changed}
        gone_keys: list[tuple[Kind, str]] = [("article", key) for key in removed - kept]
        index = self.index.updated(changed, gone_keys, merge=False)
        return ArticleIndex(index, self._marks, since)


def _entries(things: Things, marks: Marks) -> Iterable[tuple[int, Entry]]:
    places = (mark >> 32 for mark in marks.tolist())
    for place, article in things.at("article", places):
        if isinstance(article, Article):
            yield place, entries.of_article(article)


def marks_of(things: Things) -> Marks:
    """A number for each article in the cache, in order: its place, then its sum."""
    import numpy as np

    found = np.array(things.marks("article"), np.uint64).reshape(-1, 2)
    return (found[:, 0] << np.uint64(32)) | found[:, 1]


def main(cache: str, folder: str) -> None:
    """What the child process does: build the index of all articles, and keep it."""
    import os

    os.nice(10)
    things = Things(Path(cache))
    ArticleIndex.build(things, marks_of(things)).save(Path(folder))
    things.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
