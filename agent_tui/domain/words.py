"""The words of a text, as full-text search sees them: the same when it is indexed and when asked.

Text is folded (NFKC, case, traditional to simplified); every character of a script that is written
without spaces is a word of its own, and so is every run of other letters and digits. A number can
also be found by how it ends: its last digits stand once more, backwards, behind the words.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

# Han, kana, bopomofo, Hangul, Thai, Lao, Myanmar, Khmer.
_ALONE = (
    "\u0e01-\u0e4e\u0e81-\u0edf\u1000-\u103f\u1780-\u17d3\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"
    "\u3038-\u303b\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u318e\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_ALONE}]|[^\\W_{_ALONE}]+")
IS_ALONE = re.compile(f"[{_ALONE}]")
_NUMBER = re.compile(r"[0-9]{4,}\Z")
LONGEST = 64  # characters of a word that count
MOST = 8_000  # words of a text that count: below what PostgreSQL can tell the places of
# Before digits that are written backwards. No word holds it, and every index takes it for a letter.
BACKWARDS = "←"
LEAST_DIGITS = 4
# Grows when words are made otherwise than before: what was indexed is indexed again.
FORM = 1


class Word(NamedTuple):
    """A word, and where it stands in the original text."""

    text: str
    start: int
    end: int


class Folding:
    """How text is folded. `simplified` maps single traditional characters to simplified ones."""

    def __init__(self, simplified: Mapping[str, str]) -> None:
        self._table = {ord(each): into for each, into in simplified.items()}
        some = "".join(sorted(simplified))
        self._traditional = re.compile(f"[{re.escape(some)}]") if some else re.compile(r"(?!)")
        digest = zlib.crc32(repr(sorted(simplified.items())).encode())
        self.version = f"{FORM}:{unicodedata.unidata_version}:{digest:08x}"

    def fold(self, text: str) -> str:
        """`text` in the form in which it is compared."""
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
            if self._traditional.search(text):
                text = text.translate(self._table)
        return text.casefold()

    def words(self, text: str) -> str:
        """The words of `text` with a space between each, those that are written backwards last."""
        found = [each.group() for each in itertools.islice(_WORD.finditer(self.fold(text)), MOST)]
        if max(map(len, found), default=0) >= LEAST_DIGITS:
            found = [each[:LONGEST] for each in found]
            found += [end for each in found if (end := _backwards(each))]
        return " ".join(found)

    def places(self, text: str) -> Iterator[Word]:
        """Every word of `text`, with its place."""
        folded, starts = self._aligned(text)
        for found in itertools.islice(_WORD.finditer(folded), MOST):
            # One character may have become several: the end is where the last of them ends.
            start, behind = starts[found.start()], found.end()
            while behind < len(starts) and starts[behind] == starts[found.end() - 1]:
                behind += 1
            end = starts[behind] if behind < len(starts) else len(text)
            yield Word(found.group()[:LONGEST], start, end)

    def _aligned(self, text: str) -> tuple[str, list[int]]:
        """`fold(text)`, and for each of its characters where in `text` it comes from."""
        folded = self.fold(text)
        if len(folded) == len(text) and unicodedata.is_normalized("NFKC", text):
            return folded, list(range(len(text)))
        parts: list[str] = []
        starts: list[int] = []
        at = 0
        while at < len(text):
            end = at + 1
            while end < len(text) and _joins(text[end]):
                end += 1
            part = self.fold(text[at:end])
            parts.append(part)
            starts += [at] * len(part)
            at = end
        return "".join(parts), starts


def _joins(char: str) -> bool:
    """Whether NFKC may melt `char` into what stands before it: marks, Hangul's later letters."""
    return (
        unicodedata.combining(char) > 0
        or "\u1160" <= char <= "\u11ff"
        or char in "\uff9e\uff9f"
        or unicodedata.category(char) in ("Mc", "Mn")
    )


def _backwards(word: str) -> str:
    """How a number ends, from its end; empty if that says no more than the word itself."""
    found = _NUMBER.search(word)
    if found is None or (len(found.group()) == LEAST_DIGITS == len(word)):
        return ""
    return BACKWARDS + found.group()[::-1]
