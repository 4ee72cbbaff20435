"""How long others take for one query over the same texts."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from searching.engines import fzf

_TIMES = re.compile(r"avg: ([\d.]+)(ns|µs|us|ms|s) +min: ([\d.]+)(ns|µs|us|ms|s)\b")
_UNITS = {"ns": 1e-6, "µs": 1e-3, "us": 1e-3, "ms": 1.0, "s": 1000.0}
Timed = Callable[[str], float]


class FzfBench:
    """Milliseconds that fzf says a match takes, the mean over one second of `--bench`.

    Reading its input, the file `lines` that is written here, is not in it. `fastest` keeps the
    shortest round of each query: that is less disturbed by whatever else runs. Raises
    FileNotFoundError.
    """

    def __init__(self, texts: Sequence[str], lines: Path) -> None:
        self._program = fzf()
        self._lines = lines
        lines.write_text("\n".join(texts) + "\n", "utf-8")
        self.fastest: list[float] = []

    def __call__(self, query: str) -> float:
        with self._lines.open("rb") as given:
            run = subprocess.run(
                [self._program, f"--filter={query}", "--bench=1s"],
                stdin=given,
                capture_output=True,
                encoding="utf-8",
                timeout=120,
            )
        found = _TIMES.search(run.stdout + run.stderr)
        if found is None:
            raise SystemExit(f"fzf --bench said: {run.stdout}{run.stderr}")
        self.fastest.append(float(found[3]) * _UNITS[found[4]])
        return float(found[1]) * _UNITS[found[2]]


def frizbee(texts: Sequence[str]) -> Timed:
    """Milliseconds of frizbee, with a typo for each four characters. Raises ImportError."""
    import frizbee as library

    haystacks = library.Haystacks(list(texts))

    def timed(query: str) -> float:
        started = time.perf_counter()
        patterns = library.Pattern.from_query(query)
        for pattern in patterns:
            pattern.max_typos = len(pattern.needle) // 4
        if patterns:
            library.Matcher.from_patterns(patterns).match_list(haystacks)
        return 1000 * (time.perf_counter() - started)

    return timed


def rapidfuzz(texts: Sequence[str]) -> Timed:
    """Milliseconds of comparing all by `partial_ratio`, the cheaper of its usual scorers here."""
    from rapidfuzz import fuzz, process, utils

    cleaned = [utils.default_process(text) for text in texts]

    def timed(query: str) -> float:
        started = time.perf_counter()
        asked = utils.default_process(query)
        process.extract(asked, cleaned, scorer=fuzz.partial_ratio, limit=20)
        return 1000 * (time.perf_counter() - started)

    return timed
