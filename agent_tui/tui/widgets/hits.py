"""Where a word that is searched for stands in messages, and which of its places is at hand."""

from __future__ import annotations

from collections.abc import Sequence

from agent_tui.text import steady
from agent_tui.tui.folded import Span, spans
from agent_tui.tui.widgets.bubbles import Drawn
from agent_tui.tui.widgets.lines import Piece


class Hits:
    """Messages are known by their place among those shown; what was found is kept until `forget`,
    for whenever that changes."""

    def __init__(self) -> None:
        self._wanted = ""
        self._spans: dict[int, list[Span]] = {}
        self._now = (-1, -1)  # message and span at hand

    def begin(self, wanted: str) -> None:
        """Look for the folded `wanted`; empty: for nothing."""
        self._wanted, self._now = wanted, (-1, -1)
        self._spans.clear()

    def forget(self) -> None:
        """The messages are others, or read differently."""
        self._spans.clear()

    def point(self, index: int, number: int, text: str) -> Span | None:
        """Hit `number` of message `index` is at hand; its place in `text`, as it is shown."""
        self._now = (index, number)
        found = self._in(index, text)
        return found[min(number, len(found) - 1)] if found else None

    def lit(self, drawn: Drawn, index: int, text: str) -> list[Piece]:
        """The pieces of a line of message `index`, `text`, cut where hits begin and end."""
        if not self._wanted or drawn.at < 0:
            return list(drawn.pieces)
        cuts: list[tuple[int, int, str]] = []
        for number, (start, end) in enumerate(self._in(index, text)):
            begin, stop = max(start, drawn.at), min(end, drawn.at + drawn.size)
            if begin < stop:
                now = (index, number) == self._now
                cuts.append((begin, stop, "transcript--hit-now" if now else "transcript--hit"))
        if not cuts:
            return list(drawn.pieces)
        found = list(drawn.pieces[: drawn.lead])
        at = drawn.at
        for part, name in drawn.pieces[drawn.lead :]:
            found += _cut(part, name, at, cuts)
            at += len(part)
        return found

    def _in(self, index: int, text: str) -> list[Span]:
        known = self._spans.get(index)
        if known is None:
            known = self._spans[index] = spans(steady(text), self._wanted)
        return known


def _cut(text: str, name: str, at: int, cuts: Sequence[tuple[int, int, str]]) -> list[Piece]:
    """A piece that begins at `at` of the message, cut where hits begin and end."""
    found: list[Piece] = []
    done = 0
    for start, end, hit in cuts:
        begin, stop = max(start - at, done), min(end - at, len(text))
        if begin < stop:
            found += [(text[done:begin], name), (text[begin:stop], f"{name} {hit}")]
            done = stop
    found.append((text[done:], name))
    return [piece for piece in found if piece[0]]
