"""From key to found: the search box of a real workstation on a pty, beside a bare Textual app.

    python bench/find.py [--entries N] [--conversations N] [--bodies SHARE] [--keys N]
                         [--seed N] [--json]

A profile is filled with articles and open conversations, and the workstation is started on it,
without a server. The first start builds the index beside the screen: told are when the first
search is answered, when the last article can be found, and what a key in the queue waits
meanwhile. After a start with the kept index, queries are typed out, query by query alternately
here and in a Textual app that shows other lines on each key without searching. A key takes from
writing it until the last byte came that changed box, list or preview: bytes are stamped as they are
read, and painted on a terminal emulator (pyte) afterwards. Past conversations, which are looked up
after a pause, do not count. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from finding import costs
from finding.area import Area, Pressed
from finding.profile import MARK, NEWEST, OLDEST, TEAM, fill
from finding.terminal import ROWS, Terminal
from searching.keys import typed_out
from searching.texts import titles
from syncing.report import Report, judged, percentile

from agent_tui.desk.finding import MANY, Finding
from agent_tui.paths import Profile

BEYOND = 16.0  # ms, p99 of a key beyond Textual's own paint
MEMORY = 300.0  # MiB
FIRST_SECOND = 1.0
DOWN, UP = b"\x1b[B", b"\x1b[A"
PATIENCE = 180.0  # seconds
AFTER = 80  # keys in the queue with nothing else going on
Ours = Callable[[], Terminal]


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--conversations", type=int, default=10_000)
    parser.add_argument("--bodies", type=float, default=0.2, help="share of long articles")
    parser.add_argument("--keys", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--slowest", type=int, default=0, metavar="N", help="tell the slowest keys")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.entries <= MANY:
        parser.error(f"--entries: more than {MANY}, or no index is built beside the screen")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # closes the terminals
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        report.progress("filling a profile")
        made = list(titles(given.entries - 2, given.seed))
        profile = fill(root, made, given.bodies, given.conversations, given.seed)
        lines = root / "lines"
        lines.write_text("\n".join(each.text for each in made[:2_000]), "utf-8")
        box = typed_out(made, 1, given.keys, given.seed)
        env = dict(
            os.environ,
            AGENT_TUI_HOME=str(root),
            AGENT_TUI_CONFIG=str(root),
            PYTHONPATH=str(Path(__file__).parent),
            TERM="xterm-256color",
            COLORTERM="truecolor",
        )
        del made
        gc.collect()
        gc.freeze()
        gc.disable()  # nothing here may delay the reading of a byte

        def ours() -> Terminal:
            return Terminal([sys.executable, "-m", "agent_tui"], env)

        def plain(row: int, left: int) -> Terminal:
            program = ["-m", "finding.plain", str(row), str(left), str(lines)]
            return Terminal([sys.executable, *program], env)

        report.note("machine", "load before", os.getloadavg()[0])
        building(report, ours, profile)
        moving(report, ours, profile)
        found = typing(report, ours, plain, profile, box)
        report.note("machine", "load after", os.getloadavg()[0])
        alone(report, profile, box)
        for key in sorted(found, key=lambda each: -each.last)[: given.slowest]:
            print(f"{1000 * key.last:8.1f} ms  {key.frames} frames  {key.text}", file=sys.stderr)
    if given.json:
        print(json.dumps({"figures": report.figures, "missed": report.missed}, ensure_ascii=False))
    else:
        report.show()
    return judged(report.missed)


def building(report: Report, ours: Ours, profile: Profile) -> None:
    """A first start: what can be found when."""
    report.progress("first start: the index is built")
    measure, peaks = "first start, no index", dict[int, float]()
    terminal = ours()
    try:
        content = _content(terminal)
        area = Area.focused(terminal)
        terminal.press(NEWEST.encode())
        answer = terminal.wait(lambda: area.says(NEWEST), PATIENCE)
        terminal.press(b"\x7f" * len(NEWEST) + OLDEST.encode())

        def whole() -> bool:
            peaks.update(costs.children(terminal.pid))
            return area.says(OLDEST)

        all_of_it = _polled(terminal, whole)
        report.note(measure, "first content s", content - terminal.started)
        report.note(measure, "first answer s after it", answer - content)
        report.note(measure, "every article found s after it", all_of_it - content)
        report.note(measure, "memory MiB", costs.memory(terminal.pid, profile.root / "search"))
        report.note(measure, "peak of the child that builds MiB", max(peaks.values(), default=0.0))
        report.goal(measure, "answer in the first second", answer - content <= FIRST_SECOND)
        terminal.leave()
    finally:
        terminal.close()


def moving(report: Report, ours: Ours, profile: Profile) -> None:
    """A first start once more, with keys in the queue: what they wait."""
    report.progress("first start once more, moving in the queue")
    index = profile.root / "search"
    shutil.rmtree(index, ignore_errors=True)
    terminal = ours()
    during: list[float] = []
    after: list[float] = []
    try:
        _content(terminal)
        _ready(terminal)
        while not (index / "marks.npy").exists():
            during.append(_moved(terminal, UP if len(during) % 2 else DOWN))
        # It is read and put in place.
        end = time.perf_counter() + 3.0
        while time.perf_counter() < end:
            during.append(_moved(terminal, UP if len(during) % 2 else DOWN))
        while len(after) < AFTER:
            after.append(_moved(terminal, UP if len(after) % 2 else DOWN))
        terminal.leave()
    finally:
        terminal.close()
    measure = "cursor in the queue"
    report.note(measure, f"while the index is built ms, {len(during)} keys", _spread(during))
    report.note(measure, f"after that ms, {len(after)} keys", _spread(after))


def typing(
    report: Report,
    ours: Ours,
    plain: Callable[[int, int], Terminal],
    profile: Profile,
    box: Sequence[Sequence[str]],
) -> list[Pressed]:
    """A start with the kept index, every key of `box` here and beside it, and the memory after."""
    report.progress(f"start with the index, {sum(map(len, box))} keys")
    measure = "start with the index"
    terminals = [ours()]
    try:
        terminal = terminals[0]
        content = _content(terminal)
        area = Area.focused(terminal)
        terminal.press(OLDEST.encode())
        found = _polled(terminal, lambda: area.says(OLDEST))
        report.note(measure, "first content s", content - terminal.started)
        report.note(measure, "every article found s after it", found - content)
        area.clear(len(OLDEST))
        area.leave_clocks_out()
        report.note(measure, "memory MiB", costs.memory(terminal.pid, profile.root / "search"))
        terminals.append(plain(area.row, area.left))
        beside = terminals[1]
        beside.rest(2.0)
        other = Area(beside, area.row, area.left)
        terminal.others, beside.others = (beside,), (terminal,)
        pressed: tuple[list[Pressed], list[Pressed]] = ([], [])
        for number, states in enumerate([box[0], *box]):
            if number and not number % 10:
                report.progress(f"{len(pressed[0])} keys")
            places = ((area, pressed[0]), (other, pressed[1]))
            for place, keys in places if number % 2 else places[::-1]:
                before = ""
                for state in states:
                    took = place.press(state[len(before) :])
                    if number:  # the first query warms up
                        keys.append(took)
                    before = state
                place.clear(len(before))
        report.note(
            "after all keys", "memory MiB", costs.memory(terminal.pid, profile.root / "search")
        )
        terminal.leave()
    finally:
        for each in terminals:
            each.close()
    _judge(report, *pressed)
    return pressed[0]


def _judge(report: Report, found: list[Pressed], plain: list[Pressed]) -> None:
    measure = "a key in the search box"
    spreads = []
    for name, keys in (("agent-tui", found), ("Textual alone", plain)):
        spreads.append(_spread([each.last for each in keys]))
        report.note(measure, f"{name} ms, {len(keys)} keys", spreads[-1])
        report.note(measure, f"{name} ms, first results", _spread([each.first for each in keys]))
        report.note(measure, f"{name} bytes a key", statistics.mean(each.size for each in keys))
        report.note(measure, f"{name} frames a key", statistics.mean(each.frames for each in keys))
        same = sum(not each.changed for each in keys)
        report.note(measure, f"{name} keys without other results", same)
    beyond = {name: value - spreads[1][name] for name, value in spreads[0].items()}
    report.note(measure, "beyond Textual's own paint ms", beyond)
    report.goal(measure, f"p99 <= {BEYOND:.0f} ms beyond Textual", beyond["p99"] <= BEYOND)
    resident = report.figures["after all keys"]["memory MiB"]["resident"]
    report.goal("after all keys", f"resident <= {MEMORY:.0f} MiB", resident <= MEMORY)


def alone(report: Report, profile: Profile, box: Sequence[Sequence[str]]) -> None:
    """The same searches without a screen: how much of a key they are."""
    finding = Finding(profile.cache, lambda: (TEAM,))
    try:
        finding.search(OLDEST)
        times = []
        for state in (state for states in box for state in states):
            started = time.perf_counter()
            finding.search(state, 12, kinds=("article", "macro"))
            times.append(time.perf_counter() - started)
    finally:
        finding.close()
    report.note("a key in the search box", "of it searching, without a screen ms", _spread(times))


def _content(terminal: Terminal) -> float:
    return terminal.wait(lambda: MARK in terminal.text(), PATIENCE, quiet=0.005)


def _polled(terminal: Terminal, seen: Callable[[], bool]) -> float:
    """Like `wait`, but looks also when nothing comes; when it was last painted on."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        terminal.read(0.05)
        for stamp in terminal.paint():
            if seen():
                return stamp
        seen()
    raise SystemExit(f"not seen within {PATIENCE:.0f} s:\n{terminal.text()}")


def _ready(terminal: Terminal) -> None:
    """Wait until keys move the queue's highlight, and leave it between others."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        terminal.press(DOWN)
        terminal.text()
        before = _grounds(terminal)
        terminal.settle(0.1)
        terminal.text()
        if _grounds(terminal) != before:
            return
    raise SystemExit(f"nothing moves:\n{terminal.text()}")


def _moved(terminal: Terminal, key: bytes) -> float:
    """Seconds until the highlight of the queue moved, by the background of its second column."""
    terminal.text()
    before = _grounds(terminal)
    started = terminal.press(key)
    return terminal.wait(lambda: _grounds(terminal) != before, PATIENCE, quiet=0.03) - started


def _grounds(terminal: Terminal) -> list[str]:
    return [terminal.screen.buffer[row][1].bg for row in range(ROWS)]


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "p50": 1000 * statistics.median(seconds),
        "p90": 1000 * percentile(seconds, 0.90),
        "p99": 1000 * percentile(seconds, 0.99),
        "max": 1000 * max(seconds),
    }


if __name__ == "__main__":
    raise SystemExit(main())
