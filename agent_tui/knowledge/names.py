"""Finding names: candidates by the pieces they share with a query, then how well each fits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import align, grams, han, postings, rows
from agent_tui.knowledge.grams import Gram
from agent_tui.knowledge.postings import Postings
from agent_tui.knowledge.query import MAIN, WEIGHT, Keyed, Query
from agent_tui.knowledge.rows import Rows

Found = npt.NDArray[np.intp]
Score = npt.NDArray[np.float32]
Keep = Callable[[Found], Sequence[bool]]

CANDIDATES = 80  # that are aligned
BY_INITIALS = 40
WORTH = 0.25  # of what the best row shares: less is not looked at
BUDGET = 15_000  # postings that are summed up for one query
_COMMON = 12  # common pieces that are looked for in what the rare ones found
_UNSEEN = 1000  # a piece is at most so much rarer than one that every row has


class Fits(NamedTuple):
    """Candidate rows and how each fits, 0 to 1: `edits` after alignment, `cover` is the share of
    the query that the row holds, `alike` the cosine of both."""

    rows: Found
    edits: Score
    cover: Score
    alike: Score


class Names:
    """An index over many names (rows), found as in the module's docstring."""

    def __init__(self, of: Rows, found: Postings, norms: Score) -> None:
        self.rows = of
        self.postings = found
        self.norms = norms
        self._scratch = threading.local()
        self._lengths = norms ** np.float32(0.25)

    @classmethod
    def build(cls, texts: Sequence[str]) -> Names:
        """Index `texts`; takes about 20 µs for each on one core."""
        of = rows.rows(texts)
        found = postings.build(grams.pieces(of, gram) for gram in Gram)
        return cls(of, found, _norms(found, len(of)))

    def __len__(self) -> int:
        return len(self.rows)

    # --- candidates ------------------------------------------------------------------------------

    def search(
        self, query: Query, limit: int = CANDIDATES, least: float = WORTH, keep: Keep | None = None
    ) -> Fits:
        """The rows that fit best, of those that share at least `least` of what the best one shares
        and that `keep` lets through."""
        picked, cover, mass = self._gather(query.pieces, limit, least)
        alike = cover * np.float32(mass**0.5) / self.norms[picked]
        if query.initials is not None:
            more, by_initials, _ = self._gather(query.initials, BY_INITIALS, least)
            good = by_initials >= 0.5
            more, by_initials = more[good], np.float32(0.8) * by_initials[good]
            if len(more):
                union = distinct(np.sort(np.concatenate((picked, more))))
                cover, alike = _spread(union, picked, cover), _spread(union, picked, alike)
                picked, cover = union, np.maximum(cover, _spread(union, more, by_initials))
        if keep is not None and len(picked):
            kept = np.array(keep(picked), bool)
            picked, cover, alike = picked[kept], cover[kept], alike[kept]
        if not len(picked):
            return Fits(picked, cover, cover, cover)
        return Fits(picked, self._edits(query, picked), cover, alike)

    def _gather(self, asked: Keyed, limit: int, least: float) -> tuple[Found, Score, float]:
        """The rows that share most, in order of their numbers, the share of what was typed that
        each holds, and the mass of that.

        The rarest pieces choose, as many as BUDGET allows; the common ones only add to what those
        have found.
        """
        ranges = self.postings.find(asked.keys)
        sizes = np.array([end - begin for begin, end in ranges], np.int64)
        worth = asked.weights * _idf(sizes, len(self.rows))
        mass = max(float(worth[: asked.typed].sum()), 1e-6)
        order = [at for at in np.argsort(sizes, kind="stable").tolist() if sizes[at]]
        if not order:
            return np.zeros(0, np.intp), np.zeros(0, np.float32), mass
        reached = np.cumsum(sizes[order])
        chosen = order[: max(1, int(np.searchsorted(reached, BUDGET, "right")))]
        parts = [self.postings.rows[slice(*ranges[at])] for at in chosen]
        picked, share = self._summed(parts, worth[chosen], sizes[chosen], least)
        rest = order[len(chosen) :]
        picked, share = self._shortlist(picked, share, limit * (3 if rest else 1))
        for at in rest[:_COMMON]:
            rows = self.postings.rows[slice(*ranges[at])]
            share += worth[at] * (rows.take(rows.searchsorted(picked), mode="clip") == picked)
        if rest:
            picked, share = self._shortlist(picked, share, limit)
        return picked, share / np.float32(mass), mass

    def _summed(
        self,
        parts: Sequence[npt.NDArray[np.uint32]],
        worth: Score,
        sizes: npt.NDArray[np.int64],
        least: float,
    ) -> tuple[Found, Score]:
        """The rows in `parts` and the sum of what each part is worth, if it is more than `least`
        of the greatest sum. Takes time by the length of the parts, not of the index."""
        sums: npt.NDArray[np.float64] | None = getattr(self._scratch, "sums", None)
        if sums is None:
            sums = self._scratch.sums = np.zeros(len(self.rows))
        rows = np.concatenate(parts).astype(np.intp)
        np.add.at(sums, rows, np.repeat(worth, sizes).astype(np.float64))
        found = sums[rows]
        picked = distinct(np.sort(rows[found > least * found.max()]))
        share = sums[picked].astype(np.float32)
        sums[rows] = 0.0
        return picked, share

    def _shortlist(self, picked: Found, share: Score, limit: int) -> tuple[Found, Score]:
        """At most `limit` rows: a short name that is all query before a long one that holds it."""
        if len(picked) <= limit:
            return picked, share
        kept = np.argpartition(share / self._lengths[picked], len(picked) - limit)[-limit:]
        kept.sort()
        return picked[kept], share[kept]

    # --- how well they fit -----------------------------------------------------------------------

    def _edits(self, query: Query, picked: Found) -> Score:
        if query.sentence or not query.words:
            return np.zeros(len(picked), np.float32)
        by_letters = self._by_letters(query, picked)
        if not query.spoken or query.mixed:
            return by_letters
        return np.asarray((by_letters + self._by_chars(query, picked)) / 2, np.float32)

    def _by_letters(self, query: Query, picked: Found) -> Score:
        of, words = self.rows, query.letters
        names = align.window(of.letters, of.letter_at, picked, of.classes)
        cost = sum((align.distances(word, names) for word in words), np.float32(0))
        return _closeness(np.asarray(cost), sum(map(len, words)))

    def _by_chars(self, query: Query, picked: Found) -> Score:
        of, words, reading = self.rows, query.chars, han.tables().reading
        names = align.window(of.chars, of.char_at, picked)
        sounds = reading[names.codes]
        cost = sum(
            (align.distances(word, names, (reading[word], sounds)) for word in words), np.float32(0)
        )
        return _closeness(np.asarray(cost), sum(map(len, words)))


def distinct(values: Found) -> Found:
    """Sorted `values`, each once. On few values np.unique takes ten times as long."""
    first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


def _closeness(cost: Score, length: int) -> Score:
    closeness: Score = np.maximum(np.float32(0), 1 - cost / np.float32(max(1, length)))
    return closeness


def _spread(union: Found, rows: Found, values: Score) -> Score:
    found = np.zeros(len(union), np.float32)
    found[np.searchsorted(union, rows)] = values
    return found


def _idf(sizes: npt.NDArray[np.int64], total: int) -> Score:
    least = max(total, 1) / _UNSEEN
    return np.log1p(total / np.maximum(sizes, least)).astype(np.float32)


def _norms(found: Postings, total: int) -> Score:
    """The length of each row's vector of weighted pieces."""
    sizes = np.diff(found.at).astype(np.int64)
    tags = (found.keys >> np.uint64(33)).astype(np.int64)
    kinds = np.array([WEIGHT[gram] if gram in MAIN else 0.0 for gram in Gram], np.float32)
    worth = kinds[tags] * _idf(sizes, total)
    masses = np.bincount(found.rows, weights=np.repeat(worth, sizes), minlength=total)
    return np.sqrt(np.maximum(masses, 1e-1)).astype(np.float32)
