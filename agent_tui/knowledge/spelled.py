"""One short text taken apart: the same as `rows` and `grams` do for many, without their overhead.

A key stroke must not wait for two hundred array operations on ten characters each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from agent_tui.knowledge import han, passages
from agent_tui.knowledge.grams import TAG, Gram
from agent_tui.knowledge.han import GAP, HAN, LATIN


class Character(NamedTuple):
    """What the search sees of a character: `letters` are those it is typed with."""

    kind: int
    folded: str
    letters: bytes


@cache
def character(one: str) -> Character:
    """For one character, spelled in lower case and without compatibility forms."""
    table = han.tables()
    (code,) = han.codes(one).tolist()
    kind = int(table.kind[code])
    if kind == GAP:
        return Character(GAP, " ", b"")
    folded = int(table.folded[code])
    return Character(kind, chr(folded), _letters(folded))


def _letters(code: int) -> bytes:
    table = han.tables()
    kind, sound = int(table.kind[code]), int(table.reading[code])
    if kind == HAN and sound:
        return bytes(table.letters[sound, : table.lengths[sound]].tolist())
    return bytes([code if kind == LATIN else 0x80 | (code & 0x7F)])


class Spelled:
    """A text's characters (folded, words parted by one space) and letters.

    `starts` are the places in `letters` where units begin.
    """

    def __init__(self, text: str) -> None:
        parts: list[str] = []
        kinds: list[int] = []
        for one in han.spelled(text):
            kind, folded, _ = character(one)
            if kind != GAP:
                parts.append(folded)
                kinds.append(kind)
            elif kinds and kinds[-1] != GAP:
                parts.append(" ")
                kinds.append(GAP)
        if kinds and kinds[-1] == GAP:
            parts.pop()
            kinds.pop()
        self.text = "".join(parts)
        self.kinds = kinds
        self.letters = bytearray()
        self.starts: list[int] = []
        before = GAP
        for one, kind in zip(_as_read(self.text), kinds, strict=True):
            if kind != GAP:
                if kind != LATIN or before != LATIN:
                    self.starts.append(len(self.letters))
                self.letters += character(one).letters
            before = kind

    # --- pieces, as in `grams` -------------------------------------------------------------------

    def pieces(self, gram: Gram) -> Iterator[int]:
        """Every piece of one kind."""
        tag = gram << TAG
        letters = self.letters
        if gram is Gram.CHAR:
            for one, kind in zip(self.text, self.kinds, strict=True):
                if kind >= HAN:
                    yield tag | ord(one)
        elif gram is Gram.PAIR:
            kinds = self.kinds
            for at in range(len(kinds) - 1):
                first, second = kinds[at], kinds[at + 1]
                if first and second and (first >= HAN or second >= HAN):
                    yield tag | ord(self.text[at]) << 16 | ord(self.text[at + 1])
        elif gram is Gram.TRIPLE:
            for at in range(len(letters) - 2):
                yield tag | letters[at] << 16 | letters[at + 1] << 8 | letters[at + 2]
        elif gram is Gram.BEGIN:
            for at in self.starts:
                if at + 1 < len(letters):
                    yield tag | letters[at] << 8 | letters[at + 1]
        elif gram is Gram.FIRST:
            if letters:
                yield tag | letters[0]
        else:
            width = 3 if gram is Gram.INITIALS else 2
            initials = bytes(letters[at] for at in self.starts)
            yield from spelled_initials(initials, gram, width)

    def terms(self) -> Iterator[int]:
        """Every key by which `passages` find a text: pairs of characters, stems of words."""
        yield from self.pieces(Gram.PAIR)
        word: list[str] = []
        for one, kind in zip(self.text + " ", (*self.kinds, GAP), strict=True):
            if kind == LATIN:
                word.append(one)
            elif word:
                yield passages.stem_key("".join(word))
                word.clear()


def spelled_initials(letters: bytes, gram: Gram, width: int) -> Iterator[int]:
    """The keys of letters each of which stands for a unit: thyf for 退货运费."""
    for at in range(len(letters) - width + 1):
        yield int.from_bytes(letters[at : at + width], "big") | (gram << TAG)


def _as_read(text: str) -> str:
    """The same, with a private character where a word is read otherwise than its characters."""
    for word, read in han.tables().phrases:
        if word in text:
            text = text.replace(word, read)
    return text
