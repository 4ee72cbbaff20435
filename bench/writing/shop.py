"""What a workstation knows: shipped content, the shop's scripts as macros, past replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from agent_tui import paths
from agent_tui.knowledge import articles
from agent_tui.knowledge.completion import REPLY, Completer, Moment, Text, worth_showing
from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.index import SearchIndex
from agent_tui.knowledge.masking import NAME, VALUE, mask
from agent_tui.knowledge.pieces import cut
from agent_tui.macros import library
from writing.keys import by_hand
from writing.replies import SLOT, Reply

ROOM = 80  # cells of grey text that are shown: the rest of a line and one below it
WAYS = 3  # continuations that the arrow keys choose from
ROWS = 9  # finds of ?? that they choose from
BEFORE = 160  # characters before the cursor that the product looks at
QUERY = 8  # letters of a query at most
_OPEN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


class Shop:
    """One agent's index while the replies go by."""

    def __init__(self, certain: float, scripts: Sequence[Reply] = ()) -> None:
        self.certain = certain
        texts = [
            *_shipped(),
            *(Text(SLOT.sub(VALUE, s.template), 2.0, s.language) for s in scripts),
        ]
        self.completer = Completer(texts)
        self._scripts = {_key(place, script): script for place, script in enumerate(scripts)}
        self._keys = {script.template: key for key, script in self._scripts.items()}
        self.index = SearchIndex.build(
            Entry(
                "macro", key, each.title, body=each.template, language=each.language, shop=each.file
            )
            for key, each in self._scripts.items()
        )

    def learn(self, reply: Reply) -> None:
        """It was sent."""
        self.completer.learn([Text(mask(reply.text), 1.0, reply.language)])
        if self.completer.stale:
            self.completer = self.completer.merged()

    def offers(self, before: str, language: str) -> list[str]:
        """What the composer shows with `before` in front of the cursor, best first."""
        context = mask(before[-BEFORE:])
        if len(before) < BEFORE:
            context = REPLY + context
        found = self.completer.complete(context, WAYS, Moment(language))
        return [cut(each.text, ROOM) for each in worth_showing(found, self.certain)]

    def by_search(self, reply: Reply) -> tuple[str, int, str] | None:
        """The cheapest `??query` that puts the reply's script at the cursor, with its slots filled
        in one by one: the text, all keys of that, and "search"."""
        key = self._keys.get(reply.template)
        if key is None:
            return None
        slots = sum(by_hand(value) + 1 for value in reply.values)
        best: int | None = None
        for query in _queries(reply.title):
            fixed = 2 + len(query) + 1
            if best is not None and fixed >= best:
                continue
            hits = self.index.search(query, ROWS)
            rank = next((at for at, hit in enumerate(hits) if hit.entry.id == key), None)
            if rank is not None and (best is None or fixed + rank < best):
                best = fixed + rank
        return None if best is None else (reply.text, best + slots, "search")


def _key(place: int, script: Reply) -> str:
    return f"{script.file}/{place}"


@cache
def _queries(title: str) -> tuple[str, ...]:
    """What somebody may type who knows the title: its initials, its pinyin, or its letters."""
    syllables = lazy_pinyin(title, style=Style.NORMAL)
    spelled = "".join(filter(str.isalnum, "".join(syllables))).lower()
    initials = "".join(each[0] for each in syllables if each[0].isalnum()).lower()
    found = {text[:length] for text in (spelled, initials) for length in range(1, QUERY + 1)}
    return tuple(sorted(filter(None, found), key=len))


@cache
def _shipped() -> tuple[Text, ...]:
    return tuple(_read(paths.shipped()))


def _read(root: Path) -> Iterator[Text]:
    for article in articles.load(root / "kb")[0]:
        if article.audience == "public":
            yield Text(article.body, 0.7, article.lang)
    for macro in library.load(root / "macros")[0]:
        text = library.fill(macro, {"customer.name": NAME}, dict.fromkeys(macro.head.ask, VALUE))
        yield Text(_OPEN.sub(VALUE, text), 2.0, macro.head.lang)
