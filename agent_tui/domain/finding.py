"""Which messages fit a query, and which of them come first.

Whoever holds the messages (the agent's cache, the server on either engine) looks up candidates in
an index of its own; what counts as found, and its order, is decided here from the text itself, so
that the same data gives the same answer everywhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.domain.query import Query, spaced
from agent_tui.domain.words import Folding

LIMIT = 20
MOST = 200  # finds that may be asked for at once
# Newest messages with all words among which the best are chosen.
CANDIDATES = 300
DAY_MS = 24 * 3600 * 1000
HALF_LIFE = 30 * DAY_MS  # in which a find loses half of what being new is worth
_SATURATION, _BY_LENGTH, _USUAL_LENGTH = 1.2, 0.75, 20  # BM25's k1 and b, and words of a message


class Candidate(NamedTuple):
    """A message that may fit; `state` is the JSON of its conversation's state, `words` are those
    of the text if they are at hand."""

    conversation: ConversationId
    no: int
    at: int
    kind: str
    author: str
    text: str
    state: bytes
    words: str = ""


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that fits.

    `spans` are half-open character ranges of `text` that matched, in order. `score` is above 0,
    higher is better, and the same wherever it was computed at that time. `online`: the server found
    it, and it may not be in the cache.
    """

    conversation: ConversationId
    no: int
    name: str
    at: int
    kind: MessageKind
    author: str
    text: str
    spans: tuple[tuple[int, int], ...] = ()
    score: float = 0.0
    online: bool = False

    @property
    def key(self) -> tuple[ConversationId, int]:
        """What tells finds apart."""
        return self.conversation, self.no


class SearchAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server found, best first. `partial`: there was more to look at than time."""

    found: tuple[Found, ...]
    partial: bool = False


class _Name(msgspec.Struct):
    name: str


class _Whose(msgspec.Struct):
    customer: _Name


_WHOSE = msgspec.json.Decoder(_Whose)


def name_of(state: bytes) -> str:
    """The customer's name in the JSON of a conversation's state."""
    return _WHOSE.decode(state).customer.name


def fits(name: str, names: Iterable[str], folding: Folding) -> bool:
    """Whether each of `names` stands in a customer's `name`."""
    folded = " ".join(folding.fold(name).split())
    return all(each in folded for each in names)


def may_fit(query: Query, text: str, folding: Folding) -> bool:
    """A quick look: False if `text` lacks a word of `query` for certain."""
    folded = folding.fold(text)
    return all(word in folded for term in query.terms for word in term.words)


def rank(
    query: Query, candidates: Iterable[Candidate], folding: Folding, now: int, limit: int
) -> list[Found]:
    """The best of `candidates` that fit the words of `query`, best first.

    Of more than `CANDIDATES` that fit, the newest are looked at. A find scores as BM25 has it,
    without the weight of rare words (all of them are there anyway), and the more the newer it is.
    Equal ones stand newest first.
    """
    fitting = (
        (_score(query, each.words or folding.words(each.text)), each)
        for each in candidates
        if each.words or may_fit(query, each.text, folding)
    )
    newest = heapq.nlargest(
        CANDIDATES,
        (pair for pair in fitting if pair[0]),
        key=lambda pair: (pair[1].at, pair[1].conversation, pair[1].no),
    )
    scored = [
        (score * (0.5 + 0.5 * 0.5 ** (max(0, now - each.at) / HALF_LIFE)), each)
        for score, each in newest
    ]
    scored.sort(key=lambda pair: -pair[0])  # stable: the newest of equal ones stay first
    return [_found(query, each, folding, score) for score, each in scored[:limit]]


def _score(query: Query, words: str) -> float:
    """0 if a term is missing."""
    if not query.terms:
        return 1.0
    length = words.count(" ") + 1
    usual = _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH * length / _USUAL_LENGTH)
    padded = spaced(words)
    score = 0.0
    for term in query.terms:
        often = term.count(padded)
        if not often:
            return 0.0
        score += often * (_SATURATION + 1) / (often + usual)
    return score


def _found(query: Query, each: Candidate, folding: Folding, score: float) -> Found:
    return Found(
        conversation=each.conversation,
        no=each.no,
        name=name_of(each.state),
        at=each.at,
        kind=MessageKind(each.kind),
        author=each.author,
        text=each.text,
        spans=spans(query, each.text, folding),
        score=round(score, 6),
    )


def spans(query: Query, text: str, folding: Folding) -> tuple[tuple[int, int], ...]:
    """The stretches of `text` that fit a term of `query`, in order and without overlaps."""
    if not query.terms:
        return ()
    places = list(folding.places(text))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(span for term in query.terms for span in term.spans(places)):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
