"""Campaigns longer than a test run: `python -m tests.crash --kills N --side all`, `--disk N`."""

from __future__ import annotations

import argparse
import functools
import logging
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.crash.client import all_reached, kill_client
from tests.crash.server import kill_server
from tests.crash.tally import Progress, Tally, load, store
from tests.databases import ENGINES

SHOWN = os.dup(sys.stderr.fileno())
A_ROUND = {"server": 50, "client": 56}  # kills before a new folder and the judgement
SIDES: dict[str, Callable[..., None]] = {"server": kill_server, "client": kill_client}


def main() -> int:
    """0 if nothing was violated, 1 if something was, 2 for a wrong call."""
    asked = _arguments()
    logging.disable(logging.CRITICAL)
    # Children complain of what is done to them: only this program's own lines are shown.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    tally = load(asked.state, asked.seed)
    progress = Progress(_say)
    started = time.monotonic() - tally.seconds

    def tell() -> None:
        tally.seconds = time.monotonic() - started
        progress.tell(tally)

    for side in SIDES if asked.side == "all" else (asked.side,):
        while tally.kills.get(side, 0) < asked.kills:
            left = asked.kills - tally.kills.get(side, 0)
            kill = functools.partial(SIDES[side], engine=asked.engine)
            _round(kill, side, min(A_ROUND[side], left), tally, tell)
            store(tally, asked.state)
    if asked.disk:
        from tests.crash.faults import SCENARIOS

        for name, scenario in SCENARIOS.items():
            while tally.faults.get(name, 0) < asked.disk:
                _scenario(name, scenario, tally)
                tell()
                store(tally, asked.state)
    tally.seconds = time.monotonic() - started
    store(tally, asked.state)
    progress.tell(tally, last=True)
    if asked.json:
        sys.stdout.write(msgspec.json.encode(tally).decode() + "\n")
    else:
        for violation in tally.violations:
            _say(violation)
    return 1 if tally.violations or not all_reached(tally) else 0


def _round(
    kill: Callable[..., None], side: str, kills: int, tally: Tally, tell: Callable[[], None]
) -> None:
    number = tally.rounds.get(side, 0)
    seed = tally.seed * 1_000_003 + number
    tally.rounds[side] = number + 1
    before = tally.kills.get(side, 0)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            kill(Path(folder), seed, kills, tally, tell)
        except Exception as error:
            _violated(tally, f"{side}, seed {seed}", error)
            # The rest of the round is given up, and so that the campaign ends, counted.
            tally.kills[side] = max(tally.kills.get(side, 0), before + 1)


def _scenario(name: str, scenario: Callable[[Path, int], None], tally: Tally) -> None:
    seed = tally.seed * 1_000_003 + tally.faults.get(name, 0)
    tally.faults[name] = tally.faults.get(name, 0) + 1
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            scenario(Path(folder), seed)
        except Exception as error:
            _violated(tally, f"{name}, seed {seed}", error)


def _violated(tally: Tally, where: str, error: Exception) -> None:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    line = f"{where}: {type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
    tally.violations.append(line)
    _say(line)


def _say(line: str) -> None:
    os.write(SHOWN, f"{line}\n".encode())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=0, help="kills for each side")
    parser.add_argument("--side", choices=("server", "client", "all"), default="all")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite", help="of the server")
    parser.add_argument("--disk", type=int, default=0, help="runs of each other fault")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--state", type=Path, help="a file to go on from, and to keep")
    parser.add_argument("--json", action="store_true", help="the counts as JSON on stdout")
    asked = parser.parse_args()
    if not asked.kills and not asked.disk:
        parser.error("nothing to do: give --kills or --disk")
    return asked


if __name__ == "__main__":
    sys.exit(main())
