"""The search index: entries in segments, searched together.

    index = SearchIndex.build(entries)
    hits = index.search("thyf")

A segment never changes. What is new or changed since lies in a second, small one that stands
before the first; when it has grown large, both become one.
"""

from __future__ import annotations

import heapq
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agent_tui.knowledge import rank
from agent_tui.knowledge.entry import Context, Entry, Hit, Kind
from agent_tui.knowledge.query import Query
from agent_tui.knowledge.segment import Segment

Key = tuple[Kind, str]
Where = Callable[[Entry], bool]

_MARGIN = 15  # so many more than asked for are looked at closely
LEAST = 6.0  # points for fitting that a hit has at least, whoever asks
WORTH = 0.2  # of the best hit's points, for a sentence
_FORMAT = f"agent_tui index 2, {sys.byteorder} endian\n"
_MERGE = (
    2000  # changed entries that are carried apart; more, and a tenth of all, become one segment
)


class StaleIndex(Exception):
    """There is no index in this folder that can be used. Build it again."""


class _Scored(NamedTuple):
    """An entry of a segment, its row that fits best, how it fits in points, and the parts of that
    in the order of rank.PARTS."""

    segment: Segment
    entry: int
    row: int
    fitting: float
    parts: tuple[float, ...]


class SearchIndex:
    """See the module's docstring. Reading from several threads is safe; `update` is not."""

    def __init__(self, segments: Sequence[Segment] = (), gone: Iterable[Key] = ()) -> None:
        self._segments = tuple(segments)
        self._gone = _hidden(self._segments, gone)

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> SearchIndex:
        """Index `entries`; of two with one key the last holds."""
        whole = {entry.key: entry for entry in entries}
        return cls([Segment.build(list(whole.values()))])

    def __len__(self) -> int:
        return sum(map(len, (part.entries for part in self._segments))) - sum(map(len, self._gone))

    def __iter__(self) -> Iterator[Entry]:
        for segment, gone in zip(self._segments, self._gone, strict=True):
            for number, entry in enumerate(segment.entries):
                if number not in gone:
                    yield entry

    def entry(self, key: Key) -> Entry | None:
        """The entry with this key."""
        for segment, gone in zip(self._segments, self._gone, strict=True):
            number = segment.entries.number(key)
            if number is not None and number not in gone:
                return segment.entries[number]
        return None

    def base_number(self, key: Key) -> int | None:
        """Where an entry stands in the part that was built as a whole."""
        return self._segments[0].entries.number(key) if self._segments else None

    def base_entry(self, number: int) -> Entry:
        """What stood there, also if it was replaced or dropped since."""
        return self._segments[0].entries[number]

    # --- searching -------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        limit: int = 20,
        *,
        where: Where | None = None,
        context: Context = Context(),  # noqa: B008 -- frozen
    ) -> list[Hit]:
        """The best entries for `query`, best first, of those that `where` lets through.

        An empty query finds what is used most. Never raises for any text.
        """
        asked = Query(query)
        if not asked.text:
            return self._used(limit, where, context)
        scored: list[tuple[float, int, str, _Scored]] = []
        for segment, gone in zip(self._segments, self._gone, strict=True):
            for each in _best(segment, asked, where, limit):
                if each.entry in gone:
                    continue
                if each.fitting < LEAST and not asked.sentence:
                    continue
                entry = segment.entries[each.entry]
                score = each.fitting + sum(rank.moment(entry, context).values())
                score *= asked.certain(entry)
                scored.append((-score, len(entry.title), entry.id, each))
        best = heapq.nsmallest(limit, scored, key=lambda each: each[:3])
        if asked.sentence and best:  # no name holds much of a long text: what counts is the best
            best = [each for each in best if -each[0] >= WORTH * -best[0][0]]
        return [_hit(asked, each, -score, context) for score, _, _, each in best]

    def _used(self, limit: int, where: Where | None, context: Context) -> list[Hit]:
        known = ((weight, self.entry(key)) for key, weight in context.uses.items())
        used = [(weight, entry) for weight, entry in known if entry and (not where or where(entry))]
        used.sort(key=lambda pair: (-pair[0], pair[1].title))
        return [
            Hit(entry, 100 * weight, entry.title, why=(("used", 100 * weight),))
            for weight, entry in used[:limit]
        ]

    # --- changing --------------------------------------------------------------------------------

    def updated(
        self, entries: Iterable[Entry], removed: Iterable[Key] = (), *, merge: bool = True
    ) -> SearchIndex:
        """This index with `entries` added or replaced and the keys in `removed` dropped.

        Takes time by the number of all that changed since the index was built; with `merge`, now
        and then, when that is many, everything is built again.
        """
        fresh = {entry.key: entry for entry in entries}
        dropped = set(removed) - fresh.keys()
        first, *rest = self._segments or (Segment.build([]),)
        changed = {e.key: e for e in SearchIndex(rest) if e.key not in dropped} | fresh
        missing = {key for key in dropped if first.entries.number(key) is not None}
        missing |= {first.entries[number].key for number in self._dropped()} - fresh.keys()
        if merge and len(changed) > max(_MERGE, len(first.entries) // 10):
            whole = {e.key: e for e in first.entries if e.key not in missing}
            return SearchIndex.build((whole | changed).values())
        return SearchIndex([first, Segment.build(list(changed.values()))], missing)

    def _dropped(self) -> set[int]:
        """What is gone from the first segment without being replaced."""
        if not self._segments:
            return set()
        first, *rest = self._segments
        return {
            number
            for number in self._gone[0]
            if not any(part.entries.number(first.entries[number].key) is not None for part in rest)
        }

    def update(self, entries: Iterable[Entry], removed: Iterable[Key] = ()) -> None:
        """`updated`, in place."""
        fresh = self.updated(entries, removed)
        self._segments, self._gone = fresh._segments, fresh._gone

    # --- keeping ---------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write the index to `folder`, whole or not at all. Raises OSError."""
        whole = self if len(self._segments) == 1 and not self._gone[0] else SearchIndex.build(self)
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        for segment in whole._segments:
            segment.save(fresh)
        (fresh / "format").write_text(_FORMAT, "utf-8")
        old = folder.with_name(f"{folder.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)

    @classmethod
    def load(cls, folder: Path) -> SearchIndex:
        """What `save` wrote. Raises StaleIndex if it is of another version, broken or not there."""
        try:
            if (folder / "format").read_text("utf-8") != _FORMAT:
                raise StaleIndex(folder)
            return cls([Segment.load(folder)])
        except (OSError, ValueError, KeyError) as error:
            raise StaleIndex(folder) from error


def _hidden(segments: Sequence[Segment], gone: Iterable[Key]) -> tuple[frozenset[int], ...]:
    """For each segment the numbers of entries that are not to be found: gone, or in a later one."""
    keys = set(gone)
    found = []
    for part, segment in enumerate(segments):
        later = (entry.key for each in segments[part + 1 :] for entry in each.entries)
        numbers = (segment.entries.number(key) for key in (*later, *(keys if not part else ())))
        found.append(frozenset(number for number in numbers if number is not None))
    return tuple(found)


def _best(segment: Segment, query: Query, where: Where | None, limit: int) -> Iterator[_Scored]:
    """Those that fit best, more than `limit`, since who asks has a word in it too."""
    found = segment.search(query, where, limit)
    points = rank.fitting(found, sentence=query.sentence)
    score = np.add.reduce(list(points.values()))
    wanted = limit + _MARGIN
    columns = [score, *points.values()]
    entries, rows = found.entries, found.rows
    if len(score) > wanted:
        chosen = np.argpartition(score, len(score) - wanted)[-wanted:]
        columns = [each[chosen] for each in columns]
        entries, rows = entries[chosen], rows[chosen]
    for entry, row, whole, *parts in zip(
        entries.tolist(), rows.tolist(), *(each.tolist() for each in columns), strict=True
    ):
        yield _Scored(segment, entry, row, whole, tuple(parts))


def _hit(query: Query, scored: _Scored, score: float, context: Context) -> Hit:
    segment, number, row = scored.segment, scored.entry, scored.row
    entry, name = segment.entries[number], segment.name(number, row)
    parts = dict(zip(rank.PARTS, scored.parts, strict=True)) | rank.moment(entry, context)
    doubt = score - sum(parts.values())
    if abs(doubt) > 0.01:
        parts["code"] = doubt
    return Hit(
        entry=entry,
        score=max(0.0, min(100.0, score)),
        name=name,
        query=query.text,
        why=tuple((part, value) for part, value in parts.items() if value),
    )
