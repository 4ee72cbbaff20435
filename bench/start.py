"""Start to first content: the workstation with a full cache against a minimal Textual app.

Both run on a real pty, alternately in one run (A/B/A/B); the time goes from spawning the process to
the first byte of known content on the terminal. The figure is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ptyprocess import PtyProcess
from syncing.report import judged

from agent_tui.bootstrap import Login, write_login
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import Agent, Channel, Customer, Role
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache

GOAL = 1.25
MARK = "ready-to-read"
MINIMAL = f"""
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("{MARK}")

Minimal().run()
"""
TEAM = TeamId("after-sales")
ME = Agent(AgentId("li"), "Li", Role.AGENT, (TEAM,))


def fill(root: Path, conversations: int) -> Path:
    """A profile with `conversations` open ones, the most urgent of which says MARK."""
    folder = root / "profiles" / "default"
    profile = Profile(folder).create()
    now = time.time_ns() // 1_000_000
    events: list[e.Recorded] = []

    def add(key: str | None, event: e.FeedEvent, at: int) -> None:
        place = ConversationId(key) if key else None
        events.append(e.Recorded(len(events) + 1, at, "system", event, conversation=place))

    add(None, e.AgentSaved(ME), now)
    for number in range(conversations):
        key, at = f"c{number:06}", now - 120_000 + number
        customer = Customer(CustomerId(f"v{number}"), f"顾客 {number}", since=at)
        add(
            key,
            e.ConversationOpened(
                customer=customer,
                inbox=InboxId("web"),
                channel=Channel.WEB,
                team=TEAM,
                visitor=customer.id,
            ),
            at,
        )
        text = MARK if number == 0 else f"第 {number} 个问题：我的包裹到哪里了？"
        add(key, e.CustomerWrote(message=MessageId(f"m{number}"), text=text), at)
    cache = Cache(profile.cache)
    cache.apply(events, f"f:{len(events)}:x", 0)
    cache.close()
    write_login(profile, Login("http://127.0.0.1:9", "none", ME))
    return folder


def open_once(command: list[str], env: dict[str, str]) -> None:
    """Open the workstation and leave it, as yesterday: the figure is of later starts."""
    process = PtyProcess.spawn(command, dimensions=(36, 120), env=env)
    end, seen = time.monotonic() + 30, b""
    while process.isalive() and time.monotonic() < end:
        if select.select([process.fd], [], [], 0.5)[0]:
            try:
                seen += os.read(process.fd, 65_536)
            except OSError:
                break
        elif MARK.encode() in seen:
            process.write(b"\x11")  # Ctrl+Q
    process.close(force=True)


def first_content(command: list[str], env: dict[str, str]) -> float:
    """Seconds from spawn until MARK is painted."""
    started = time.perf_counter()
    process = PtyProcess.spawn(command, dimensions=(36, 120), env=env)
    seen = b""
    try:
        while MARK.encode() not in seen:
            if not select.select([process.fd], [], [], 30)[0]:
                raise SystemExit("nothing was painted within 30 s")
            seen += os.read(process.fd, 65_536)
        return time.perf_counter() - started
    finally:
        process.close(force=True)


def main() -> int:
    """Print medians and ratio; 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--conversations", type=int, default=5000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        fill(root, given.conversations)
        env = dict(
            os.environ,
            AGENT_TUI_HOME=str(root),
            AGENT_TUI_CONFIG=str(root),
            TERM="xterm-256color",
            COLORTERM="truecolor",
        )
        ours = [sys.executable, "-m", "agent_tui"]
        minimal = [sys.executable, "-c", MINIMAL]
        open_once(ours, env)
        times: dict[str, list[float]] = {"ours": [], "minimal": []}
        for number in range(given.rounds + 1):
            for name, command in (("minimal", minimal), ("ours", ours)):
                seconds = first_content(command, env)
                if number:  # the first round warms the file cache
                    times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["ours"] / medians["minimal"]
    print(f"start to first content, {given.conversations} conversations, {given.rounds} rounds")
    for name, value in medians.items():
        print(f"  {name:8} median {value * 1000:6.0f} ms  min {min(times[name]) * 1000:6.0f} ms")
    print(f"  ratio    {ratio:.2f}  (goal <= {GOAL})")
    return judged([] if ratio <= GOAL else [f"{ratio:.2f} times a minimal app (goal {GOAL})"])


if __name__ == "__main__":
    raise SystemExit(main())
