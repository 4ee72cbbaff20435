"""How well a typed word fits into names: a weighted edit distance over many rows at once.

The word may begin and end anywhere in a row. Leaving out the rest of a syllable costs next to
nothing, so that one measure serves full pinyin, initials and any mixture of them; a swap or a
doubled letter costs less than two edits. Rows are compared side by side: each step of the
recurrence is a few array operations over all candidates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge.rows import INITIAL

Cost = npt.NDArray[np.float32]

WIDEST = 80  # characters or letters of a row that are looked at
# By rows.SYLLABLE_REST, VOWEL, CONSONANT, DIGIT, INITIAL.
SKIP = np.array([0.06, 0.35, 0.55, 1.0, 1.0], np.float32)
CHARACTER = 0.5  # leaving out a Chinese character, where characters are compared
EXTRA = 0.9  # a typed letter that the row lacks
DOUBLED = 0.4  # one that repeats the letter before it
SWAP = 0.6
OTHER = 1.0  # another letter
INSIDE = 0.35  # beginning within a unit
BEFORE, AFTER = 0.03, 0.02  # a unit before the match, or after it
MOST_OUTSIDE = 0.3
_REACHES = (1, 2, 4)  # together seven codes: leaving out more is never worth it


class Window(NamedTuple):
    """Candidate rows as columns: `codes[j, c]` is the j-th code of candidate c, 0 past its end."""

    codes: npt.NDArray[np.uint16]
    skip: Cost  # (width + 1, candidates): what leaving out all codes before j costs
    begin: Cost  # what beginning before code j costs
    end: Cost  # what ending there costs; infinite past the end


def window(
    codes: npt.NDArray[np.unsignedinteger],
    at: npt.NDArray[np.uint32],
    candidates: npt.NDArray[np.intp],
    classes: npt.NDArray[np.uint8] | None = None,
) -> Window:
    """Cut `candidates` out of flat `codes`. `classes` (see `rows`) lie beside letters; without
    them each code is a unit."""
    starts = at[candidates].astype(np.int64)
    lengths = np.minimum(at[candidates + 1] - at[candidates], WIDEST).astype(np.int64)
    width = int(lengths.max(initial=1))
    steps = np.arange(width)[:, None]
    inside = steps < lengths
    places = np.where(inside, starts + steps, 0)
    if not len(codes):
        return _nothing(len(candidates))
    cut = np.where(inside, codes[places], 0).astype(np.uint16)
    skip = np.zeros((width + 1, len(candidates)), np.float32)
    if classes is None:
        unit = inside
        np.cumsum(inside * np.float32(CHARACTER), axis=0, out=skip[1:])
    else:
        found = classes[places]
        unit = (found == INITIAL) & inside
        np.cumsum(inside * SKIP[found], axis=0, out=skip[1:])
    before = np.zeros((width + 1, len(candidates)), np.float32)
    np.cumsum(unit, axis=0, out=before[1:])
    begin = np.minimum(before * BEFORE, MOST_OUTSIDE).astype(np.float32)
    begin[:-1] += np.where(unit, 0, INSIDE)
    end = np.minimum((before[-1] - before) * AFTER, MOST_OUTSIDE).astype(np.float32)
    end[np.arange(width + 1)[:, None] > lengths] = np.inf
    return Window(cut, skip, begin, end)


def _nothing(count: int) -> Window:
    empty = np.zeros((2, count), np.float32)
    return Window(np.zeros((1, count), np.uint16), empty, empty, empty)


def distances(
    word: npt.NDArray[np.unsignedinteger],
    names: Window,
    sounds: tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]] | None = None,
    alike: float = 0.25,
) -> Cost:
    """What fitting `word` into each candidate costs, about one for each edit.

    With `sounds` (of the word, and of the window), another character of the same sound costs
    `alike` only.
    """
    codes, skip = names.codes, names.skip
    current = before = names.begin
    known: dict[int, tuple[npt.NDArray[np.bool_], Cost]] = {}
    last = np.zeros(codes.shape, bool)  # where a row has the letter typed before
    for place, code in enumerate(word.tolist()):
        if code not in known:
            equal = codes == code
            other = np.float32(OTHER) - equal
            if sounds is not None and sounds[0][place]:
                other[(sounds[1] == sounds[0][place]) & ~equal] = alike
            known[code] = equal, other
        hit, other = known[code]
        doubled = place > 0 and word[place - 1] == code
        fresh = current + np.float32(DOUBLED if doubled else EXTRA)
        np.minimum(fresh[1:], current[:-1] + other, out=fresh[1:])
        if place and not doubled:
            crossed = hit[:-1] & last[1:]
            if crossed.any():
                swapped = np.where(crossed, before[:-2] + np.float32(SWAP), np.inf)
                np.minimum(fresh[2:], swapped, out=fresh[2:])
        # Leaving out codes of the row: the least over the places before.
        fresh -= skip
        for reach in _REACHES:
            np.minimum(fresh[reach:], fresh[:-reach], out=fresh[reach:])
        fresh += skip
        before, current, last = current, fresh, hit
    return np.asarray((current + names.end).min(axis=0), np.float32)
