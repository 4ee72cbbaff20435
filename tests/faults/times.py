"""How long it takes until a workstation finds out what its line is like."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent_tui.server import metrics
from agent_tui.sync.engine import Link
from tests.driver import Serving, Visitor, conversation_of, make_folder, until
from tests.faults.proxy import CALM, FAULTS, Line, Proxy
from tests.faults.rounds import hurried, through
from tests.flow.workstation import Workstation

# Seconds, with the program's own time-outs.
LIMITS = {"half-open": 45.0, "half-open-out": 45.0, "unanswered": 45.0, "stranded": 45.0}
LIMITS |= {"buffered": 10.0}


@dataclass
class Scene:
    """Anna behind a proxy, and a customer who has written."""

    proxy: Proxy
    anna: Workstation
    visitor: Visitor
    serving: Serving

    def waits(self, condition: Callable[[], object], seconds: float) -> float:
        """Seconds until `condition` holds."""
        began = time.monotonic()
        self.anna.until(lambda desk: condition(), seconds)
        return time.monotonic() - began

    def streams(self) -> None:
        """Wait until Anna has a stream."""
        labels = {"kind": "agent"}
        until(lambda: metrics.REGISTRY.get_sample_value("agent_tui_streams", labels) == 1)
        self.anna.links.clear()

    def offline(self) -> bool:
        """Whether the status line has said so since then."""
        return Link.OFFLINE in self.anna.links

    def shown(self) -> int:
        """How many messages Anna sees."""
        return sum(len(self.anna.desk.transcript(row.id)) for row in self.anna.desk.queue.rows())


@contextmanager
def scene(root: Path, line: Line = CALM, factor: float = 1.0) -> Iterator[Scene]:
    """Anna is online on this line, and has seen the customer's first message."""
    with hurried(factor):
        serving = Serving(make_folder(root / "data")).start()
        try:
            with Proxy(serving, random.Random(1)) as proxy:
                proxy.set(line)
                visitor = serving.visitor()
                visitor.say("你好")
                anna = through(proxy, serving, root, "anna").connect()
                try:
                    anna.until(lambda desk: Link.ONLINE in anna.links and desk.queue.rows())
                    yield Scene(proxy, anna, visitor, serving)
                finally:
                    anna.close()
        finally:
            serving.close()


def half_open(root: Path, factor: float = 1.0, fault: str = "half-open") -> float:
    """Nothing arrives any more while nobody does anything: seconds until Anna is told."""
    with scene(root, factor=factor) as it:
        it.streams()
        it.proxy.set(FAULTS[fault])
        return it.waits(it.offline, 100)


def stranded(root: Path, factor: float = 1.0) -> float:
    """The open connections die without a sign, new ones work: seconds until news gets through."""
    with scene(root, factor=factor) as it:
        it.streams()
        it.proxy.strand()
        it.visitor.say("还在吗")
        return it.waits(lambda: it.shown() == 2, 100)


def unanswered(root: Path, factor: float = 1.0, fault: str = "half-open-in") -> tuple[float, float]:
    """A reply is sent and no answer comes: seconds until Anna is told; and, the line being good
    again, until the reply is there, once."""
    with scene(root, factor=factor) as it:
        key = conversation_of(it.serving, it.visitor)
        it.streams()
        it.proxy.set(FAULTS[fault])
        it.anna.sends(key, "您好")
        told = it.waits(it.offline, 100)
        it.proxy.set(CALM)
        healed = it.waits(lambda: not it.anna.desk.pending.unsent, 100)
        assert it.visitor.texts() == ["你好", "您好"]
        return told, healed


def buffered(root: Path, block: int = FAULTS["buffering"].held) -> float:
    """Behind a proxy that holds responses back: seconds from being online to the first news."""
    with scene(root, Line(held=block)) as it:
        it.visitor.say("还在吗")
        return it.waits(lambda: it.shown() == 2, 100)


def measure(name: str) -> float:
    """One of LIMITS."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        match name:
            case "stranded":
                return stranded(root)
            case "unanswered":
                return unanswered(root)[0]
            case "buffered":
                return buffered(root)
            case _:
                return half_open(root, fault=name)
