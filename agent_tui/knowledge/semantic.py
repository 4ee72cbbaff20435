"""Search by meaning: ranks what was found again, and adds what no word of the query led to."""

from __future__ import annotations

import logging
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from agent_tui.errors import DeskError
from agent_tui.knowledge.embedding import EmbeddingError, embedder
from agent_tui.knowledge.entry import Entry, Hit, Kind
from agent_tui.lang import Both

if TYPE_CHECKING:
    from agent_tui.knowledge.embedding import Embedder, Vectors
    from agent_tui.knowledge.embedding.meanings import Meanings
    from agent_tui.settings.workstation import Semantic

log = logging.getLogger(__name__)

_CODE = re.compile(r"[a-z]*\d[a-z0-9]{3,}")
_HAN = re.compile("[\u3400-\u9fff]")

Key = tuple[Kind, str]
Where = Callable[[Entry], bool]

POINTS = 10.0  # for each standard deviation that an entry is nearer than the average one
MOST = 50.0
ADDED = 2.0  # standard deviations that an entry needs to be added where no word led to it
CERTAIN = 75.0  # points of words from which on a hit is what was typed, and stays above
SPELLED = 40.0  # points from which on Latin letters that found a Chinese name were its pinyin
QUERY_CHARS = 400
REMEMBERED = 64  # queries whose vectors are kept
REST = 30.0  # seconds without asking, after an error
SAVED_EVERY = 60.0  # seconds of learning


class Catalogue(Protocol):
    """All entries, as `SearchIndex` has them."""

    def __iter__(self) -> Iterator[Entry]: ...

    def entry(self, key: Key) -> Entry | None: ...


class Near(NamedTuple):
    """An entry, and by how many standard deviations it is nearer to the query than the average."""

    entry: Entry
    strength: float


def fuse(hits: Sequence[Hit], near: Iterable[Near], limit: int, query: str = "") -> list[Hit]:
    """The best of `hits` and `near`: points of words and points of meaning, added.

    Each standard deviation gives POINTS, MOST at most; `why` tells them as `meaning`. A hit of at
    least CERTAIN points is nearly the query itself: these stay on top, as they stood, and so do
    those that hold the order numbers and product codes in `query`. An entry that is not among
    `hits` needs ADDED standard deviations.
    """
    codes = _CODE.findall(_folded(query))
    strength = {each.entry.key: each for each in near}
    fused: list[tuple[bool, float, int, Hit]] = []
    for place, hit in enumerate(hits):
        found = strength.pop(hit.entry.key, None)
        certain = hit.score >= CERTAIN or (bool(codes) and _holds(hit.entry, codes))
        points = _points(found.strength) if found else 0.0
        total = hit.score + points
        fused.append((not certain, 0.0 if certain else -total, place, _with(hit, points)))
    for place, (entry, value) in enumerate(strength.values(), len(hits)):
        if value >= ADDED:
            hit = Hit(entry, 0.0, entry.title)
            fused.append((True, -_points(value), place, _with(hit, _points(value))))
    fused.sort(key=lambda each: each[:3])
    return [hit for *_, hit in fused[:limit]]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _holds(entry: Entry, codes: list[str]) -> bool:
    text = _folded(" ".join((entry.title, *entry.questions, *entry.tags, entry.body)))
    return all(code in text for code in codes)


def _points(strength: float) -> float:
    return max(0.0, min(MOST, POINTS * strength))


def _with(hit: Hit, points: float) -> Hit:
    if not points:
        return hit
    return Hit(
        entry=hit.entry,
        score=min(100.0, hit.score + points),
        name=hit.name,
        query=hit.query,
        why=(*hit.why, ("meaning", points)),
    )


