"""The gap test at any size: `python -m tests.postgres --commits 100000`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import asdict

from tests.databases import ENGINES, database
from tests.postgres import gaps


def main() -> int:
    """0 if the feed lost nothing and the control did."""
    parser = argparse.ArgumentParser(prog="python -m tests.postgres", description=__doc__)
    parser.add_argument("--commits", type=int, default=100_000)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--engine", choices=ENGINES, default="postgresql", help="of the feed")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    sys.stderr.write(f"{asked.commits} commits by {asked.writers} writers on {asked.engine}\n")
    feed, findings = gaps.audited_feed(asked.engine, asked.writers, asked.commits)
    sys.stderr.write("the control\n")
    with database() as url:
        control = gaps.raw_sequence(url, asked.writers, asked.commits // 10)
    report = {
        "commits": asked.commits,
        "commits_per_second": round(asked.commits / feed.seconds),
        "events": feed.commits,
        "lost": feed.lost,
        "in_order": feed.in_order,
        "control": asdict(control) | {"lost": control.lost},
        "findings": findings,
    }
    if asked.json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0 if not feed.lost and feed.in_order and control.lost and not findings else 1


if __name__ == "__main__":
    raise SystemExit(main())
