"""Writers that repeat each request until it is acknowledged, and keep a record of their own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from agent_tui.domain import commands as c
from agent_tui.domain.ids import MessageId
from tests.driver import AgentClient, Answer, Serving, Visitor, until

# The only answers that may come beside 200: the server comes up, goes down, or cannot write.
PATIENCE = {503}


class Traffic:
    """Threads that write numbered lines; `acknowledged` is what the server has promised to keep."""

    def __init__(self, pause: float = 0.0) -> None:
        self.acknowledged: list[str] = []
        self.repeated = 0
        self.unavailable = 0
        self._pause = pause
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()
        self._errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self.names: list[str] = []

    def visitor(self, who: Visitor, name: str) -> None:
        """A customer who writes line after line."""
        path = f"{who.path}/messages"

        def write(n: int) -> tuple[list[str], Answer]:
            text = f"{name}-{n}"
            return [text], who.call("POST", path, {"id": text, "text": text})

        self._run(write, name)

    def agent(self, who: AgentClient, conversation: str, name: str) -> None:
        """An agent who leaves note after note, one to three at once; a repeated request carries
        the same numbers."""
        requests: dict[int, tuple[list[str], list[c.Order]]] = {}
        count = 0

        def write(n: int) -> tuple[list[str], Answer]:
            nonlocal count
            if n not in requests:
                texts = [f"{name}-{count + i}" for i in range(n % 3 + 1)]
                count += len(texts)
                notes = [c.AddNote(MessageId(text), text) for text in texts]
                requests[n] = texts, [who.order(conversation, note) for note in notes]
            texts, orders = requests[n]
            return texts, who.send(orders)

        self._run(write, name)

    def _run(self, write: Callable[[int], tuple[list[str], Answer]], name: str) -> None:
        def loop() -> None:
            n = 0
            try:
                while not self._stop.wait(self._pause):
                    self._go.wait()
                    try:
                        texts, answer = write(n)
                    except httpx.HTTPError:
                        self.repeated += 1
                        time.sleep(0.01)
                        continue
                    if answer.status in PATIENCE:
                        self.unavailable += 1
                        time.sleep(0.01)
                        continue
                    assert answer.status == 200, answer
                    self.acknowledged.extend(texts)
                    n += 1
            except BaseException as error:
                self._errors.append(error)

        self.names.append(name)
        thread = threading.Thread(target=loop, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def all_go_on(self, seconds: float = 60.0) -> None:
        """Return when every writer had something acknowledged."""
        before = len(self.acknowledged)

        def all_heard() -> bool:
            assert not self._errors, self._errors
            heard = {text.split("-")[0] for text in self.acknowledged[before:]}
            return heard == set(self.names)

        until(all_heard, seconds, "every writer goes on")

    def goes_on(self, lines: int = 5, seconds: float = 60.0) -> None:
        """Return when a few more were acknowledged."""
        enough = len(self.acknowledged) + lines

        def more() -> bool:
            assert not self._errors, self._errors
            return len(self.acknowledged) > enough

        until(more, seconds, "more is acknowledged")

    def rest(self, resting: bool) -> None:
        """Hold the writers back for a while; a request may still be on its way."""
        (self._go.clear if resting else self._go.set)()

    def __enter__(self) -> Traffic:
        return self

    def __exit__(self, *error: object) -> None:
        """Also after a failure nobody goes on writing."""
        self._stop.set()
        self._go.set()
        for thread in self._threads:
            thread.join(60)

    def end(self) -> None:
        """No more writing. Raises what a writer met with."""
        self._stop.set()
        self._go.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self._errors == []

    def judge(self, serving: Serving, conversations: Sequence[str], *, in_flight: int = 3) -> None:
        """Nothing acknowledged is lost, nothing is doubled or out of order, and at most one request
        of each writer had an effect without its acknowledgement."""
        texts = [m.text for key in conversations for m in serving.messages(key)]
        doubled = [text for text, count in Counter(texts).items() if count > 1]
        assert not doubled, f"doubled: {doubled[:5]}"
        lost = set(self.acknowledged) - set(texts)
        assert not lost, f"acknowledged and lost: {sorted(lost)[:5]}"
        for name in self.names:
            numbers = [int(t.split("-")[1]) for t in texts if t.startswith(f"{name}-")]
            assert numbers == list(range(len(numbers))), f"{name} is out of order"
            acknowledged = sum(t.startswith(f"{name}-") for t in self.acknowledged)
            assert acknowledged <= len(numbers) <= acknowledged + in_flight, name