class Meaning:
    """Search by meaning for a workstation: never raises, and does nothing where it is off.

    `learn` and `rerank` take time and belong in threads; both may run at once. What goes wrong is
    one line in the log and a sentence in `state`, and hits stay as they were.
    """

    def __init__(
        self,
        model: Embedder | None,
        path: Path,
        *,
        state: Both | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Vectors are kept in the file `path`. `clock` tells seconds."""
        self._trouble = state
        self._progress: Both | None = None
        self._model = model
        self._path = path
        self._clock = clock
        self._meanings: Meanings | None = None
        self._catalogue: Catalogue | None = None
        self._vectors: dict[str, Vectors] = {}
        self._learning = threading.Lock()
        self._lesson = 0
        self._resting_until = float("-inf")

    @classmethod
    def of(cls, settings: Semantic, folder: Path) -> Meaning:
        """As `settings` say, with its file in `folder`. Loads and connects nothing yet."""
        path = folder / "meanings.bin"
        try:
            return cls(embedder(settings), path)
        except EmbeddingError as error:
            log.warning("search by meaning is off: %s; %s", error.title, error.hint)
            return cls(None, path, state=_told(error))

    @property
    def on(self) -> bool:
        """Whether there is a model to ask."""
        return self._model is not None

    @property
    def state(self) -> Both | None:
        """A sentence to show, if there is anything to say: trouble, or how far it has learnt."""
        return self._trouble or self._progress

    @property
    def ready(self) -> bool:
        """Whether `rerank` would do anything now: something was learnt, and nothing just failed."""
        return bool(self._meanings) and self._clock() >= self._resting_until

    def learn(self, index: Catalogue, stop: Callable[[], bool] = lambda: False) -> bool:
        """Make the entries of `index` all that is known, and embed those that are new or changed.

        From now on `rerank` adds entries from `index`: call it again when that was updated.
        Returns False if it was stopped, by `stop` or by a later call, or failed; what was learnt
        until then is kept, also on disk. Takes 0.1 s an entry or more.
        """
        if self._model is None:
            return False
        self._catalogue = index
        self._lesson += 1
        lesson = self._lesson
        with self._learning:
            if lesson != self._lesson:
                return False
            try:
                done = self._learnt(self._model, index, lambda: stop() or lesson != self._lesson)
            except Exception as error:
                self._failed(error)
                return False
            self._trouble = None
            return done

    def rerank(
        self, query: str, hits: Sequence[Hit], limit: int = 20, where: Where | None = None
    ) -> list[Hit]:
        """`hits` in the order of words and meaning, and what only meaning found.

        `where` is what they were searched with: nothing that it turns down is added. Gives the
        first of `hits` back unchanged where it is not ready or something fails, and for pinyin and
        initials, which a model cannot read.
        """
        query = query.strip()[:QUERY_CHARS]
        if not query or not self.ready or _spelled(query, hits):
            return list(hits[:limit])
        try:
            return self._reranked(query, hits, limit, where)
        except Exception as error:
            self._resting_until = self._clock() + REST
            self._failed(error)
            return list(hits[:limit])

    def _reranked(
        self, query: str, hits: Sequence[Hit], limit: int, where: Where | None
    ) -> list[Hit]:
        catalogue, meanings = self._catalogue, self._meanings
        assert catalogue is not None
        assert meanings is not None
        known = {hit.entry.key: hit.entry for hit in hits}

        def allowed(key: Key) -> bool:
            entry = known.get(key) or catalogue.entry(key)
            if entry is None or (where and not where(entry)):
                return False
            known[key] = entry
            return True

        found = meanings.nearest(self._vector(query), limit, ADDED, allowed, list(known))
        fused = fuse(hits, [Near(known[key], value) for key, value in found], limit, query)
        self._trouble = None
        return fused

    def _vector(self, query: str) -> Vectors:
        found = self._vectors.get(query)
        if found is None:
            assert self._model is not None
            found = self._model.embed([query], "query")[0]
            kept = list(self._vectors.items())[1 - REMEMBERED :]
            self._vectors = dict([*kept, (query, found)])
        return found

    def _learnt(self, model: Embedder, index: Catalogue, stop: Callable[[], bool]) -> bool:
        from agent_tui.knowledge.embedding.meanings import Meanings

        meanings = self._meanings
        if meanings is None:
            meanings = Meanings(model)
            meanings.load(self._path)
            self._meanings = meanings
        saved = self._clock()

        def progress(done: int, total: int) -> bool:
            nonlocal saved
            self._progress = Both(f"按含义搜索：已学 {done}/{total}", f"meaning: {done}/{total}")
            if self._clock() - saved > SAVED_EVERY:
                meanings.save(self._path)
                saved = self._clock()
            return not stop()

        try:
            meanings.remove([key for key in meanings.known() if index.entry(key) is None])
            return meanings.add(meanings.lacks(index), index.entry, progress)
        finally:
            self._progress = None
            meanings.save(self._path)

    def _failed(self, error: Exception) -> None:
        trouble = _told(error)
        if trouble != self._trouble:
            hint = f"; {error.hint}" if isinstance(error, DeskError) else ""
            unexpected = None if isinstance(error, DeskError | OSError) else error
            log.warning("search by meaning: %s%s", trouble, hint, exc_info=unexpected)
        self._trouble = trouble


def _spelled(query: str, hits: Sequence[Hit]) -> bool:
    best = hits[0] if hits else None
    return (
        best is not None
        and best.score >= SPELLED
        and not _HAN.search(query)
        and _HAN.search(best.name) is not None
    )


def _told(error: Exception) -> Both:
    if isinstance(error, DeskError) and isinstance(error.title, Both):
        return error.title
    return Both(f"按含义搜索出错：{error}", f"search by meaning failed: {error}")
