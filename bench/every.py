"""Every bench in turn; what was missed stands together at the end.

    python bench/every.py [--with-postgres] [NAME ...]

Without names: start, open_chat, sync, search, search_quality, find, keys, guards, day.
`--with-postgres` goes on to sync. A goal that is missed, or a bench that fails, does not keep the
others from running. Exit code 1 if there was one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from syncing.report import MISSED

HERE = Path(__file__).parent
NAMES = ("start", "open_chat", "sync", "search", "search_quality", "find", "keys", "guards", "day")


def main(given: Sequence[str] | None = None, folder: Path = HERE) -> int:
    """Run them and sum up; 1 if a goal was missed or a bench failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--with-postgres", action="store_true")
    asked = parser.parse_args(given)
    missed: list[str] = []
    for name in asked.names or NAMES:
        more = ["--with-postgres"] if asked.with_postgres and name == "sync" else []
        print(f"== {name}", flush=True)
        missed += run(name, [sys.executable, str(folder / f"{name}.py"), *more])
    print("== missed" if missed else "== every goal reached")
    for what in missed:
        print(f"  {what}")
    return 1 if missed else 0


def run(name: str, command: Sequence[str]) -> list[str]:
    """What one bench missed, as it told on stderr; if it told nothing, how it failed."""
    missed = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as child:
        assert child.stderr is not None
        for line in child.stderr:
            sys.stderr.write(line)
            sys.stderr.flush()
            if line.startswith(MISSED):
                missed.append(f"{name}: {line.removeprefix(MISSED).strip()}")
    if child.returncode and not missed:
        missed.append(f"{name}: it ended with code {child.returncode}")
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
