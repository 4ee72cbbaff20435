"""From key to repainted results in the real workstation, on a real pty.

    python bench/find_pane.py [--entries N] [--conversations N] [--keys N] [--seed N] [--json]

Queries are typed out as people type them. A key counts from its bytes until the bytes that paint
the first row of the list. Beside it runs the same program with a search that takes no time (the
same rows each time): what it needs is the terminal library's own paint, and the difference is ours.
On a machine that does something else, the processor time of the screen's thread says more.
First of all the index is built while the workstation runs: how soon something can be found, and how
soon everything. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import select
import sys
import tempfile
import time
from pathlib import Path

from ptyprocess import PtyProcess
from searching.keys import typed_out
from searching.texts import entries, titles
from start import fill
from syncing.report import Report, percentile

from agent_tui.domain import events as e
from agent_tui.domain.model import Article
from agent_tui.store.cache import Cache

BEYOND = 16.0  # ms
SOON = 1.0  # s after the picture in which something can be found
MEMORY = 300.0  # MiB
GAP = (0.03, 0.09)  # s between keys
ROW = re.compile(rb"\x1b\[3;8[5-9]H")  # paints the first row of the list, in 120 columns
FIRST = re.compile(rb"m1 \x1b\[")  # the number before the first row
PROGRAM = """
import sys
from pathlib import Path
if sys.argv[1] == "paint":
    from agent_tui.desk.finding import Finding
    search, known = Finding.search, []
    def at_once(self, query, *args, **more):
        if not known and query:
            known.extend(search(self, query, *args, **more))
        return list(known)
    Finding.search = at_once
from agent_tui import bootstrap
from agent_tui.bootstrap import default_profile
from agent_tui.workstation import workstation
profile = default_profile()
sys.exit(workstation(profile, bootstrap.read_login(profile)))
"""


class Terminal:
    """The program on a pty."""

    def __init__(self, root: Path, how: str) -> None:
        env = dict(
            os.environ,
            AGENT_TUI_HOME=str(root),
            AGENT_TUI_CONFIG=str(root),
            TERM="xterm-256color",
            COLORTERM="truecolor",
            LANG="zh_CN.UTF-8",
        )
        command = [sys.executable, "-c", PROGRAM, how]
        self.process = PtyProcess.spawn(command, dimensions=(36, 120), env=env)
        self.began = time.perf_counter()

    def read(self, seconds: float) -> bytes:
        """What comes within so long, if anything."""
        if not select.select([self.process.fd], [], [], seconds)[0]:
            return b""
        return os.read(self.process.fd, 65_536)

    def until(self, wanted: re.Pattern[bytes], seconds: float = 60.0) -> float:
        """Seconds until it is painted."""
        began, seen = time.perf_counter(), b""
        while not wanted.search(seen):
            if time.perf_counter() - began > seconds:
                raise SystemExit(f"{wanted.pattern!r} was not painted within {seconds} s")
            seen = seen[-64:] + self.read(0.2)
        return time.perf_counter() - began

    def rest(self, seconds: float) -> bytes:
        """Read for so long."""
        end, seen = time.perf_counter() + seconds, b""
        while (left := end - time.perf_counter()) > 0:
            seen += self.read(left)
        return seen

    def key(self, text: str) -> float:
        """Press it; seconds until the list is painted."""
        self.process.write(text.encode())
        return self.until(ROW)

    def open_box(self) -> None:
        """A chat, and the box."""
        self.until(re.compile("会话 · ".encode()))
        self.rest(2.0)
        self.process.write(b"\x0e")  # Ctrl+N
        self.rest(1.0)
        self.process.write(b"\x06")  # Ctrl+F
        self.rest(0.5)

    def spent(self) -> float:
        """ms of a processor that the screen's thread used so far."""
        place = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat")
        return int(place.read_text().split()[0]) / 1e6

    def memory(self) -> float:
        """MiB that are its own and no file's."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        kib = re.search(r"RssAnon:\s+(\d+)", text)
        return int(kib[1]) / 1024 if kib else 0.0

    def resident(self) -> float:
        """MiB in memory, mapped files too."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        kib = re.search(r"VmRSS:\s+(\d+)", text)
        return int(kib[1]) / 1024 if kib else 0.0


