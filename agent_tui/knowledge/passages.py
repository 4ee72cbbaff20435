"""Full text of entries: BM25 over words and pairs of Chinese characters.

A word counts by its stem, cut after six letters. Chinese has no segmenter here: 退货运费 must be
found by 运费, which a segmenter would hide.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import grams, han, postings, rows
from agent_tui.knowledge.grams import Gram, Keys, Pieces
from agent_tui.knowledge.postings import Postings
from agent_tui.knowledge.rows import Rows

K1, B = 1.2, 0.6
_FULL = 255  # how an impact of 1 is kept
_WORD_TAG = np.uint64(1 << 38)  # above every key of grams
_STEM = 6
_NUMBER = 32  # letters of a product code or an order number
_CHUNK = 20_000  # texts that are taken apart at a time

Score = npt.NDArray[np.float32]


class Passages:
    """An index over texts."""

    def __init__(self, total: int, found: Postings) -> None:
        self.total = total
        self.postings = found

    @classmethod
    def build(cls, names: Rows, owners: npt.NDArray[np.uint32], bodies: Sequence[str]) -> Passages:
        """Index `bodies` together with the names of what they belong to, which count twice.

        Takes about 1 s for 10 million characters on one core.
        """
        told = terms(names)
        keys, rows_of = [told.keys, told.keys], [owners[told.rows]] * 2
        held = [number for number, body in enumerate(bodies) if body]
        for begin in range(0, len(held), _CHUNK):
            numbers = np.array(held[begin : begin + _CHUNK], np.uint32)
            part = terms(rows.rows([bodies[at] for at in numbers.tolist()], spoken=False))
            keys.append(part.keys)
            rows_of.append(numbers[part.rows])
        owner = np.concatenate(rows_of)
        lengths = np.bincount(owner, minlength=len(bodies)).astype(np.float32)
        found = postings.build([Pieces(np.concatenate(keys), owner)], counted=True)
        assert found.counts is not None
        if not len(bodies):
            return cls(0, found)
        usual = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1.0))
        times = found.counts.astype(np.float32)
        impact = times / (times + usual[found.rows])
        return cls(len(bodies), found._replace(counts=(impact * _FULL).astype(np.uint8)))

    def search(
        self, keys: Keys, weights: Score, limit: int, least: float = 0.2
    ) -> tuple[npt.NDArray[np.intp], Score]:
        """The texts that hold most of what `keys` weigh, in order of their numbers, and how much
        of it each holds, 0 to 1, if that is above `least` of the best."""
        ranges = self.postings.find(keys)
        sizes = np.array([end - begin for begin, end in ranges], np.int64)
        rarity = np.log1p((self.total - sizes + 0.5) / (sizes + 0.5)).astype(np.float32)
        # What half of the texts hold tells nothing, and costs most.
        chosen = [at for at, size in enumerate(sizes.tolist()) if 0 < size <= self.total / 2 + 2]
        if not chosen or self.postings.counts is None:
            return np.zeros(0, np.intp), np.zeros(0, np.float32)
        parts = [slice(*ranges[at]) for at in chosen]
        worth = np.repeat((weights * rarity)[chosen], sizes[chosen])
        worth *= np.concatenate([self.postings.counts[part] for part in parts])
        share = np.bincount(
            np.concatenate([self.postings.rows[part] for part in parts]), weights=worth
        ).astype(np.float32)
        share /= max(float((weights * rarity).sum()), 1e-6) * _FULL
        found = np.flatnonzero(share > least * share.max())
        if len(found) > limit:
            found = found[np.argpartition(share[found], len(found) - limit)[-limit:]]
            found.sort()
        return found, share[found]


def terms(of: Rows) -> Pieces:
    """What texts are found by: stems, pairs of Chinese characters."""
    pairs = grams.pieces(of, Gram.PAIR)
    words = _stems(of)
    return Pieces(
        np.concatenate((pairs.keys, words.keys)), np.concatenate((pairs.rows, words.rows))
    )


def _stems(of: Rows) -> Pieces:
    """A key for each word of Latin letters or digits: its stem's letters, six bits each."""
    latin = han.tables().kind[of.chars] == han.LATIN
    edge = np.zeros(len(latin) + 1, bool)
    edge[of.char_at] = True  # rows lie side by side without a gap
    begins = latin & ~np.concatenate(([False], latin[:-1])) | (latin & edge[:-1])
    ends = latin & ~np.concatenate((latin[1:], [False])) | (latin & edge[1:])
    first = np.flatnonzero(begins)
    length = np.flatnonzero(ends) - first + 1
    code = of.chars

    def ending(text: bytes, least: int) -> npt.NDArray[np.bool_]:
        """Which words end so and are longer than `least`."""
        last = first + length - 1
        found = length > least
        for back, letter in enumerate(reversed(text)):
            found &= code[np.maximum(last - back, 0)] == letter
        return found

    length = length - (ending(b"s", 3) & ~ending(b"ss", 3))
    length = length - 3 * ending(b"ing", 5)
    length = length - 2 * ending(b"ed", 4)
    length = length - ending(b"e", 3)
    keys = np.zeros(len(first), np.uint64)
    numbered = np.zeros(len(first), bool)
    for step in range(_NUMBER):
        active = (step < length) & ((step < _STEM) | numbered)
        if step >= _STEM and not active.any():
            break
        letter = code[np.minimum(first + step, len(code) - 1)] if len(code) else code
        digit = letter < 0x3A
        value = np.where(digit, letter - 0x30 + 1, letter - 0x61 + 11).astype(np.uint64)
        if step < _STEM:
            keys = (keys << np.uint64(6)) | np.where(active, value, 0).astype(np.uint64)
            numbered |= digit & active
        else:  # a number counts to its end
            mixed = (keys * np.uint64(1_000_003) + value) & (_WORD_TAG - np.uint64(1))
            keys = np.where(active, mixed, keys)
    owner = np.searchsorted(of.char_at, first, "right").astype(np.uint32) - np.uint32(1)
    return Pieces(keys | _WORD_TAG, owner)


def stem_key(word: str) -> int:
    """The key of one word of small Latin letters and digits."""
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending, least in (("ing", 5), ("ed", 4), ("e", 3)):
        if len(word) > least and word.endswith(ending):
            word = word[: -len(ending)]
    values = [ord(one) - 0x30 + 1 if one < ":" else ord(one) - 0x61 + 11 for one in word]
    key = 0
    for step in range(_STEM):
        key = (key << 6) | (values[step] if step < len(values) else 0)
    if any(value <= 10 for value in values[:_STEM]):  # a number counts to its end
        for value in values[_STEM:_NUMBER]:
            key = (key * 1_000_003 + value) & (int(_WORD_TAG) - 1)
    return key | int(_WORD_TAG)
