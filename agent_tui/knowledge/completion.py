"""What an agent is about to write: how texts went on that were written before.

    completer = Completer(texts)
    ghosts = completer.complete("您好，订单已")

The end of what stands before the cursor is looked for in everything known, as long a piece of it as
there is, wherever it stood. What followed there is counted: more for a longer piece, for the same
language and kind of question. Nothing is parsed, so it works for every language and from the middle
of a sentence on. What differs from customer to customer is a mark in the texts (see `masking`): no
continuation goes beyond one, and what was written behind it is found again behind other data.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agent_tui.knowledge.masking import MARKS, NAME, VALUE

Codes = npt.NDArray[np.uint16]
Places = npt.NDArray[np.int64]

REPLY = "\x1e"  # stands before a reply: what was sent last is before that
_END = "\x00"  # between texts
FAR = 48  # characters before the cursor that are compared
LEAST = 1  # of them that must be the same
DEPTHS = 3  # levels below the longest one that have a word in it
UNHEARD = 1.0  # weight of ways on that nobody wrote yet: what stood once is not certain
OTHER_LANGUAGE, SAME_TYPE, SUGGESTED = 0.1, 3.0, 4.0  # factors
FACTOR = 3.0  # by which one more equal character counts
MANY = 160  # places looked at on each level
LONGEST = 120  # characters of a continuation
TAIL = 60_000  # characters in the part without an index, from which on it is to be merged
_STOP = "。！？!?…～"
_SENTENCE = rf"[{_STOP}]+[”」』）)\"']*|[.;；](?=\s|\Z)|(?=\n)|(?=[{_END}{REPLY}"
_KNOWN = re.compile(_SENTENCE + f"{VALUE}])")  # ends there, a name being known
_UNKNOWN = re.compile(_SENTENCE + f"{MARKS}])")


class Text(NamedTuple):
    """Something to learn from. `weight` is how much it counts; language, kind of question and
    source ("macro:returns/freight") may be empty. Marks stand for what must not be repeated."""

    text: str
    weight: float = 1.0
    language: str = ""
    type: str = ""
    source: str = ""


class Moment(NamedTuple):
    """What is known of the chat: what fits it counts more. `name` is what the customer is called,
    `sources` are what the search suggests here."""

    language: str = ""
    type: str = ""
    name: str = ""
    sources: frozenset[str] = frozenset()


class Ghost(NamedTuple):
    """A continuation. `share` is how much of what is known goes on so, 0 to below 1."""

    text: str
    share: float
    depth: int  # characters before the cursor that were the same


def worth_showing(ghosts: Iterable[Ghost], certain: float) -> list[Ghost]:
    """Those of which at least a share of `certain` goes on so; thrice that behind one character."""
    return [each for each in ghosts if each.share >= certain * (3 if each.depth < 2 else 1)]


class _Part:
    """Texts one behind the other, with an order of places by the two characters before them."""

    def __init__(self, texts: Sequence[Text], names: _Names, *, index: bool) -> None:
        whole = _END * FAR + "".join(f"{REPLY}{each.text}{_END}" for each in texts)
        self.text = whole
        self.codes = folded(whole)
        lengths = np.array([len(each.text) + 2 for each in texts], np.int64)
        self.starts = FAR + np.concatenate(([0], np.cumsum(lengths)))[: len(texts)]
        self.weights = np.array([each.weight for each in texts], np.float64)
        self.languages = np.array([names.number(each.language) for each in texts], np.int16)
        self.types = np.array([names.number(each.type) for each in texts], np.int16)
        self.sources = np.array([names.number(each.source) for each in texts], np.int64)
        self._order: npt.NDArray[np.uint32] | None = None
        if index:
            keys = self.codes[FAR:].astype(np.uint32) << np.uint32(16)
            keys |= self.codes[FAR - 1 : -1]
            order = np.argsort(keys, kind="stable")
            self._order = (order + FAR + 1).astype(np.uint32)

    def behind(self, before: Codes, depth: int) -> Places:
        """The places behind the last `depth` characters of `before`: one, then the latest only, or
        two."""
        if self._order is None:
            here = self.codes[1:-1] == before[-1]
            if depth > 1:
                here &= self.codes[:-2] == before[-2]
            places = np.flatnonzero(here) + 2
        else:
            low = int(before[-1]) << 16
            high = low + (1 << 16)
            if depth > 1:
                low |= int(before[-2])
                high = low + 1
            start = bisect_left(self._order, low, key=self._key)
            end = bisect_left(self._order, high, lo=start, key=self._key)
            if depth == 1:
                start = max(start, end - MANY)
            places = self._order[start:end].astype(np.int64)
        return places if depth > 1 else places[-MANY:]

    def _key(self, place: int) -> int:
        """What `place` is ordered by. Not kept: it would be the largest table of all."""
        return int(self.codes[place - 1]) << 16 | int(self.codes[place - 2])

    def levels(self, before: Codes, least: int) -> list[Places]:
        """For each number of equal characters from `LEAST` on, the places; only where something
        is, and a word that was begun began there, too (`least` characters ago)."""
        places = self.behind(before, 1)
        found: list[Places] = []
        for depth in range(LEAST, len(before) + 1):
            if depth == 2:
                places = self.behind(before, 2)
            elif depth > 2:
                places = places[self.codes[places - depth] == before[-depth]]
            if depth == least:
                places = places[~_latin(self.codes[places - depth - 1])]
            if not len(places):
                break
            found.append(places)
        return found

    def weight(self, places: Places, fits: _Fits) -> npt.NDArray[np.float64]:
        """How much what stands at `places` counts here."""
        texts = np.searchsorted(self.starts, places, side="right") - 1
        weights = self.weights[texts]
        if fits.language:
            other = (self.languages[texts] != fits.language) & (self.languages[texts] != 0)
            weights = np.where(other, weights * OTHER_LANGUAGE, weights)
        if fits.type:
            weights = np.where(self.types[texts] == fits.type, weights * SAME_TYPE, weights)
        if fits.sources:
            suggested = np.isin(self.sources[texts], fits.sources)
            weights = np.where(suggested, weights * SUGGESTED, weights)
        return weights

    def onward(self, place: int, ends: re.Pattern[str]) -> str:
        """What follows at `place`, to the end of the sentence or before what cannot be known."""
        start = place
        while self.text[start] in " \n":
            start += 1
        found = ends.search(self.text, start, place + LONGEST)
        end = found.end() if found else place + LONGEST
        return self.text[place:end]


class _Fits(NamedTuple):
    """A moment in small numbers."""

    language: int
    type: int
    sources: list[int]


class _Names:
    """Small numbers for languages, types and sources; 0 is none."""

    def __init__(self) -> None:
        self._numbers = {"": 0}

    def number(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers))


class Completer:
    """See the module's docstring. Reading while another thread learns is safe."""

    def __init__(self, texts: Iterable[Text] = ()) -> None:
        self._names = _Names()
        self._texts = list(texts)
        self._since: list[Text] = []
        self._parts = [_Part(self._texts, self._names, index=True)]

    def __len__(self) -> int:
        return len(self._texts) + len(self._since)

    @property
    def stale(self) -> bool:
        """Whether so much was learnt since that `merged` is worth its time."""
        return sum(len(each.text) for each in self._since) > TAIL

    def learn(self, texts: Iterable[Text]) -> None:
        """Know `texts`, too, from now on."""
        self._since.extend(texts)
        self._parts = [self._parts[0], _Part(self._since, self._names, index=False)]

    def merged(self) -> Completer:
        """The same with an index over everything. Takes a second for a million characters."""
        return Completer([*self._texts, *self._since])

    def complete(
        self,
        before: str,
        limit: int = 1,
        moment: Moment = Moment(),  # noqa: B008 -- frozen
    ) -> list[Ghost]:
        """How `before` may go on, best first; each begins otherwise than those before it.

        `before` is masked as the texts were. Where a name is due, it is the moment's; without one
        the continuation ends there.
        """
        codes = folded(before[-FAR:])
        if len(codes) < 2:
            return []
        begun = _begun(codes)
        levels = [part.levels(codes, begun) for part in self._parts]
        deepest = max(map(len, levels)) + LEAST - 1
        if deepest < max(LEAST, begun):
            return []
        name = moment.name
        ends = _KNOWN if name else _UNKNOWN
        number = self._names.number
        sources = [number(source) for source in moment.sources]
        fits = _Fits(number(moment.language), number(moment.type), sources)
        ways: dict[str, float] = {}
        total = UNHEARD
        for part, found in zip(self._parts, levels, strict=True):
            seen = np.zeros(0, np.int64)
            for depth in range(deepest, max(deepest - DEPTHS, LEAST - 1, begun - 1), -1):
                if depth - LEAST >= len(found):
                    continue
                places = found[depth - LEAST]
                fresh = places[-MANY:]
                if len(seen):
                    fresh = fresh[~np.isin(fresh, seen)]
                seen = places[-MANY:]
                weights = part.weight(fresh, fits) * FACTOR ** (depth - deepest)
                for place, weight in zip(fresh.tolist(), weights.tolist(), strict=True):
                    total += weight
                    way = part.onward(place, ends).replace(NAME, name)
                    ways[way] = ways.get(way, 0.0) + weight
        return _ranked(ways, total, limit, deepest)


