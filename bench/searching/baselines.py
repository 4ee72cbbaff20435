"""The plain methods that any search has to beat: cosine of character TF-IDF, and BM25."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"[a-z0-9]+|[㐀-鿿]")


class CharacterTfidf:
    """Cosine of TF-IDF over 1- and 2-grams of characters; document frequencies of these texts.

    idf = ln((1 + n) / (1 + df)) + 1, vectors of length 1.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        grams = [Counter(_grams(text)) for text in texts]
        frequency = Counter(gram for each in grams for gram in each)
        self._column = {gram: column for column, gram in enumerate(frequency)}
        df = np.array([frequency[gram] for gram in self._column], dtype=float)
        self._idf = np.log((1 + len(texts)) / (1 + df)) + 1
        self._rows = np.array([self._vector(each) for each in grams])

    def search(self, query: str, limit: int) -> list[int]:
        """Places of the nearest texts, nearest first; those of no similarity are left out."""
        likeness = self._rows @ self._vector(Counter(_grams(query)))
        best = np.argsort(-likeness, kind="stable")[:limit]
        return [int(place) for place in best if likeness[place] > 0]

    def _vector(self, grams: Counter[str]) -> np.ndarray:
        vector = np.zeros(len(self._column))
        for gram, count in grams.items():
            if (column := self._column.get(gram)) is not None:
                vector[column] = count
        vector *= self._idf
        length = np.linalg.norm(vector)
        return vector / length if length else vector


def _grams(text: str) -> list[str]:
    bare = "".join(text.lower().split())
    return [*bare, *(bare[at : at + 2] for at in range(len(bare) - 1))]


class Bm25:
    """Okapi BM25 over lower-case words, k1 = 1.2, b = 0.75."""

    K1, B = 1.2, 0.75

    def __init__(self, texts: Sequence[str]) -> None:
        self._postings: dict[str, list[tuple[int, int]]] = {}
        lengths = []
        for place, text in enumerate(texts):
            words = Counter(_WORD.findall(text.lower()))
            lengths.append(words.total())
            for word, count in words.items():
                self._postings.setdefault(word, []).append((place, count))
        mean = sum(lengths) / max(1, len(lengths))
        self._norm = [self.K1 * (1 - self.B + self.B * length / mean) for length in lengths]

    def search(self, query: str, limit: int) -> list[int]:
        """Places of the best texts, best first."""
        scores: dict[int, float] = defaultdict(float)
        for word in set(_WORD.findall(query.lower())):
            postings = self._postings.get(word, [])
            idf = math.log(1 + (len(self._norm) - len(postings) + 0.5) / (len(postings) + 0.5))
            for place, count in postings:
                scores[place] += idf * count * (self.K1 + 1) / (count + self._norm[place])
        return sorted(scores, key=lambda place: -scores[place])[:limit]
