"""What was typed, taken apart once for all segments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge import grams, han, rows, synonyms
from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.grams import Gram, Keys
from agent_tui.knowledge.rows import Rows

LONGEST = 400  # characters that are looked at
_MOST_WORDS = 8  # of a query that is aligned; a longer one is a sentence
_MOST_CHARS = 28
_INITIALS = range(2, 13)  # letters that may stand for a unit each

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
_ALSO = (Gram.CHAR, Gram.PAIR, Gram.TRIPLE)
_CODE = re.compile(r"[a-z]*\d[a-z0-9]{3,}")
UNSURE = 0.6  # of the score stays where a code that was typed is not there
MAIN = (Gram.CHAR, Gram.PAIR, Gram.TRIPLE, Gram.BEGIN)


@dataclass(frozen=True)
class Query:
    """A typed text. `words` are its parts between gaps."""

    text: str  # folded
    whole: Rows
    words: Rows

    @classmethod
    def of(cls, typed: str) -> Query:
        """Take `typed` apart; only its first LONGEST characters count."""
        text = han.fold(typed[:LONGEST])
        return cls(text, rows.rows([text]), rows.rows(text.split(" ") if text else []))

    @property
    def spoken(self) -> bool:
        """Whether it holds Chinese characters (or others that are not Latin)."""
        return bool((han.tables().kind[self.whole.chars] >= han.HAN).any())

    @property
    def mixed(self) -> bool:
        """Whether it holds both, so that some of the letters may be pinyin."""
        kinds = han.tables().kind[self.whole.chars]
        return bool((kinds >= han.HAN).any() and (kinds == han.LATIN).any())

    @property
    def sentence(self) -> bool:
        """Too long to be aligned with a name."""
        return len(self.words) > _MOST_WORDS or len(self.text) > _MOST_CHARS * (
            1 if self.spoken else 2
        )

    @cached_property
    def also(self) -> tuple[str, ...]:
        """Other words for what was typed."""
        return synonyms.of(self.text)

    @cached_property
    def _codes(self) -> tuple[str, ...]:
        return tuple(_CODE.findall(self.text))

    def certain(self, entry: Entry, in_text: bool) -> float:
        """1, or less if `entry` lacks an order number or product code that was typed."""
        if not self._codes:
            return 1.0
        names = " ".join(map(han.fold, (entry.title, *entry.questions, *entry.tags)))
        text = f"{names} {han.fold(entry.body)}" if in_text else names
        return 1.0 if all(code in text for code in self._codes) else UNSURE

    @cached_property
    def pieces(self) -> tuple[Keys, npt.NDArray[np.float32], int]:
        """Keys of the main kinds, each once, their weights, and how many of them, from the first,
        were typed."""
        keys, weights = [], []
        kinds: tuple[Gram, ...] = MAIN
        if len(self.whole.letters) == 1:
            kinds = (*MAIN, Gram.FIRST)
        for gram in kinds:
            found = np.unique(grams.pieces(self.whole, gram).keys)
            keys.append(found)
            weights.append(np.full(len(found), WEIGHT[gram], np.float32))
        if not self.spoken and len(self.whole.letters) <= 12:
            swapped = self._swapped()
            keys.append(np.setdiff1d(swapped, keys[MAIN.index(Gram.TRIPLE)]))
            weights.append(np.full(len(keys[-1]), WEIGHT[Gram.TRIPLE] / 3, np.float32))
        typed = sum(map(len, keys))
        if self.also:
            other = rows.rows(self.also)
            more = np.unique(np.concatenate([grams.pieces(other, gram).keys for gram in _ALSO]))
            more = np.setdiff1d(more, np.concatenate(keys))
            kinds_of = (more >> np.uint64(33)).astype(np.int64)
            keys.append(more)
            weights.append(synonyms.WEIGHT * np.array(list(WEIGHT.values()), np.float32)[kinds_of])
        return np.concatenate(keys), np.concatenate(weights).astype(np.float32), typed

    def _swapped(self) -> Keys:
        """Triples of the words with two neighbours the other way round: a short word has no
        triple left once two of its letters changed places."""
        texts = []
        for word in self.text.split(" "):
            texts += [
                word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)
            ]
        if not texts:
            return np.zeros(0, np.uint64)
        return np.unique(grams.pieces(rows.rows(texts), Gram.TRIPLE).keys)

    @cached_property
    def initials(self) -> tuple[Keys, npt.NDArray[np.float32], int]:
        """Keys if each letter stands for a unit; empty where that cannot be."""
        letters = self.whole.letters
        if self.spoken or len(self.words) != 1 or len(letters) not in _INITIALS:
            return np.zeros(0, np.uint64), np.zeros(0, np.float32), 0
        pairs = grams.spelled_initials(letters, Gram.INITIALS_2)
        triples = grams.spelled_initials(letters, Gram.INITIALS)
        weights = [WEIGHT[Gram.INITIALS_2]] * len(pairs) + [WEIGHT[Gram.INITIALS]] * len(triples)
        return np.concatenate((pairs, triples)), np.array(weights, np.float32), len(weights)
