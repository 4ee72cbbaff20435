"""Finding names: candidates by the pieces they share with a query, then how well each fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import align, grams, han, postings, rows
from agent_tui.knowledge.grams import Gram, Keys
from agent_tui.knowledge.postings import Postings
from agent_tui.knowledge.query import MAIN, WEIGHT, Query
from agent_tui.knowledge.rows import Rows

Found = npt.NDArray[np.intp]
Score = npt.NDArray[np.float32]
Keep = Callable[[Found], Sequence[bool]]

CANDIDATES = 120  # that are aligned
BY_INITIALS = 60
WORTH = 0.25  # of what the best row shares: less is not looked at
BUDGET = 60_000  # postings that are summed up for one query
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

    def search(self, query: Query, limit: int = CANDIDATES, keep: Keep | None = None) -> Fits:
        """The rows that fit best, of those that `keep` lets through."""
        least = WORTH if keep is None else 0.0
        picked, cover, mass = self._gather(*query.pieces, limit, least)
        alike = cover * np.float32(mass**0.5) / self.norms[picked]
        if len(query.initials[0]):
            more, by_initials, _ = self._gather(*query.initials, BY_INITIALS, least)
            more = more[by_initials >= 0.5]
            union = np.union1d(picked, more)
            cover, alike = _spread(union, picked, cover), _spread(union, picked, alike)
            initials = _spread(union, more, by_initials[by_initials >= 0.5])
            picked, cover = union, np.maximum(cover, np.float32(0.8) * initials)
        if keep is not None and len(picked):
            kept = np.array(keep(picked), bool)
            picked, cover, alike = picked[kept], cover[kept], alike[kept]
        if not len(picked):
            return Fits(picked, cover, cover, cover)
        return Fits(picked, self._edits(query, picked), cover, alike)

    def _gather(
        self, keys: Keys, weights: Score, typed: int, limit: int, least: float
    ) -> tuple[Found, Score, float]:
        """The rows that share most, in order of their numbers, the share of the query's mass that
        each holds, and that mass, which is that of the first `typed` pieces.

        The rarest pieces choose, as many as BUDGET allows; the common ones only add to what those
        have found.
        """
        ranges = self.postings.find(keys)
        sizes = np.array([end - begin for begin, end in ranges], np.int64)
        worth = weights * _idf(sizes, len(self.rows))
        mass = float(worth[:typed].sum())
        order = [at for at in np.argsort(sizes, kind="stable").tolist() if sizes[at]]
        if not order:
            return np.zeros(0, np.intp), np.zeros(0, np.float32), mass
        reached = np.cumsum(sizes[order])
        chosen = order[: max(1, int(np.searchsorted(reached, BUDGET, "right")))]
        parts = [self.postings.rows[slice(*ranges[at])] for at in chosen]
        share = np.bincount(
            np.concatenate(parts), weights=np.repeat(worth[chosen], sizes[chosen])
        ).astype(np.float32)
        # A short name that is all query goes before a long one that holds it too.
        share /= self._lengths[: len(share)]
        rest = order[len(chosen) :]
        picked = _best(share, limit * (4 if rest else 1), least)
        share = share[picked] * self._lengths[picked]
        for at in rest:
            rows = self.postings.rows[slice(*ranges[at])]
            places = np.minimum(np.searchsorted(rows, picked), len(rows) - 1)
            share += np.where(rows[places] == picked, worth[at], np.float32(0))
        if rest and len(picked) > limit:
            kept = np.argpartition(share / self._lengths[picked], len(picked) - limit)[-limit:]
            kept.sort()
            picked, share = picked[kept], share[kept]
        return picked, (share / np.float32(max(mass, 1e-6))).astype(np.float32), mass

    # --- how well they fit -----------------------------------------------------------------------

    def _edits(self, query: Query, picked: Found) -> Score:
        if query.sentence or not len(query.words):
            return np.zeros(len(picked), np.float32)
        by_letters = self._by_letters(query, picked)
        if not query.spoken or query.mixed:
            return by_letters
        by_chars = self._by_chars(query, picked)
        return np.asarray((by_letters + by_chars) / 2, np.float32)

    def _by_letters(self, query: Query, picked: Found) -> Score:
        of, words = self.rows, query.words
        names = align.window(of.letters, of.letter_at, picked, of.classes)
        cost = np.zeros(len(picked), np.float32)
        for word in range(len(words)):
            letters = words.letters[words.letter_at[word] : words.letter_at[word + 1]]
            cost += align.distances(letters, names)
        return _closeness(cost, len(words.letters))

    def _by_chars(self, query: Query, picked: Found) -> Score:
        of, words, table = self.rows, query.words, han.tables()
        names = align.window(of.chars, of.char_at, picked)
        sounds = table.reading[names.codes]
        cost = np.zeros(len(picked), np.float32)
        for word in range(len(words)):
            chars = words.chars[words.char_at[word] : words.char_at[word + 1]]
            cost += align.distances(chars, names, (table.reading[chars], sounds))
        return _closeness(cost, len(words.chars))


def _closeness(cost: Score, length: int) -> Score:
    return np.maximum(np.float32(0), 1 - cost / np.float32(max(1, length))).astype(np.float32)


def _best(scores: Score, limit: int, least: float) -> Found:
    """The rows with the best scores, above `least` of the best one, in order of their numbers."""
    found = np.flatnonzero(scores > least * float(scores.max(initial=0)))
    if len(found) > limit:
        found = found[np.argpartition(scores[found], len(found) - limit)[-limit:]]
        found.sort()
    return found


def _spread(union: Found, rows: Found, values: Score) -> Score:
    found = np.zeros(len(union), np.float32)
    found[np.searchsorted(union, rows)] = values
    return found


def _idf(sizes: npt.NDArray[np.int64], total: int) -> Score:
    return np.log1p(total / np.maximum(sizes, total / _UNSEEN)).astype(np.float32)


def _norms(found: Postings, total: int) -> Score:
    """The length of each row's vector of weighted pieces."""
    sizes = np.diff(found.at).astype(np.int64)
    tags = (found.keys >> np.uint64(33)).astype(np.int64)
    kinds = np.array([WEIGHT[gram] if gram in MAIN else 0.0 for gram in Gram], np.float32)
    worth = kinds[tags] * _idf(sizes, total)
    masses = np.bincount(found.rows, weights=np.repeat(worth, sizes), minlength=total)
    return np.sqrt(np.maximum(masses, 1e-1)).astype(np.float32)
