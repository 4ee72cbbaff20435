"""One round: people work over a bad line, the line heals, and everything must be everywhere."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from agent_tui.bootstrap import Login
from agent_tui.domain.ids import ConversationId
from agent_tui.domain.model import MessageKind
from agent_tui.server import feed_api
from agent_tui.sync import connection, http
from agent_tui.sync.engine import Link
from tests.driver import Serving, Visitor, check_log, conversation_of, make_folder
from tests.faults.proxy import CALM, FAULTS, Line, Proxy
from tests.flow.workstation import Workstation, account

CONVERGED_WITHIN = 5.0
PATIENCE = 60.0
BEAT = 0.2  # seconds between what one person does
LINES = {"calm": CALM, **FAULTS}
ALL = (*FAULTS, "mixed")  # mixed: another line every half second


@dataclass
class Outcome:
    """What came of a round. `wrong` is empty if it went well."""

    fault: str
    seed: int
    sent: int = 0
    connections: int = 0
    went_offline: bool = False
    converged: float = 0.0  # seconds after the line healed
    wrong: list[str] = field(default_factory=list)


@contextmanager
def hurried(factor: float) -> Iterator[None]:
    """Time-outs and beats this many times shorter, so that a short fault meets them all."""
    with ExitStack() as stack:
        for owner, name in (
            (feed_api, "HEARTBEAT"),
            (http, "SILENCE_SECONDS"),
            (connection, "ANSWER_SECONDS"),
            (connection, "CONNECT_SECONDS"),
            (http, "GREETING_SECONDS"),
        ):
            stack.enter_context(patch.object(owner, name, getattr(owner, name) / factor))
        yield


def through(proxy: Proxy, serving: Serving, root: Path, person: str) -> Workstation:
    """A workstation that reaches the server over `proxy`."""
    login = Login(proxy.base, serving.token(person), account(person))
    return Workstation(root / person, login)


class Round:
    """Anna behind the proxy; the lead, and two customers, on a good line."""

    def __init__(self, serving: Serving, proxy: Proxy, root: Path, rng: random.Random) -> None:
        self.serving, self.proxy, self.rng = serving, proxy, rng
        self.anna = through(proxy, serving, root, "anna").connect()
        self.lee = Workstation.of(serving, root / "lee", "lee").connect()
        self.visitors = [serving.visitor(), serving.visitor()]
        self.asked: list[list[str]] = [["你好"], ["在吗"]]
        for visitor, (first,) in zip(self.visitors, self.asked, strict=True):
            visitor.say(first)
        self.mine, self.hers = (conversation_of(serving, each) for each in self.visitors)
        self.answers: dict[ConversationId, list[str]] = {self.mine: [], self.hers: []}
        self.notes: dict[str, list[str]] = {"anna": [], "lee": []}
        for desk in (self.anna, self.lee):
            desk.until(lambda desk: len(desk.queue.rows()) == 2)

    def close(self) -> None:
        """Everybody goes home."""
        self.anna.close()
        self.lee.close()

    def work(self, line: Line | None, seconds: float) -> None:
        """Everybody writes for so long, on this line; None: on one that is ever another."""
        end = time.monotonic() + seconds
        change = 0.0
        while (now := time.monotonic()) < end:
            if line is not None and not change:
                self.proxy.set(line)
                change = end
            elif now >= change and line is None:
                self.proxy.set(self.rng.choice([CALM, *FAULTS.values()]))
                change = now + 0.5
            self._step()
            time.sleep(self.rng.uniform(0, BEAT))

    def _step(self) -> None:
        n = sum(map(len, (*self.asked, *self.answers.values(), *self.notes.values())))
        match self.rng.randrange(5):
            case 0:
                which = self.rng.randrange(2)
                self.visitors[which].say(f"问 {n}")
                self.asked[which].append(f"问 {n}")
            case 1 | 2:
                self._reply(self.anna, self.mine, f"答 {n}")
            case 3:
                self._reply(self.lee, self.hers, f"答 {n}")
            case _:
                self._note("anna", self.anna, self.hers, f"记 {n}")
                self._note("lee", self.lee, self.mine, f"记 {n}")

    def _reply(self, desk: Workstation, key: ConversationId, text: str) -> None:
        desk.sends(key, text)
        self.answers[key].append(text)

    def _note(self, name: str, desk: Workstation, key: ConversationId, text: str) -> None:
        desk.pump()
        refused = desk.desk.writing.note(key, text)
        assert refused is None, refused
        self.notes[name].append(text)

    def differences(self) -> list[str]:
        """What is not yet, or not any more, as it should be."""
        found = []
        for name, station in (("anna", self.anna), ("lee", self.lee)):
            station.pump()
            desk = station.desk
            if desk.pending.unsent or desk.tray.items:
                found.append(f"{name}: {desk.pending.unsent} unsent, tray {desk.tray.items}")
            if station.links[-1] != Link.ONLINE:
                found.append(f"{name}: {station.links[-1]}")
            for key in (self.mine, self.hers):
                there = self.serving.messages(key)
                if tuple(desk._cache.messages(key)) != there:
                    found.append(f"{name}: another transcript of {key}")
                if [line.message for line in desk.transcript(key)] != list(there):
                    found.append(f"{name} is shown another transcript of {key}")
                if desk.conversation(key) != self.serving.state(key):
                    found.append(f"{name}: another state of {key}")
        for key, author, notes in (
            (self.mine, "lee", self.notes["lee"]),
            (self.hers, "anna", self.notes["anna"]),
        ):
            if self._texts(key, MessageKind.NOTE) != notes:
                found.append(f"{author}'s notes: {self._texts(key, MessageKind.NOTE)}")
        for key, visitor, asked in zip(self.answers, self.visitors, self.asked, strict=True):
            found += self._of_customer(key, visitor, asked)
        return found

    def _of_customer(self, key: ConversationId, visitor: Visitor, asked: list[str]) -> list[str]:
        found = []
        if self._texts(key, MessageKind.CUSTOMER) != asked:
            found.append(f"asked: {self._texts(key, MessageKind.CUSTOMER)} for {asked}")
        if self._texts(key, MessageKind.REPLY) != self.answers[key]:
            found.append(f"answers: {self._texts(key, MessageKind.REPLY)}, {self.answers[key]}")
        page = [m["text"] for m in visitor.sees()["messages"] if m["from"] == "agent"]
        if page != self.answers[key][:200]:
            found.append(f"the customer sees {page}")
        return found

    def _texts(self, key: ConversationId, kind: MessageKind) -> list[str]:
        return [m.text for m in self.serving.messages(key) if m.kind == kind]


def converged(differences: Callable[[], list[str]]) -> tuple[float, list[str]]:
    """Seconds until nothing differs; and what still does after PATIENCE."""
    began = time.monotonic()
    left = differences()
    while left and time.monotonic() - began < PATIENCE:
        time.sleep(0.02)
        left = differences()
    return time.monotonic() - began, left


def play(root: Path, fault: str, seconds: float, seed: int, factor: float = 1.0) -> Outcome:
    """One round of `fault` with a server of its own; time-outs are `factor` times shorter."""
    outcome = Outcome(fault, seed)
    rng = random.Random(seed)
    with hurried(factor):
        serving = Serving(make_folder(root / "data")).start()
        try:
            with Proxy(serving, random.Random(seed)) as proxy:
                it = Round(serving, proxy, root, rng)
                try:
                    before = len(it.anna.links)
                    it.work(LINES.get(fault), seconds)
                    proxy.set(CALM)
                    outcome.converged, outcome.wrong = converged(it.differences)
                    if outcome.converged > CONVERGED_WITHIN:
                        outcome.wrong.append(f"converged only after {outcome.converged:.1f} s")
                    outcome.sent = sum(map(len, (*it.answers.values(), *it.notes.values())))
                    outcome.connections = proxy.accepted
                    outcome.went_offline = Link.OFFLINE in it.anna.links[before:]
                finally:
                    it.close()
            serving.stop()
            check_log(serving)
        finally:
            serving.close()
    return outcome


def alone(fault: str, seconds: float, seed: int, factor: float) -> Outcome:
    """A round in a folder of its own; what is raised is one more thing that went wrong."""
    with tempfile.TemporaryDirectory() as root:
        try:
            return play(Path(root), fault, seconds, seed, factor)
        except Exception as error:
            return Outcome(fault, seed, wrong=[f"{type(error).__name__}: {error}"])
