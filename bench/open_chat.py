"""Opening a chat of 10,000 messages, against mounting a widget for each of them.

Both run in Textual without a terminal, 120 by 36, each time in a process of its own, alternately
(A/B/A/B). Ours is the whole way: the cache is read, the transcript drawn, the screen painted at the
last message. The other mounts one Static a message into a scrolling column and scrolls to the end.
Time and memory (resident, as the system counts it) are what opening adds to an app that is already
running. The figures are the ratios of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from syncing.report import judged

from agent_tui.bootstrap import Login, read_login, write_login
from agent_tui.domain import events as e
from agent_tui.domain.ids import AgentId, ConversationId, CustomerId, InboxId, MessageId, TeamId
from agent_tui.domain.model import Agent, Channel, Customer, Role
from agent_tui.paths import Profile
from agent_tui.store.cache import Cache

TIME_GOAL, MEMORY_GOAL = 0.03, 0.15
SIZE = (120, 36)
CHAT = ConversationId("long")
TEAM = TeamId("after-sales")
ME = Agent(AgentId("li"), "Li", Role.AGENT, (TEAM,))
ZH = (
    "我的包裹到哪里了",
    "麻烦尽快查一下",
    "单号 1234567890123",
    "已经等了三天",
    "谢谢",
    "收到请回复",
)
EN = ("where is my parcel", "please check it", "order 1234567890123", "thank you", "it is late")


def text_of(number: int) -> str:
    """Message `number`, from 0: one to eight phrases, in one of two languages."""
    chance = random.Random(number)
    words = ZH if number % 3 else EN
    gap = "，" if number % 3 else ", "
    return f"#{number} " + gap.join(chance.choices(words, k=chance.randint(1, 8)))


def fill(root: Path, messages: int) -> Path:
    """A profile with one chat of so many messages, every third of them ours."""
    profile = Profile(root / "profile").create()
    now = time.time_ns() // 1_000_000
    customer = Customer(CustomerId("v"), "王女士", since=now)
    opened = e.ConversationOpened(
        customer=customer,
        inbox=InboxId("web"),
        channel=Channel.WEB,
        team=TEAM,
        visitor=customer.id,
    )
    events: list[tuple[ConversationId | None, e.FeedEvent]] = [
        (None, e.AgentSaved(ME)),
        (CHAT, opened),
        (CHAT, e.Claimed(agent=ME.id, epoch=1)),
    ]
    for number in range(messages):
        key, text = MessageId(f"m{number}"), text_of(number)
        if number % 3 == 2:
            events.append((CHAT, e.ReplySent(message=key, text=text, author=ME.id, epoch=1)))
        else:
            events.append((CHAT, e.CustomerWrote(message=key, text=text)))
    cache = Cache(profile.cache)
    for start in range(0, len(events), 1000):
        part = [
            e.Recorded(start + at, now - 60_000 + start + at, "system", event, conversation=key)
            for at, (key, event) in enumerate(events[start : start + 1000], 1)
        ]
        cache.apply(part, f"f:{part[-1].seq}:x", 0)
    cache.close()
    write_login(profile, Login("http://127.0.0.1:9", "none", ME))
    return profile.root


def resident() -> int:
    """Bytes."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)


async def widgets(messages: int) -> dict[str, float]:
    """Mount a Static for each message."""
    from textual.app import App, ComposeResult
    from textual.containers import VerticalScroll
    from textual.widgets import Static

    class Plain(App[None]):
        def compose(self) -> ComposeResult:
            yield VerticalScroll()

    texts = [text_of(number) for number in range(messages)]
    app = Plain()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        column = app.query_one(VerticalScroll)
        before, started = resident(), time.perf_counter()
        await column.mount_all(Static(text, markup=False) for text in texts)
        await pilot.pause()
        column.scroll_end(animate=False, immediate=True)
        await until(pilot, lambda: f"#{messages - 1} " in picture(app))
        return {"seconds": time.perf_counter() - started, "bytes": resident() - before}


async def ours(root: Path, messages: int) -> dict[str, float]:
    """Open the chat in a workstation without a network."""
    from agent_tui.tui.app import WorkstationApp
    from agent_tui.workstation import ProfileParts

    class Offline(ProfileParts):
        def connect(self, *hooks: object) -> None:  # type: ignore[override]
            return None

    profile = Profile(root)
    app = WorkstationApp(Offline(profile, read_login(profile)))
    async with app.run_test(size=SIZE) as pilot:
        await app.ready.wait()
        desk = app.workstation.desk
        await until(pilot, lambda: not desk.finding.building)
        await pilot.pause()
        before, started = resident(), time.perf_counter()
        app.workstation.open(CHAT)
        await until(pilot, lambda: f"#{messages - 1} " in picture(app))
        return {"seconds": time.perf_counter() - started, "bytes": resident() - before}


async def until(pilot: Any, condition: Any) -> None:
    """Wait for what is painted."""
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end, "never painted"
        await pilot.pause(0.001)


def picture(app: Any) -> str:
    """What the screen shows in the transcript's column; the queue shows last lines too."""
    strips = app.screen._compositor.render_strips()
    text = ("".join(segment.text for segment in strip) for strip in strips)
    return "\n".join(line[37:] if len(app.screen.query("#queue")) else line for line in text)


def once(what: str, root: Path, messages: int) -> dict[str, float]:
    """One run in a process of its own."""
    command = [sys.executable, __file__, "--one", what, str(root), "--messages", str(messages)]
    env = dict(os.environ, AGENT_TUI_HOME=str(root.parent), AGENT_TUI_CONFIG=str(root.parent))
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print medians and ratios; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        what, root = given.one
        work = widgets(given.messages) if what == "widgets" else ours(Path(root), given.messages)
        print(json.dumps(asyncio.run(work)))
        return 0
    runs: dict[str, list[dict[str, float]]] = {"widgets": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        root = fill(Path(folder), given.messages)
        once("ours", root, given.messages)  # fills what the program keeps between starts
        for _ in range(given.rounds):
            for name, found in runs.items():
                found.append(once(name, root, given.messages))
    print(f"opening a chat of {given.messages} messages, {given.rounds} rounds")
    medians = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    for name, median in medians.items():
        print(f"  {name:8} {median['seconds'] * 1000:8.0f} ms  {median['bytes'] / 2**20:7.1f} MiB")
    missed = []
    for key, goal in (("seconds", TIME_GOAL), ("bytes", MEMORY_GOAL)):
        ratio = medians["ours"][key] / medians["widgets"][key]
        print(f"  {key:8} {ratio:.4f} of a widget per message (goal <= {goal})")
        if ratio > goal:
            missed.append(f"{key}: {ratio:.3f} of a widget per message (goal {goal})")
    return judged(missed)


if __name__ == "__main__":
    raise SystemExit(main())
