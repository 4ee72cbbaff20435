"""The search of one desk: an index that follows the cache, built beside the screen.

A thread reads what changed and puts a new index in place of the old one; whoever searches takes
the one that is there. Many articles are indexed by a child process, which leaves this one its
processor; the result lies beside the cache and is there at once after the next start.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent_tui.desk import entries, indexing
from agent_tui.desk.indexing import ArticleIndex, marks_of
from agent_tui.domain.model import MacroSource
from agent_tui.knowledge.entry import Context, Entry, Hit, Kind
from agent_tui.store.things import Things

if TYPE_CHECKING:
    from agent_tui.desk.indexing import Marks
    from agent_tui.knowledge.index import SearchIndex
    from agent_tui.knowledge.semantic import Meaning
    from agent_tui.macros.model import Macro

log = logging.getLogger(__name__)

MANY = 3_000  # articles from which on a child builds the index
FIRST = 1_000  # of them that can be searched meanwhile
SETTLE_SECONDS = 0.05  # changes come in bursts
CHILD_SECONDS = 600.0
SLOW_SECONDS = 0.008  # a search that took longer runs beside the screen from then on
FRAME_SECONDS = 0.016  # and so do several that took longer together
NO_CONTEXT = Context()
KINDS: frozenset[Kind] = frozenset({"article", "macro"})  # what lies here


class Finding:
    """See the module's docstring. `search` may be called from any thread."""

    def __init__(self, cache: Path, teams: Callable[[], Iterable[str]]) -> None:
        self.cache = cache
        self._things = Things(cache)
        self._folder = cache.with_name("search")
        self._teams = teams
        self._index: SearchIndex | None = None
        self._articles: ArticleIndex | None = None
        self._macros: tuple[object, list[Entry]] = (None, [])
        self.own: tuple[Macro, ...] = ()  # the agent's own macros; exchanged, never changed
        self._stale = threading.Event()
        self._stale.set()
        self._step = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.building = False  # the first index is on its way
        self.meaning: Meaning | None = None  # set before `start`
        self._child: subprocess.Popen[bytes] | None = None
        self._seconds = 0.0

    # --- searching -------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        limit: int = 20,
        *,
        kinds: Iterable[Kind] = (),
        public: bool = False,
        context: Context = NO_CONTEXT,
    ) -> list[Hit]:
        """The best entries of `kinds` (all without), best first. Nothing before the first index
        is there; without a thread (`start`), the index is made now."""
        if self._thread is None and self._stale.is_set():
            self.follow()
        index = self._index
        if index is None:
            return []
        began = time.perf_counter()
        found = index.search(query, limit, where=_where(kinds, public), context=context)
        spent = time.perf_counter() - began
        self._seconds += (spent - self._seconds) / 8
        return found

    def by_meaning(
        self,
        query: str,
        hits: Sequence[Hit],
        limit: int,
        *,
        kinds: Iterable[Kind] = (),
        public: bool = False,
    ) -> list[Hit]:
        """What `search` found, in the order of words and meaning, and what only meaning found. For
        a thread: takes tens of milliseconds. Without a model, or before it has learnt: `hits`."""
        if self.meaning is None:
            return list(hits)
        return self.meaning.rerank(query, hits, limit, _where(kinds, public))

    @property
    def slow(self) -> bool:
        """Whether a search takes so long here that it must not keep a key waiting."""
        return self._seconds > SLOW_SECONDS

    def too_many(self, searches: int) -> bool:
        """Whether so many take so long together."""
        return self.slow or searches * self._seconds > FRAME_SECONDS

    @property
    def size(self) -> int:
        """Entries that can be found now."""
        return len(self._index) if self._index is not None else 0

    def entry(self, kind: Kind, key: str) -> Entry | None:
        """An entry, if it is in the index."""
        return self._index.entry((kind, key)) if self._index is not None else None

    # --- following -------------------------------------------------------------------------------

    def start(self, changed: Callable[[], None]) -> None:
        """Follow the cache from now on; `changed` is called in the thread after each new index."""
        self._thread = threading.Thread(
            target=self._run, args=(changed,), name="search-index", daemon=True
        )
        self._thread.start()

    def look(self) -> None:
        """Articles, macros or one's own teams may have changed."""
        self._stale.set()

    def close(self) -> None:
        """Stop following."""
        self._closing = True
        self._stale.set()
        child = self._child
        if child is not None:
            child.kill()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
        else:
            self._things.close()

    def _run(self, changed: Callable[[], None]) -> None:
        while True:
            self._stale.wait()
            if self._closing:
                self._things.close()
                return
            time.sleep(SETTLE_SECONDS)
            try:
                if self.follow(changed):
                    changed()
                    self._learn()
            except Exception:  # whatever an article may do to it: the thread must not end
                self.building = False
                log.exception("the search index stays as it was")

    def _learn(self) -> None:
        """Embedding takes minutes: in a thread that a later call ends."""
        meaning, index = self.meaning, self._index
        if meaning is not None and index is not None:
            threading.Thread(
                target=meaning.learn,
                args=(index, lambda: self._closing),
                name="meaning",
                daemon=True,
            ).start()

    def follow(self, told: Callable[[], None] = lambda: None) -> bool:
        """Bring the index up to the cache; whether it changed. Raises StoreError, OSError.

        `told` is called when a part of many articles can be searched before all of them.
        """
        with self._step:
            self._stale.clear()
            articles, before = self._articles, self._index
            self.building = articles is None
            if articles is None:
                articles = ArticleIndex.load(self._folder)
            marks = marks_of(self._things)
            behind = len(marks) if articles is None else articles.behind(marks)
            if articles is None or articles.apart + behind > MANY:
                articles = self._build(marks, told)
            elif behind:
                articles = articles.caught_up(marks, self._things)
            macros = self._current_macros()
            if articles is not self._articles or macros is not self._macros or before is None:
                self._index = articles.index.updated(macros[1], merge=False)
                self._articles, self._macros = articles, macros
            self.building = False
            return self._index is not before

    def _current_macros(self) -> tuple[object, list[Entry]]:
        """The macros of these teams; the same object as before if nothing changed."""
        teams, own = tuple(self._teams()), self.own
        seen = (teams, self._things.marks("macro"), own)
        if self._macros[0] == seen:
            return self._macros
        from agent_tui.macros.library import Library

        found = self._things.at("macro", (place for place, _ in seen[1]))
        sources = ((s.id, s.text) for _, s in found if isinstance(s, MacroSource))
        library = Library.of_sources(sources, teams, own)
        return seen, [entries.of_macro(macro) for macro in library.all.values()]

    def _build(self, marks: Marks, told: Callable[[], None]) -> ArticleIndex:
        if len(marks) <= MANY:
            return ArticleIndex.build(self._things, marks)
        if self._index is None:
            some = ArticleIndex.build(self._things, marks[-FIRST:])
            self._index = some.index.updated(self._current_macros()[1], merge=False)
            told()
        failure = self._built_by_child()
        if self._closing:
            return ArticleIndex.build(self._things, marks[:0])
        if failure:
            log.error("no index from a child process: %s", failure)
            return ArticleIndex.build(self._things, marks)
        return ArticleIndex.load(self._folder) or ArticleIndex.build(self._things, marks)

    def _built_by_child(self) -> str:
        """Have the index of all articles built and kept; what went wrong, if anything."""
        command = [
            sys.executable,
            "-m",
            indexing.__name__,
            str(self._things.path),
            str(self._folder),
        ]
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            )
        except OSError as error:
            return str(error)
        self._child = child
        with child:
            try:
                _, said = child.communicate(timeout=CHILD_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                said = b"it took too long"
        self._child = None
        return said.decode(errors="replace")[-2000:] if child.returncode else ""


def _where(kinds: Iterable[Kind], public: bool) -> Callable[[Entry], bool] | None:
    """None where everything fits: looking at each entry takes longer than finding it."""
    wanted = frozenset(kinds)
    if wanted >= KINDS:
        wanted = frozenset()
    if not wanted and not public:
        return None
    return lambda entry: (not wanted or entry.kind in wanted) and not (public and entry.internal)
