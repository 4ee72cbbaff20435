"""One search over articles and macros: ranks titles, questions customers ask, tags and texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

Kind = Literal["article", "macro"]


class Entry(msgspec.Struct, frozen=True):
    """Something that can be found. `names` are its title and other ways to ask for it."""

    kind: Kind
    id: str
    title: str
    names: tuple[str, ...]
    body: str
    lang: str
    label: str  # what the list shows at its right: a category, or a macro's key and short name
    internal: bool = False  # for colleagues only


class Hit(msgspec.Struct, frozen=True):
    """A found entry with its score, 0 to 100."""

    entry: Entry
    score: float


class Finder:
    """Ranks every entry by rapidfuzz: the best of its names counts, then the text itself.

    A name that lies inside a longer query counts the less, the less of the query it covers: a
    question about 运费 is not yet one about freight insurance.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._entries = list(entries)
        self._names: list[str] = []
        self._owner: list[int] = []
        for index, entry in enumerate(self._entries):
            for name in entry.names:
                self._names.append(name.lower())
                self._owner.append(index)

    def search(self, query: str, limit: int = 20, language: str = "") -> Sequence[Hit]:
        """The best entries for `query`, best first; in `language` before the other one.

        An empty query finds nothing.
        """
        from rapidfuzz import fuzz

        wanted = " ".join(query.lower().split())
        if not wanted or not self._entries:
            return ()
        best: dict[int, float] = {}
        for owner, name in zip(self._owner, self._names, strict=True):
            part = max(
                0.95 * fuzz.partial_ratio(wanted, name), 0.9 * fuzz.token_set_ratio(wanted, name)
            )
            covered = 0.5 + 0.5 * min(1.0, len(name) / len(wanted))
            score = max(fuzz.ratio(wanted, name), part * covered)
            best[owner] = max(best.get(owner, 0.0), score)
        for index, entry in enumerate(self._entries):
            if wanted in entry.body.lower():
                best[index] = max(best.get(index, 0.0), 70.0) + 5.0
            if language and entry.lang != language:
                best[index] = best.get(index, 0.0) - 15.0
        ranked = sorted(best.items(), key=lambda item: (-item[1], self._entries[item[0]].title))
        return [Hit(self._entries[i], score) for i, score in ranked[:limit] if score >= 40.0]
