"""Replays recorded customers into a fresh server and compares every transcript with the file.

    python bench/replay_check.py FILE [--conversations N] [--concurrency 50] [--json]

Everything runs as a person would run it: `init`, `serve`, `user add`, `load-token`, `replay`,
`login`, `queue` and `show` are processes of their own, on a temporary folder. Exit code 1 on any
difference.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agent_tui import bootstrap
from agent_tui.cli.replaying import load
from agent_tui.paths import Profile
from agent_tui.text import clean, clean_line

PROGRAM = [sys.executable, "-m", "agent_tui", "--lang", "en"]
PASSWORD = "replay-check-password"
SHOWN = 2


def run(*arguments: str, stdin: str = "", fails: bool = False) -> str:
    """The stdout of one command; exits with its stderr if it failed unexpectedly."""
    done = subprocess.run(
        [*PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=900
    )
    if done.returncode and not fails:
        sys.exit(f"agent-tui {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def serving(data: Path) -> Iterator[str]:
    """A server on `data` and a free port; yields its address."""
    command = [*PROGRAM, "serve", "--data", str(data), "--port", "0"]
    with (data / "serve.log").open("w") as log:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        if not line.startswith("ready "):
            sys.exit(f"the server did not start\n{(data / 'serve.log').read_text()}")
        yield line.split()[1]
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()


def transcripts(profile: Profile) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Conversation id -> (customer's name, texts in order), as the agent's machine holds them."""
    login = bootstrap.require_login(profile)
    desk = bootstrap.open_desk(profile, login)
    try:
        return {
            row.id: (row.name, tuple(line.message.text for line in desk.transcript(row.id)))
            for row in desk.queue.rows()
        }
    finally:
        desk.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--conversations", type=int, default=0)
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    recordings, _ = load(options.file, options.conversations)
    expected = collections.Counter(
        (clean_line(each.id, 64), tuple(clean(turn) for turn in each.said)) for each in recordings
    )
    with tempfile.TemporaryDirectory(prefix="agent-tui-check-") as place:
        data = Path(place, "data")
        profile = Profile(Path(place, "profile"))
        os.environ |= {
            "AGENT_TUI_HOME": str(Path(place, "home")),
            "AGENT_TUI_CONFIG": str(Path(place, "config")),
            "AGENT_TUI_PROFILE": str(profile.root),
        }
        run("init", str(data))
        boss = ("boss", "--role", "admin", "--password-stdin", "--data", str(data))
        run("user", "add", *boss, stdin=PASSWORD + "\n")
        token = run("load-token", "--data", str(data)).strip()
        os.environ["AGENT_TUI_LOAD_TOKEN"] = token
        with serving(data) as url:
            report = run(
                "replay", str(options.file), "--to", url, "--json",
                "--conversations", str(options.conversations),
                "--concurrency", str(options.concurrency),
                fails=True,  # broken lines in the file: its own exit code is 1, the figures count
            )  # fmt: skip
            played = json.loads(report or "{}")
            run("login", url, "--name", "boss", "--password-stdin", stdin=PASSWORD + "\n")
            started = time.perf_counter()
            queue = json.loads(run("queue", "--view", "all", "--json"))
            queue_seconds = time.perf_counter() - started
            found = transcripts(profile)
            shown = [
                json.loads(run("show", each["id"], "--offline", "--json")) for each in queue[:SHOWN]
            ]
    problems = compare(expected, played, queue, found, shown)
    figures = played | {"open": len(queue), "queue_seconds": round(queue_seconds, 2)}
    figures["differences"] = len(problems)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:18} {value}")
    for problem in problems[:20]:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def compare(
    expected: collections.Counter[tuple[str, tuple[str, ...]]],
    played: dict[str, float],
    queue: list[dict[str, object]],
    found: dict[str, tuple[str, tuple[str, ...]]],
    shown: list[dict[str, object]],
) -> list[str]:
    """What is not as it should be, in words."""
    problems: list[str] = []
    turns = sum(len(texts) * count for (_, texts), count in expected.items())
    if played.get("acknowledged") != turns or played.get("failed"):
        problems.append(f"{turns} turns to say, but the replay says {played}")
    open_ones = [each for each in queue if each["status"] == "open"]
    if len(open_ones) != expected.total():
        problems.append(f"{expected.total()} conversations, {len(open_ones)} open in the queue")
    got = collections.Counter(found.values())
    problems += [f"missing or different: {name}: {texts}" for name, texts in expected - got]
    problems += [f"not in the file: {name}: {texts}" for name, texts in got - expected]
    for card in shown:
        lines = card["messages"]
        assert isinstance(lines, list)
        if tuple(line["text"] for line in lines) != found[str(card["id"])][1]:
            problems.append(f"show {card['id']} differs from the cache")
    return problems


if __name__ == "__main__":
    sys.exit(main())
