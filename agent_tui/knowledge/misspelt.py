"""Order numbers and product names that are almost those of the customer's orders."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from agent_tui.knowledge.spelling import spelling

MOST = 2  # slips in a number
LEAST_HAN, LEAST_LATIN = 3, 5  # characters of a product's name from which on it is looked for
_NUMBER = re.compile(r"(?<![\dA-Za-z])\d{10,20}(?![\dA-Za-z])")
_PIECE = re.compile(r"[\u3400-\u9fff]+|[A-Za-z][A-Za-z'-]+")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[A-Za-z][A-Za-z'-]+")
# What input methods and dialects take for one another.
_ALIKE = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))


class Slip(NamedTuple):
    """`text[start:end]` was typed, and `meant` is probably meant."""

    start: int
    end: int
    meant: str
    number: bool


def slips(text: str, numbers: Collection[str], products: Collection[str]) -> list[Slip]:
    """Everything in `text` that looks like a slip, in order."""
    return sorted((*_numbers(text, numbers), *_products(text, products)))


def _numbers(text: str, numbers: Collection[str]) -> Iterator[Slip]:
    for found in _NUMBER.finditer(text):
        typed = found.group()
        if typed in numbers:
            continue
        unfinished = found.end() == len(text)
        near = [
            (distance, number)
            for number in numbers
            if (distance := OSA.distance(typed, number, score_cutoff=MOST)) <= MOST
            and not (unfinished and number.startswith(typed))
        ]
        if near:
            yield Slip(found.start(), found.end(), min(near)[1], True)


def _products(text: str, products: Collection[str]) -> Iterator[Slip]:
    pieces = {piece for name in products for piece in _PIECE.findall(name)}
    han = {each for each in pieces if len(each) >= LEAST_HAN and _HAN.match(each)}
    latin = {each for each in pieces if len(each) >= LEAST_LATIN and _LATIN.match(each)}
    if han:
        for run in _HAN.finditer(text):
            yield from _sounding_alike(run, han)
    if latin:
        for run in _LATIN.finditer(text):
            yield from _spelled_alike(run, latin)


def _sounding_alike(run: re.Match[str], pieces: Collection[str]) -> Iterator[Slip]:
    """Another character of the same sound is the usual slip of an input method."""
    sounds = [_sound(char) for char in run.group()]
    for piece in pieces:
        wanted = [_sound(char) for char in piece]
        for at in range(len(sounds) - len(piece) + 1):
            typed = run.group()[at : at + len(piece)]
            if typed != piece and typed not in pieces and sounds[at : at + len(piece)] == wanted:
                start = run.start() + at
                yield Slip(start, start + len(piece), piece, False)


@lru_cache(maxsize=10_000)
def _sound(char: str) -> str:
    found = "".join(spelling().pinyin(char)) or char
    for one, other in _ALIKE:
        found = found.replace(one, other)
    return found


def _spelled_alike(run: re.Match[str], pieces: Collection[str]) -> Iterator[Slip]:
    typed = run.group().lower()
    known = {piece.lower() for piece in pieces}
    if len(typed) < LEAST_LATIN - 1 or typed in known:
        return
    if typed.endswith("s") and typed[:-1] in known:
        return
    for piece in pieces:
        near = OSA.distance(typed, piece.lower(), score_cutoff=1) <= 1
        if near and typed[0] == piece[0].lower() and typed != piece.lower() + "s":
            yield Slip(run.start(), run.end(), piece, False)
            return
