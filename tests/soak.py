"""`make soak`: every campaign of the reliability table, then docs/reliability.md from the reports.

A campaign that has ended is not run again, and a long one goes on where it was, unless --fresh.
What was run elsewhere stays on the page as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import agent_tui

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".soak"
PAGE = ROOT / "docs" / "reliability.md"
# Campaigns that keep a file of where they are.
RESUMABLE = {"tests.sim", "tests.crash"}


@dataclass(frozen=True)
class Campaign:
    """A module to run, its arguments, and how its report reads."""

    name: str
    module: str
    arguments: tuple[str, ...]
    rows: Callable[[Any], Iterable[tuple[str, str]]]
    violations: Callable[[Any], int]

    @property
    def report(self) -> Path:
        """Where the report is kept."""
        return STATE / f"{self.name}.json"


def main() -> int:
    """0 if no campaign found a violation."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000, help="simulated runs of 300 steps")
    parser.add_argument("--postgres-seeds", type=int, default=100, help="the same on PostgreSQL")
    parser.add_argument("--runs", type=int, default=20_000, help="of the stores, 100 steps each")
    parser.add_argument("--kills", type=int, default=500, help="kill -9, on each side")
    parser.add_argument("--postgres-kills", type=int, default=300, help="of the server on it")
    parser.add_argument("--commits", type=int, default=100_000, help="of 16 writers on PostgreSQL")
    parser.add_argument("--sqlite-commits", type=int, default=20_000, help="the same on SQLite")
    parser.add_argument("--restores", type=int, default=50)
    parser.add_argument("--disk", type=int, default=40, help="rounds of each disk and clock fault")
    parser.add_argument("--fault-rounds", type=int, default=20, help="rounds of each network fault")
    parser.add_argument("--fault-seconds", type=float, default=20.0)
    parser.add_argument("--only", action="append", metavar="NAME", help="these campaigns only")
    parser.add_argument("--fresh", action="store_true", help="forget what was done before")
    asked = parser.parse_args()
    if asked.fresh:
        shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(exist_ok=True)
    found = campaigns(asked)
    bad = 0
    for campaign in found:
        if not asked.only or campaign.name in asked.only:
            bad += not run(campaign)
    PAGE.write_text(page(found), "utf-8")
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} is written\n")
    return 1 if bad else 0


def run(campaign: Campaign) -> bool:
    """Run it unless that was done. False if it failed."""
    command = [sys.executable, "-m", campaign.module, *campaign.arguments, "--json"]
    state = STATE / f"{campaign.name}.state"
    resumed = campaign.module in RESUMABLE and state.exists()
    if campaign.module in RESUMABLE:
        command += ["--state", str(state)]
    asked = " ".join(campaign.arguments)
    if campaign.report.exists():
        known = json.loads(campaign.report.read_text("utf-8"))
        if known["arguments"] == asked and known["code"] == 0:
            sys.stderr.write(f"{campaign.name}: done before\n")
            return True
    sys.stderr.write(f"{campaign.name}: {campaign.module} {asked}\n")
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    kept = {
        "arguments": asked,
        "code": done.returncode,
        "resumed": resumed,  # then `minutes` are of the last part
        "minutes": round((time.monotonic() - started) / 60, 1),
        "version": agent_tui.__version__,
        "python": platform.python_version(),
        "report": json.loads(done.stdout) if done.stdout.strip() else None,
    }
    campaign.report.write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
    return done.returncode == 0


def _length(kept: dict[str, Any]) -> str:
    """How long it took, if that is known."""
    return "in several parts, " if kept.get("resumed") else f"{kept['minutes']} min, "


