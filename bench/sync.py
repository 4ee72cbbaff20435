"""How fast sync is: figures of the real server with real sockets, all on loopback.

    python bench/sync.py [--only pairs,writers,idle,push] [--rounds N] [--json]
                         [--postgres URL | --with-postgres] [--idle N]

Clients run in processes of their own, on bare sockets; the CPU shares beside each figure say how
near either side was to a full core. Exit code 1 if a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from syncing import idle, pairs, postgres, push, writers
from syncing.children import raise_limit
from syncing.report import Report, judged

MEASURES = ("pairs", "writers", "idle", "push")


def main() -> int:
    """Run the chosen measures, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(MEASURES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--idle", type=int, default=idle.GOAL_AGENTS, metavar="N")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--postgres", metavar="URL", help="a server to make databases on")
    where.add_argument("--with-postgres", action="store_true", help="start one from the wheel")
    given = parser.parse_args()
    chosen = [name.strip() for name in given.only.split(",")]
    if unknown := set(chosen) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(unknown)}")
    # Told to stop, it still ends the processes that it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    raise_limit()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="agent-tui-bench-") as folder:
        root = Path(folder)
        if "pairs" in chosen:
            pairs.measure(report, root, given.rounds)
        if "writers" in chosen:
            with postgres.server(root, given.postgres, given.with_postgres) as cluster:
                writers.measure(report, root, given.rounds, cluster)
        if "idle" in chosen:
            idle.measure(report, root, given.rounds, given.idle)
        if "push" in chosen:
            push.measure(report, root, given.rounds)
    if given.json:
        print(json.dumps(report.figures, ensure_ascii=False))
    else:
        report.show()
    return judged(report.missed)


if __name__ == "__main__":
    raise SystemExit(main())
