"""What completes an agent's sentences: macros, public articles, and what this agent wrote before.

Read from the cache and indexed in a thread, again when macros or articles change; what is sent is
known at once. Nothing of it leaves the machine or is written anywhere.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from agent_tui.domain.model import Agent, Article, MacroSource
from agent_tui.knowledge.masking import NAME, VALUE, mask
from agent_tui.store import replies
from agent_tui.store.things import Things

if TYPE_CHECKING:
    from agent_tui.knowledge.completion import Completer, Text
    from agent_tui.macros.model import Macro

T = TypeVar("T")
log = logging.getLogger(__name__)

REPLIES = 10_000  # of one's own that are known, the latest
CHARACTERS = 1_000_000  # of everything: some 30,000 sentences, 10 MB
SINCE = 2_000  # replies sent since the start that are kept for the next index
_MACRO, _ARTICLE, _OWN = 2.0, 0.7, 1.0  # weights
_OPEN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


class Completing:
    """Holds what is known now; `completer` may be read at any time on the desk's thread."""

    def __init__(
        self,
        cache: Path,
        me: Callable[[], Agent],
        own_macros: Callable[[], tuple[Macro, ...]] = tuple,
        *,
        own: bool = True,
    ) -> None:
        self._path = cache
        self._me = me
        self._own_macros = own_macros
        self._own = own
        self._sent: deque[Text] = deque(maxlen=SINCE)
        self._learnt = 0  # how many were sent since the start
        self._stale = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()
        self.completer: Completer | None = None

    def start(self) -> None:
        """Follow the cache from now on."""
        if self._thread is None:
            self._stale.set()
            self._thread = threading.Thread(target=self._run, name="completion", daemon=True)
            self._thread.start()

    def look(self) -> None:
        """Macros or articles may have changed."""
        self._stale.set()

    def close(self) -> None:
        """Stop following."""
        self._closing = True
        self._stale.set()
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def learn(self, reply: str, name: str, language: str, type_: str) -> None:
        """A reply was sent."""
        if not self._own:
            return
        from agent_tui.knowledge.completion import Text

        text = Text(mask(reply, (name,)), _OWN, language, type_)
        with self._turn:
            self._sent.append(text)
            self._learnt += 1
            if self.completer is not None:
                self.completer.learn([text])
                if self.completer.stale:
                    self._stale.set()

    def forget(self, reply: str, name: str) -> None:
        """Other words stand in its place: what is read from the cache next knows it no more."""
        gone = mask(reply, (name,))
        with self._turn:
            kept = (text for text in self._sent if text.text != gone)
            self._sent = deque(kept, maxlen=SINCE)
        self._stale.set()

    def _run(self) -> None:
        while True:
            self._stale.wait()
            self._stale.clear()
            if self._closing:
                return
            try:
                self.follow()
            except Exception:  # whatever a text may do to it: the thread must not end
                log.exception("what completes sentences stays as it was")

    def follow(self) -> None:
        """Read and index everything. Raises StoreError, OSError."""
        from agent_tui.knowledge.completion import Completer

        with self._turn:
            sent, learnt = list(self._sent), self._learnt
        things = Things(self._path)
        try:
            known = bounded(chain(reversed(sent), self._texts(things)))
        finally:
            things.close()
        fresh = Completer(reversed(known))
        with self._turn:
            late = self._learnt - learnt  # the oldest make room where there are too many
            if late:
                fresh.learn(list(self._sent)[-late:])
            self.completer = fresh

    def _texts(self, things: Things) -> Iterator[Text]:
        """The most important first."""
        from agent_tui.knowledge.completion import REPLY, Text

        if self._own and self._path.exists():
            for each in reversed(list(replies.own(self._path, self._me().id, REPLIES))):
                said = REPLY.join(mask(text, (each.name,)) for text in each.texts)
                yield Text(said, _OWN, each.language, each.type)
        yield from self._macros(things)
        for article in _of(things, "article", Article):
            if article.audience == "public":
                source = f"article:{article.id}"
                kind = article.category
                yield Text(article.body, _ARTICLE, article.lang, kind, source)

    def _macros(self, things: Things) -> Iterator[Text]:
        from agent_tui.knowledge.completion import Text
        from agent_tui.macros import library

        sources = ((each.id, each.text) for each in _of(things, "macro", MacroSource))
        me = self._me()
        values = {"customer.name": NAME, "agent.name": me.name}
        for macro in library.Library.of_sources(sources, me.teams, self._own_macros()).all.values():
            try:
                text = library.fill(macro, values, dict.fromkeys(macro.head.ask, VALUE))
            except Exception:  # a newer server's template; the macro itself says so when it is used
                log.debug("macro %s does not complete", macro.id, exc_info=True)
                continue
            text = _OPEN.sub(VALUE, text)
            yield Text(text, _MACRO, macro.head.lang, source=f"macro:{macro.id}")


def _of(things: Things, kind: str, type_: type[T]) -> Iterator[T]:
    places = (place for place, _ in things.marks(kind))
    for _, thing in things.at(kind, places):
        if isinstance(thing, type_):
            yield thing


def bounded(texts: Iterable[Text]) -> list[Text]:
    """The first of `texts`, as many as may be kept; the others are not even read."""
    left = CHARACTERS
    kept: list[Text] = []
    for text in texts:
        left -= len(text.text)
        if left < 0:
            break
        kept.append(text)
    return kept