def _ranked(ways: dict[str, float], total: float, limit: int, depth: int) -> list[Ghost]:
    """The best of each first character, best first; none where most likely nothing follows, or
    something that cannot be known."""
    groups: dict[str, dict[str, float]] = {}
    for way, weight in ways.items():
        groups.setdefault(way[:1] if way.strip() else "", {})[way] = weight
    heads = sorted(groups.items(), key=lambda item: -sum(item[1].values()))
    if heads[:1] and not heads[0][0]:
        return []
    return [
        Ghost(_likeliest(group), sum(group.values()) / total, depth)
        for head, group in heads[:limit]
        if head
    ]


def _likeliest(ways: dict[str, float]) -> str:
    """Character by character the way on that most weight goes."""
    alive = list(ways.items())
    at = 1
    while len(alive) > 1:
        sums: dict[str, float] = {}
        for way, weight in alive:
            head = way[at : at + 1]
            sums[head] = sums.get(head, 0.0) + weight
        best = max(sums, key=lambda head: sums[head])
        alive = [each for each in alive if each[0][at : at + 1] == best]
        if not best:
            break
        at += 1
    return alive[0][0]


# --- characters ----------------------------------------------------------------------------------


def folded(text: str) -> Codes:
    """Code points without case, full-width forms as ASCII; all beyond 16 bits as one."""
    wide = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    codes = np.minimum(wide, 0xFFFF).astype(np.uint16)
    codes = np.where((codes >= 0xFF01) & (codes <= 0xFF5E), codes - 0xFEE0, codes)
    return np.where((codes >= 65) & (codes <= 90), codes + 32, codes).astype(np.uint16)


def _latin(codes: Codes) -> npt.NDArray[np.bool_]:
    return ((codes >= 97) & (codes <= 122)) | ((codes >= 48) & (codes <= 57))


def _begun(codes: Codes) -> int:
    """Letters of the word that stands unfinished at the end."""
    other = np.flatnonzero(~_latin(codes))
    return len(codes) if not len(other) else len(codes) - 1 - int(other[-1])
