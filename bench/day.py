"""A shop's day in virtual time, through the product's own rules.

    python bench/day.py [MODEL] [--seed N] [--conversations N]
    python bench/day.py [MODEL] --server | --postgresql
    python bench/day.py [MODEL] --policies [--loads 0.7,0.9,1.1] [--seeds 10] [--jobs 2] [--write]

The first plays the model's day (bench/days/double-peak.toml) and judges its log: nobody lost, none
waiting while someone has room, nobody over capacity or out of order, every warning and breach once.
`--server` plays a smaller day through a real server's writer on SQLite, `--postgresql` on three
replicas that are killed meanwhile. `--policies` compares ours with three others; `--write` puts the
table into docs/day.md. Exit code 1 if anything was found, or a goal missed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from msgspec.structs import replace
from playing.day import Played, play_and_judge
from playing.figures import Figures, figures, missed, table
from playing.house import PureHouse
from playing.model import Model, read
from playing.policies import POLICIES
from playing.told import holds
from syncing import inputs
from syncing.report import judged

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs" / "day.md"
MARK = "<!-- written by bench/day.py --policies --write -->"
SMALL, SMALL_STAFF, SMALL_HOURS = 250, 4, 2  # a day for a real server


def main() -> int:
    """Play what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", nargs="?", type=inputs.file, default=HERE / "days" / "double-peak.toml"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--conversations", type=int)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--postgresql", action="store_true", help="a real server on three replicas")
    parser.add_argument("--policies", action="store_true")
    parser.add_argument("--loads", default="0.7,0.9,1.1")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="with --policies")
    given = parser.parse_args()
    model = read(given.model)
    if given.conversations:
        model = replace(model, conversations=given.conversations)
    if given.policies:
        loads = [float(each) for each in given.loads.split(",")]
        return compare(model, loads, given.seeds, given.jobs, write=given.write)
    if given.server or given.postgresql:
        from playing.real import play_for_real

        agents = replace(model.agents, number=SMALL_STAFF)
        small = replace(
            model,
            conversations=given.conversations or SMALL,
            agents=agents,
            arrivals=model.arrivals[:SMALL_HOURS],
        )
        return tell(play_for_real(small, given.seed, postgresql=given.postgresql))
    return tell(play_and_judge(model, given.seed))


def tell(played: Played) -> int:
    """The figures of one day."""
    rows = len(played.house.log.rows)
    print(f"{len(played.day.customers.waits)} conversations, {rows} events")
    print(f"played in {played.seconds:.1f} s, judged in {played.judging:.1f} s")
    print(f"log {played.house.log.digest()[:16]}")
    for what, count in sorted(played.verdict.checked.items()):
        print(f"  {count:>8}  {what}")
    for finding in played.verdict.findings:
        print(f"  FOUND {finding}")
    wrong = [f"{kind}: {count}" for kind, count in sorted(played.verdict.wrong.items())]
    if isinstance(played.house, PureHouse):
        found = holds(played.house.told.came)
        for each in found:
            print(f"  {each}")
        wrong += [f"the wait that was told: {each}" for each in found[-1:] if not each.good]
    return judged(wrong)


def compare(model: Model, loads: list[float], seeds: int, jobs: int, *, write: bool) -> int:
    """Every policy on the same days."""
    found: list[Figures] = []
    with ProcessPoolExecutor(jobs) as pool:
        futures = [
            pool.submit(figures, model, policy.key, load, seed)
            for load in loads
            for seed in range(1, seeds + 1)
            for policy in POLICIES
        ]
        for future in as_completed(futures):
            each = future.result()
            found.append(each)
            print(
                f"  .. load {each.load:g}, seed {each.seed}, {each.policy}: mean {each.mean:.0f} s,"
                f" p90 {each.p90:.0f} s, {each.soon:.0f} % within 3 min",
                file=sys.stderr,
                flush=True,
            )
            if write and complete(found):
                publish(table(complete(found)))
    print(table(found))
    return judged(missed(found))


def complete(found: list[Figures]) -> list[Figures]:
    """The days that every policy has played: a run that is cut short has these."""
    played = Counter((each.load, each.seed) for each in found)
    return [each for each in found if played[each.load, each.seed] == len(POLICIES)]


def publish(text: str) -> None:
    """Put the table where it belongs, below what people wrote."""
    before = DOCS.read_text("utf-8").partition(MARK)[0] if DOCS.exists() else ""
    DOCS.write_text(f"{before}{MARK}\n\n{text}", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
