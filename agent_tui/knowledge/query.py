"""What was typed, taken apart once for all segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import han, synonyms
from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.grams import Gram, Keys
from agent_tui.knowledge.spelled import Spelled, spelled_initials

Weights = npt.NDArray[np.float32]

LONGEST = 2000  # characters that are looked at
_MOST_WORDS = 8  # of a query that is aligned; a longer one is a sentence
_MOST_CHARS = 28
_INITIALS = range(2, 13)  # letters that may stand for a unit each
_SWAPS = 12  # letters of a query whose neighbours are tried the other way round
_CODE = re.compile(r"[a-z]*\d[a-z0-9]{3,}")
# Words that hold a question together and say nothing of what it is about.
_JOINING = re.compile(
    "为什么|有什么|是什么|什么|怎么(?!样)|如何|请问|可以|这个|那个|你们|我们|一下"
)
JOINING = 0.3  # of their weight counts
UNSURE = 0.6  # of the score stays where a code that was typed is not there

# How much each kind of piece tells. Letters come three to a character.
WEIGHT = {
    Gram.CHAR: 0.7,
    Gram.PAIR: 1.0,
    Gram.TRIPLE: 0.45,
    Gram.BEGIN: 0.35,
    Gram.INITIALS: 1.0,
    Gram.INITIALS_2: 0.5,
    Gram.FIRST: 0.3,
}
MAIN = (Gram.CHAR, Gram.PAIR, Gram.TRIPLE, Gram.BEGIN)
_ALSO = (Gram.CHAR, Gram.PAIR, Gram.TRIPLE)


@dataclass(frozen=True)
class Keyed:
    """Keys to look for and how much each counts; the first `typed` of them were typed."""

    keys: Keys
    weights: Weights
    typed: int

    @classmethod
    def of(cls, asked: dict[int, float], also: Iterable[tuple[int, float]]) -> Keyed:
        """Each key once: as typed, if it was."""
        typed = len(asked)
        for key, weight in also:
            asked.setdefault(key, weight)
        weights = np.fromiter(asked.values(), np.float32, len(asked))
        return cls(np.fromiter(asked, np.uint64, len(asked)), weights, typed)


class Query:
    """A typed text, what else it may mean, and what it is compared by."""

    def __init__(self, typed: str) -> None:
        whole = Spelled(typed[:LONGEST])
        self._whole = whole
        self.text = whole.text
        self.words = whole.text.split(" ") if whole.text else []
        self.also = synonyms.of(whole.text)
        self._codes = tuple(_CODE.findall(whole.text))

    # --- what it is ------------------------------------------------------------------------------

    @cached_property
    def spoken(self) -> bool:
        """Whether it holds Chinese characters (or others that are not Latin)."""
        return any(kind >= han.HAN for kind in self._whole.kinds)

    @cached_property
    def mixed(self) -> bool:
        """Whether it holds both, so that some of the letters may be pinyin."""
        return self.spoken and han.LATIN in self._whole.kinds

    @property
    def sentence(self) -> bool:
        """Too long to be aligned with a name."""
        most = _MOST_CHARS * (1 if self.spoken else 2)
        return len(self.words) > _MOST_WORDS or len(self.text) > most

    @cached_property
    def letters(self) -> Sequence[npt.NDArray[np.uint8]]:
        """The letters of each word."""
        if len(self.words) == 1:
            return [np.frombuffer(bytes(self._whole.letters), np.uint8)]
        return [np.frombuffer(bytes(Spelled(word).letters), np.uint8) for word in self.words]

    @cached_property
    def chars(self) -> Sequence[han.Codes]:
        """The characters of each word."""
        return [han.codes(word) for word in self.words]

    def certain(self, entry: Entry) -> float:
        """1, or less if `entry` lacks an order number or product code that was typed."""
        if not self._codes:
            return 1.0
        texts = (entry.title, *entry.questions, *entry.tags, entry.body)
        text = han.fold(" ".join(texts))
        return 1.0 if all(code in text for code in self._codes) else UNSURE

    # --- what it looks for -----------------------------------------------------------------------

    @cached_property
    def _others(self) -> list[Spelled]:
        return [Spelled(word) for word in self.also]

    @cached_property
    def _joining(self) -> list[Spelled]:
        return [Spelled(word) for word in set(_JOINING.findall(self.text))]

    @cached_property
    def pieces(self) -> Keyed:
        """What names are found by."""
        asked: dict[int, float] = {}
        if not self.spoken and len(self.text) <= _SWAPS:
            for word in _swapped(self.words):
                for key in Spelled(word).pieces(Gram.TRIPLE):
                    asked[key] = WEIGHT[Gram.TRIPLE] / 3
        single = len(self._whole.letters) == 1
        for gram in (*MAIN, Gram.FIRST) if single else MAIN:
            for key in self._whole.pieces(gram):
                asked[key] = WEIGHT[gram]
        for joining in self._joining:
            for gram in _ALSO:
                for key in joining.pieces(gram):
                    asked[key] *= JOINING
        also = (
            (key, synonyms.WEIGHT * WEIGHT[gram])
            for other in self._others
            for gram in _ALSO
            for key in other.pieces(gram)
        )
        return Keyed.of(asked, also)

    @cached_property
    def initials(self) -> Keyed | None:
        """What names are found by if each letter stands for a unit; None where that cannot be."""
        letters = bytes(self._whole.letters)
        if self.spoken or len(self.words) != 1 or len(letters) not in _INITIALS:
            return None
        asked: dict[int, float] = {}
        for gram, width in ((Gram.INITIALS_2, 2), (Gram.INITIALS, 3)):
            asked |= dict.fromkeys(spelled_initials(letters, gram, width), WEIGHT[gram])
        return Keyed.of(asked, ())

    @cached_property
    def terms(self) -> Keyed:
        """What texts are found by."""
        asked = dict.fromkeys(self._whole.terms(), 1.0)
        for joining in self._joining:
            for key in joining.terms():
                asked[key] *= JOINING
        also = ((key, synonyms.WEIGHT) for other in self._others for key in other.terms())
        return Keyed.of(asked, also)


def _swapped(words: Iterable[str]) -> list[str]:
    """Words with two neighbours the other way round: a short word has no three letters in a row
    left once two of its letters changed places."""
    return [
        word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        for word in words
        for at in range(len(word) - 1)
        if word[at] != word[at + 1]
    ]
