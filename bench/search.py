"""How fast search is a key, what the index costs, and what others take for the same queries.

    python bench/search.py [--entries N] [--bodies] [--queries N] [--sample N] [--seed N]
                           [--slowest N] [--json]

Queries are typed out over generated entries and the shipped articles: Chinese as an input method
commits it, pinyin, initials, mixed, English, codes, some with a mistake. Every state of the box is
searched once and timed. Between them a sample of the states goes to the others too: to fzf by its
own `--bench` (matching only, on all cores), to frizbee and rapidfuzz by one search each (one core).
All search the same text: an entry's title, alternative questions and tags, with `--bodies` its body
too, for the others on one line; fzf is also told over titles alone. The first times are of the wall
clock, "CPU" is what the searching thread used; on a machine that does something else the latter
and fzf's fastest rounds say more. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

from searching import costs, rivals
from searching.keys import typed_out
from searching.texts import entries, shipped, titles
from syncing.report import Report, judged, percentile

from agent_tui.knowledge.entry import Entry
from agent_tui.knowledge.index import SearchIndex

KEYS = 400
SHARE_OF_FZF = 0.05
P99 = {100_000: 10.0, 300_000: 16.0}  # ms, up to so many entries
BUILD = 3.0  # s, up to 100,000 entries without bodies


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--bodies", action="store_true", help="400 characters each")
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--sample", type=int, default=30, help="states that others search too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="tell the slowest keys")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    measure = f"search, {given.entries:,} entries{' with bodies' if given.bodies else ''}"
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        report.progress("building, saving and loading in processes of their own")
        built = costs.in_child(costs.building, given.entries, given.seed, given.bodies, index)
        loaded = costs.in_child(costs.loading, index)
        for name, value in (built | loaded).items():
            report.note(measure, name, value)
        made = entries(given.entries, given.seed, bodies=given.bodies)
        # The same titles as in the entries, but by their words.
        known = list(titles(given.entries - len(shipped()), given.seed))
        box = typed_out(known, given.queries, KEYS, given.seed)
        report.progress(f"{sum(map(len, box))} keys")
        times = _time(report, measure, made, box, _others(made, Path(folder)), given)
    goals(report, measure, given.entries, given.bodies)
    if given.json:
        print(json.dumps({"figures": report.figures, "missed": report.missed}, ensure_ascii=False))
    else:
        report.show()
        for took, state in sorted(times, reverse=True)[: given.slowest]:
            print(f"{took:8.1f} ms  {state!r}")
    return judged(report.missed)


def _time(
    report: Report,
    measure: str,
    made: Sequence[Entry],
    box: Sequence[Sequence[str]],
    others: dict[str, rivals.Timed],
    given: argparse.Namespace,
) -> list[tuple[float, str]]:
    """Every key by ours, and between them a sample by the others; ours, by ms and text."""
    chance = random.Random(given.seed)
    index = SearchIndex.build(made)
    index.search("退货运费", 20)  # what the first search imports is told apart
    keys: list[tuple[float, str]] = []
    cpu: list[float] = []
    beside: dict[str, list[float]] = {name: [] for name in others}
    pairs: list[float] = []
    asked = 0
    for number, states in enumerate(box):
        took = {}
        for state in states:
            started, used = time.perf_counter(), time.thread_time()
            index.search(state, 20)
            cpu.append(1000 * (time.thread_time() - used))
            took[state] = 1000 * (time.perf_counter() - started)
        keys += ((each, state) for state, each in took.items())
        # Spread evenly over the queries.
        if asked * len(box) >= given.sample * (number + 1):
            continue
        asked += 1
        state = chance.choice(states)
        for name, timed in others.items():
            beside[name].append(timed(state))
        if "fzf" in beside:
            pairs.append(took[state] / beside["fzf"][-1])
    report.note(measure, "keys", len(keys))
    report.note(measure, "agent-tui ms a key", _spread([each for each, _ in keys]))
    report.note(measure, "agent-tui CPU ms a key", _spread(cpu))
    for name, times in beside.items():
        report.note(measure, f"{name} ms a key, {len(times)} of them", _spread(times))
        ratio = statistics.median(each for each, _ in keys) / statistics.median(times)
        report.note(measure, f"p50 against {name}", round(ratio, 4))
    if pairs:
        fastest = statistics.median(cast(rivals.FzfBench, others["fzf"]).fastest)
        report.note(measure, "fzf ms a key, p50 of the fastest rounds", fastest)
        report.note(measure, "p50 of our CPU against that", statistics.median(cpu) / fastest)
        report.note(measure, "against fzf, median over the same keys", statistics.median(pairs))
    return keys


def _spread(times: Sequence[float]) -> dict[str, float]:
    return {
        "p50": statistics.median(times),
        "p90": percentile(times, 0.90),
        "p99": percentile(times, 0.99),
        "max": max(times),
    }


def _others(made: Sequence[Entry], folder: Path) -> dict[str, rivals.Timed]:
    texts = [" ".join((e.title, *e.questions, *e.tags, e.body)).replace("\n", " ") for e in made]
    makers: dict[str, Callable[[], rivals.Timed]] = {
        "fzf": lambda: rivals.FzfBench(texts, folder / "all"),
        "fzf, titles alone": lambda: rivals.FzfBench([e.title for e in made], folder / "titles"),
        "frizbee": lambda: rivals.frizbee(texts),
        "rapidfuzz": lambda: rivals.rapidfuzz(texts),
    }
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except (ImportError, FileNotFoundError) as error:
            print(f"  without {name}: {error}", file=sys.stderr)
    return found


def goals(report: Report, measure: str, count: int, bodies: bool) -> None:
    """Judge what was noted."""
    figures = report.figures[measure]
    # With fewer entries a match costs fzf next to nothing.
    if count >= 100_000 and (ratio := figures.get("p50 against fzf")) is not None:
        report.goal(measure, f"p50 <= {SHARE_OF_FZF} x fzf", ratio <= SHARE_OF_FZF)
    limit = next((ms for size, ms in P99.items() if count <= size), None)
    if limit is not None:
        p99 = figures["agent-tui ms a key"]["p99"]
        report.goal(measure, f"p99 <= {limit:.0f} ms", p99 <= limit)
    if count <= 100_000 and not bodies:
        report.goal(measure, f"build <= {BUILD:.0f} s", figures["build s"] <= BUILD)


if __name__ == "__main__":
    raise SystemExit(main())