def page(found: list[Campaign]) -> str:
    """docs/reliability.md."""
    elsewhere = _sections(PAGE.read_text("utf-8")) if PAGE.exists() else {}
    lines = [
        "# Reliability",
        "",
        "Written by `make soak` from what its campaigns reported (`make soak ARGS=--help`: how to",
        "run a part of it, or more). What is promised, and how it is judged, stands in",
        "[ARCHITECTURE.md](../ARCHITECTURE.md); `make test` runs all of them at a smaller size.",
    ]
    for campaign in found:
        if not campaign.report.exists():
            lines += elsewhere.get(campaign.name, [])
            continue
        kept = json.loads(campaign.report.read_text("utf-8"))
        report = kept["report"]
        lines += [
            "",
            f"## {campaign.name}",
            "",
            f"`python -m {campaign.module} {kept['arguments']}`, {_length(kept)}"
            f"agent-tui {kept['version']}, Python {kept['python']}.",
            "",
        ]
        if report is None:
            lines.append(f"It broke off with exit code {kept['code']}.")
            continue
        violations = campaign.violations(report)
        lines += ["| what | figure |", "|---|---|"]
        lines += [f"| {name} | {value} |" for name, value in campaign.rows(report)]
        lines.append(f"| **violations** | **{violations}** |")
        if kept["code"] and not violations:
            lines += ["", f"The exit code was {kept['code']}: not everything was reached."]
    return "\n".join(lines) + "\n"


def _sections(text: str) -> dict[str, list[str]]:
    """The page's lines by campaign, each with the blank line before its heading."""
    found: dict[str, list[str]] = {}
    for part in text.split("\n## ")[1:]:
        name, _, rest = part.partition("\n")
        found[name] = ["", f"## {name}", *rest.rstrip("\n").split("\n")]
    return found


def plain(report: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Every number and word of a report; lists by their length."""
    for name, value in report.items():
        words = prefix + name.replace("_", " ")
        if name == "violations":
            continue
        if isinstance(value, dict):
            yield from plain(value, f"{words}: ")
        elif not isinstance(value, list):
            yield words, _figure(value)


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if isinstance(value, float) else str(value)


def listed(report: dict[str, Any]) -> int:
    """How many violations a report lists."""
    return len(report.get("violations", ()))


def campaigns(asked: argparse.Namespace) -> list[Campaign]:
    """All of them, quick ones last."""

    def lost(report: dict[str, Any]) -> int:
        return int(report["lost"]) + len(report["findings"]) + (not report["in_order"])

    def late(report: dict[str, Any]) -> int:
        return sum(report["seconds"][name] > limit for name, limit in report["limits"].items())

    postgres = ("--engine", "postgresql")
    sqlite = ("--engine", "sqlite", "--commits", str(asked.sqlite_commits))
    kills = ("--side", "server", "--kills", str(asked.postgres_kills))
    seeds = ("--seeds", str(asked.postgres_seeds))
    jobs = ("--jobs", str(os.cpu_count() or 1))
    faults = ("--rounds", str(asked.fault_rounds), "--seconds", str(asked.fault_seconds))
    return [
        Campaign("simulation", "tests.sim", ("--seeds", str(asked.seeds), *jobs), plain, listed),
        Campaign("simulation-postgresql", "tests.sim", (*postgres, *seeds, *jobs), plain, listed),
        Campaign("stores", "tests.stores", ("--runs", str(asked.runs)), plain, listed),
        Campaign("kills", "tests.crash", ("--kills", str(asked.kills)), plain, listed),
        Campaign("kills-postgresql", "tests.crash", (*postgres, *kills), plain, listed),
        Campaign("disk", "tests.crash", ("--kills=0", f"--disk={asked.disk}"), plain, listed),
        Campaign("network", "tests.faults", (*faults, "--jobs", "4"), plain, listed),
        Campaign("time-outs", "tests.faults", ("--real-times",), plain, late),
        Campaign("replicas", "tests.postgres", ("--commits", str(asked.commits)), plain, lost),
        Campaign("writers-sqlite", "tests.postgres", sqlite, plain, lost),
        Campaign("restores", "tests.restore", ("--rounds", str(asked.restores)), plain, listed),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
