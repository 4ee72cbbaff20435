"""Rounds of every fault, as many as you like: `python -m tests.faults --rounds 20 --seconds 20`.

The exit code is 1 if anything went wrong. A round that did is repeated with --fault and --first.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context

from tests.faults import rounds, times
from tests.faults.rounds import Outcome


def say(text: str) -> None:
    """A line on standard error: the report alone goes to standard output."""
    sys.stderr.write(f"{text}\n")


def worst(outcomes: Iterable[Outcome]) -> dict[str, dict[str, float]]:
    """Per fault: rounds, what was sent, connections, seconds to converge, violations."""
    table: dict[str, dict[str, float]] = {}
    for each in outcomes:
        row = table.setdefault(
            each.fault, {"rounds": 0, "sent": 0, "connections": 0, "converged": 0.0, "wrong": 0}
        )
        row["rounds"] += 1
        row["sent"] += each.sent
        row["connections"] += each.connections
        row["converged"] = round(max(row["converged"], each.converged), 2)
        row["wrong"] += bool(each.wrong)
    return table


def main() -> int:
    """Run, report, and say by the exit code whether all went well."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each fault lasts")
    parser.add_argument("--fault", choices=rounds.ALL, action="append")
    parser.add_argument("--factor", type=float, default=1.0, help="make time-outs shorter by this")
    parser.add_argument("--jobs", type=int, default=2, help="rounds at the same time")
    parser.add_argument("--real-times", action="store_true", help="measure time-outs instead")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    asked = parser.parse_args()
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        if asked.real_times:
            names = {pool.submit(times.measure, name): name for name in times.LIMITS}
            seconds: dict[str, float] = {}
            for done in as_completed(names):
                seconds[names[done]] = round(done.result(), 2)
                say(f"{names[done]}: {done.result():.1f} s")
            report: dict[str, object] = {"seconds": seconds, "limits": times.LIMITS}
            bad = sum(seconds[name] > limit for name, limit in times.LIMITS.items())
        else:
            todo = [
                pool.submit(rounds.alone, fault, asked.seconds, seed, asked.factor)
                for seed in range(asked.first, asked.first + asked.rounds)
                for fault in asked.fault or rounds.ALL
            ]
            outcomes: list[Outcome] = []
            for count, future in enumerate(as_completed(todo), 1):
                outcomes.append(future.result())
                last = outcomes[-1]
                verdict = "; ".join(last.wrong) or f"converged after {last.converged:.2f} s"
                say(f"{count}/{len(todo)} {last.fault} {last.seed}: {verdict}")
            failures = [asdict(each) for each in outcomes if each.wrong]
            report = {"faults": worst(outcomes), "violations": failures}
            bad = len(failures)
    if asked.json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    else:
        for name, value in report.items():
            say(f"{name}: {value}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
