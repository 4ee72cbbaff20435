"""Many short texts as arrays: their characters, and the letters they are typed with.

退货 is the characters 退 货 and the letters t u i h u o, of which t and h begin a unit (a syllable,
or a word of Latin letters). All comparison happens on these arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import han
from agent_tui.knowledge.han import GAP, HAN, LATIN, SPACE, Codes

Places = npt.NDArray[np.uint32]

# What it costs to leave a letter of a name out, by its class: the rest of a syllable (its initial
# stands for it), a vowel or a consonant inside a word, a digit, the first letter of a unit.
SYLLABLE_REST, VOWEL, CONSONANT, DIGIT, INITIAL = range(5)
_VOWELS = np.zeros(256, bool)
_VOWELS[list(b"aeiou")] = True
_DIGITS = np.zeros(256, bool)
_DIGITS[list(b"0123456789")] = True


class Rows(NamedTuple):
    """`chars[char_at[i]:char_at[i + 1]]` are row i's characters, words parted by one space;
    `letters` and `classes` likewise between `letter_at`."""

    chars: Codes
    char_at: Places
    letters: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.uint8]
    letter_at: Places

    def __len__(self) -> int:
        return len(self.char_at) - 1


def rows(texts: Sequence[str], *, spoken: bool = True) -> Rows:
    """`texts` as arrays; one row each, possibly empty. Without `spoken`, no letters."""
    table = han.tables()
    joined = han.spelled("\n".join(text.replace("\n", " ") for text in texts))
    found = han.codes(joined)
    line = np.cumsum(found == 10, dtype=np.uint32)
    gap = table.kind[found] == GAP
    kept = ~gap
    solid = np.flatnonzero(kept)
    # The first of a run of gaps stays, if its row goes on after it.
    first = np.flatnonzero(gap[1:] & kept[:-1]) + 1
    after = np.searchsorted(solid, first)
    first, after = first[after < len(solid)], after[after < len(solid)]
    kept[first[line[solid[after]] == line[first - 1]]] = True
    line = line[kept]
    chars = table.folded[found[kept]]
    chars[gap[kept]] = SPACE
    char_at = np.searchsorted(line, np.arange(len(texts) + 1)).astype(np.uint32)
    if spoken:
        return _lettered(chars, char_at)
    nothing = np.zeros(0, np.uint8)
    return Rows(chars, char_at, nothing, nothing, np.zeros_like(char_at))


def _lettered(chars: Codes, char_at: Places) -> Rows:
    table = han.tables()
    kinds = table.kind[chars]
    sounds = table.reading[_as_read(chars)]
    spoken = (kinds == HAN) & (sounds > 0)
    lengths = np.where(spoken, table.lengths[sounds], (kinds != GAP).astype(np.uint8))
    starts = np.zeros(len(chars) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    total = int(starts[-1])
    owner = np.repeat(np.arange(len(chars)), lengths)
    inner = np.arange(total) - starts[owner]
    plain = np.where(kinds == LATIN, chars, 0x80 | (chars & 0x7F)).astype(np.uint8)
    letters = np.where(spoken[owner], table.letters[sounds[owner], inner], plain[owner])
    latin = kinds == LATIN
    begins = ~latin
    begins[1:] |= ~latin[:-1]
    begins[char_at[:-1][char_at[:-1] < len(chars)]] = True
    classes = np.where(_VOWELS[letters], VOWEL, CONSONANT).astype(np.uint8)
    classes[_DIGITS[letters]] = DIGIT
    classes[spoken[owner]] = SYLLABLE_REST
    classes[(inner == 0) & begins[owner]] = INITIAL
    return Rows(chars, char_at, letters, classes, starts[char_at].astype(np.uint32))


def _as_read(chars: Codes) -> Codes:
    """The same, with a private character where a word is read otherwise than its characters."""
    text = chars.tobytes().decode("utf-16-le", "surrogatepass")
    for word, read in han.tables().phrases:
        if word in text:
            text = text.replace(word, read)
    return np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
