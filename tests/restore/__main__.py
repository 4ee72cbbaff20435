"""More rounds than a test run has: `python -m tests.restore --rounds 50`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import traceback
from pathlib import Path

from tests.databases import ENGINES
from tests.restore.rounds import KINDS, play


def main() -> int:
    """0 if every restore was noticed and nothing was lost without a word."""
    parser = argparse.ArgumentParser(prog="python -m tests.restore", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    shown, violations = 0, []
    for seed in range(asked.first, asked.first + asked.rounds):
        way, meanwhile = KINDS[seed % len(KINDS)]
        engine = ENGINES[seed // len(KINDS) % len(ENGINES)]
        name = f"{engine}, {way}, {meanwhile}, seed {seed}"
        with tempfile.TemporaryDirectory() as folder:
            try:
                shown += play(Path(folder), seed, way, meanwhile, engine)
            except Exception:
                violations.append({"round": name, "what": traceback.format_exc()})
        verdict = "violated" if violations and violations[-1]["round"] == name else "noticed"
        sys.stderr.write(f"{seed - asked.first + 1}/{asked.rounds} {name}: {verdict}\n")
    report = {"rounds": asked.rounds, "replies_shown": shown, "violations": violations}
    if asked.json:
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    return 1 if violations else 0


if __name__ == "__main__":
    raise SystemExit(main())