def stock(folder: Path, count: int, seed: int, after: int) -> str:
    """Put `count` articles into the cache; the title of the newest."""
    cache = Cache(next(folder.rglob("cache.db")))
    seq, now = after, time.time_ns() // 1_000_000
    title = ""
    batch: list[e.Recorded] = []
    for entry in entries(count, seed):
        seq += 1
        title = entry.title
        article = Article(
            id=entry.id,
            title=entry.title,
            body=f"{entry.title}。",
            lang=entry.language or "zh",
            category=entry.label,
            questions=entry.questions,
        )
        batch.append(e.Recorded(seq, now, "system", e.ArticleSaved(article)))
        if len(batch) == 5_000:
            cache.apply(batch, f"f:{seq}:x", 0)
            batch = []
    if batch:
        cache.apply(batch, f"f:{seq}:x", 0)
    cache.close()
    return title


def build(root: Path, title: str, report: Report, measure: str) -> None:
    """Start without an index: when can something be found, when everything?"""
    terminal = Terminal(root, "ours")
    terminal.until(re.compile("会话 · ".encode()))
    drawn = time.perf_counter()
    terminal.process.write(b"\x0e")
    terminal.rest(0.1)
    terminal.process.write(b"\x06")
    terminal.rest(0.1)
    terminal.process.write(title.encode())
    terminal.until(FIRST, 60)
    report.note(measure, "picture to the first find, s", time.perf_counter() - drawn)
    saved = next(root.rglob("cache.db")).with_name("search") / "marks.npy"
    while not saved.exists():
        terminal.rest(0.1)
        if time.perf_counter() - drawn > 600:
            raise SystemExit("the index was not built within 600 s")
    report.note(measure, "picture to all of the index, s", time.perf_counter() - drawn)
    terminal.rest(3.0)
    terminal.process.close(force=True)


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    report = Report()
    measure = f"find pane, {given.entries:,} articles, {given.conversations:,} conversations"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        report.progress("filling a profile")
        fill(root, given.conversations)
        newest = stock(root, given.entries, given.seed, 3 * given.conversations)
        report.progress("building the index while the workstation runs")
        build(root, newest, report, measure)
        report.progress("typing")
        chance = random.Random(given.seed)
        both = {"ours": Terminal(root, "ours"), "paint": Terminal(root, "paint")}
        times: dict[str, list[float]] = {name: [] for name in both}
        spent: dict[str, list[float]] = {name: [] for name in both}
        for terminal in both.values():
            terminal.open_box()
            terminal.key("a")
            terminal.rest(0.5)
            terminal.key("\x15")
        queries = typed_out(list(titles(2_000, given.seed)), 1, given.keys, given.seed)
        for query in queries:
            for name, terminal in both.items():
                before = ""
                for text in query:
                    used = terminal.spent()
                    times[name].append(terminal.key(text.removeprefix(before)) * 1000)
                    terminal.rest(chance.uniform(*GAP))
                    spent[name].append(terminal.spent() - used)
                    before = text
                terminal.rest(0.3)
                terminal.key("\x15")
                terminal.rest(0.1)
        report.note(measure, "memory of its own, MiB", both["ours"].memory())
        report.note(measure, "memory with mapped files, MiB", both["ours"].resident())
        for terminal in both.values():
            terminal.process.close(force=True)
    for name, values in times.items():
        shares = {f"p{share * 100:g}": percentile(values, share) for share in (0.5, 0.9, 0.99)}
        report.note(measure, f"{name}: key to rows, ms", {"keys": len(values), **shares})
        shares = {f"p{each * 100:g}": percentile(spent[name], each) for each in (0.5, 0.9, 0.99)}
        report.note(measure, f"{name}: its thread, CPU ms a key", shares)
    beyond = percentile(times["ours"], 0.99) - percentile(times["paint"], 0.99)
    used = percentile(spent["ours"], 0.99) - percentile(spent["paint"], 0.99)
    paired = sorted(a - b for a, b in zip(times["ours"], times["paint"], strict=True))
    report.note(
        measure,
        "difference of the same key, ms",
        {"p50": percentile(paired, 0.5), "p99": percentile(paired, 0.99)},
    )
    report.note(measure, "p99 beyond that of painting, ms", beyond)
    report.note(measure, "the same of CPU, ms", used)
    report.goal(measure, f"p99 <= {BEYOND:g} ms beyond painting", beyond <= BEYOND)
    if given.json:
        print(json.dumps(report.figures, ensure_ascii=False))
    else:
        report.show()
    return 1 if report.missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
