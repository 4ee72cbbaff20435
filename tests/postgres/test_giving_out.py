"""Chats go on being given out while replicas die, each to one agent, and nobody gets too many."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import httpx

from agent_tui.domain import commands as c
from agent_tui.domain import events as e
from agent_tui.domain.model import Status
from agent_tui.server import audit
from tests.driver import AgentClient, Serving, Visitor, check_log, new_id, until
from tests.postgres.fleet import REPLICAS, Fleet, fleet

ROOM, CUSTOMERS = 2, 24
# In the file: each replica publishes it when it starts.
SETTINGS = f"""
[routing]
capacity = {ROOM}
answer_within = 600
lease = 600
[routing.teams.after-sales]
assign = "least_loaded"
"""


class Seat(threading.Thread):
    """An agent who resolves whatever is given to them, until `home`."""

    def __init__(self, serving: Serving, person: str, home: threading.Event) -> None:
        super().__init__(name=person)
        self._serving, self._home = serving, home
        self.machine: AgentClient = serving.agent(person)
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Work. What goes wrong is kept for the test."""
        try:
            body = {"availability": "online", "client": self.machine.client, "told": True}
            self.repeated("/v1/availability", body)
            while not self._home.is_set():
                for state in self._serving.states().values():
                    if (state.assignee, state.status) == (self.name, Status.OPEN):
                        self.resolve(state.id)
                time.sleep(0.05)
        except BaseException as error:
            self.failed = error

    def resolve(self, conversation: str) -> None:
        """The same command until it is acknowledged."""
        order = self.machine.order(conversation, c.SetStatus(Status.RESOLVED))
        until(lambda: _taken(lambda: self.machine.send([order]).status), 60, "resolved")

    def repeated(self, path: str, body: dict[str, object]) -> None:
        """POST until it is taken."""
        until(lambda: _taken(lambda: self.machine.call("POST", path, body).status), 60, path)


def _taken(asked: object) -> bool:
    try:
        status = asked()  # type: ignore[operator]
    except httpx.HTTPError:
        return False  # a replica died on it
    assert status in (200, 503), status
    return bool(status == 200)


def writes(visitor: Visitor) -> None:
    """One message, however often it takes."""
    body = {"id": new_id(), "text": "你好"}
    path = f"{visitor.path}/messages"
    until(lambda: _taken(lambda: visitor.call("POST", path, body).status), 60, "written")


def kills(replicas: Fleet, rounds: int) -> None:
    """kill -9 of one after the other."""
    for n in range(rounds):
        replicas.kill(n % REPLICAS)
        time.sleep(0.2)
        replicas.start(n % REPLICAS)


def test_chats_are_given_out_while_replicas_die(tmp_path: Path) -> None:
    with fleet(tmp_path, settings=SETTINGS) as replicas:
        serving = replicas.serving
        visitors = [serving.visitor() for _ in range(CUSTOMERS)]
        home = threading.Event()
        seats = [Seat(serving, person, home) for person in ("anna", "bo", "lee")]
        killer = threading.Thread(target=kills, args=(replicas, 5))
        for thread in (*seats, killer):
            thread.start()
        try:
            for visitor in visitors:
                writes(visitor)
                time.sleep(0.2)
            killer.join()
            until(lambda: _all_resolved(serving), 60, "every chat was given out and resolved")
        finally:
            home.set()
            for thread in (*seats, killer):
                thread.join()
        assert [seat.failed for seat in seats] == [None] * 3
        judge(serving)
        check_log(serving)
        assert audit.check(serving.database).findings == ()


def _all_resolved(serving: Serving) -> bool:
    states = serving.states().values()
    return len(states) == CUSTOMERS and all(s.status is Status.RESOLVED for s in states)


def judge(serving: Serving) -> None:
    """From the log alone: who owned what, when."""
    held: defaultdict[str, set[str]] = defaultdict(set)
    given: Counter[str] = Counter()
    for row in serving.log():
        event, key = row.event(), str(row.conversation)
        if isinstance(event, e.Assigned) and event.agent is not None:
            assert not any(key in mine for mine in held.values()), f"{key} given out twice"
            assert len(held[event.agent]) < ROOM, f"{event.agent} has no room for {key}"
            held[event.agent].add(key)
            given[key] += 1
        elif isinstance(event, e.StatusSet):
            held[str(row.by)].discard(key)
    assert len(given) == CUSTOMERS and set(given.values()) == {1}
