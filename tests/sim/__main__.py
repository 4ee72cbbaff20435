"""Run many seeds: `python -m tests.sim --seeds 20000 --jobs 2 --state FILE --json`.

With a state file a run that was broken off goes on where it stood. Exit code 1 on a violation.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import multiprocessing
import sys
import time
from pathlib import Path

from tests.databases import ENGINES
from tests.sim import world
from tests.sim.soak import Totals, run_one
from tests.sim.storage import shared_cluster

EVERY_SECONDS = 10.0


def main() -> int:
    """Run the seeds that are left; 1 if an invariant broke in any."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many in all")
    parser.add_argument("--start", type=int, default=0, help="the first one")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite", help="of the server")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--state", type=Path, help="file to resume from")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    given = parser.parse_args()
    totals = Totals(given.start, given.state)
    left = range(totals.next, given.start + given.seeds)
    told = time.monotonic()
    # Processes of their own: a seed patches the program it runs.
    context = multiprocessing.get_context("spawn")
    run = functools.partial(run_one, engine=given.engine)
    shared = shared_cluster() if given.engine == "postgresql" else contextlib.nullcontext()
    with world.place(), shared, context.Pool(given.jobs) as pool:
        for found in pool.imap(run, left, chunksize=4):
            totals.add(found)
            if found["wrong"]:
                print(f"seed {found['seed']}: {found['wrong']}", file=sys.stderr)  # noqa: T201
            if time.monotonic() - told > EVERY_SECONDS:
                told = time.monotonic()
                totals.save()
                done = totals.next - given.start
                line = f"{done}/{given.seeds} seeds, {len(totals.violations)} violations"
                print(line, file=sys.stderr, flush=True)  # noqa: T201
    totals.save()
    report = totals.report()
    if given.json:
        print(json.dumps(report, ensure_ascii=False))  # noqa: T201
    else:
        for name in ("counts", "faults", "violations"):
            print(f"{name}:")  # noqa: T201
            for key, value in report[name].items():
                print(f"  {key}: {value}")  # noqa: T201
    return 1 if totals.violations else 0


if __name__ == "__main__":
    sys.exit(main())
