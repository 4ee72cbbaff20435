"""A part of the index that never changes: some entries, found by their names and texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import stored
from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.names import CANDIDATES, WORTH, Names, distinct
from agent_tui.knowledge.passages import Passages
from agent_tui.knowledge.postings import Postings
from agent_tui.knowledge.query import Query
from agent_tui.knowledge.rows import Rows
from agent_tui.knowledge.stored import Entries

Score = npt.NDArray[np.float32]
Where = Callable[[Entry], bool]

# A tag says less about an entry than its title.
TITLE, QUESTION, TAG = 1.0, 0.98, 0.8
FILTERED = 10  # so many times more candidates where too many of them were dropped
ENOUGH = 4  # times as many as asked for: then the best are among them


class Matches(NamedTuple):
    """How entries of a segment fit, side by side: `rows` is each one's name that fits best,
    `weight` that name's kind; the rest is 0 to 1."""

    entries: npt.NDArray[np.intp]
    rows: npt.NDArray[np.intp]
    edits: Score
    cover: Score
    alike: Score
    text: Score
    weight: Score


class Segment:
    """See the module's docstring. Rows are names: each entry's title, then questions, then tags."""

    def __init__(
        self,
        entries: Entries,
        names: Names,
        owners: npt.NDArray[np.uint32],
        weights: npt.NDArray[np.float32],
        texts: Passages,
    ) -> None:
        self.entries = entries
        self.names = names
        self.owners = owners
        self.weights = weights
        self.texts = texts
        self._first = np.searchsorted(owners, np.arange(len(entries))) if len(owners) else owners

    @classmethod
    def build(cls, entries: Sequence[Entry]) -> Segment:
        """Index `entries`."""
        found: list[str] = []
        owners: list[int] = []
        weights: list[float] = []
        for number, entry in enumerate(entries):
            found.append(entry.title)
            found.extend(entry.questions)
            found.extend(entry.tags)
            weights.append(TITLE)
            weights.extend([QUESTION] * len(entry.questions))
            weights.extend([TAG] * len(entry.tags))
            owners.extend([number] * (1 + len(entry.questions) + len(entry.tags)))
        names, belongs = Names.build(found), np.array(owners, np.uint32)
        texts = Passages.build(names.rows, belongs, [entry.body for entry in entries])
        return cls(Entries.of(entries), names, belongs, np.array(weights, np.float32), texts)

    def save(self, folder: Path) -> None:
        """Write everything into `folder`, which is there and empty."""
        self.entries.save(folder)
        stored.save(folder, "rows", self.names.rows._asdict())
        stored.save(folder, "names", _present(self.names.postings))
        stored.save(folder, "texts", _present(self.texts.postings))
        own = {"norms": self.names.norms, "owners": self.owners, "weights": self.weights}
        stored.save(folder, "segment", own)

    @classmethod
    def load(cls, folder: Path) -> Segment:
        """What `save` wrote, mapped into memory. Raises OSError, ValueError."""
        entries = Entries.load(folder)
        rows_of: Any = stored.load(folder, "rows", Rows._fields)
        lists: Any = stored.load(folder, "names", ("keys", "at", "rows"))
        texts: Any = stored.load(folder, "texts", Postings._fields)
        own: Any = stored.load(folder, "segment", ("norms", "owners", "weights"))
        names = Names(Rows(**rows_of), Postings(**lists), own["norms"])
        if len(names) != len(own["owners"]) or len(names) != len(own["norms"]):
            raise ValueError("the parts of the index do not belong together")
        passages_of = Passages(len(entries), Postings(**texts))
        return cls(entries, names, own["owners"], own["weights"], passages_of)

    def name(self, entry: int, row: int) -> str:
        """A row's own text."""
        found = self.entries[entry]
        return (found.title, *found.questions, *found.tags)[row - int(self._first[entry])]

    def search(self, query: Query, where: Where | None, limit: int) -> Matches:
        """The entries that fit, in the order of their numbers."""
        found = self._search(query, where, max(CANDIDATES, limit), WORTH)
        if where is not None and len(found.entries) < limit * ENOUGH:
            # What was let through lies deeper.
            found = self._search(query, where, max(CANDIDATES, limit) * FILTERED, 0.0)
        return found

    def _search(self, query: Query, where: Where | None, wide: int, least: float) -> Matches:
        fits = self.names.search(query, wide, least, self._keep(where))
        owners, weight = self.owners[fits.rows].astype(np.intp), self.weights[fits.rows]
        order = np.lexsort((-weight * (fits.edits + fits.cover + fits.alike), owners))
        first = np.ones(len(order), bool)
        np.not_equal(owners[order][1:], owners[order][:-1], out=first[1:])
        best = order[first]
        terms = query.terms
        told_in, text = self.texts.search(terms.keys, terms.weights, wide, least)
        if where is not None and len(told_in):
            kept = np.array([where(self.entries[entry]) for entry in told_in.tolist()], bool)
            told_in, text = told_in[kept], text[kept]
        both = distinct(np.sort(np.concatenate((owners[best], told_in))))
        by_name, by_text = np.searchsorted(both, owners[best]), np.searchsorted(both, told_in)
        rows = self._first[both].astype(np.intp)
        rows[by_name] = fits.rows[best]

        def spread(values: Score, places: npt.NDArray[np.intp], other: float = 0.0) -> Score:
            found = np.full(len(both), other, np.float32)
            found[places] = values
            return found

        return Matches(
            both,
            rows,
            spread((fits.edits * weight)[best], by_name),
            spread((fits.cover * weight)[best], by_name),
            spread((fits.alike * weight)[best], by_name),
            spread(text, by_text),
            spread(weight[best], by_name, TITLE),
        )

    def _keep(self, where: Where | None) -> Callable[[npt.NDArray[np.intp]], Sequence[bool]] | None:
        if where is None:
            return None
        return lambda rows: [where(self.entries[entry]) for entry in self.owners[rows].tolist()]


def _present(lists: Postings) -> dict[str, stored.Array]:
    return {name: each for name, each in lists._asdict().items() if each is not None}
