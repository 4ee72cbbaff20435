"""More runs of the state machine: `python -m tests.stores --runs 20000 --steps 100`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import traceback

from hypothesis import HealthCheck, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stores.machine import Stores

A_ROUND = 500


def main() -> int:
    """0 if everything was where it had to be."""
    parser = argparse.ArgumentParser(prog="python -m tests.stores", description=__doc__)
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    violations = []
    for done in range(0, asked.runs, A_ROUND):
        number = asked.first + done // A_ROUND
        wanted = settings(
            max_examples=min(A_ROUND, asked.runs - done),
            stateful_step_count=asked.steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        try:
            run_state_machine_as_test(seed(number)(Stores), settings=wanted)
        except Exception:
            violations.append({"seed": number, "what": traceback.format_exc()})
        sys.stderr.write(f"{done + wanted.max_examples}/{asked.runs}\n")
    report = {"runs": asked.runs, "steps": asked.steps, "violations": violations}
    if asked.json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
