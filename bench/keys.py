"""From key to picture in a real workstation on a pty, beside urwid, DataTable and a bare list.

    python bench/keys.py [--chats N] [--messages N] [--keys N] [--rate N] [--json]

Moving and scrolling a row in a queue, opening a chat, typing a character; all of it again while so
many chats a second change, through the same cache and bridge as in sync. The programs take turns on
terminals of one size, every other turn in the other order, and are stopped (SIGSTOP) in between. A
key takes from writing it until the last byte came that shows what it did; bytes are stamped as they
are read, and painted on a terminal emulator (pyte) afterwards. Exit code 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from finding import costs
from finding.terminal import Terminal
from keying.pressing import BUSY, DOWN, UP, Program
from keying.profile import fill, last
from syncing.report import Report, judged, percentile

WIDTH = 36  # of the queue on a terminal of 120 columns
LEFT = 37  # where the chat begins
FRAME, TWO = 16.0, 33.0  # ms
TURN = 20  # keys, there and back
NEXT, CHAT_DOWN, CHAT_UP = b"\x0e", b"\x1b[1;5B", b"\x1b[1;5A"
SENTENCE = "thank you for the picture we look into"  # fits a line
MOUNTS = 3
NOWHERE = Path("/nowhere")  # no index is mapped here
Spawn = Callable[..., Program]


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chats", type=int, default=5_000)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--keys", type=int, default=300, help="of each kind and program")
    parser.add_argument("--rate", type=float, default=50.0, help="changes a second")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))  # closes the terminals
    report = Report()
    started: list[Program] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        report.progress("filling a profile")
        fill(root, given.chats, given.messages)
        env = dict(
            os.environ,
            AGENT_TUI_HOME=str(root),
            AGENT_TUI_CONFIG=str(root),
            PYTHONPATH=os.pathsep.join((str(Path(__file__).parent), *sys.path[1:])),
            TERM="xterm-256color",
            COLORTERM="truecolor",
        )
        gc.collect()
        gc.freeze()
        gc.disable()  # nothing here may delay the reading of a byte

        def spawn(name: str, module: str, *values: object) -> Program:
            command = [sys.executable, "-m", f"keying.{module}", *map(str, values)]
            started.append(Program(name, Terminal(command, env)))
            return started[-1]

        try:
            report.note("machine", "load before", os.getloadavg()[0])
            queue(report, spawn, given.chats, given.keys)
            chats(report, spawn, given.chats, given.messages, given.keys)
            busy(report, spawn, given.chats, given.keys, given.rate)
            report.note("machine", "load after", os.getloadavg()[0])
        except BaseException:
            report.show()  # what is measured is not lost
            raise
        finally:
            for program in started:
                if program.terminal.running:
                    _end([program])
    if given.json:
        print(json.dumps({"figures": report.figures, "missed": report.missed}, ensure_ascii=False))
    else:
        report.show()
    return judged(report.missed)


def queue(report: Report, spawn: Spawn, chats: int, keys: int) -> None:
    """Moving and scrolling while nothing else goes on."""
    report.progress(f"queue of {chats:,}, {keys} keys each")
    ours = spawn("agent-tui", "ours", chats, 0)
    urwid = spawn("urwid ListBox", "urwid_list", chats, WIDTH)
    rivals = [
        urwid,
        spawn("Textual DataTable", "textual_lists", "table", chats, WIDTH, 0),
        spawn("bare Textual list", "textual_lists", "bare", chats, WIDTH, 0),
    ]
    _take_turns([ours, *rivals], keys, warm=0.3)
    for measure in ("move", "scroll"):
        _note(report, f"{measure}, queue of {chats:,}", measure, [ours, *rivals])
    for measure, most in (("move", 2.0), ("scroll", 4.0)):
        ratio = statistics.median(ours.seconds[measure]) / statistics.median(urwid.seconds[measure])
        name = f"{measure}, queue of {chats:,}"
        report.note(name, "p50 against urwid", ratio)
        report.goal(name, f"p50 <= {most:g}x urwid", ratio <= most)
    slowest = 1000 * percentile(ours.seconds["move"], 0.99)
    report.goal(f"move, queue of {chats:,}", f"p99 <= {FRAME:g} ms", slowest <= FRAME)
    _end([ours, *rivals])


def chats(report: Report, spawn: Spawn, chats: int, messages: int, keys: int) -> None:
    """Opening long chats, and typing."""
    report.progress(f"chats of {messages:,} messages, {keys} keys each")
    ours = spawn("agent-tui", "ours", chats, 0)
    ours.ready()
    before = costs.memory(ours.terminal.pid, NOWHERE)["resident"]
    _first_open(ours)
    _open(ours, "open", keys)
    after = costs.memory(ours.terminal.pid, NOWHERE)
    _type(ours, "type", keys)
    _note(report, f"open a chat of {messages:,} messages", "open", [ours])
    _note(report, "type a character", "type", [ours])
    report.note("memory", "agent-tui with two long chats opened, MiB", after)
    ours.terminal.leave()  # not killed: no draft is left for the next one's typing
    mounted = spawn("a widget for each", "widgets", messages)
    mounted.terminal.wait(lambda: mounted.says("ready", 0), 60)
    least = costs.memory(mounted.terminal.pid, NOWHERE)["resident"]
    for number in range(MOUNTS):
        mounted.key("open", b"o", lambda number=number: mounted.says(last(number % 2), 0))  # type: ignore[misc]
    most = costs.memory(mounted.terminal.pid, NOWHERE)["resident"]
    name = f"open a chat of {messages:,} messages"
    _note(report, name, "open", [mounted])
    ratio = statistics.median(ours.seconds["open"]) / statistics.median(mounted.seconds["open"])
    report.note(name, "p50 against a widget for each", ratio)
    report.goal(name, "p50 <= 0.03x a widget for each", ratio <= 0.03)
    grown = {"agent-tui": after["resident"] - before, "a widget for each": most - least}
    report.note(name, "memory grows by MiB", grown)
    share = grown["agent-tui"] / grown["a widget for each"]
    report.goal(name, "memory <= 0.15x a widget for each", share <= 0.15)
    _end([mounted])


def busy(report: Report, spawn: Spawn, chats: int, keys: int, rate: float) -> None:
    """Everything while chats change."""
    report.progress(f"{rate:g} changes a second, {keys} keys each")
    ours = spawn("agent-tui", "ours", chats, rate)
    table = spawn("Textual DataTable", "textual_lists", "table", chats, WIDTH, rate)
    bare = spawn("bare Textual list", "textual_lists", "bare", chats, WIDTH, rate)
    for program in (ours, table, bare):
        program.window = BUSY
    _take_turns([ours, table, bare], keys, warm=1.0)
    when = f"{rate:g} changes a second"
    for measure in ("move", "scroll"):
        name = f"{measure}, {when}"
        _note(report, name, measure, [ours, table, bare])
        ratio = statistics.median(ours.seconds[measure]) / statistics.median(table.seconds[measure])
        report.note(name, "p50 against DataTable", ratio)
        report.goal(name, "p50 <= 0.1x DataTable", ratio <= 0.1)
    with ours.turn(0.5):
        _first_open(ours)
        _open(ours, "open", keys)
        _type(ours, "type", keys)
    for measure, words in (("open", "open a long chat"), ("type", "type a character")):
        _note(report, f"{words}, {when}", measure, [ours])
    for measure in ("move", "scroll", "type"):
        slowest = 1000 * percentile(ours.seconds[measure], 0.99)
        report.goal(f"{measure}, {when}", f"p99 <= {TWO:g} ms", slowest <= TWO)
    memory = costs.memory(ours.terminal.pid, NOWHERE)
    report.note("memory", f"agent-tui after {when}, MiB", memory)
    _end([ours, table, bare])


def _take_turns(programs: Sequence[Program], keys: int, warm: float) -> None:
    """Each in turn, until each had `keys` of each kind."""
    for program in programs:
        program.ready()
        with program.turn(warm):
            for _ in range(TURN):  # to the lower edge: from there each row scrolls
                program.moves("", DOWN)
    done = 0
    while done < keys:
        for program in programs if done // TURN % 2 else programs[::-1]:
            with program.turn(warm):
                for _ in range(TURN):
                    program.moves("scroll", DOWN)
                for number in range(TURN):
                    program.moves("move", UP if number < TURN // 2 else DOWN)
        done += TURN


def _first_open(ours: Program) -> None:
    """The most urgent chat is a long one."""
    ours.key("", NEXT, lambda: ours.says(last(0), LEFT))


def _open(ours: Program, measure: str, keys: int) -> None:
    for number in range(keys):
        wanted = last(1 - number % 2)
        key = CHAT_UP if number % 2 else CHAT_DOWN
        ours.key(measure, key, lambda wanted=wanted: ours.says(wanted, LEFT))  # type: ignore[misc]


def _type(ours: Program, measure: str, keys: int) -> None:
    written = ""
    for number in range(keys):
        char = SENTENCE[number % len(SENTENCE)]
        written += char
        tail = written.strip()[-8:]
        if char == " " and number < keys - 1:
            ours.terminal.press(b" ")  # shows nothing of its own
            continue
        ours.key(measure, char.encode(), lambda tail=tail: ours.says(tail, LEFT))  # type: ignore[misc]
        if len(written) == len(SENTENCE) or number == keys - 1:  # or it is a draft from now on
            gone = b"\x7f" * len(written)
            ours.key("", gone, lambda tail=tail: not ours.says(tail, LEFT))  # type: ignore[misc]
            written = ""


def _note(report: Report, name: str, measure: str, programs: Sequence[Program]) -> None:
    for program in programs:
        seconds, sizes = program.seconds[measure], program.sizes[measure]
        spread = {
            "p50": 1000 * statistics.median(seconds),
            "p90": 1000 * percentile(seconds, 0.90),
            "p99": 1000 * percentile(seconds, 0.99),
            "max": 1000 * max(seconds),
        }
        report.note(name, f"{program.name} ms, {len(seconds)} keys", spread)
        report.note(name, f"{program.name} bytes a key", statistics.median(sizes))


def _end(programs: Sequence[Program]) -> None:
    for program in programs:
        os.kill(program.terminal.pid, signal.SIGCONT)
        program.terminal.close()


if __name__ == "__main__":
    raise SystemExit(main())
